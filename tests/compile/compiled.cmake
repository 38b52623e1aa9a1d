# cmake -DCOMPILE="compiler;flags;file" -P compiled.cmake
# With CALIBRA_COMPILED what the library holds is called and not compiled once more: the assembler
# text names the pass over float rows, and no kernel of any instruction set.
foreach(macro "-UCALIBRA_COMPILED" "-DCALIBRA_COMPILED")
  execute_process(COMMAND ${COMPILE} -O1 -S ${macro} -o - OUTPUT_VARIABLE text
                  COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "calibra6detail8portable[0-9]" kernels "${text}")
  list(LENGTH kernels count)
  if(macro MATCHES "^-U" AND count EQUAL 0)
    message(FATAL_ERROR "expected kernels among the symbols of headers alone, found none")
  elseif(macro MATCHES "^-D" AND NOT count EQUAL 0)
    message(FATAL_ERROR "expected no kernels beside the library's, found ${count} symbols of them")
  endif()
  if(NOT text MATCHES "calibra6detail11gather_rowsIf")
    message(FATAL_ERROR "${macro}: the pass over float rows is not called")
  endif()
endforeach()
