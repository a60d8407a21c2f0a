# The dependency rule refuses a tree that breaks it: each planted line must be reported.
# SOURCE: the folder of the tree; WORK: a folder for the broken one.
set(planted
    "core/a.c|#include \"backends/backends.h\""
    "core/b.c|#include \"datasets/datasets.h\""
    "core/c.c|#ifdef WEFT_OPENCL"
    "core/d.c|#include <CL/cl.h>"
    "core/e.c|    exit(1)"
    "backends/cpu/f.c|#  include <CL/cl.h>"
    "datasets/g.c|#include \"cli/options.h\""
    "cli/h.c|    (void)system(command)")

foreach(plant IN LISTS planted)
    string(REPLACE "|" ";" plant "${plant}")
    list(GET plant 0 file)
    list(GET plant 1 line)
    file(REMOVE_RECURSE ${WORK})
    file(WRITE ${WORK}/${file} "${line}\n")
    execute_process(COMMAND ${CMAKE_COMMAND} -DSOURCE=${WORK}
                    -P ${SOURCE}/tests/lint/dependencies.cmake
                    RESULT_VARIABLE result OUTPUT_QUIET ERROR_VARIABLE text)
    if(result EQUAL 0 OR NOT text MATCHES "${file}")
        message(SEND_ERROR "not refused: ${file}: ${line}")
    endif()
endforeach()
file(REMOVE_RECURSE ${WORK})
