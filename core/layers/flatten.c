#include "core/layer.h"

/* The same numbers as one row. Nothing is computed: later layers see the input's tensor. */

static const weft_field fields[] = {{.name = NULL}};

static weft_status plan(const void *config, const weft_feature *in, int count,
                        weft_layer_needs *needs)
{
    (void)config;
    (void)count;
    needs->alias = true;
    needs->out = in[0];
    if (in[0].shape.rank == 1) return WEFT_OK;

    int64_t features = 0;
    WEFT_TRY(weft_shape_check(in[0].shape, &features));
    if (features > INT32_MAX) return weft_fail(WEFT_ERR_SHAPE, "flatten: too many features");
    needs->out.shape = (weft_shape){1, {(int32_t)features}};
    for (int i = 0; i < 3; i++)
        needs->out.flat_from[i] = in[0].shape.dim[i];
    return WEFT_OK;
}

static void nothing(const void *config, const weft_layer_io *io, weft_plan *p)
{
    (void)config;
    (void)io;
    (void)p;
}

const weft_layer_def weft_layer_flatten = {
    .name = "flatten",
    .help = "height x width x channels as one row of features",
    .input_min = 1,
    .input_max = 1,
    .fields = fields,
    .plan = plan,
    .forward = nothing,
    .backward = nothing,
};
