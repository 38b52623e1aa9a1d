# The targets a user links: calibra::calibra (the core, standard library only) and one target for
# each header family that needs something else.
include(CalibraComponents)
find_package(Threads REQUIRED GLOBAL)

set(calibra_include ${PROJECT_SOURCE_DIR}/include)
file(GLOB_RECURSE calibra_headers CONFIGURE_DEPENDS ${calibra_include}/calibra/*.hpp)
set(calibra_eigen_pattern "/calibra/adapters/eigen\\.hpp$")
set(calibra_xtensor_pattern "/calibra/adapters/xtensor\\.hpp$")
set(calibra_json_pattern "/calibra/json\\.hpp$")
set(calibra_hdf5_pattern "/calibra/io/hdf5\\.hpp$")
set(calibra_io_pattern "/calibra/io/")
set(calibra_diagram_pattern "/calibra/diagram/cairo\\.hpp$")
set(calibra_torch_pattern "/calibra/(adapters/torch\\.hpp$|torch/)")
foreach(name IN LISTS calibra_optional_components)
  set(calibra_${name}_headers ${calibra_headers})
  list(FILTER calibra_${name}_headers INCLUDE REGEX ${calibra_${name}_pattern})
endforeach()
list(FILTER calibra_io_headers EXCLUDE REGEX ${calibra_hdf5_pattern})
foreach(name IN LISTS calibra_optional_components)
  list(FILTER calibra_headers EXCLUDE REGEX ${calibra_${name}_pattern})
endforeach()
# Pieces that rows/kernels/dispatch.hpp includes once for each instruction set; they mean nothing alone.
set(calibra_pieces ${calibra_headers})
list(FILTER calibra_pieces INCLUDE REGEX "\\.inl\\.hpp$")
list(FILTER calibra_headers EXCLUDE REGEX "\\.inl\\.hpp$")
# Parts of public headers, which nobody else includes.
set(calibra_details ${calibra_headers})
list(FILTER calibra_details INCLUDE REGEX "/detail/")
list(FILTER calibra_headers EXCLUDE REGEX "/detail/")

add_library(calibra INTERFACE)
add_library(calibra::calibra ALIAS calibra)
target_compile_features(calibra INTERFACE cxx_std_20)
target_link_libraries(calibra INTERFACE Threads::Threads)
target_sources(
  calibra
  PUBLIC FILE_SET HEADERS BASE_DIRS ${calibra_include} FILES ${calibra_headers}
  PUBLIC FILE_SET details TYPE HEADERS BASE_DIRS ${calibra_include} FILES ${calibra_details}
  PUBLIC FILE_SET pieces TYPE HEADERS BASE_DIRS ${calibra_include} FILES ${calibra_pieces})

# The same headers with their commonest templates instantiated once, in a library: whoever links it
# compiles less. Built where it is linked, or with everything else by CALIBRA_BUILD_COMPILED.
file(GLOB calibra_compiled_sources CONFIGURE_DEPENDS ${calibra_include}/calibra/compiled/*.cpp)
add_library(calibra_compiled STATIC EXCLUDE_FROM_ALL ${calibra_compiled_sources})
add_library(calibra::compiled ALIAS calibra_compiled)
target_link_libraries(calibra_compiled PUBLIC calibra
                      PRIVATE $<BUILD_INTERFACE:calibra_build_flags>)
target_compile_definitions(calibra_compiled PUBLIC CALIBRA_COMPILED)
# The kernels are made for -O2; more optimisation costs time to compile and gains nothing.
target_compile_options(calibra_compiled PRIVATE $<$<NOT:$<CONFIG:Debug>>:-O2>)
# What calls them, no faster with more than this.
set_source_files_properties(
  ${calibra_include}/calibra/compiled/intervals.cpp
  ${calibra_include}/calibra/compiled/recalibration.cpp
  PROPERTIES COMPILE_OPTIONS $<$<NOT:$<CONFIG:Debug>>:-O1>)
set_target_properties(calibra_compiled PROPERTIES OUTPUT_NAME calibra EXPORT_NAME compiled
                                                  POSITION_INDEPENDENT_CODE ON)
if(CALIBRA_BUILD_COMPILED)
  set_target_properties(calibra_compiled PROPERTIES EXCLUDE_FROM_ALL OFF)
endif()

# AUTO leaves a component out where its dependency is not found; ON makes that an error.
foreach(name IN LISTS calibra_optional_components)
  string(TOUPPER ${name} upper)
  if(CALIBRA_WITH_${upper} STREQUAL "OFF")
    continue()
  endif()
  calibra_find_component(${name} libraries missing)
  if(missing)
    if(CALIBRA_WITH_${upper} STREQUAL "ON")
      message(FATAL_ERROR "CALIBRA_WITH_${upper} is ON, and ${missing} was not found")
    endif()
    message(STATUS "calibra: without ${name} (${missing} not found)")
    continue()
  endif()
  add_library(calibra_${name} INTERFACE)
  add_library(calibra::${name} ALIAS calibra_${name})
  target_link_libraries(calibra_${name} INTERFACE calibra ${libraries})
  target_sources(calibra_${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${calibra_include}
                                                         FILES ${calibra_${name}_headers})
endforeach()
if(TARGET calibra_hdf5)  # io/load.hpp reads such files then
  target_compile_definitions(calibra_hdf5 INTERFACE CALIBRA_WITH_HDF5)
endif()

# The core in one file: <build folder>/single_header/calibra.hpp.
if(PROJECT_IS_TOP_LEVEL)
  add_custom_target(
    calibra_single_header
    COMMAND ${PROJECT_SOURCE_DIR}/tools/single_header.py -o
            ${PROJECT_BINARY_DIR}/single_header/calibra.hpp
    VERBATIM)
endif()
