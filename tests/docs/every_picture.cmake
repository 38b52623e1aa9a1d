# Draws every picture and writes every report, and looks whether they can be read.
file(REMOVE_RECURSE ${SCRATCH})
file(MAKE_DIRECTORY ${SCRATCH})
execute_process(COMMAND ${SOURCE}/tools/pictures.sh --all ${SCRATCH} ${PROGRAM} ${DUMPS}
                RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "tools/pictures.sh --all failed")
endif()
execute_process(COMMAND ${PYTHON} -B ${SOURCE}/tests/docs/check_pictures.py ${SCRATCH}
                RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "some cannot be read")
endif()
