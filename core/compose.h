/* The definition of an op on a device that knows only the ops of WEFT_OP_LIST, as the CPU backend
 * does: a fused op is the sequence of ops that it stands for, with tensors between them. */
#ifndef WEFT_CORE_COMPOSE_H
#define WEFT_CORE_COMPOSE_H

#include "core/backend.h"

typedef struct weft_composed weft_composed;

/* Prepare the ops; op has buffers of the device, its scratch is not used. */
weft_status weft_composed_new(weft_device *device, const weft_op *op, weft_composed **out);
void weft_composed_free(weft_composed *composed);

/* Enqueue them in order. */
weft_status weft_composed_run(weft_composed *composed, const weft_values *values);

/* How many ops it stands for. */
int weft_composed_count(const weft_composed *composed);

#endif
