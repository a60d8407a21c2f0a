# Writes OUT: the bytes of every file in FILES and a table of their names. Bytes rather than string
# literals, because C11 promises no more than 4095 characters of those.
#
#   cmake -DOUT=cl_sources.c "-DFILES=a.cl;b.cl" -P embed.cmake
set(arrays "")
set(table "")
set(number 0)
foreach(path IN LISTS FILES)
    get_filename_component(name ${path} NAME)
    file(READ ${path} bytes HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    string(REPEAT "." 80 line) # 16 bytes
    string(REGEX REPLACE "(${line})" "\\1\n    " bytes "${bytes}")
    string(APPEND arrays "static const unsigned char source${number}[] = {\n    ${bytes}\n};\n\n")
    string(APPEND table "    {\"${name}\", source${number}, sizeof source${number}},\n")
    math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUT} "/* Made by cl/embed.cmake. */
#include \"backends/opencl/sources.h\"

${arrays}const cl_source cl_sources[] = {
${table}};

const int cl_source_count = ${number};
")
