#include "core/selftest/op_data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

static float draw_wild(uint64_t seed, int64_t i)
{
    static const float wild[] = {NAN, INFINITY, -INFINITY};
    const uint32_t kind = op_random(seed, i, 15);
    return kind < 3 ? wild[kind] : (float)(2 * op_uniform(seed + 1, i) - 1);
}

static float draw_float(op_fill fill, op_numbers numbers, uint64_t seed, int64_t i)
{
    const double u = op_uniform(seed, i);
    if (fill == OP_FILL_BYTES) return (float)op_random(seed, i, 256);
    if (fill == OP_FILL_WILD) return draw_wild(seed, i);
    if (fill == OP_FILL_SMALL) return (float)(2e-3 * u - 1e-3);
    if (fill == OP_FILL_POSITIVE && numbers == OP_INTEGERS)
        return 0.5f * (float)(1u << op_random(seed, i, 3));
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
    const bool fused = c->op.kind >= WEFT_OP_COUNT;
    const weft_window *w = fused ? &c->op.with.fused.pool : &c->op.with.window;
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

static void draw_any(const op_case *c, const weft_tensor *tensor, op_fill fill, op_numbers numbers,
                     uint64_t seed, void *data)
{
    for (int64_t i = 0; i < op_count(tensor); i++) {
        if (tensor->dtype == WEFT_F32)
            ((float *)data)[i] = draw_float(fill, numbers, seed, i);
        else if (tensor->dtype == WEFT_U8)
            ((uint8_t *)data)[i] = (uint8_t)op_random(seed, i, 256);
        else if (fill == OP_FILL_INDEX)
            ((int32_t *)data)[i] = (int32_t)op_random(seed, i, (uint32_t)c->limit);
        else
            ((int32_t *)data)[i] = (int32_t)op_random(seed, i, 17) - 8;
    }
}

static weft_status draw(const op_case *c, const weft_tensor *tensor, op_fill fill,
                        op_numbers numbers, uint64_t seed, void **out)
{
    if (op_count(tensor) == 0) return WEFT_OK;
    *out = malloc(op_bytes(tensor));
    if (!*out) return weft_fail(WEFT_ERR_MEMORY, "out of memory for the tensors of %s", c->name);
    if (fill == OP_FILL_WHERE)
        draw_where(c, tensor, seed, *out);
    else
        draw_any(c, tensor, fill, numbers, seed, *out);
    return WEFT_OK;
}

weft_status op_data_new(const op_case *c, op_numbers numbers, uint64_t seed, op_data *out)
{
    *out = (op_data){{0}, {0}};
    for (int i = 0; i < WEFT_MAX_IN; i++)
        WEFT_TRY(draw(c, &c->op.in[i], c->in[i], numbers, seed + (uint64_t)i, &out->in[i]));
    for (int i = 0; i < WEFT_MAX_OUT; i++) {
        const weft_tensor *tensor = &c->op.out[i];
        const uint64_t own = seed + 100 + (uint64_t)i;
        WEFT_TRY(draw(c, tensor, c->out[i], numbers, own, &out->out[i]));
        if (c->op.mode[i] == WEFT_OUT_SET && out->out[i])
            memset(out->out[i], 0xff, op_bytes(tensor));
    }
    return WEFT_OK;
}

void op_data_free(op_data *data)
{
    for (int i = 0; i < WEFT_MAX_IN; i++)
        free(data->in[i]);
    for (int i = 0; i < WEFT_MAX_OUT; i++)
        free(data->out[i]);
    *data = (op_data){{0}, {0}};
}

/* ---- comparing ---- */

double op_value_at(const weft_tensor *tensor, const void *contents, int64_t i, op_width width)
{
    if (tensor->dtype == WEFT_U8) return ((const uint8_t *)contents)[i];
    if (tensor->dtype == WEFT_I32) return ((const int32_t *)contents)[i];
    return width == OP_DOUBLE ? ((const double *)contents)[i] : ((const float *)contents)[i];
}

double op_mean_square(const weft_tensor *tensor, const void *contents, op_width width)
{
    double sum = 0;
    int64_t count = 0;
    for (int64_t i = 0; i < op_count(tensor); i++) {
        const double value = op_value_at(tensor, contents, i, width);
        if (isnan(value)) continue;
        sum += value * value;
        count++;
    }
    return count > 0 ? sum / (double)count : 0;
}

/* The distance from a float of this size to the next one. */
static double last_place(double size)
{
    const float value = (float)size;
    return (double)nextafterf(value, INFINITY) - (double)value;
}

typedef struct sums {
    double largest, rms;
} sums;

static void add_pair(double a, double b, int64_t i, sums *s, op_match *match)
{
    match->nans += isnan(b);
    match->zeros += b == 0;
    match->nan_lost += !isnan(a) && isnan(b);
    match->nan_more += isnan(a) && !isnan(b);
    if (isnan(a) || isnan(b)) return;
    match->differs += (float)a != (float)b;
    if (isinf(b) && a == b) return;
    const double d = fabs(a - b);
    const double ulp = d / last_place(fmax(fabs(b), s->rms));
    if (ulp > match->ulp) match->ulp = ulp;
    if (d > s->largest) match->worst = i;
    if (d > s->largest) s->largest = d;
    match->difference += d * d;
    match->square += b * b;
}

op_match op_compare(const weft_tensor *tensor, const void *device, const void *reference,
                    op_width width)
{
    op_match match = {.error = 0};
    sums s = {.largest = -1, .rms = sqrt(op_mean_square(tensor, reference, width))};
    for (int64_t i = 0; i < op_count(tensor); i++)
        add_pair(op_value_at(tensor, device, i, OP_SINGLE),
                 op_value_at(tensor, reference, i, width), i, &s, &match);
    /* infinite when all should be 0 */
    match.error = match.difference == 0 ? 0 : match.difference / match.square;
    return match;
}

double op_match_error(const op_match *match)
{
    const bool nans = match->nan_lost > 0 || match->nan_more > 0;
    return nans || isnan(match->error) ? (double)INFINITY : match->error;
}

int64_t op_first_beyond(const weft_tensor *tensor, const void *device, const void *reference,
                        op_width width, double most)
{
    for (int64_t i = 0; i < op_count(tensor); i++) {
        const double a = op_value_at(tensor, device, i, OP_SINGLE);
        const double b = op_value_at(tensor, reference, i, width);
        if (isnan(a) != isnan(b) || isinf(a) != isinf(b) || (a - b) * (a - b) > most) return i;
    }
    return -1;
}
