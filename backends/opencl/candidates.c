/* Which settings of an op's kernels are worth trying, and which of them is used. */
#include <string.h>

#include "backends/opencl/conv.h"
#include "backends/opencl/gemm.h"
#include "backends/opencl/internal.h"
#include "backends/opencl/tuned.h"

enum { CANDIDATES_MAX = 32 };

typedef weft_status list_function(const cl_device *device, const weft_op *op, weft_choice *list,
                                  int *count);

static list_function *const by_kind[WEFT_KIND_COUNT] = {
    [WEFT_OP_conv2d] = cl_conv_candidates,
    [WEFT_OP_conv2d_data_grad] = cl_conv_candidates,
    [WEFT_OP_conv2d_weight_grad] = cl_conv_candidates,
    [WEFT_OP_conv2d_stats] = cl_conv_candidates,
    [WEFT_OP_conv2d_block] = cl_conv_candidates,
    [WEFT_OP_gemm] = cl_gemm_candidates,
    [WEFT_OP_dense_block] = cl_gemm_candidates,
    [WEFT_OP_dense_weight_grad] = cl_gemm_candidates,
};

static int place_of(const weft_choice *list, int count, const char *text)
{
    int at = 0;
    while (at < count && strcmp(list[at].text, text) != 0)
        at++;
    return at;
}

/* What the kernels propose, the prior first: that of the table where it has one. */
static weft_status propose(const cl_device *device, const weft_op *op, weft_choice *list,
                           int *count)
{
    const int room = *count;
    if ((unsigned)op->kind >= WEFT_KIND_COUNT || !by_kind[op->kind]) {
        *count = 0;
        return WEFT_OK;
    }
    WEFT_TRY(by_kind[op->kind](device, op, list, count));
    const char *shipped = cl_choice_shipped(device->choices, op);
    const int at = shipped ? place_of(list, *count, shipped) : room;
    if (at >= *count) return WEFT_OK;
    const weft_choice prior = list[at];
    memmove(list + 1, list, (size_t)at * sizeof *list);
    list[0] = prior;
    return WEFT_OK;
}

static weft_status measure_scratch(cl_device *device, const weft_op *op, weft_choice *choice)
{
    weft_support support;
    const char *before = cl_choice_try(device->choices, choice->text);
    const weft_status status = cl_supports(&device->base, op, &support);
    cl_choice_try(device->choices, before);
    choice->scratch_bytes = support.scratch_bytes;
    return status;
}

/* A candidate that the device refuses is left out; where it refuses all, its reason is ours. */
weft_status cl_candidates(weft_device *device, const weft_op *op, weft_choice *list, int *count)
{
    weft_status status = WEFT_OK;
    int kept = 0;
    WEFT_TRY(propose((const cl_device *)device, op, list, count));
    for (int i = 0; i < *count; i++) {
        weft_choice choice = list[i];
        const weft_status asked = measure_scratch((cl_device *)device, op, &choice);
        if (asked == WEFT_OK)
            list[kept++] = choice;
        else
            status = asked;
    }
    *count = kept;
    return kept > 0 ? WEFT_OK : status;
}

const char *cl_choice_use(cl_device *device, const weft_op *op)
{
    weft_choice list[CANDIDATES_MAX];
    int count = CANDIDATES_MAX;
    bool exact = false;
    const char *stored = cl_choice_find(device->choices, op, &exact);
    if (!stored) return "";
    if (propose(device, op, list, &count) == WEFT_OK && place_of(list, count, stored) < count)
        return stored;
    if (exact) cl_choice_drop(device, op, "it is not among the candidates of these kernels");
    return "";
}
