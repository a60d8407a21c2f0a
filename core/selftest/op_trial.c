/* One case on the device against its definition on the reference. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/compose.h"
#include "core/selftest/op_bench.h"
#include "core/selftest/private.h"

typedef struct trial {
    const weft_selftest_desc *desc;
    const op_case *c;
    weft_selftest_row *row;
    op_bench bench;
    char variant[WEFT_VARIANT_MAX];
} trial;

/* ---- the row ---- */

void weft_trial_fail(weft_selftest_row *row, const char *format, ...)
{
    row->verdict = WEFT_VERDICT_FAILED;
    if (row->failed++ > 0) return;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(row->failure, sizeof row->failure, format, arguments);
    va_end(arguments);
}

/* How far an error is on the way to its bound; an exact result has none to go. */
static double share(double nmse, double bound)
{
    if (bound > 0) return nmse / bound;
    return nmse > 0 ? (double)INFINITY : 0;
}

void weft_trial_error(weft_selftest_row *row, double nmse, double bound, double ulp)
{
    if (ulp > row->ulp) row->ulp = ulp;
    if (row->bound > 0 && !(share(nmse, bound) > share(row->nmse, row->bound))) return;
    row->nmse = nmse;
    row->bound = bound;
}

void weft_trial_progress(const weft_selftest_desc *desc, int done, int total)
{
    if (desc->progress) desc->progress(desc->user, done, total);
}

static void add_variant(weft_selftest_row *row, const char *variant)
{
    for (int i = 0; i < row->variant_count; i++)
        if (strcmp(row->variant[i], variant) == 0) return;
    if (row->variant_count == WEFT_SELFTEST_VARIANTS) return;
    snprintf(row->variant[row->variant_count++], WEFT_VARIANT_MAX, "%s", variant);
}

/* ---- the reference ---- */

static weft_status place(weft_device *device, weft_tensor *tensor, const void *contents)
{
    if (tensor->shape.rank == 0) return WEFT_OK;
    tensor->offset = 0;
    WEFT_TRY(device->backend->buffer_new(device, op_bytes(tensor), &tensor->buffer));
    return device->backend->write(tensor->buffer, 0, contents, op_bytes(tensor));
}

static weft_status place_all(weft_device *device, weft_op *op, const op_data *data)
{
    for (int i = 0; i < WEFT_MAX_IN; i++)
        WEFT_TRY(place(device, &op->in[i], data->in[i]));
    for (int i = 0; i < WEFT_MAX_OUT; i++)
        WEFT_TRY(place(device, &op->out[i], data->out[i]));
    return WEFT_OK;
}

static weft_status fetch_all(weft_device *device, const weft_op *op, op_data *result)
{
    for (int i = 0; i < WEFT_MAX_OUT; i++) {
        const weft_tensor *tensor = &op->out[i];
        if (tensor->shape.rank == 0) continue;
        WEFT_TRY(device->backend->read(tensor->buffer, 0, result->out[i], op_bytes(tensor)));
    }
    return WEFT_OK;
}

/* Outputs of the op's definition into result, which is drawn like data. */
static weft_status define(const trial *t, const op_data *data, op_data *result)
{
    weft_device *device = t->desc->reference;
    weft_composed *composed = NULL;
    weft_op op = t->c->op;
    weft_status status = place_all(device, &op, data);
    if (status == WEFT_OK) status = weft_composed_new(device, &op, &composed);
    if (status == WEFT_OK) status = weft_composed_run(composed, &t->c->values);
    if (status == WEFT_OK) status = device->backend->finish(device);
    if (status == WEFT_OK) status = fetch_all(device, &op, result);
    weft_composed_free(composed);
    for (int i = 0; i < WEFT_MAX_IN; i++)
        device->backend->buffer_free(op.in[i].buffer);
    for (int i = 0; i < WEFT_MAX_OUT; i++)
        device->backend->buffer_free(op.out[i].buffer);
    return status;
}

/* ---- comparing ---- */

/* "[2, 0, 13, 5]" of an element. */
static const char *print_index(const weft_tensor *tensor, int64_t i, char text[64])
{
    int32_t at[WEFT_MAX_RANK] = {0};
    for (int axis = tensor->shape.rank - 1; axis >= 0; axis--) {
        at[axis] = (int32_t)(i % tensor->shape.dim[axis]);
        i /= tensor->shape.dim[axis];
    }
    size_t used = 0;
    for (int axis = 0; axis < tensor->shape.rank && used < 64; axis++) {
        const int n = snprintf(text + used, 64 - used, axis > 0 ? ", %d" : "[%d", (int)at[axis]);
        used += n > 0 ? (size_t)n : 0;
    }
    if (used < 63) snprintf(text + used, 64 - used, "]");
    return text;
}

static void fail_output(trial *t, int i, const void *device, const void *reference, double nmse,
                        double bound, const char *numbers)
{
    char index[64];
    const weft_tensor *tensor = &t->c->op.out[i];
    const double most = bound * op_mean_square(tensor, reference, OP_SINGLE);
    const int64_t first = op_first_beyond(tensor, device, reference, OP_SINGLE, most);
    const int64_t at = first < 0 ? 0 : first;
    weft_trial_fail(t->row,
                    "%s, kernel %s, %s: output %d differs first at %s: %.9g instead of %.9g; "
                    "error %.2g, at most %.2g is rounding",
                    t->c->name, t->variant, numbers, i, print_index(tensor, at, index),
                    op_value_at(tensor, device, at, OP_SINGLE),
                    op_value_at(tensor, reference, at, OP_SINGLE), nmse, bound);
}

