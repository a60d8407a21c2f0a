/* Five steps of a small network, fused as the device takes it: losses and weights against the
 * reference's, and the same bits when it is done again. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/made_up.h"
#include "core/model.h"
#include "core/selftest/networks.h"
#include "core/selftest/private.h"

enum { STEPS = WEFT_SELFTEST_STEPS };

/* Each step adds the same float32 terms in another order: some 1e-6 of a loss. A rounding may also
 * turn a relu's side or a pool's choice, which moves a few gradients as a whole; momentum spreads
 * that over the weights. A wrong formula, order or mask is off by 1e-2 and more. */
const double weft_selftest_loss_bound = 1e-4;
static const double WEIGHT_BOUND = 1e-6; /* normalised mean square */

typedef struct outcome {
    float loss[STEPS];
    float *weights; /* every parameter and state, one behind the other */
    int64_t count;
} outcome;

static weft_status step(weft_model *model, weft_plan *plan, int32_t number, float *loss)
{
    const int32_t batch = weft_plan_batch(plan);
    const weft_device *device = weft_model_device(model);
    const weft_values values = {.step = (uint64_t)number,
                                .first = number * batch,
                                .batch_global = batch,
                                .lr = 0.02f,
                                .correction1 = 1.0f,
                                .correction2 = 1.0f,
                                .grad_scale = 1.0f,
                                .loss_scale = 1.0f / (float)batch};
    float slot[2];
    weft_ticket ticket;
    WEFT_TRY(weft_plan_run(plan, &values, WEFT_PHASE_INPUT, WEFT_PHASE_UPDATE));
    WEFT_TRY(weft_model_read_slot(model, (uint64_t)number, slot, &ticket));
    WEFT_TRY(device->backend->ticket_wait(weft_model_device(model), ticket));
    *loss = slot[0] / (float)batch;
    return WEFT_OK;
}

static int64_t count_weights(const weft_model *model)
{
    int64_t count = 0;
    for (int32_t i = 0; i < weft_model_parameter_count(model); i++)
        count += weft_shape_count(weft_model_parameter(model, i)->file_shape);
    return count;
}

static weft_status read_weights(weft_model *model, outcome *out)
{
    out->count = count_weights(model);
    out->weights = calloc((size_t)out->count, sizeof *out->weights);
    if (!out->weights) return weft_fail(WEFT_ERR_MEMORY, "out of memory for the weights");
    float *to = out->weights;
    for (int32_t i = 0; i < weft_model_parameter_count(model); i++) {
        WEFT_TRY(weft_model_read(model, i, -1, to));
        to += weft_shape_count(weft_model_parameter(model, i)->file_shape);
    }
    return WEFT_OK;
}

static weft_status train_model(weft_model *model, const weft_source *source, int32_t batch,
                               outcome *out)
{
    const weft_plan_desc desc = {.mode = WEFT_MODE_TRAIN, .batch = batch, .source = source};
    weft_plan *plan = NULL; /* freed with the model */
    WEFT_TRY(weft_plan_new(model, &desc, &plan));
    WEFT_TRY(weft_model_init(model));
    WEFT_TRY(weft_model_prepare(model, NULL, NULL));
    for (int32_t i = 0; i < STEPS; i++)
        WEFT_TRY(step(model, plan, i, &out->loss[i]));
    return read_weights(model, out);
}

static weft_status train_on(weft_device *device, const weft_graph *graph, const weft_dataset *data,
                            outcome *out)
{
    static const weft_optimizer sgd = {.kind = WEFT_SGD, .lr = 0.02f, .momentum = 0.9f};
    const weft_model_desc desc = {.seed = 5, .optimizer = &sgd, .augment = {.shift = 1}};
    const int32_t count = (int32_t)data->count;
    weft_normalize norm;
    weft_source *source = NULL;
    weft_model *model = NULL;
    weft_status status = weft_normalize_measure(data, NULL, count, &norm);
    if (status == WEFT_OK) status = weft_source_new(device, data, &norm, count, &source);
    if (status == WEFT_OK) status = weft_source_in_order(source, count);
    if (status == WEFT_OK) status = weft_model_new(graph, device, &desc, &model);
    if (status == WEFT_OK) status = train_model(model, source, count / STEPS, out);
    weft_model_free(model);
    weft_source_free(source);
    return status;
}

/* ---- verdicts ---- */

static void check_losses(const outcome *is, const outcome *wanted, weft_selftest_row *row)
{
    for (int i = 0; i < STEPS; i++) {
        const double a = (double)is->loss[i], b = (double)wanted->loss[i];
        if (fabs(a - b) <= weft_selftest_loss_bound * fabs(b)) continue;
        weft_trial_fail(row, "training: the loss of step %d is %.9g instead of %.9g", i + 1, a, b);
        return;
    }
}

static void check_weights(const outcome *is, const outcome *wanted, weft_selftest_row *row)
{
    const weft_tensor all = {.shape = {1, {(int32_t)is->count}}};
    const op_match m = op_compare(&all, is->weights, wanted->weights, OP_SINGLE);
    const double error = op_match_error(&m);
    weft_trial_error(row, error, WEIGHT_BOUND, m.ulp);
    if (error <= WEIGHT_BOUND) return;
    weft_trial_fail(row,
                    "training: after %d steps the weights differ by %.2g, at most %.2g is "
                    "rounding",
                    STEPS, error, WEIGHT_BOUND);
}

static void check_again(const outcome *is, const outcome *again, weft_selftest_row *row)
{
    const size_t bytes = (size_t)is->count * sizeof *is->weights;
    if (memcmp(is->loss, again->loss, sizeof is->loss) == 0 &&
        memcmp(is->weights, again->weights, bytes) == 0)
        return;
    weft_trial_fail(row, "training: the same %d steps end with other bits when they run again",
                    STEPS);
}

/* On the device twice, on the reference once. A device that fails has its verdict. */
static weft_status compare(const weft_selftest_desc *desc, const weft_graph *graph,
                           const weft_dataset *data, outcome run[3], weft_selftest_row *row)
{
    for (int i = 0; i < 2; i++) {
        if (train_on(desc->device, graph, data, &run[i]) != WEFT_OK) {
            weft_trial_fail(row, "training: %s", weft_error());
            return WEFT_OK;
        }
        weft_trial_progress(desc, i + 1, 3);
    }
    WEFT_TRY(train_on(desc->reference, graph, data, &run[2]));
    check_losses(&run[0], &run[2], row);
    check_weights(&run[0], &run[2], row);
    check_again(&run[0], &run[1], row);
    return WEFT_OK;
}

weft_status weft_trial_training(const weft_selftest_desc *desc, weft_selftest_row *row)
{
    const op_network *network = op_network_at(op_network_count() - 1);
    outcome run[3] = {{.weights = NULL}, {.weights = NULL}, {.weights = NULL}};
    weft_graph *graph = NULL;
    weft_made_up made_up = {.samples = NULL};
    row->cases = 1;
    row->verdict = WEFT_VERDICT_PASSED;
    weft_status status =
        weft_graph_parse(network->text, strlen(network->text), network->name, &graph);
    if (status == WEFT_OK)
        status = weft_made_up_new(graph, (int64_t)STEPS * network->batch, &made_up);
    if (status == WEFT_OK) status = compare(desc, graph, &made_up.data, run, row);
    for (int i = 0; i < 3; i++)
        free(run[i].weights);
    weft_made_up_free(&made_up);
    weft_graph_free(graph);
    return status;
}
