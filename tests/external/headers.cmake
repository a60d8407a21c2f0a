# Each installed header compiles alone, as C11 and without anything of the tree.
# CC: the compiler; PREFIX: the installation; OUT: a name for files.
file(GLOB_RECURSE headers RELATIVE ${PREFIX}/include/weft ${PREFIX}/include/weft/*.h)
if(NOT headers)
    message(FATAL_ERROR "no headers under ${PREFIX}/include/weft")
endif()
foreach(header IN LISTS headers)
    file(WRITE ${OUT}.c "#include \"${header}\"\nint main(void) { return 0; }\n")
    execute_process(COMMAND ${CC} -std=c11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only
                    -I ${PREFIX}/include/weft ${OUT}.c RESULT_VARIABLE result ERROR_VARIABLE text)
    if(NOT result EQUAL 0)
        message(SEND_ERROR "${header} does not compile alone:\n${text}")
    endif()
endforeach()
