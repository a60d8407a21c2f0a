/* A plan run in double: its ops, one after the other, through the double build of the CPU ops. */
#ifndef WEFT_TESTS_OP_DOUBLE_H
#define WEFT_TESTS_OP_DOUBLE_H

#include "core/plan.h"

typedef struct op_double op_double;

/* Memory for each tensor of an unfused plan that is prepared on the CPU; parameters, states and the
 * source's tensors are copies of what they hold now. */
op_double *op_double_new(const weft_plan *plan);
void op_double_free(op_double *d);

/* Run the ops from .. to - 1; op_double_end is the number of all. */
void op_double_run(op_double *d, int32_t from, int32_t to);
int32_t op_double_end(const op_double *d);

/* The first op of a phase or behind it. */
int32_t op_double_phase(const op_double *d, weft_phase phase);

/* The first op behind the last one of the forward pass that writes a layer's output. */
int32_t op_double_behind(const op_double *d, const char *layer);

/* A layer's output, its gradient (of plans that keep or want them), and the network's output. */
double *op_double_value(op_double *d, const char *layer);
double *op_double_gradient(op_double *d, const char *layer);
double *op_double_output(op_double *d);

#endif
