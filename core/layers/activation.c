#include "core/layer.h"

/* One layer for every line of the activation list. */
typedef struct config {
    float a;
} config;

static weft_status plan(const void *config_, const weft_feature *in, int count,
                        weft_layer_needs *needs)
{
    (void)config_;
    (void)count;
    needs->out = in[0];
    return WEFT_OK;
}

static weft_op op_of(weft_op_kind kind, weft_activation which, const config *c)
{
    return (weft_op){.kind = kind, .with.activation = {.kind = which, .a = c->a}};
}

static void record_forward(weft_activation which, const void *c, const weft_layer_io *io,
                           weft_plan *p)
{
    weft_record(p, op_of(WEFT_OP_activation, which, c),
                &WEFT_IDS(.in = {io->in[0].value}, .out = {io->out.value}));
}

static void record_backward(weft_activation which, weft_id saved, const void *c,
                            const weft_layer_io *io, weft_plan *p)
{
    weft_record(p, op_of(WEFT_OP_activation_grad, which, c),
                &WEFT_IDS(.in = {saved, io->out.grad}, .out = {io->in[0].grad}));
}

#define SAVED_in(io)  (io)->in[0].value
#define SAVED_out(io) (io)->out.value

#define ACTIVATION_LAYER(id, value, gradient, saves, default_a, key)                           \
    static const weft_field fields_##id[] = {                                                  \
        {sizeof(key) > 1 ? key : NULL, WEFT_FIELD_FLOAT, offsetof(config, a), default_a, -1e6, \
         1e6, "its parameter"},                                                                \
        {.name = NULL},                                                                        \
    };                                                                                         \
    static void forward_##id(const void *c, const weft_layer_io *io, weft_plan *p)             \
    {                                                                                          \
        record_forward(WEFT_ACT_##id, c, io, p);                                               \
    }                                                                                          \
    static void backward_##id(const void *c, const weft_layer_io *io, weft_plan *p)            \
    {                                                                                          \
        record_backward(WEFT_ACT_##id, SAVED_##saves(io), c, io, p);                           \
    }                                                                                          \
    const weft_layer_def weft_layer_##id = {                                                   \
        .name = #id,                                                                           \
        .help = "activation, element by element",                                              \
        .input_min = 1,                                                                        \
        .input_max = 1,                                                                        \
        .config_bytes = sizeof(config),                                                        \
        .fields = fields_##id,                                                                 \
        .plan = plan,                                                                          \
        .forward = forward_##id,                                                               \
        .backward = backward_##id,                                                             \
    };

WEFT_ACTIVATION_LIST(ACTIVATION_LAYER)
