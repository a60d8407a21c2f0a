/* Cases made of the steps of plans: what a device runs when it trains and predicts. */
#ifndef WEFT_CORE_SELFTEST_OP_PLANS_H
#define WEFT_CORE_SELFTEST_OP_PLANS_H

#include "core/graph.h"
#include "core/model.h"
#include "core/selftest/op_table.h"

typedef struct op_list {
    op_case *list;
    int count;
} op_list;

/* Add the steps of a network's training and prediction plan that have settings or are fused, once
 * each. The others are plain ops with one kernel, which the table has. `kind`: only these, or
 * WEFT_KIND_COUNT for all. */
weft_status op_list_add_plans(weft_device *device, const weft_graph *graph, const char *name,
                              int32_t batch, weft_op_kind kind, op_list *list);

/* Add one op that has shapes only. */
weft_status op_list_add(const weft_op *op, const char *where, op_list *list);

void op_list_free(op_list *list);

/* The normalised mean square error that rounding explains, against exact numbers. */
double op_bound(const weft_op *op);

/* The input whose elements an output sums over all samples, times numbers of about 1 if any, and
 * which may cancel to nothing but rounding: the gradient of a bias before a batch normalization
 * does. -1: the output is no such sum. */
int op_summed_input(const weft_op *op, int output);

/* Whether a rounding can turn a choice in it: a side of a relu at a number that it computes itself,
 * the place of a maximum among those. */
bool op_chooses(const weft_op *op);

/* How to try an op: fills and bound. False for the kinds that are left to the table. */
bool op_case_of(const weft_op *op, const char *where, op_case *out);

#endif
