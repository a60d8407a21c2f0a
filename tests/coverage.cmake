# Print how many lines of each part the suites have reached, and fail when one is below LEAST percent.
# GCOVR: the program; SOURCE, BUILD: the folders of the tree and of a build with WEFT_COVERAGE.
if(NOT GCOVR)
    message("skipped: gcovr is not there (Debian: apt install gcovr)")
    return()
endif()
foreach(part core backends/cpu datasets)
    execute_process(COMMAND ${GCOVR} --root ${SOURCE} --filter ${SOURCE}/${part}/
                            --object-directory ${BUILD}
                            --fail-under-line ${LEAST} ${BUILD}
                    WORKING_DIRECTORY ${BUILD}
                    RESULT_VARIABLE result OUTPUT_VARIABLE table ERROR_VARIABLE noise)
    string(REGEX MATCH "TOTAL[^\n]*" total "${table}")
    message("${part}: ${total}")
    if(NOT result EQUAL 0)
        message(SEND_ERROR "${part}: below ${LEAST} % of the lines\n${table}\n${noise}")
    endif()
endforeach()
