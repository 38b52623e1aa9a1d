# Does in FOLDER what the README's recipe LANGUAGE, START says, with the program at its top as
# app.cpp and the sources in calibra/, and looks at what the program prints. PREFIX: where calibra
# was installed. CHECK: more to say in CMake once the recipe is done.
include(${CMAKE_CURRENT_LIST_DIR}/read_recipe.cmake)
read_recipe(recipe ${SOURCE}/README.md ${LANGUAGE} "${START}")
set(example ${SOURCE}/examples/ece_from_eigen.cpp)
file(REMOVE_RECURSE ${FOLDER})
file(MAKE_DIRECTORY ${FOLDER})
file(COPY_FILE ${example} ${FOLDER}/app.cpp)
file(CREATE_LINK ${SOURCE} ${FOLDER}/calibra SYMBOLIC)

if(LANGUAGE STREQUAL "cmake")
  file(WRITE ${FOLDER}/CMakeLists.txt
       "cmake_minimum_required(VERSION 3.24)\nproject(app LANGUAGES CXX)\n"
       "add_executable(app app.cpp)\n"
       "${recipe}${CHECK}\n")
  execute_process(COMMAND ${CMAKE_COMMAND} -S ${FOLDER} -B ${FOLDER}/build -G ${GENERATOR}
                          -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_PREFIX_PATH=${PREFIX}
                  COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${CMAKE_COMMAND} --build ${FOLDER}/build COMMAND_ERROR_IS_FATAL ANY)
  set(PROGRAM ${FOLDER}/build/app)
else()
  string(REPLACE "g++ " "${COMPILER} " recipe "${recipe}")
  string(REPLACE "-I/usr/include/eigen3" "-I${EIGEN}" recipe "${recipe}")
  file(WRITE ${FOLDER}/recipe.sh "set -eu\n${recipe}")
  set(ENV{PKG_CONFIG_PATH} ${PREFIX}/share/pkgconfig)
  execute_process(COMMAND sh recipe.sh WORKING_DIRECTORY ${FOLDER} COMMAND_ERROR_IS_FATAL ANY)
  set(PROGRAM ${FOLDER}/app)
endif()
set(SOURCE ${example})
include(${CMAKE_CURRENT_LIST_DIR}/../../examples/check_output.cmake)
