#include <string.h>

#include "core/layer.h"

/* The sum of two or more inputs of one shape: a residual connection. */

static const weft_field fields[] = {{.name = NULL}};

static weft_status plan(const void *config, const weft_feature *in, int count,
                        weft_layer_needs *needs)
{
    (void)config;
    for (int i = 1; i < count; i++) {
        if (!weft_shape_equal(in[0].shape, in[i].shape)) {
            char a[WEFT_SHAPE_TEXT], b[WEFT_SHAPE_TEXT];
            return weft_fail(WEFT_ERR_SHAPE, "add: its inputs have the shapes %s and %s",
                             weft_shape_print(in[0].shape, a), weft_shape_print(in[i].shape, b));
        }
        if (memcmp(in[0].flat_from, in[i].flat_from, sizeof in[0].flat_from) != 0) {
            return weft_fail(WEFT_ERR_SHAPE,
                             "add: its inputs were flattened from different shapes");
        }
    }
    needs->out = in[0];
    return WEFT_OK;
}

static void forward(const void *config, const weft_layer_io *io, weft_plan *p)
{
    (void)config;
    for (int i = 0; i < io->input_count; i++) {
        weft_record(p, (weft_op){.kind = WEFT_OP_copy},
                    &WEFT_IDS(.in = {io->in[i].value}, .out = {io->out.value}));
    }
}

static void backward(const void *config, const weft_layer_io *io, weft_plan *p)
{
    (void)config;
    for (int i = 0; i < io->input_count; i++) {
        weft_record(p, (weft_op){.kind = WEFT_OP_copy},
                    &WEFT_IDS(.in = {io->out.grad}, .out = {io->in[i].grad}));
    }
}

const weft_layer_def weft_layer_add = {
    .name = "add",
    .help = "the sum of its inputs (from=a,b)",
    .input_min = 2,
    .input_max = WEFT_LAYER_MAX_IN,
    .fields = fields,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
