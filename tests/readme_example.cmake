# The first C example of the README compiles as it is printed, and runs.
# README: the file; the other settings are those of external/build.cmake.
file(READ ${README} text)
string(FIND "${text}" "```c\n" start)
if(start EQUAL -1)
    message(FATAL_ERROR "${README} has no example in C (a block that starts with ```c)")
endif()
math(EXPR start "${start} + 5")
string(SUBSTRING "${text}" ${start} -1 text)
string(FIND "${text}" "\n```" end)
string(SUBSTRING "${text}" 0 ${end} text)
file(WRITE ${OUT}.c "${text}\n")
set(SOURCES ${OUT}.c)
include(${CMAKE_CURRENT_LIST_DIR}/external/build.cmake)
