# Every option of the project, all with the prefix CALIBRA_. What is built besides the headers
# defaults to on where calibra is the top-level project and off where it is a dependency.
option(CALIBRA_BUILD_TESTS "Build the tests (needs Catch2 2.x)" ${PROJECT_IS_TOP_LEVEL})
option(CALIBRA_BUILD_EXAMPLES "Build the examples" ${PROJECT_IS_TOP_LEVEL})
option(CALIBRA_BUILD_TOOLS "Build the calibra program (needs CLI11)" ${PROJECT_IS_TOP_LEVEL})
option(CALIBRA_BUILD_COMPILED "Build and install the library calibra::compiled"
       ${PROJECT_IS_TOP_LEVEL})
option(CALIBRA_TEST_EACH_HEADER "Compile every header by itself in a test: minutes" OFF)
option(CALIBRA_BUILD_BENCH "Build the benchmarks (needs Google Benchmark)" OFF)
option(CALIBRA_BUILD_PYTHON "Build the Python package pycalibra (needs nanobind)" OFF)
option(CALIBRA_BUILD_FUZZERS "Build the fuzz targets of the readers (needs clang)" OFF)
option(CALIBRA_INSTALL "Add the install rules and the packages" ${PROJECT_IS_TOP_LEVEL})
option(CALIBRA_WERROR "Treat warnings of the project's own code as errors" OFF)
set(CALIBRA_SANITIZE "" CACHE STRING "Sanitizers for tests and tools, as for -fsanitize=")
set(CALIBRA_WITH_EIGEN AUTO CACHE STRING "The Eigen adapter: AUTO, ON or OFF")
set(CALIBRA_WITH_XTENSOR AUTO CACHE STRING "The xtensor adapter: AUTO, ON or OFF")
set(CALIBRA_WITH_JSON AUTO CACHE STRING "calibra/json.hpp (nlohmann-json): AUTO, ON or OFF")
set(CALIBRA_WITH_IO AUTO CACHE STRING "calibra/io (libzip, zlib, zstd, nlohmann-json): AUTO, ON or OFF")
set(CALIBRA_WITH_HDF5 AUTO CACHE STRING "HDF5 files (libhdf5): AUTO, ON or OFF")
set(CALIBRA_WITH_DIAGRAM AUTO CACHE STRING "Pictures as PNG and PDF (cairo): AUTO, ON or OFF")
set(CALIBRA_WITH_TORCH AUTO CACHE STRING "The LibTorch adapter and losses: AUTO, ON or OFF")
option(CALIBRA_WITH_MPI "Let the calibra program share files among the processes of mpirun" OFF)
set(CALIBRA_TORCH_WHEEL "" CACHE PATH
    "The torch folder of an installed Python package, to use instead of find_package(Torch)")
foreach(part EIGEN XTENSOR JSON IO HDF5 DIAGRAM TORCH)
  set_property(CACHE CALIBRA_WITH_${part} PROPERTY STRINGS AUTO ON OFF)
endforeach()

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()
if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endif()

# Flags for the project's own tests, tools, examples and benchmarks; never for its users.
add_library(calibra_build_flags INTERFACE)
target_compile_options(calibra_build_flags INTERFACE -Wall -Wextra -Wconversion -Wpedantic
                                                     -Wshadow)
if(CALIBRA_WERROR)
  target_compile_options(calibra_build_flags INTERFACE -Werror)
endif()
# For targets with precompiled headers: GCC 12 forgets there which code is the system's, and warns of
# what it inlines from libstdc++.
add_library(calibra_precompiled_flags INTERFACE)
target_compile_options(
  calibra_precompiled_flags
  INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds;-Wno-maybe-uninitialized;-Wno-restrict;-Wno-stringop-overflow>)
if(CALIBRA_SANITIZE)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")  # GCC 12 warns of its own <regex> when it instruments it
    target_compile_options(calibra_build_flags INTERFACE -Wno-maybe-uninitialized)
  endif()
  target_compile_options(calibra_build_flags INTERFACE -fsanitize=${CALIBRA_SANITIZE}
                                                       -fno-sanitize-recover=all
                                                       -fno-omit-frame-pointer)
  target_link_options(calibra_build_flags INTERFACE -fsanitize=${CALIBRA_SANITIZE})
endif()
