# Writes a C file with the bytes of every network text and one table of them.
# FILES: list of .net files   OUT: the C file
set(texts "")
set(rows "")
set(index 0)
foreach(file IN LISTS FILES)
    get_filename_component(name ${file} NAME_WE)
    file(READ ${file} hex HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)"
           "\\1\n    " bytes "${bytes}")
    string(APPEND texts "static const unsigned char text_${index}[] = {\n    ${bytes}0};\n\n")
    string(APPEND rows "    {\"${name}\", text_${index}, sizeof text_${index} - 1},\n")
    math(EXPR index "${index} + 1")
endforeach()
file(WRITE ${OUT}
     "#include \"cli/models.h\"\n\n${texts}"
     "const cli_model cli_models[] = {\n${rows}    {0, 0, 0},\n};\n")
