#include "core/layers/window.h"

/* Pooling over R x S windows, each channel by itself. */

static const weft_field fields[] = {
    {"size", WEFT_FIELD_PAIR, offsetof(weft_window_config, kernel), NULL, 1, 15,
     "height x width of the window, or one number for both"},
    {"stride", WEFT_FIELD_PAIR, offsetof(weft_window_config, stride), "0", 0, 255,
     "step of the window; 0: as the size"},
    {"padding", WEFT_FIELD_PADDING, offsetof(weft_window_config, padding), "valid", 0, 14,
     "same, valid, or pixels on each side"},
    {.name = NULL},
};

static const weft_field no_fields[] = {{.name = NULL}};

enum { WHERE };

static weft_status plan_window(const weft_window_config *c, weft_shape in, const char *what,
                               weft_layer_needs *needs)
{
    weft_window window;
    int32_t out[2];
    WEFT_TRY(weft_window_plan(c, in, what, &window, out));
    needs->out.shape = (weft_shape){3, {out[0], out[1], in.dim[2]}};
    return WEFT_OK;
}

static void record(weft_plan *p, weft_op_kind kind, const weft_window_config *c,
                   const weft_layer_io *io, const weft_op_ids *ids)
{
    const weft_op op = {.kind = kind, .with.window = weft_window_of(c, io->in_feature[0].shape)};
    weft_record(p, op, ids);
}

/* ---- maxpool: keeps the place of the maximum, one byte each ---- */

static weft_status max_plan(const void *config, const weft_feature *in, int count,
                            weft_layer_needs *needs)
{
    (void)count;
    WEFT_TRY(plan_window(config, in[0].shape, "maxpool", needs));
    needs->saved[WHERE] = (weft_saved_need){
        .name = "where", .shape = needs->out.shape, .dtype = WEFT_U8, .per_sample = true};
    needs->saved_count = 1;
    return WEFT_OK;
}

static void max_forward(const void *config, const weft_layer_io *io, weft_plan *p)
{
    const weft_id where = io->in[0].grad == WEFT_NO_TENSOR ? WEFT_NO_TENSOR : io->saved[WHERE];
    record(p, WEFT_OP_maxpool, config, io,
           &WEFT_IDS(.in = {io->in[0].value}, .out = {io->out.value, where}));
}

static void max_backward(const void *config, const weft_layer_io *io, weft_plan *p)
{
    record(p, WEFT_OP_maxpool_grad, config, io,
           &WEFT_IDS(.in = {io->out.grad, io->saved[WHERE]}, .out = {io->in[0].grad}));
}

const weft_layer_def weft_layer_maxpool = {
    .name = "maxpool",
    .help = "the largest value of each window",
    .input_min = 1,
    .input_max = 1,
    .config_bytes = sizeof(weft_window_config),
    .fields = fields,
    .plan = max_plan,
    .forward = max_forward,
    .backward = max_backward,
};

/* ---- avgpool: padding counts as zeros, as PyTorch does by default ---- */

static weft_status avg_plan(const void *config, const weft_feature *in, int count,
                            weft_layer_needs *needs)
{
    (void)count;
    return plan_window(config, in[0].shape, "avgpool", needs);
}

static void avg_forward(const void *config, const weft_layer_io *io, weft_plan *p)
{
    record(p, WEFT_OP_avgpool, config, io,
           &WEFT_IDS(.in = {io->in[0].value}, .out = {io->out.value}));
}

static void avg_backward(const void *config, const weft_layer_io *io, weft_plan *p)
{
    record(p, WEFT_OP_avgpool_grad, config, io,
           &WEFT_IDS(.in = {io->out.grad}, .out = {io->in[0].grad}));
}

const weft_layer_def weft_layer_avgpool = {
    .name = "avgpool",
    .help = "the mean of each window",
    .input_min = 1,
    .input_max = 1,
    .config_bytes = sizeof(weft_window_config),
    .fields = fields,
    .plan = avg_plan,
    .forward = avg_forward,
    .backward = avg_backward,
};

/* ---- global_avgpool: one window over the whole image ---- */

static weft_window_config whole(weft_shape in)
{
    return (weft_window_config){.kernel = {in.dim[0], in.dim[1]}, .stride = {1, 1}};
}

static weft_status global_plan(const void *config, const weft_feature *in, int count,
                               weft_layer_needs *needs)
{
    (void)config;
    (void)count;
    const weft_window_config c = whole(in[0].shape);
    return plan_window(&c, in[0].shape, "global_avgpool", needs);
}

static void global_forward(const void *config, const weft_layer_io *io, weft_plan *p)
{
    (void)config;
    const weft_window_config c = whole(io->in_feature[0].shape);
    avg_forward(&c, io, p);
}

static void global_backward(const void *config, const weft_layer_io *io, weft_plan *p)
{
    (void)config;
    const weft_window_config c = whole(io->in_feature[0].shape);
    avg_backward(&c, io, p);
}

const weft_layer_def weft_layer_global_avgpool = {
    .name = "global_avgpool",
    .help = "the mean of each channel over the whole image",
    .input_min = 1,
    .input_max = 1,
    .fields = no_fields,
    .plan = global_plan,
    .forward = global_forward,
    .backward = global_backward,
};
