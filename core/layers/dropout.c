#include "core/layer.h"

/* While training, each number is dropped with probability `rate` and the others are scaled by 1 /
 * (1 - rate) (Srivastava and others, 2014). Backward draws the same numbers again instead of
 * keeping a mask. */
typedef struct config {
    float rate;
} config;

static const weft_field fields[] = {
    {"rate", WEFT_FIELD_FLOAT, offsetof(config, rate), "0.5", 0, 0.999, "share that is dropped"},
    {.name = NULL},
};

static weft_status plan(const void *config_, const weft_feature *in, int count,
                        weft_layer_needs *needs)
{
    (void)config_;
    (void)count;
    needs->out = in[0];
    needs->still_alias = true;
    return WEFT_OK;
}

static weft_op op_of(const config *c, const weft_layer_io *io)
{
    return (weft_op){
        .kind = WEFT_OP_dropout,
        .with.dropout = {.rate = c->rate, .seed = io->seed, .layer = io->line},
    };
}

static void forward(const void *config_, const weft_layer_io *io, weft_plan *p)
{
    if (!io->training) return;
    weft_record(p, op_of(config_, io), &WEFT_IDS(.in = {io->in[0].value}, .out = {io->out.value}));
}

static void backward(const void *config_, const weft_layer_io *io, weft_plan *p)
{
    if (!io->training) return;
    weft_record(p, op_of(config_, io), &WEFT_IDS(.in = {io->out.grad}, .out = {io->in[0].grad}));
}

const weft_layer_def weft_layer_dropout = {
    .name = "dropout",
    .help = "drop numbers at random while training",
    .input_min = 1,
    .input_max = 1,
    .config_bytes = sizeof(config),
    .fields = fields,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
