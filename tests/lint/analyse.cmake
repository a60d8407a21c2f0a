# gcc's static analyser over the project's own files: no warning. It follows calls within a file.
# CC: the compiler; FLAGS: of the libraries; SOURCE: the folder of the tree; OUT: a folder.
execute_process(COMMAND ${CC} --version OUTPUT_VARIABLE version ERROR_QUIET)
if(NOT version MATCHES "Free Software Foundation")
    message("skipped: ${CC} is not gcc")
    return()
endif()
# It takes an object that is handed out through its first member for lost. LeakSanitizer looks for
# leaks in every suite.
set(flags -std=c11 -O1 -fanalyzer -Wno-analyzer-malloc-leak
    -Wno-analyzer-file-leak -Werror -DWEFT_ANALYSE -DWEFT_OPENCL
    -DWEFT_CLBLAST -DWEFT_VERSION="x" -DWEFT_CPU_SUFFIX=base -DWEFT_CPU_ISA="x" -I${SOURCE})
separate_arguments(more UNIX_COMMAND "${FLAGS}")
set(list "")
foreach(folder core core/layers backends backends/cpu backends/opencl datasets report cli)
    file(GLOB found ${SOURCE}/${folder}/*.c)
    foreach(file IN LISTS found)
        string(APPEND list "${file}\n")
    endforeach()
endforeach()
file(MAKE_DIRECTORY ${OUT})
file(WRITE ${OUT}/files.txt "${list}")
execute_process(COMMAND xargs -P2 -n8 ${CC} ${flags} ${more} -c INPUT_FILE ${OUT}/files.txt
                WORKING_DIRECTORY ${OUT} RESULT_VARIABLE result ERROR_VARIABLE text)
if(NOT result EQUAL 0)
    message(SEND_ERROR "-fanalyzer (${result}):\n${text}")
endif()
