/* The watch over a model's numbers: how a plan runs under it. */
#ifndef WEFT_CORE_NUMERICS_PRIVATE_H
#define WEFT_CORE_NUMERICS_PRIVATE_H

#include "core/model_private.h"
#include "core/numerics.h"

/* Results of inspect ops have a place each in one small buffer: before the op, after it, and one
 * for questions that come up when something is bad. */
enum {
    WEFT_INSPECT_SLICES = 64, /* most rows of a result */
    WEFT_INSPECT_ROOM = WEFT_INSPECT_SLICES * WEFT_INSPECT_COLUMNS,
    WEFT_INSPECT_AFTER = WEFT_MAX_OUT,
    WEFT_INSPECT_ASIDE = 2 * WEFT_MAX_OUT,
    WEFT_INSPECT_PLACES = 2 * WEFT_MAX_OUT + 1
};

struct weft_numerics {
    weft_buffer *rows;
    float host[WEFT_INSPECT_PLACES * WEFT_INSPECT_ROOM];
    float slot[2]; /* loss and correct, after a loss op */
    bool found;
    weft_bad_op bad;
};

/* Prepared inspect steps of an op's outputs; NULL where there is nothing to look at. */
struct weft_watch {
    weft_step *step[2 * WEFT_MAX_OUT]; /* before, after */
};

/* Slots of other steps may hold anything: of this output only the step's own slot counts. */
bool weft_numerics_is_slots(const weft_plan *plan, int32_t index, int output);

/* numerics_tensor.c: a step that looks at a tensor and writes to a place. */
weft_status weft_inspect_prepare(const weft_model *model, const weft_tensor *tensor, int place,
                                 weft_step **out);

/* What was written to a place, once model->numerics->host has it. */
weft_numbers weft_inspect_result(const weft_model *model, const weft_tensor *tensor, int place);

/* Look at a tensor now. */
weft_status weft_inspect_now(weft_model *model, const weft_tensor *tensor, weft_numbers *out);

/* numerics_blame.c: fill in model->numerics->bad, after the op at index made something bad. */
weft_status weft_numerics_blame(const weft_plan *plan, int32_t index, const weft_values *values);

#endif
