# cmake -DCOMPILE="compiler;flags" -DHEADERS="..." -P without_cxx20.cmake
# Before C++20 the first error that a header gives is the sentence that says so.
set(sentence "calibra needs C\\+\\+20: add -std=c\\+\\+20, or link the CMake target calibra::")
foreach(header IN LISTS HEADERS)
  execute_process(COMMAND ${COMPILE} -std=c++17 -fsyntax-only -Wfatal-errors -x c++
                          -include ${header} /dev/null
                  RESULT_VARIABLE failed ERROR_VARIABLE output)
  if(NOT failed)
    message(FATAL_ERROR "${header} compiles as C++17")
  endif()
  string(REGEX MATCH "error: [^\n]*" first "${output}")
  if(NOT first MATCHES "${sentence}")
    message(FATAL_ERROR "${header}: expected the sentence\n${sentence}\nfirst, got\n${output}")
  endif()
endforeach()
