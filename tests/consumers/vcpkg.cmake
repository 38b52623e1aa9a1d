# Does what the vcpkg port says, with stand-ins for the functions of vcpkg that it calls, and builds a
# program with what they leave. That it is vcpkg's own functions that do so is not tested.
set(port ${SOURCE}/tools/packaging/vcpkg/calibra)
file(REMOVE_RECURSE ${FOLDER})

# What a manifest has to hold, and the version, which is written there once more.
file(READ ${port}/vcpkg.json manifest)
foreach(wanted "name=calibra" "version=${VERSION}" "license=MIT")
  string(REGEX MATCH "(.*)=(.*)" _ ${wanted})
  set(expected ${CMAKE_MATCH_2})
  string(JSON got GET "${manifest}" ${CMAKE_MATCH_1})
  if(NOT got STREQUAL expected)
    message(FATAL_ERROR "${port}/vcpkg.json: expected ${wanted}, got ${got}")
  endif()
endforeach()
string(JSON count LENGTH "${manifest}" dependencies)
math(EXPR last "${count} - 1")
set(helpers)
foreach(i RANGE ${last})
  string(JSON helper GET "${manifest}" dependencies ${i} name)
  string(JSON host GET "${manifest}" dependencies ${i} host)
  if(NOT host)
    message(FATAL_ERROR "${port}/vcpkg.json: expected ${helper} of the host")
  endif()
  list(APPEND helpers ${helper})
endforeach()
if(NOT helpers STREQUAL "vcpkg-cmake;vcpkg-cmake-config")
  message(FATAL_ERROR "${port}/vcpkg.json: the port calls functions of two helpers, got ${helpers}")
endif()
# A feature brings the library of the component of that name.
string(JSON count LENGTH "${manifest}" features)
math(EXPR last "${count} - 1")
file(READ ${SOURCE}/cmake/CalibraComponents.cmake components)
foreach(i RANGE ${last})
  string(JSON feature MEMBER "${manifest}" features ${i})
  if(NOT components MATCHES "set\\(calibra_optional_components [^)]*${feature}")
    message(FATAL_ERROR "${port}/vcpkg.json: calibra has no component ${feature}")
  endif()
endforeach()

set(called)
# Reads what a stand-in is given, one of a keyword and many of another. As with vcpkg's functions,
# anything else is an error.
macro(read_arguments one many)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "${one}" "${many}")
  if(arg_UNPARSED_ARGUMENTS OR arg_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "${CMAKE_CURRENT_FUNCTION}: ${arg_UNPARSED_ARGUMENTS}${arg_KEYWORDS_MISSING_VALUES}")
  endif()
  set(called ${called} ${CMAKE_CURRENT_FUNCTION} PARENT_SCOPE)
endmacro()
function(vcpkg_cmake_configure)
  read_arguments(SOURCE_PATH OPTIONS)
  if(NOT VCPKG_BUILD_TYPE STREQUAL "release")
    message(FATAL_ERROR "the port asks for a debug build too")
  endif()
  execute_process(COMMAND ${CMAKE_COMMAND} -S ${arg_SOURCE_PATH} -B ${FOLDER}/build -G ${GENERATOR}
                          -DCMAKE_CXX_COMPILER=${COMPILER} ${arg_OPTIONS}
                          -DCMAKE_INSTALL_PREFIX=${CURRENT_PACKAGES_DIR}
                  ERROR_VARIABLE complaint COMMAND_ERROR_IS_FATAL ANY)
  if(complaint)  # of an option that calibra does not have
    message(FATAL_ERROR "${complaint}")
  endif()
endfunction()
function(vcpkg_cmake_install)
  read_arguments("" "")
  execute_process(COMMAND ${CMAKE_COMMAND} --install ${FOLDER}/build OUTPUT_QUIET
                  COMMAND_ERROR_IS_FATAL ANY)
endfunction()
function(vcpkg_cmake_config_fixup)
  read_arguments(CONFIG_PATH "")
  if(NOT EXISTS ${CURRENT_PACKAGES_DIR}/${arg_CONFIG_PATH}/calibra-config.cmake)
    message(FATAL_ERROR "${arg_CONFIG_PATH} is not where the CMake package is")
  endif()
endfunction()
function(vcpkg_install_copyright)
  read_arguments("" FILE_LIST)
  file(COPY_FILE ${arg_FILE_LIST} ${CURRENT_PACKAGES_DIR}/share/calibra.copyright)
endfunction()

set(CURRENT_PACKAGES_DIR ${FOLDER}/packages)
include(${port}/portfile.cmake)
set(steps vcpkg_cmake_configure vcpkg_cmake_install vcpkg_cmake_config_fixup
          vcpkg_install_copyright)
if(NOT called STREQUAL steps)
  message(FATAL_ERROR "expected the steps ${steps}, got ${called}")
endif()
# vcpkg wants headers in include, and nothing else but what is in share.
file(GLOB folders RELATIVE ${CURRENT_PACKAGES_DIR} ${CURRENT_PACKAGES_DIR}/*)
if(NOT folders STREQUAL "include;share")
  message(FATAL_ERROR "expected the folders include and share, got ${folders}")
endif()
execute_process(COMMAND ${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/core -B ${FOLDER}/consumer
                        -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${COMPILER}
                        -DCALIBRA_VERSION=${VERSION} -Dcalibra_ROOT=${CURRENT_PACKAGES_DIR}
                COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${FOLDER}/consumer COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${FOLDER}/consumer/consumer COMMAND_ERROR_IS_FATAL ANY)
