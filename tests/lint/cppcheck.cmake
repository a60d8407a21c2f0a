# cppcheck over the project's own files. What does not hold is suppressed beside its line.
# CPPCHECK: the program; SOURCE: the folder of the tree.
if(NOT CPPCHECK)
    message("skipped: cppcheck is not there (Debian: apt install cppcheck)")
    return()
endif()
execute_process(COMMAND ${CPPCHECK} -j2 -q --std=c11 --enable=warning,performance,portability
                        --inline-suppr --error-exitcode=1 -I${SOURCE}
                        --include=${SOURCE}/tests/lint/cppcheck.h
                        ${SOURCE}/core ${SOURCE}/backends ${SOURCE}/datasets ${SOURCE}/report
                        ${SOURCE}/cli
                RESULT_VARIABLE result OUTPUT_VARIABLE text ERROR_VARIABLE text)
if(NOT result EQUAL 0)
    message(SEND_ERROR "cppcheck (${result}):\n${text}")
endif()
