# Writes OUT, a C file with the bytes of every file in FILES and a table of them: bytes rather than
# string literals, because C11 promises no more than 4095 characters of those.
#
#   cmake "-DFILES=a.cl;b.cl" -DOUT=out.c -DHEADER=folder/header.h -DTYPE=cl_source -DTABLE=cl_sources
#         -DNAMES=NAME -P embed.cmake
#
# TYPE, declared in HEADER: {name, text with a zero byte behind it, length}; a NULL name ends TABLE.
# NAMES: NAME with the file's ending, NAME_WE without.
set(arrays "")
set(rows "")
set(number 0)
foreach(path IN LISTS FILES)
    get_filename_component(name ${path} ${NAMES})
    file(READ ${path} bytes HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    string(REPEAT "." 80 line) # 16 bytes
    string(REGEX REPLACE "(${line})" "\\1\n    " bytes "${bytes}")
    string(APPEND arrays "static const unsigned char text${number}[] = {\n    ${bytes}0};\n\n")
    string(APPEND rows "    {\"${name}\", text${number}, sizeof text${number} - 1},\n")
    math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUT} "/* Made by scripts/embed.cmake. */
#include \"${HEADER}\"

${arrays}const ${TYPE} ${TABLE}[] = {
${rows}    {0, 0, 0},
};
")
