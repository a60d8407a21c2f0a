/* Does it fit the device? Counted by planning, before anything is allocated. */
#ifndef WEFT_CORE_FIT_H
#define WEFT_CORE_FIT_H

#include "core/backend.h"
#include "core/data.h"
#include "core/model.h"
#include "core/plan.h"

/* Bytes on the device. Activations and scratch are those of the plan that wants most, since the
 * plans of a model share them. */
typedef struct weft_need {
    int64_t weights, data, activations, scratch;
    int64_t largest; /* single buffer but activations and scratch */
} weft_need;

/* Add what a model, a source or a plan needs. Model and source may be without memory; shared: the
 * source's samples are another's. */
void weft_need_model(const weft_model *model, weft_need *need);
void weft_need_source(const weft_source *source, bool shared, weft_need *need);
weft_status weft_need_plan(weft_model *model, const weft_plan_desc *desc, weft_need *need);

/* From zero: a model, a source of the data set, and plans over it, whose `source` is filled in. */
weft_status weft_need_all(weft_model *model, const weft_dataset *data, const weft_plan_desc *plans,
                          int count, weft_need *need);

/* Something that works with a model on a batch at a time. */
typedef struct weft_fit {
    const weft_device_entry *entry; /* NULL: its limits are not known */
    weft_device *device;
    const weft_graph *graph;
    weft_model_desc model;
    int64_t batch;
    bool resumes; /* so the batch cannot be another */
    /* All that a batch needs; plans over the model can be made and not run. */
    weft_status (*count)(const void *user, weft_model *model, int64_t batch, weft_need *out);
    const void *user;
} weft_fit;

/* WEFT_ERR_MEMORY with the sizes and the largest batch that fits when the device has too little
 * memory. *bytes (may be NULL) is what the batch needs, 0 where the limits are not known. */
weft_status weft_fit_check(const weft_fit *fit, int64_t *bytes);

#endif
