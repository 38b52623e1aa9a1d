# Makes the Conan package in the words of the README, which builds and runs its test program; then
# takes it into the README's recipe for an installed calibra. Asks no server: Eigen is the system's.
include(${CMAKE_CURRENT_LIST_DIR}/read_recipe.cmake)
read_recipe(recipe ${SOURCE}/README.md sh "conan create")
file(REMOVE_RECURSE ${FOLDER})
file(MAKE_DIRECTORY ${FOLDER})
file(CREATE_LINK ${SOURCE} ${FOLDER}/calibra SYMBOLIC)
set(ENV{CONAN_HOME} ${FOLDER}/home)
set(ENV{CXX} ${COMPILER})
string(REGEX REPLACE "g\\+\\+([^/]*)$" "gcc\\1" c_compiler "${COMPILER}")
string(REGEX REPLACE "clang\\+\\+([^/]*)$" "clang\\1" c_compiler "${c_compiler}")
set(ENV{CC} ${c_compiler})
execute_process(COMMAND ${CONAN} profile detect COMMAND_ERROR_IS_FATAL ANY)
file(WRITE ${FOLDER}/home/global.conf
     "tools.cmake.cmaketoolchain:generator=${GENERATOR}\n"
     "tools.cmake.cmaketoolchain:user_presets=\n"  # they would be written beside the sources
     "tools.cmake.cmake_layout:test_folder=${FOLDER}/test_package\n")

string(REPLACE "conan " "${CONAN} " recipe "${recipe}")
file(WRITE ${FOLDER}/recipe.sh "set -eu\n${recipe}")
execute_process(COMMAND ${CONAN} remote disable * COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND sh recipe.sh WORKING_DIRECTORY ${FOLDER} OUTPUT_VARIABLE output
                ERROR_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
message("${output}")
if(NOT output MATCHES "calibra ${VERSION}: ece 0.25")
  message(FATAL_ERROR "the package's test did not print what it measured with calibra ${VERSION}")
endif()
if(NOT EIGEN)
  return()
endif()

execute_process(COMMAND ${CONAN} install --requires=calibra/${VERSION} -g CMakeDeps -g CMakeToolchain
                        --output-folder=${FOLDER}/conan
                WORKING_DIRECTORY ${FOLDER} COMMAND_ERROR_IS_FATAL ANY)
read_recipe(recipe ${SOURCE}/README.md cmake "find_package(calibra REQUIRED COMPONENTS eigen)")
set(example ${SOURCE}/examples/ece_from_eigen.cpp)
file(WRITE ${FOLDER}/app/CMakeLists.txt
     "cmake_minimum_required(VERSION 3.24)\nproject(app LANGUAGES CXX)\n"
     "add_executable(app ${example})\n${recipe}")
execute_process(COMMAND ${CMAKE_COMMAND} -S ${FOLDER}/app -B ${FOLDER}/app/build -G ${GENERATOR}
                        -DCMAKE_TOOLCHAIN_FILE=${FOLDER}/conan/conan_toolchain.cmake
                        -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_BUILD_TYPE=Release
                COMMAND_ERROR_IS_FATAL ANY)
file(STRINGS ${FOLDER}/app/build/CMakeCache.txt place REGEX "^calibra_DIR:")
if(NOT place MATCHES "=${FOLDER}/home/")
  message(FATAL_ERROR "expected the Conan package, found ${place}")
endif()
execute_process(COMMAND ${CMAKE_COMMAND} --build ${FOLDER}/app/build COMMAND_ERROR_IS_FATAL ANY)
set(PROGRAM ${FOLDER}/app/build/app)
set(SOURCE ${example})
include(${CMAKE_CURRENT_LIST_DIR}/../../examples/check_output.cmake)
