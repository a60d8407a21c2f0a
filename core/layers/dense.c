#include "core/layer.h"

/* y = x W + b, with x: batch x in, W: in x out, b: out. */
typedef struct config {
    int32_t units;
    bool bias;
} config;

static const weft_field fields[] = {
    {"units", WEFT_FIELD_INT, offsetof(config, units), NULL, 1, 1048576, "outputs"},
    {"bias", WEFT_FIELD_BOOL, offsetof(config, bias), "yes", 0, 1, "add a number per output"},
    {.name = NULL},
};

static weft_status plan(const void *config_, const weft_feature *in, int count,
                        weft_layer_needs *needs)
{
    const config *c = config_;
    (void)count;
    if (in[0].shape.rank != 1) {
        char text[WEFT_SHAPE_TEXT];
        return weft_fail(WEFT_ERR_SHAPE,
                         "dense wants a row of features, its input is %s; put a flatten before it",
                         weft_shape_print(in[0].shape, text));
    }
    const int32_t features = in[0].shape.dim[0];
    needs->out.shape = (weft_shape){1, {c->units}};
    needs->weight[0] = (weft_weight_need){
        .name = "weight",
        .shape = {2, {features, c->units}},
        .axis = {WEFT_AXIS_IN_FLAT, WEFT_AXIS_OUT},
        .init = WEFT_INIT_HE_NORMAL,
        .fan_in = features,
        .decay = true,
    };
    needs->weight[1] = (weft_weight_need){.name = "bias", .shape = {1, {c->units}}};
    needs->weight_count = c->bias ? 2 : 1;
    return WEFT_OK;
}

static weft_op gemm(weft_gemm with)
{
    return (weft_op){.kind = WEFT_OP_gemm, .with.gemm = with};
}

static void forward(const void *config_, const weft_layer_io *io, weft_plan *p)
{
    const config *c = config_;
    const int32_t in = io->in_feature[0].shape.dim[0];
    const weft_id bias = c->bias ? io->weight[1].value : WEFT_NO_TENSOR;
    weft_record(
        p, gemm((weft_gemm){.m = io->batch, .n = c->units, .k = in}),
        &WEFT_IDS(.in = {io->in[0].value, io->weight[0].value, bias}, .out = {io->out.value}));
}

static void backward(const void *config_, const weft_layer_io *io, weft_plan *p)
{
    const config *c = config_;
    const int32_t in = io->in_feature[0].shape.dim[0];
    const weft_id x = io->in[0].value, dy = io->out.grad;
    weft_record(p, gemm((weft_gemm){.m = in, .n = c->units, .k = io->batch, .trans_a = true}),
                &WEFT_IDS(.in = {x, dy, WEFT_NO_TENSOR}, .out = {io->weight[0].grad}));
    if (c->bias) {
        weft_record(p, (weft_op){.kind = WEFT_OP_sum_rows},
                    &WEFT_IDS(.in = {dy}, .out = {io->weight[1].grad}));
    }
    weft_record(
        p, gemm((weft_gemm){.m = io->batch, .n = in, .k = c->units, .trans_b = true}),
        &WEFT_IDS(.in = {dy, io->weight[0].value, WEFT_NO_TENSOR}, .out = {io->in[0].grad}));
}

const weft_layer_def weft_layer_dense = {
    .name = "dense",
    .help = "fully connected: every output sees every input",
    .input_min = 1,
    .input_max = 1,
    .config_bytes = sizeof(config),
    .fields = fields,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
