#include "core/layer.h"

/* The first line: what one sample is. Its tensor is written by the gather op. */
typedef struct config {
    weft_shape shape;
} config;

static const weft_field fields[] = {
    {"shape", WEFT_FIELD_SHAPE, offsetof(config, shape), NULL, 1, 65536,
     "height x width x channels of a sample, or its number of features"},
    {.name = NULL},
};

static weft_status plan(const void *config_, const weft_feature *in, int count,
                        weft_layer_needs *needs)
{
    const config *c = config_;
    (void)in;
    (void)count;
    needs->out = (weft_feature){.shape = c->shape};
    return WEFT_OK;
}

static void nothing(const void *config_, const weft_layer_io *io, weft_plan *p)
{
    (void)config_;
    (void)io;
    (void)p;
}

const weft_layer_def weft_layer_input = {
    .name = "input",
    .help = "one sample; the first line of every network",
    .config_bytes = sizeof(config),
    .fields = fields,
    .plan = plan,
    .forward = nothing,
    .backward = nothing,
};
