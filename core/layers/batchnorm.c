#include "core/layer.h"

/* y = gamma (x - mean) / sqrt(variance + eps) + beta per channel (Ioffe, Szegedy, 2015), with the
 * batch's mean and variance while training and running ones otherwise. */
typedef struct config {
    float momentum, eps;
} config;

static const weft_field fields[] = {
    {"momentum", WEFT_FIELD_FLOAT, offsetof(config, momentum), "0.1", 0, 1,
     "share of the new batch in the running statistics"},
    {"eps", WEFT_FIELD_FLOAT, offsetof(config, eps), "1e-5", 1e-12, 1, "added to the variance"},
    {.name = NULL},
};

enum { MEAN, INV_STD, GAMMA = 0, BETA = 1, RUNNING_MEAN = 0, RUNNING_VAR = 1 };

static weft_status plan(const void *config_, const weft_feature *in, int count,
                        weft_layer_needs *needs)
{
    (void)config_;
    (void)count;
    const weft_shape shape = in[0].shape;
    const weft_shape row = {1, {shape.dim[shape.rank - 1]}};
    const weft_axis axis = shape.rank == 1 ? WEFT_AXIS_CHANNEL_FLAT : WEFT_AXIS_PLAIN;

    needs->out = in[0];
    needs->weight[GAMMA] =
        (weft_weight_need){.name = "weight", .shape = row, .axis = {axis}, .init = WEFT_INIT_ONE};
    needs->weight[BETA] = (weft_weight_need){.name = "bias", .shape = row, .axis = {axis}};
    needs->weight_count = 2;
    needs->state[RUNNING_MEAN] =
        (weft_weight_need){.name = "running_mean", .shape = row, .axis = {axis}};
    needs->state[RUNNING_VAR] = (weft_weight_need){
        .name = "running_var", .shape = row, .axis = {axis}, .init = WEFT_INIT_ONE};
    needs->state_count = 2;
    needs->saved[MEAN] = (weft_saved_need){.name = "mean", .shape = row};
    needs->saved[INV_STD] = (weft_saved_need){.name = "inv_std", .shape = row};
    needs->saved_count = 2;
    return WEFT_OK;
}

static weft_op op_of(weft_op_kind kind, const config *c, const weft_layer_io *io)
{
    return (weft_op){
        .kind = kind,
        .with.batchnorm = {.eps = c->eps, .momentum = c->momentum, .running = !io->training},
    };
}

/* What normalises: the batch's mean and inverse deviation, or the running mean and variance. */
static weft_id center(const weft_layer_io *io)
{
    return io->training ? io->saved[MEAN] : io->state[RUNNING_MEAN];
}

static weft_id spread(const weft_layer_io *io)
{
    return io->training ? io->saved[INV_STD] : io->state[RUNNING_VAR];
}

static void forward(const void *config_, const weft_layer_io *io, weft_plan *p)
{
    const config *c = config_;
    if (io->training) {
        weft_record(p, op_of(WEFT_OP_batchnorm_stats, c, io),
                    &WEFT_IDS(.in = {io->in[0].value},
                              .out = {io->saved[MEAN], io->saved[INV_STD], io->state[RUNNING_MEAN],
                                      io->state[RUNNING_VAR]}));
    }
    weft_record(p, op_of(WEFT_OP_batchnorm, c, io),
                &WEFT_IDS(.in = {io->in[0].value, center(io), spread(io), io->weight[GAMMA].value,
                                 io->weight[BETA].value},
                          .out = {io->out.value}));
}

static void backward(const void *config_, const weft_layer_io *io, weft_plan *p)
{
    const config *c = config_;
    const weft_id x = io->in[0].value, dy = io->out.grad;
    weft_record(p, op_of(WEFT_OP_batchnorm_sums, c, io),
                &WEFT_IDS(.in = {x, center(io), spread(io), dy},
                          .out = {io->weight[GAMMA].grad, io->weight[BETA].grad}));
    if (io->training) {
        weft_record(p, op_of(WEFT_OP_batchnorm_grad, c, io),
                    &WEFT_IDS(.in = {dy, spread(io), io->weight[GAMMA].value, x, center(io),
                                     io->weight[GAMMA].grad, io->weight[BETA].grad},
                              .out = {io->in[0].grad}));
    } else {
        weft_record(
            p, op_of(WEFT_OP_batchnorm_grad, c, io),
            &WEFT_IDS(.in = {dy, spread(io), io->weight[GAMMA].value}, .out = {io->in[0].grad}));
    }
}

const weft_layer_def weft_layer_batchnorm = {
    .name = "batchnorm",
    .help = "normalise each channel over the batch",
    .input_min = 1,
    .input_max = 1,
    .config_bytes = sizeof(config),
    .fields = fields,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
