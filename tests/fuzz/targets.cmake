# WEFT_FUZZ_TARGETS: the names of the targets, fuzz_<name>.c, that this build can have.
file(GLOB WEFT_FUZZ_TARGETS CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/fuzz_*.c)
list(TRANSFORM WEFT_FUZZ_TARGETS REPLACE ".*/fuzz_(.*)\\.c" "\\1")
if(NOT WEFT_OPENCL)
    list(REMOVE_ITEM WEFT_FUZZ_TARGETS cache tuning)
endif()
