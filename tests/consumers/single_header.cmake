# Does in FOLDER what the README's recipe for the one file says, with examples/streaming.cpp as
# app.cpp, and looks at what the program prints: the same as with the headers. Then two translation
# units with the one file, under macros that platforms define and under warnings, become one program.
include(${CMAKE_CURRENT_LIST_DIR}/read_recipe.cmake)
read_recipe(recipe ${SOURCE}/README.md sh "python3 calibra/tools/single_header.py")
set(example ${SOURCE}/examples/streaming.cpp)
file(REMOVE_RECURSE ${FOLDER})
file(MAKE_DIRECTORY ${FOLDER}/two)

file(READ ${example} text)
string(REPLACE "#include <calibra/calibra.hpp>" "#include \"calibra.hpp\"" text "${text}")
if(text MATCHES "<calibra/")
  message(FATAL_ERROR "${example} needs more than the one file")
endif()
file(CONFIGURE OUTPUT ${FOLDER}/app.cpp CONTENT "${text}" @ONLY)
file(CREATE_LINK ${SOURCE} ${FOLDER}/calibra SYMBOLIC)
string(REPLACE "python3 " "${PYTHON} -B " recipe "${recipe}")
string(REPLACE "g++ " "${COMPILER} " recipe "${recipe}")
file(WRITE ${FOLDER}/recipe.sh "set -eu\n${recipe}")
execute_process(COMMAND sh recipe.sh WORKING_DIRECTORY ${FOLDER} COMMAND_ERROR_IS_FATAL ANY)
set(PROGRAM ${FOLDER}/app)
set(tree ${SOURCE})
set(SOURCE ${example})
include(${CMAKE_CURRENT_LIST_DIR}/../../examples/check_output.cmake)

set(compile ${COMPILER} -std=c++20 -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow
            -Werror)
set(hostile ${CMAKE_CURRENT_LIST_DIR}/../compile)
file(COPY_FILE ${FOLDER}/calibra.hpp ${FOLDER}/two/all_headers.hpp)
execute_process(COMMAND ${compile} -I${FOLDER}/two ${hostile}/hostile_a.cpp ${hostile}/hostile_b.cpp
                        -pthread -o ${FOLDER}/two/program COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${FOLDER}/two/program COMMAND_ERROR_IS_FATAL ANY)

# With headers of the folder beside it, or with the library, one sentence says what is wrong.
file(WRITE ${FOLDER}/two/both.cpp "#include <calibra/error.hpp>\n#include \"../calibra.hpp\"\n")
foreach(flag "-I${tree}/include" -DCALIBRA_COMPILED)
  execute_process(COMMAND ${COMPILER} -std=c++20 -fsyntax-only -I${tree}/include ${flag}
                          ${FOLDER}/two/both.cpp
                  RESULT_VARIABLE failed ERROR_VARIABLE output)
  string(REGEX MATCHALL "error: [^\n]*" errors "${output}")
  list(LENGTH errors count)
  if(NOT failed OR NOT count EQUAL 1 OR NOT errors MATCHES "calibra: .*this one file")
    message(FATAL_ERROR "${flag}: expected one error of the one file, got ${count}:\n${output}")
  endif()
endforeach()

# The target makes the same file.
execute_process(COMMAND ${CMAKE_COMMAND} --preset headers -B ${FOLDER}/build
                WORKING_DIRECTORY ${tree} OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${FOLDER}/build --target calibra_single_header
                OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} -E compare_files ${FOLDER}/calibra.hpp
                        ${FOLDER}/build/single_header/calibra.hpp COMMAND_ERROR_IS_FATAL ANY)
