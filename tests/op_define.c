#include "tests/op_define.h"

#define DEFINITION(name, inputs, outputs) [WEFT_OP_##name] = op_define_##name,

op_definition *op_definition_of(weft_op_kind kind)
{
    static op_definition *const definitions[WEFT_OP_COUNT] = {WEFT_OP_LIST(DEFINITION)};
    return definitions[kind];
}
