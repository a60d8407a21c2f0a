#include "core/fit.h"

#include <stdio.h>

#include "core/model_private.h"

enum { BYTES_TEXT = 32, CURE_TEXT = 128 };

static int64_t more(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* ---- counting ---- */

void weft_need_model(const weft_model *model, weft_need *need)
{
    int64_t largest;
    need->weights += weft_model_arena_bytes(model, &largest);
    need->largest = more(need->largest, largest);
}

static void count_tensor(weft_tensor tensor, weft_need *need)
{
    if (tensor.shape.rank == 0) return;
    const int64_t bytes = weft_shape_count(tensor.shape) * (int64_t)weft_dtype_bytes(tensor.dtype);
    need->data += bytes;
    need->largest = more(need->largest, bytes);
}

void weft_need_source(const weft_source *source, bool shared, weft_need *need)
{
    const weft_source_view view = weft_source_tensors(source);
    count_tensor(view.order, need);
    if (shared) return;
    count_tensor(view.samples, need);
    count_tensor(view.answers, need);
    count_tensor(view.norm, need);
}

weft_status weft_need_plan(weft_model *model, const weft_plan_desc *desc, weft_need *need)
{
    weft_plan *plan = NULL;
    weft_plan_totals totals;
    WEFT_TRY(weft_plan_new(model, desc, &plan));
    const weft_status status = weft_plan_sum(plan, &totals);
    weft_plan_free(plan);
    need->activations = more(need->activations, totals.activation_bytes);
    need->scratch = more(need->scratch, totals.scratch_bytes);
    return status;
}

weft_status weft_need_all(weft_model *model, const weft_dataset *data, const weft_plan_desc *plans,
                          int count, weft_need *need)
{
    weft_source *source;
    weft_status status = weft_source_describe(data, data->count, &source);
    if (status != WEFT_OK) return status;
    *need = (weft_need){0};
    weft_need_model(model, need);
    weft_need_source(source, false, need);
    for (int i = 0; i < count && status == WEFT_OK; i++) {
        weft_plan_desc desc = plans[i];
        desc.source = source;
        status = weft_need_plan(model, &desc, need);
    }
    weft_source_free(source);
    return status;
}

static int64_t sum(const weft_need *n)
{
    return n->weights + n->data + n->activations + n->scratch;
}

static int64_t largest(const weft_need *n)
{
    return more(n->largest, more(n->activations, n->scratch));
}

/* ---- the device ---- */

/* A device that does not tell its limits has none. */
static bool fits(const weft_need *n, const weft_device_info *info)
{
    const uint64_t all = (uint64_t)sum(n), one = (uint64_t)largest(n);
    return (info->memory_bytes == 0 || all <= info->memory_bytes) &&
           (info->max_alloc_bytes == 0 || one <= info->max_alloc_bytes);
}

/* The largest batch below the one that does not fit; 0: not even a single sample. */
static weft_status find_batch(const weft_fit *fit, weft_model *model, int64_t *out)
{
    weft_need n;
    int64_t too_large = fit->batch;
    *out = 0;
    while (too_large - *out > 1) {
        const int64_t middle = *out + (too_large - *out) / 2;
        WEFT_TRY(fit->count(fit->user, model, middle, &n));
        if (fits(&n, &fit->entry->info))
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

static void cure_text(const weft_fit *fit, int64_t batch, char text[CURE_TEXT])
{
    if (batch == 0)
        snprintf(text, CURE_TEXT, "not even one sample at a time fits: take another device");
    else if (fit->resumes)
        snprintf(text, CURE_TEXT, "a resumed run keeps its batch: take another device");
    else
        snprintf(text, CURE_TEXT, "the largest batch that fits is %lld (--batch-size %lld)",
                 (long long)batch, (long long)batch);
}

static weft_status refuse(const weft_fit *fit, weft_model *model, const weft_need *n)
{
    const weft_device_info *info = &fit->entry->info;
    char text[8][BYTES_TEXT], cure[CURE_TEXT];
    int64_t batch;
    WEFT_TRY(find_batch(fit, model, &batch));
    cure_text(fit, batch, cure);
    return weft_fail(
        WEFT_ERR_MEMORY,
        "%s: a batch of %lld needs %s (activations %s, weights %s, data %s, scratch %s; "
        "%s in one piece), the device has %s (%s in one piece); %s",
        fit->entry->id, (long long)fit->batch, bytes_text((uint64_t)sum(n), text[0]),
        bytes_text((uint64_t)n->activations, text[1]), bytes_text((uint64_t)n->weights, text[2]),
        bytes_text((uint64_t)n->data, text[3]), bytes_text((uint64_t)n->scratch, text[4]),
        bytes_text((uint64_t)largest(n), text[5]), bytes_text(info->memory_bytes, text[6]),
        bytes_text(info->max_alloc_bytes, text[7]), cure);
}

static weft_status check(const weft_fit *fit, weft_model *model, int64_t *bytes)
{
    weft_need n;
    WEFT_TRY(fit->count(fit->user, model, fit->batch, &n));
    if (bytes) *bytes = sum(&n);
    return fits(&n, &fit->entry->info) ? WEFT_OK : refuse(fit, model, &n);
}

weft_status weft_fit_check(const weft_fit *fit, int64_t *bytes)
{
    weft_model_desc desc = fit->model;
    weft_model *model;
    if (bytes) *bytes = 0;
    if (!fit->entry) return WEFT_OK;
    desc.plan_only = true;
    WEFT_TRY(weft_model_new(fit->graph, fit->device, &desc, &model));
    const weft_status status = check(fit, model, bytes);
    weft_model_free(model);
    return status;
}