/* Compare output i; exact: nothing is rounded. */
static bool check_output(trial *t, int i, const op_data *outputs, const op_data *wanted, bool exact,
                         const char *numbers)
{
    const weft_tensor *tensor = &t->c->op.out[i];
    const bool whole = exact || tensor->dtype != WEFT_F32;
    const double bound = whole ? 0 : OP_BOTH_SIDES * t->c->bound;
    const op_match m = op_compare(tensor, outputs->out[i], wanted->out[i], OP_SINGLE);
    const double error = op_match_error(&m);
    if (!whole) weft_trial_error(t->row, error, bound, m.ulp);
    if (error <= bound && (!whole || m.differs == 0)) return true;
    fail_output(t, i, outputs->out[i], wanted->out[i], error, bound, numbers);
    return false;
}

static bool check_outputs(trial *t, const op_data *outputs, const op_data *wanted, bool exact,
                          const char *numbers)
{
    for (int i = 0; i < WEFT_MAX_OUT; i++) {
        const bool there = op_count(&t->c->op.out[i]) > 0;
        if (there && !check_output(t, i, outputs, wanted, exact, numbers)) return false;
    }
    return true;
}

static bool check_same(trial *t, const op_data *outputs, const op_data *again)
{
    for (int i = 0; i < WEFT_MAX_OUT; i++) {
        const weft_tensor *tensor = &t->c->op.out[i];
        if (op_count(tensor) == 0) continue;
        if (memcmp(outputs->out[i], again->out[i], op_bytes(tensor)) == 0) continue;
        weft_trial_fail(t->row, "%s, kernel %s: output %d is not the same when it runs again",
                        t->c->name, t->variant, i);
        return false;
    }
    return true;
}

/* ---- a case ---- */

typedef struct contents {
    op_data data, outputs, other;
} contents;

static weft_status draw(const trial *t, op_numbers numbers, contents *c)
{
    *c = (contents){{{0}, {0}}, {{0}, {0}}, {{0}, {0}}};
    WEFT_TRY(op_data_new(t->c, numbers, 1, &c->data));
    WEFT_TRY(op_data_new(t->c, numbers, 1, &c->outputs));
    return op_data_new(t->c, numbers, 1, &c->other);
}

static void drop(contents *c)
{
    op_data_free(&c->data);
    op_data_free(&c->outputs);
    op_data_free(&c->other);
}

/* The device fails: that is its verdict, not the end of the selftest. */
static bool runs(trial *t, const op_data *data, op_data *outputs)
{
    if (op_bench_run(&t->bench, data, outputs) == WEFT_OK) return true;
    weft_trial_fail(t->row, "%s, kernel %s: %s", t->c->name, t->variant, weft_error());
    return false;
}

static weft_status compare(trial *t, contents *c, bool exact, const char *numbers, bool *right)
{
    *right = runs(t, &c->data, &c->outputs);
    if (!*right) return WEFT_OK;
    WEFT_TRY(define(t, &c->data, &c->other));
    *right = check_outputs(t, &c->outputs, &c->other, exact, numbers);
    return WEFT_OK;
}

static weft_status try_numbers(trial *t, op_numbers numbers, bool *right)
{
    contents c;
    const bool whole = numbers == OP_INTEGERS;
    weft_status status = draw(t, numbers, &c);
    if (status == WEFT_OK)
        status =
            compare(t, &c, whole && t->c->exact, whole ? "whole numbers" : "random numbers", right);
    if (status == WEFT_OK && *right)
        *right = runs(t, &c.data, &c.other) && check_same(t, &c.outputs, &c.other);
    drop(&c);
    return status;
}

/* NaN everywhere in an input come out where the definition's do. Padding may be skipped or
 * multiplied by, so those inputs are left out. */
static weft_status try_nan(trial *t, int input, bool *right)
{
    contents c;
    weft_status status = draw(t, OP_FLOATS, &c);
    float *values = c.data.in[input];
    for (int64_t i = 0; status == WEFT_OK && i < op_count(&t->c->op.in[input]); i++)
        values[i] = NAN;
    if (status == WEFT_OK) status = compare(t, &c, false, "NaN in an input", right);
    drop(&c);
    return status;
}

static weft_status try_all(trial *t, bool *right)
{
    const op_case *c = t->c;
    if (!c->whole) WEFT_TRY(try_numbers(t, OP_FLOATS, right));
    if (*right && (c->whole || c->exact)) WEFT_TRY(try_numbers(t, OP_INTEGERS, right));
    for (int i = 0; *right && i < WEFT_MAX_IN && c->op.kind < WEFT_OP_COUNT; i++) {
        const weft_tensor *in = &c->op.in[i];
        const bool there = in->shape.rank > 0 && in->dtype == WEFT_F32;
        if (there && !(c->padded >> i & 1)) WEFT_TRY(try_nan(t, i, right));
    }
    return WEFT_OK;
}

weft_status weft_trial_run(const weft_selftest_desc *desc, const op_case *c, weft_selftest_row *row)
{
    bool right = true;
    trial t = {.desc = desc, .c = c, .row = row};
    weft_support support;
    weft_status status = desc->device->backend->supports(desc->device, &c->op, &support);
    if (status == WEFT_ERR_UNSUPPORTED && c->op.kind >= WEFT_OP_COUNT) return WEFT_OK;
    row->cases++;
    if (row->verdict == WEFT_VERDICT_NONE) row->verdict = WEFT_VERDICT_PASSED;
    if (status == WEFT_OK) status = op_bench_open(desc->device, c, &t.bench);
    if (status == WEFT_OK) {
        snprintf(t.variant, sizeof t.variant, "%s", t.bench.support.variant);
        add_variant(row, t.variant);
        status = try_all(&t, &right);
    } else {
        weft_trial_fail(row, "%s: %s", c->name, weft_error());
        status = WEFT_OK;
    }
    op_bench_close(&t.bench);
    return status;
}
