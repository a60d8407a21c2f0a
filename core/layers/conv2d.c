#include "core/layers/window.h"

/* y = x * w + b, with x: N x H x W x C, w: R x S x C x K, y: N x P x Q x K. */
typedef struct config {
    weft_window_config window;
    int32_t filters;
    bool bias;
} config;

static const weft_field fields[] = {
    {"filters", WEFT_FIELD_INT, offsetof(config, filters), NULL, 1, 65536, "output channels"},
    {"kernel", WEFT_FIELD_PAIR, offsetof(config, window.kernel), NULL, 1, 255,
     "height x width of the kernel, or one number for both"},
    {"stride", WEFT_FIELD_PAIR, offsetof(config, window.stride), "1", 1, 255, "step of the window"},
    {"padding", WEFT_FIELD_PADDING, offsetof(config, window.padding), "valid", 0, 254,
     "same, valid, or pixels on each side"},
    {"bias", WEFT_FIELD_BOOL, offsetof(config, bias), "yes", 0, 1, "add a number per channel"},
    {.name = NULL},
};

static weft_status plan(const void *config_, const weft_feature *in, int count,
                        weft_layer_needs *needs)
{
    const config *c = config_;
    (void)count;
    weft_window window;
    int32_t out[2];
    WEFT_TRY(weft_window_plan(&c->window, in[0].shape, "conv2d", &window, out));

    const int32_t channels = in[0].shape.dim[2];
    needs->out.shape = (weft_shape){3, {out[0], out[1], c->filters}};
    needs->weight[0] = (weft_weight_need){
        .name = "weight",
        .shape = {4, {window.kernel[0], window.kernel[1], channels, c->filters}},
        .axis = {WEFT_AXIS_KERNEL, WEFT_AXIS_KERNEL, WEFT_AXIS_IN, WEFT_AXIS_OUT},
        .init = WEFT_INIT_HE_NORMAL,
        .fan_in = (int64_t)window.kernel[0] * window.kernel[1] * channels,
        .decay = true,
    };
    needs->weight[1] = (weft_weight_need){.name = "bias", .shape = {1, {c->filters}}};
    needs->weight_count = c->bias ? 2 : 1;
    return WEFT_OK;
}

static weft_op op_of(weft_op_kind kind, const config *c, const weft_layer_io *io)
{
    return (weft_op){
        .kind = kind,
        .with.window = weft_window_of(&c->window, io->in_feature[0].shape),
    };
}

static void forward(const void *config_, const weft_layer_io *io, weft_plan *p)
{
    const config *c = config_;
    const weft_id bias = c->bias ? io->weight[1].value : WEFT_NO_TENSOR;
    weft_record(
        p, op_of(WEFT_OP_conv2d, c, io),
        &WEFT_IDS(.in = {io->in[0].value, io->weight[0].value, bias}, .out = {io->out.value}));
}

static void backward(const void *config_, const weft_layer_io *io, weft_plan *p)
{
    const config *c = config_;
    weft_record(p, op_of(WEFT_OP_conv2d_weight_grad, c, io),
                &WEFT_IDS(.in = {io->in[0].value, io->out.grad}, .out = {io->weight[0].grad}));
    if (c->bias) {
        weft_record(p, (weft_op){.kind = WEFT_OP_sum_rows},
                    &WEFT_IDS(.in = {io->out.grad}, .out = {io->weight[1].grad}));
    }
    weft_record(p, op_of(WEFT_OP_conv2d_data_grad, c, io),
                &WEFT_IDS(.in = {io->out.grad, io->weight[0].value}, .out = {io->in[0].grad}));
}

const weft_layer_def weft_layer_conv2d = {
    .name = "conv2d",
    .help = "two-dimensional convolution",
    .input_min = 1,
    .input_max = 1,
    .config_bytes = sizeof(config),
    .fields = fields,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
