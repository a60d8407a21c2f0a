# Every kernel file is OpenCL C 1.2 by itself, with each macro at its default.
# SOURCE: the folder of the tree; CLANG: the compiler, or a name ending in NOTFOUND.
if(NOT CLANG)
    message("skipped: clang is not there (Debian: apt install clang)")
    return()
endif()
file(GLOB kernels ${SOURCE}/cl/*.cl)
if(NOT kernels)
    message(FATAL_ERROR "no kernels in ${SOURCE}/cl")
endif()
foreach(kernel IN LISTS kernels)
    execute_process(COMMAND ${CLANG} -x cl -cl-std=CL1.2 -Xclang -finclude-default-header
                    -fsyntax-only -Wall -Werror=implicit-function-declaration -I ${SOURCE}/cl
                    ${kernel} RESULT_VARIABLE result ERROR_VARIABLE text)
    if(NOT result EQUAL 0)
        message(SEND_ERROR "${text}")
    elseif(text)
        message("${text}")
    endif()
    file(READ ${kernel} bytes HEX)
    if(bytes MATCHES "^(..)*[89a-f]")
        message(SEND_ERROR "${kernel} is not ASCII")
    endif()
endforeach()
