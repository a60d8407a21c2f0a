/* The CPU backend with fused ops: each runs the ops that it stands for, one after the other. So a
 * fused plan can be computed without a fused kernel, and what differs from the plain plan is the
 * fusion pass's fault. */
#ifndef WEFT_TESTS_OP_COMPOSED_H
#define WEFT_TESTS_OP_COMPOSED_H

#include "core/backend.h"

/* Closed through its own backend, like every device. */
weft_status op_composed_open(weft_device **out);

#endif
