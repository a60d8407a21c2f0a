# clang-tidy over the project's own files. What does not hold is suppressed beside its line (NOLINT)
# or for all of it below.
# TIDY: the program; BUILD: the folder of compile_commands.json; SOURCE: the folder of the tree;
# DEEP: with the analyser, which walks every path and takes minutes.
if(NOT TIDY)
    message("skipped: clang-tidy is not there (Debian: apt install clang-tidy)")
    return()
endif()
set(checks -checks=-clang-analyzer-*)
if(DEEP)
    # In clang 14 the checker of va_list does not know va_start on this ABI. malloc(0) is never
    # taken for a failure where nothing was asked for.
    set(checks -checks=-clang-analyzer-valist.*,-clang-analyzer-optin.portability.UnixAPI)
endif()
foreach(folder core core/layers backends backends/cpu backends/opencl datasets report cli)
    file(GLOB found ${SOURCE}/${folder}/*.c)
    list(APPEND files ${found})
endforeach()
file(READ ${BUILD}/compile_commands.json built)
set(wanted)
foreach(file IN LISTS files)
    string(FIND "${built}" "\"${file}\"" at)
    if(NOT at EQUAL -1)
        string(APPEND wanted "${file}\n")
    endif()
endforeach()
file(WRITE ${BUILD}/tidy.txt "${wanted}")
execute_process(COMMAND xargs -P2 -n8 ${TIDY} -p ${BUILD} --quiet ${checks}
                        --extra-arg=-DWEFT_ANALYSE --extra-arg=-Wno-unknown-warning-option
                INPUT_FILE ${BUILD}/tidy.txt RESULT_VARIABLE result
                OUTPUT_VARIABLE text ERROR_VARIABLE noise)
if(NOT result EQUAL 0)
    message(SEND_ERROR "clang-tidy (${result}):\n${text}\n${noise}")
endif()
