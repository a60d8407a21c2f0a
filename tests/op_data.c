#include "tests/op_data.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/op_define.h"

/* SplitMix64 (Steele, Lea, Flood, 2014): independent of the generator under test. */
static uint64_t mix(uint64_t seed, int64_t index)
{
    uint64_t z = seed + ((uint64_t)index + 1) * 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

uint32_t op_random(uint64_t seed, int64_t index, uint32_t limit)
{
    return (uint32_t)((mix(seed, index) >> 32) * limit >> 32);
}

double op_uniform(uint64_t seed, int64_t index)
{
    return (double)(mix(seed, index) >> 11) * 0x1p-53;
}

size_t op_bytes(const weft_tensor *tensor)
{
    return (size_t)op_count(tensor) * weft_dtype_bytes(tensor->dtype);
}

static float draw_float(op_fill fill, op_numbers numbers, uint64_t seed, int64_t i)
{
    const double u = op_uniform(seed, i);
    if (fill == OP_FILL_BYTES) return (float)op_random(seed, i, 256);
    if (fill == OP_FILL_SMALL) return (float)(2e-3 * u - 1e-3);
    if (fill == OP_FILL_POSITIVE) return (float)(0.25 + u);
    if (numbers == OP_INTEGERS) return (float)((int)op_random(seed, i, 9) - 4);
    return (float)(2 * u - 1);
}

/* Whether a place r, s of the window at p lies inside the image along one axis. */
static bool inside(const weft_window *w, int axis, int32_t p, int32_t r, int32_t extent)
{
    const int32_t at = p * w->stride[axis] - w->pad[axis] + r;
    return at >= 0 && at < extent;
}

static void draw_where(const op_case *c, const weft_tensor *tensor, uint64_t seed, uint8_t *to)
{
    const weft_window *w = &c->op.with.window;
    const int32_t *y = tensor->shape.dim, *x = c->op.out[0].shape.dim;
    for (int64_t i = 0; i < op_count(tensor); i++) {
        const int32_t q = (int32_t)(i / y[3] % y[2]), p = (int32_t)(i / y[3] / y[2] % y[1]);
        int32_t r = 0, s = 0;
        int64_t tries = 64 * i;
        do {
            r = (int32_t)op_random(seed, tries++, (uint32_t)w->kernel[0]);
            s = (int32_t)op_random(seed, tries++, (uint32_t)w->kernel[1]);
        } while (!inside(w, 0, p, r, x[1]) || !inside(w, 1, q, s, x[2]));
        to[i] = (uint8_t)(r * w->kernel[1] + s);
    }
}

static void *draw(const op_case *c, const weft_tensor *tensor, op_fill fill, op_numbers numbers,
                  uint64_t seed)
{
    const int64_t count = op_count(tensor);
    if (count == 0) return NULL;
    void *data = malloc(op_bytes(tensor));
    if (!data) abort();

    if (fill == OP_FILL_WHERE) {
        draw_where(c, tensor, seed, data);
        return data;
    }
    for (int64_t i = 0; i < count; i++) {
        if (tensor->dtype == WEFT_F32)
            ((float *)data)[i] = draw_float(fill, numbers, seed, i);
        else if (tensor->dtype == WEFT_U8)
            ((uint8_t *)data)[i] = (uint8_t)op_random(seed, i, 256);
        else if (fill == OP_FILL_INDEX)
            ((int32_t *)data)[i] = (int32_t)op_random(seed, i, (uint32_t)c->limit);
        else
            ((int32_t *)data)[i] = (int32_t)op_random(seed, i, 17) - 8;
    }
    return data;
}

void op_data_new(const op_case *c, op_numbers numbers, uint64_t seed, op_data *out)
{
    *out = (op_data){0};
    for (int i = 0; i < WEFT_MAX_IN; i++)
        out->in[i] = draw(c, &c->op.in[i], c->in[i], numbers, seed + (uint64_t)i);
    for (int i = 0; i < WEFT_MAX_OUT; i++) {
        out->out[i] = draw(c, &c->op.out[i], c->out[i], numbers, seed + 100 + (uint64_t)i);
        if (c->op.mode[i] == WEFT_OUT_SET) memset(out->out[i], 0xff, op_bytes(&c->op.out[i]));
    }
}

void op_data_free(op_data *data)
{
    for (int i = 0; i < WEFT_MAX_IN; i++)
        free(data->in[i]);
    for (int i = 0; i < WEFT_MAX_OUT; i++)
        free(data->out[i]);
    *data = (op_data){0};
}

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

static double value_at(const weft_tensor *tensor, const void *data, int64_t i, bool wide)
{
    if (tensor->dtype == WEFT_U8) return ((const uint8_t *)data)[i];
    if (tensor->dtype == WEFT_I32) return ((const int32_t *)data)[i];
    return wide ? ((const double *)data)[i] : (double)((const float *)data)[i];
}

op_match op_compare(const weft_tensor *tensor, const void *device, const void *reference)
{
    op_match match = {0};
    double square = 0, difference = 0, largest = -1;
    for (int64_t i = 0; i < op_count(tensor); i++) {
        const double a = value_at(tensor, device, i, false);
        const double b = value_at(tensor, reference, i, true);
        match.nans += isnan(b);
        match.zeros += b == 0;
        match.nan_lost += !isnan(a) && isnan(b);
        match.nan_more += isnan(a) && !isnan(b);
        if (isnan(a) || isnan(b)) continue;
        match.differs += (float)a != (float)b;
        const double d = (a - b) * (a - b);
        if (d > largest) match.worst = i;
        if (d > largest) largest = d;
        difference += d;
        square += b * b;
    }
    match.error = difference == 0 ? 0 : difference / square; /* infinite when all should be 0 */
    return match;
}
