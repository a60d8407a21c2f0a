/* Every op written a second time, as plainly as core/op.h and core/rng.h say it, in double. It
 * shares nothing with the backends, so that a misunderstanding shows as a difference. */
#ifndef WEFT_TESTS_OP_DEFINE_H
#define WEFT_TESTS_OP_DEFINE_H

#include "core/op.h"

/* Compute f into the outputs; f32 tensors are doubles. Updated outputs hold what was before. Absent
 * tensors are NULL. */
typedef void op_definition(const weft_op *op, const weft_values *v, void *const in[WEFT_MAX_IN],
                           void *const out[WEFT_MAX_OUT]);

/* The definition of an op kind. */
op_definition *op_definition_of(weft_op_kind kind);

#define OP_DEFINE_ONE(name, inputs, outputs) op_definition op_define_##name;
WEFT_OP_LIST(OP_DEFINE_ONE)
#undef OP_DEFINE_ONE

#endif
