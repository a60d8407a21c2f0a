# Run a suite under Oclgrind and fail when its log says anything.
# OCLGRIND, PROGRAM: the two programs; LOG: where the log goes.
if(NOT OCLGRIND)
    message("skipped: oclgrind is not there (Debian: apt install oclgrind)")
    return()
endif()
file(REMOVE ${LOG})
# Without optimisation: of the shuffles that an optimiser makes it calls defined lanes undefined.
execute_process(COMMAND ${OCLGRIND} --build-options -cl-opt-disable --data-races --uninitialized
                --log ${LOG} ${PROGRAM} RESULT_VARIABLE result)
if(result EQUAL 77)
    message("skipped: no device under oclgrind")
    return()
endif()
if(NOT result EQUAL 0)
    message(SEND_ERROR "${PROGRAM}: ${result}")
endif()
if(EXISTS ${LOG})
    file(READ ${LOG} text LIMIT 4000)
    if(NOT text MATCHES "^[ \t\r\n]*$")
        message(SEND_ERROR "oclgrind reports (${LOG}):\n${text}")
    endif()
endif()
