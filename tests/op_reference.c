#include "tests/op_reference.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/op_define.h"

void *op_widen(const weft_tensor *tensor, const void *from)
{
    const int64_t count = op_count(tensor);
    if (count == 0) return NULL;
    double *wide = malloc((size_t)count * sizeof *wide);
    if (!wide) abort();
    if (tensor->dtype != WEFT_F32) return memcpy(wide, from, op_bytes(tensor));
    for (int64_t i = 0; i < count; i++)
        wide[i] = ((const float *)from)[i];
    return wide;
}

/* Place a tensor of the op on memory of ours. */
static void place(weft_tensor *tensor, weft_cpu_buffer *buffer, void *data)
{
    if (tensor->shape.rank == 0) return;
    *buffer = weft_cpu_wrap(data, (size_t)op_count(tensor) * sizeof(double));
    *tensor = weft_cpu_view(buffer, tensor->shape, tensor->dtype);
}

void op_run_table(const weft_cpu_table *table, const weft_op *shapes, const weft_values *values,
                  void *const in[WEFT_MAX_IN], void *const out[WEFT_MAX_OUT], int threads)
{
    enum { SCRATCH = WEFT_MAX_IN + WEFT_MAX_OUT };
    weft_op op = *shapes;
    weft_cpu_buffer buffer[SCRATCH + 1];
    size_t scratch_bytes = 0;
    const weft_status status = weft_cpu_supports(shapes, &scratch_bytes);
    ck_assert_msg(status == WEFT_OK, "the CPU backend refuses an op: %s", weft_error());

    for (int i = 0; i < WEFT_MAX_IN; i++)
        place(&op.in[i], &buffer[i], in[i]);
    for (int i = 0; i < WEFT_MAX_OUT; i++)
        place(&op.out[i], &buffer[WEFT_MAX_IN + i], out[i]);
    void *scratch = malloc(2 * scratch_bytes + 1);
    if (!scratch) abort();
    if (scratch_bytes > 0) {
        const weft_shape shape = {1, {(int32_t)(2 * scratch_bytes)}};
        buffer[SCRATCH] = weft_cpu_wrap(scratch, 2 * scratch_bytes);
        op.scratch = weft_cpu_view(&buffer[SCRATCH], shape, WEFT_U8);
    }
    table->run[op.kind](&op, values, threads);
    free(scratch);
}

void op_run_double(const weft_op *op, const weft_values *values, void *const in[WEFT_MAX_IN],
                   void *const out[WEFT_MAX_OUT], int threads)
{
    op_run_table(weft_cpu_table_double(), op, values, in, out, threads);
}

void op_result_new(const op_case *c, const op_data *data, int threads, op_result *out)
{
    void *in[WEFT_MAX_IN];
    for (int i = 0; i < WEFT_MAX_IN; i++)
        in[i] = op_widen(&c->op.in[i], data->in[i]);
    for (int i = 0; i < WEFT_MAX_OUT; i++)
        out->out[i] = op_widen(&c->op.out[i], data->out[i]);
    op_run_double(&c->op, &c->values, in, out->out, threads);
    for (int i = 0; i < WEFT_MAX_IN; i++)
        free(in[i]);
}

/* An added output is what was before plus f. */
static void add_before(const op_case *c, const op_data *data, const op_result *out)
{
    for (int o = 0; o < WEFT_MAX_OUT; o++)
        for (int64_t i = 0; c->op.mode[o] == WEFT_OUT_ADD && i < op_count(&c->op.out[o]); i++)
            ((double *)out->out[o])[i] += (double)((const float *)data->out[o])[i];
}

void op_result_define(const op_case *c, const op_data *data, op_result *out)
{
    void *in[WEFT_MAX_IN];
    for (int i = 0; i < WEFT_MAX_IN; i++)
        in[i] = op_widen(&c->op.in[i], data->in[i]);
    for (int i = 0; i < WEFT_MAX_OUT; i++)
        out->out[i] = op_widen(&c->op.out[i], data->out[i]);
    op_definition_of(c->op.kind)(&c->op, &c->values, in, out->out);
    add_before(c, data, out);
    for (int i = 0; i < WEFT_MAX_IN; i++)
        free(in[i]);
}

void op_result_free(op_result *result)
{
    for (int i = 0; i < WEFT_MAX_OUT; i++)
        free(result->out[i]);
    *result = (op_result){0};
}
