# Builds the Debian package into FOLDER, looks at what is in it, unpacks it and compiles main.cpp and
# EXAMPLE with what it brings.
file(REMOVE_RECURSE ${FOLDER})
execute_process(COMMAND ${CPACK} -G DEB -B ${FOLDER} WORKING_DIRECTORY ${BUILD}
                COMMAND_ERROR_IS_FATAL ANY)
file(GLOB package ${FOLDER}/libcalibra-dev_*.deb)
list(LENGTH package count)
if(NOT count EQUAL 1)
  message(FATAL_ERROR "expected one package, got ${count}: ${package}")
endif()
execute_process(COMMAND ${DPKG_DEB} --info ${package} OUTPUT_VARIABLE info
                COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${DPKG_DEB} --contents ${package} OUTPUT_VARIABLE contents
                COMMAND_ERROR_IS_FATAL ANY)
message("${info}${contents}")
foreach(line "Package: libcalibra-dev" "Maintainer: The calibra authors" "Suggests: " "libeigen3-dev")
  if(NOT info MATCHES "${line}")
    message(FATAL_ERROR "the package does not say ${line}")
  endif()
endforeach()
set(files
    usr/include/calibra/scores.hpp
    usr/include/calibra/adapters/eigen.hpp
    usr/include/calibra/adapters/xtensor.hpp
    usr/share/cmake/calibra/calibra-config.cmake
    usr/share/pkgconfig/calibra.pc
    usr/share/pkgconfig/calibra-eigen.pc
    usr/share/doc/libcalibra-dev/copyright)
if(PROGRAM)
  list(APPEND files usr/bin/calibra)
  if(NOT info MATCHES "Depends: [^\n]*libc6")
    message(FATAL_ERROR "the program's libraries are not among the dependencies")
  endif()
endif()
foreach(file IN LISTS files)
  if(NOT contents MATCHES " \\./${file}\n")
    message(FATAL_ERROR "the package lacks ${file}")
  endif()
endforeach()

execute_process(COMMAND ${DPKG_DEB} -x ${package} ${FOLDER}/root COMMAND_ERROR_IS_FATAL ANY)
set(ENV{PKG_CONFIG_PATH} ${FOLDER}/root/usr/share/pkgconfig)
set(name calibra)
if(COMPILED)
  set(name calibra-compiled)
endif()
# compile(source package...)
function(compile source)
  execute_process(COMMAND ${PKG_CONFIG} --cflags --libs ${ARGN} OUTPUT_VARIABLE flags
                  OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(flags UNIX_COMMAND "${flags}")
  execute_process(COMMAND ${COMPILER} -std=c++20 ${source} -o ${FOLDER}/consumer ${flags}
                  COMMAND_ERROR_IS_FATAL ANY)
endfunction()
compile(${CMAKE_CURRENT_LIST_DIR}/main.cpp ${name})
execute_process(COMMAND ${FOLDER}/consumer COMMAND_ERROR_IS_FATAL ANY)
if(EIGEN)  # the program at the top of the README
  compile(${EXAMPLE} ${name} calibra-eigen)
  set(PROGRAM ${FOLDER}/consumer)
  set(SOURCE ${EXAMPLE})
  include(${CMAKE_CURRENT_LIST_DIR}/../../examples/check_output.cmake)
endif()
