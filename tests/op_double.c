#include "tests/op_double.h"

#include <stdlib.h>

#include "core/model_private.h"
#include "tests/op_reference.h"
#include "tests/suite.h"

struct op_double {
    const weft_plan *plan;
    void **memory; /* by root tensor */
};

static void *copy_of(const weft_plan_tensor *t)
{
    const weft_tensor *tensor = &t->tensor;
    void *bytes = malloc((size_t)t->bytes);
    ck_assert_ptr_nonnull(bytes);
    ck_weft(tensor->buffer->device->backend->read(
        tensor->buffer, (size_t)tensor->offset * weft_dtype_bytes(tensor->dtype), bytes,
        (size_t)t->bytes));
    void *wide = op_widen(tensor, bytes);
    free(bytes);
    return wide;
}

op_double *op_double_new(const weft_plan *plan)
{
    op_double *d = calloc(1, sizeof *d);
    ck_assert_ptr_nonnull(d);
    d->plan = plan;
    d->memory = calloc((size_t)plan->tensor_count, sizeof *d->memory);
    ck_assert_ptr_nonnull(d->memory);
    for (weft_id id = 1; id < plan->tensor_count; id++) {
        const weft_plan_tensor *t = &plan->tensor[id];
        if (t->root != id) continue;
        d->memory[id] = t->role == WEFT_ROLE_ACTIVATION
                            ? calloc((size_t)weft_shape_count(t->tensor.shape), sizeof(double))
                            : copy_of(t);
        ck_assert_ptr_nonnull(d->memory[id]);
    }
    return d;
}

void op_double_free(op_double *d)
{
    for (weft_id id = 1; id < d->plan->tensor_count; id++)
        free(d->memory[id]);
    free(d->memory);
    free(d);
}

static void *memory_of(const op_double *d, weft_id id)
{
    return d->memory[d->plan->tensor[id].root];
}

void op_double_run(op_double *d, int32_t from, int32_t to)
{
    const weft_values values = {.batch_global = d->plan->desc.batch};
    for (int32_t i = from; i < to; i++) {
        void *in[WEFT_MAX_IN], *out[WEFT_MAX_OUT];
        for (int k = 0; k < WEFT_MAX_IN; k++)
            in[k] = memory_of(d, d->plan->ids[i].in[k]);
        for (int k = 0; k < WEFT_MAX_OUT; k++)
            out[k] = memory_of(d, d->plan->ids[i].out[k]);
        op_run_double(&d->plan->op[i], &values, in, out, 1);
    }
}

int32_t op_double_end(const op_double *d)
{
    return d->plan->op_count;
}

int32_t op_double_phase(const op_double *d, weft_phase phase)
{
    int32_t i = 0;
    while (i < d->plan->op_count && d->plan->op[i].phase < phase)
        i++;
    return i;
}

static weft_pair looked_at(const op_double *d, const char *layer)
{
    const int32_t n = weft_graph_find(d->plan->model->graph, layer);
    ck_assert_msg(n >= 0, "no layer %s", layer);
    return d->plan->looked_at[n];
}

int32_t op_double_behind(const op_double *d, const char *layer)
{
    const weft_plan *plan = d->plan;
    const weft_id root = plan->tensor[looked_at(d, layer).value].root;
    int32_t behind = 0;
    for (int32_t i = 0; i < plan->op_count && plan->op[i].phase <= WEFT_PHASE_FORWARD; i++) {
        if (plan->tensor[plan->ids[i].out[0]].root == root) behind = i + 1;
    }
    return behind;
}

double *op_double_value(op_double *d, const char *layer)
{
    return memory_of(d, looked_at(d, layer).value);
}

double *op_double_gradient(op_double *d, const char *layer)
{
    return memory_of(d, looked_at(d, layer).grad);
}

double *op_double_output(op_double *d)
{
    return memory_of(d, d->plan->output);
}
