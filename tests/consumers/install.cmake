# Installs calibra below HOME/.local, in the words of the README, which name another build folder:
# from a tree that was configured and not built. Then adds what BUILD built, if COMPILED.
include(${CMAKE_CURRENT_LIST_DIR}/read_recipe.cmake)
read_recipe(recipe ${SOURCE}/README.md sh "cmake --preset headers")
file(REMOVE_RECURSE ${HOME})
string(REPLACE "--preset headers" "--preset headers -B \"${HOME}/build\"" recipe "${recipe}")
string(REPLACE "build/headers" "\"${HOME}/build\"" recipe "${recipe}")
file(WRITE ${HOME}/recipe.sh "set -eu\n${recipe}")
set(ENV{HOME} ${HOME})
set(ENV{CXX} ${COMPILER})
set(ENV{CMAKE_GENERATOR} ${GENERATOR})
execute_process(COMMAND sh ${HOME}/recipe.sh WORKING_DIRECTORY ${SOURCE} OUTPUT_QUIET
                COMMAND_ERROR_IS_FATAL ANY)

# The same files come from a tree that builds everything else too.
execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --component headers --prefix
                        ${HOME}/other OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
foreach(prefix .local other)
  file(GLOB_RECURSE files_${prefix} RELATIVE ${HOME}/${prefix} ${HOME}/${prefix}/*)
endforeach()
if(NOT files_.local MATCHES "calibra/calibra.hpp" OR NOT files_.local STREQUAL files_other)
  message(FATAL_ERROR "expected the same headers twice, got\n${files_.local}\nand\n${files_other}")
endif()

# And from one that was configured as it comes, and not built.
execute_process(COMMAND ${CMAKE_COMMAND} -S ${SOURCE} -B ${HOME}/bare -DCALIBRA_BUILD_TESTS=OFF
                        -DCALIBRA_BUILD_EXAMPLES=OFF -DCALIBRA_BUILD_TOOLS=${TOOLS}
                OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --install ${HOME}/bare --prefix ${HOME}/third OUTPUT_QUIET
                COMMAND_ERROR_IS_FATAL ANY)
file(GLOB_RECURSE headers RELATIVE ${HOME}/third/include ${HOME}/third/include/*.hpp)
file(GLOB_RECURSE wanted RELATIVE ${HOME}/.local/include ${HOME}/.local/include/*.hpp)
if(NOT headers STREQUAL wanted)
  message(FATAL_ERROR "expected the same headers, got\n${headers}\nand\n${wanted}")
endif()
execute_process(COMMAND ${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/core -B ${HOME}/core
                        -Dcalibra_ROOT=${HOME}/third OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)

if(COMPILED)
  execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --component compiled --prefix
                          ${HOME}/.local OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
endif()
