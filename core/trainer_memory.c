/* Does a training fit its device? Counted by planning, before anything is allocated. */
#include <stdio.h>

#include "core/model_private.h"
#include "core/trainer.h"

enum { BYTES_TEXT = 32 };

/* A model and data sets without memory, over which plans can be made. */
typedef struct planner {
    weft_trainer *t;
    weft_model *model;
    weft_source *data, *held_out, *test;
} planner;

/* Bytes on the device. Activations and scratch are those of the plan that wants most. */
typedef struct need {
    int64_t weights, data, activations, scratch;
    int64_t largest; /* single buffer but activations and scratch */
} need;

static int64_t more(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* ---- counting ---- */

static weft_status count_plan(const planner *p, const weft_source *source, weft_mode mode,
                              int64_t batch, need *n)
{
    weft_plan *plan = NULL;
    weft_plan_totals totals;
    const weft_plan_desc desc = {.mode = mode, .batch = (int32_t)batch, .source = source};
    WEFT_TRY(weft_plan_new(p->model, &desc, &plan));
    const weft_status status = weft_plan_sum(plan, &totals);
    weft_plan_free(plan);
    n->activations = more(n->activations, totals.activation_bytes);
    n->scratch = more(n->scratch, totals.scratch_bytes);
    return status;
}

/* Whole batches, and the smaller one at the end. */
static weft_status count_batches(const planner *p, const weft_source *source, weft_mode mode,
                                 int64_t samples, int64_t batch, need *n)
{
    if (!source || samples < 1) return WEFT_OK;
    if (batch > samples) batch = samples;
    WEFT_TRY(count_plan(p, source, mode, batch, n));
    return samples % batch > 0 ? count_plan(p, source, mode, samples % batch, n) : WEFT_OK;
}

static void count_tensor(weft_tensor tensor, need *n)
{
    if (tensor.shape.rank == 0) return;
    const int64_t bytes = weft_shape_count(tensor.shape) * (int64_t)weft_dtype_bytes(tensor.dtype);
    n->data += bytes;
    n->largest = more(n->largest, bytes);
}

/* shared: its samples are another source's. */
static void count_source(const weft_source *source, bool shared, need *n)
{
    if (!source) return;
    const weft_source_view view = weft_source_tensors(source);
    count_tensor(view.order, n);
    if (shared) return;
    count_tensor(view.samples, n);
    count_tensor(view.answers, n);
    count_tensor(view.norm, n);
}

static weft_status count(const planner *p, int64_t batch, need *n)
{
    const weft_trainer *t = p->t;
    *n = (need){0};
    n->weights = weft_model_arena_bytes(p->model, &n->largest);
    count_source(p->data, false, n);
    count_source(p->held_out, true, n);
    count_source(p->test, false, n);
    WEFT_TRY(count_batches(p, p->data, WEFT_MODE_TRAIN, t->train_count, batch, n));
    WEFT_TRY(count_batches(p, p->held_out, WEFT_MODE_EVAL, t->val_count, batch, n));
    return count_batches(p, p->test, WEFT_MODE_EVAL, t->desc.test ? t->desc.test->count : 0, batch,
                         n);
}

/* ---- the device ---- */

static int64_t sum(const need *n)
{
    return n->weights + n->data + n->activations + n->scratch;
}

static int64_t largest(const need *n)
{
    return more(n->largest, more(n->activations, n->scratch));
}

/* A device that does not tell its limits has none. */
static bool fits(const need *n, const weft_device_info *info)
{
    const uint64_t all = (uint64_t)sum(n), one = (uint64_t)largest(n);
    return (info->memory_bytes == 0 || all <= info->memory_bytes) &&
           (info->max_alloc_bytes == 0 || one <= info->max_alloc_bytes);
}

/* The largest batch below one that does not fit; 0: not even a single sample. */
static weft_status find_batch(const planner *p, int64_t too_large, int64_t *out)
{
    need n;
    *out = 0;
    while (too_large - *out > 1) {
        const int64_t middle = *out + (too_large - *out) / 2;
        WEFT_TRY(count(p, middle, &n));
        if (fits(&n, &p->t->desc.device_entry->info))
            *out = middle;
        else
            too_large = middle;
    }
    return WEFT_OK;
}

static const char *bytes_text(uint64_t bytes, char text[BYTES_TEXT])
{
    const bool few = bytes < (uint64_t)10 << 20;
    snprintf(text, BYTES_TEXT, "%llu %s", (unsigned long long)(bytes >> (few ? 10 : 20)),
             few ? "KiB" : "MiB");
    return text;
}

static void cure_text(const weft_trainer *t, int64_t batch, char *text, size_t size)
{
    if (batch == 0)
        snprintf(text, size, "not even one sample at a time fits: take another device");
    else if (t->desc.resume)
        snprintf(text, size, "a resumed run keeps its batch: take another device");
    else
        snprintf(text, size, "the largest batch that fits is %lld (--batch-size %lld)",
                 (long long)batch, (long long)batch);
}

static weft_status refuse(const planner *p, const need *n)
{
    const weft_device_info *info = &p->t->desc.device_entry->info;
    char text[8][BYTES_TEXT], cure[128];
    int64_t batch;
    WEFT_TRY(find_batch(p, p->t->batch, &batch));
    cure_text(p->t, batch, cure, sizeof cure);
    return weft_fail(
        WEFT_ERR_MEMORY,
        "%s: a batch of %d needs %s (activations %s, weights %s, data %s, scratch %s; "
        "%s in one piece), the device has %s (%s in one piece); %s",
        p->t->desc.device_entry->id, (int)p->t->batch, bytes_text((uint64_t)sum(n), text[0]),
        bytes_text((uint64_t)n->activations, text[1]), bytes_text((uint64_t)n->weights, text[2]),
        bytes_text((uint64_t)n->data, text[3]), bytes_text((uint64_t)n->scratch, text[4]),
        bytes_text((uint64_t)largest(n), text[5]), bytes_text(info->memory_bytes, text[6]),
        bytes_text(info->max_alloc_bytes, text[7]), cure);
}

/* ---- all of it ---- */

static weft_status open_planner(planner *p)
{
    const weft_trainer *t = p->t;
    weft_model_desc desc = weft_trainer_model_desc(t);
    desc.plan_only = true;
    WEFT_TRY(weft_model_new(t->desc.graph, t->device, &desc, &p->model));
    WEFT_TRY(weft_source_describe(&t->data, 2 * t->train_count, &p->data));
    if (t->val_count > 0) WEFT_TRY(weft_source_describe(&t->data, t->val_count, &p->held_out));
    if (!t->desc.test) return WEFT_OK;
    return weft_source_describe(t->desc.test, t->desc.test->count, &p->test);
}

static void close_planner(planner *p)
{
    weft_model_free(p->model);
    weft_source_free(p->data);
    weft_source_free(p->held_out);
    weft_source_free(p->test);
}

static weft_status check(planner *p)
{
    need n;
    WEFT_TRY(open_planner(p));
    WEFT_TRY(count(p, p->t->batch, &n));
    p->t->device_bytes = sum(&n);
    return fits(&n, &p->t->desc.device_entry->info) ? WEFT_OK : refuse(p, &n);
}

weft_status weft_trainer_check_memory(weft_trainer *t)
{
    planner p = {.t = t};
    if (!t->desc.device_entry) return WEFT_OK;
    const weft_status status = check(&p);
    close_planner(&p);
    return status;
}
