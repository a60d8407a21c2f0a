# Compile C files against an installed Weft, with what pkg-config says, and run the program.
# CC, FLAGS: the compiler and its extra flags; PREFIX, LIBDIR: the installation; FOLDER, FILES: the
# C files; OUT: the program. Lists are separated by spaces.
separate_arguments(flags UNIX_COMMAND "${FLAGS}")
separate_arguments(files UNIX_COMMAND "${FILES}")
list(TRANSFORM files PREPEND "${FOLDER}/")
set(ENV{PKG_CONFIG_PATH} "${PREFIX}/${LIBDIR}/pkgconfig:$ENV{PKG_CONFIG_PATH}")
execute_process(COMMAND pkg-config --define-variable=prefix=${PREFIX} --cflags --libs weft
                OUTPUT_VARIABLE wanted OUTPUT_STRIP_TRAILING_WHITESPACE
                COMMAND_ERROR_IS_FATAL ANY)
separate_arguments(wanted UNIX_COMMAND "${wanted}")
execute_process(COMMAND ${CC} -std=c11 -O1 -Wall -Wextra -Wpedantic -Werror ${flags} ${files}
                ${wanted} -lm -o ${OUT} COMMAND_ERROR_IS_FATAL ANY)
set(ENV{LD_LIBRARY_PATH} "${PREFIX}/${LIBDIR}:$ENV{LD_LIBRARY_PATH}")
execute_process(COMMAND ${OUT} RESULT_VARIABLE result)
if(NOT result EQUAL 0)
    message(FATAL_ERROR "${OUT}: ${result}")
endif()
