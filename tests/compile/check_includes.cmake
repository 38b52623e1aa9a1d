# cmake -DCOMPILE="compiler;flags" -DHEADERS="a.hpp;b.hpp" -DFORBIDDEN="thread;fstream" -P check_includes.cmake
# None of the headers includes one of the forbidden ones, by whatever way.
set(found "")
foreach(header IN LISTS HEADERS)
  execute_process(COMMAND ${COMPILE} -M -x c++ ${header} RESULT_VARIABLE failed
                  OUTPUT_VARIABLE includes ERROR_VARIABLE output)
  if(failed)
    message(FATAL_ERROR "${header} cannot be read:\n${output}")
  endif()
  foreach(name IN LISTS FORBIDDEN)
    string(REPLACE "." "\\." pattern "${name}")
    if(includes MATCHES "/${pattern}[ \n]")
      string(APPEND found "${header} includes <${name}>\n")
    endif()
  endforeach()
endforeach()
if(found)
  message(FATAL_ERROR "${found}")
endif()
