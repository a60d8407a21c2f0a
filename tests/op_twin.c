#include "tests/op_twin.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/rng.h"
#include "core/selftest/networks.h"
#include "tests/suite.h"

enum { STEPS = 3, CLASSES = 5 }; /* of outputs that are 5 or more */

/* A fused kernel adds the same float32 terms in another order, at most some thousand of them: a
 * relative error of about 1e-6, so 1e-12 in the mean square. A rounding may also turn the choice of
 * a pool's maximum or of a relu's side among nearly equal values, which moves a few gradients as a
 * whole; three steps of momentum spread that over the parameters. A wrong formula, order or mask is
 * off by 1e-2 and more. */
static const double BOUND = 1e-6;

/* Differences below this are rounding, whatever the tensor holds: the true gradient of a bias
 * before a batchnorm is zero. */
static const double FLOOR = 1e-4;

static const twin_case CASES[] = {
    {.name = "mlp", .batch = 7, .large = true},
    {.name = "lenet5", .batch = 4, .large = true},
    {.name = "seed-cnn", .batch = 5, .large = true},
    {.name = "seed-cnn", .batch = 4, .freeze = "conv1,bn1", .large = true},
    {.name = "seed-cnn", .batch = 4, .freeze = "bn*"},
    {.name = "resnet8", .batch = 3, .large = true},
    {.name = "nothing to fuse",
     .text = "input shape=13\ndense units=5 bias=no\n",
     .batch = 3,
     .still = true},
};

enum { CASE_COUNT = sizeof CASES / sizeof CASES[0] };

int twin_count(void)
{
    return CASE_COUNT + op_network_count();
}

twin_case twin_at(int index)
{
    if (index < CASE_COUNT) return CASES[index];
    const op_network *network = op_network_at(index - CASE_COUNT);
    return (twin_case){.name = network->name, .text = network->text, .batch = network->batch};
}

/* ---- one of the two ---- */

typedef struct twin {
    weft_model *model;
    weft_plan *train, *eval, *predict;
} twin;

static weft_graph *load(const char *models, const twin_case *c)
{
    weft_graph *graph = NULL;
    char path[512];
    snprintf(path, sizeof path, "%s/%s.net", models, c->name);
    if (c->text)
        ck_weft(weft_graph_parse(c->text, strlen(c->text), c->name, &graph));
    else
        ck_weft(weft_graph_load(path, &graph));
    return graph;
}

static weft_source *new_source(weft_device *device, const weft_graph *graph, int32_t count)
{
    weft_source *source = NULL;
    const weft_shape shape = weft_graph_input(graph);
    const int64_t size = weft_shape_count(shape);
    weft_normalize norm = {.channels = shape.rank == 3 ? shape.dim[2] : 1};
    for (int32_t i = 0; i < norm.channels; i++) {
        norm.mean[i] = 0.4f;
        norm.std[i] = 0.3f;
    }
    uint8_t *samples = calloc((size_t)(count * size), 1);
    int32_t *classes = calloc((size_t)count, sizeof *classes);
    int32_t *order = calloc((size_t)count, sizeof *order);
    ck_assert(samples && classes && order);
    for (int64_t i = 0; i < count * size; i++)
        samples[i] = (uint8_t)weft_draw(3, WEFT_RNG_INIT, 0, 0, (uint32_t)i, 1);
    for (int32_t i = 0; i < count; i++) {
        order[i] = i;
        classes[i] = (int32_t)(weft_draw(3, WEFT_RNG_INIT, 0, 1, (uint32_t)i, 2) % CLASSES);
    }
    const weft_dataset data = {.name = "twins",
                               .shape = shape,
                               .count = count,
                               .samples = samples,
                               .dtype = WEFT_U8,
                               .classes = classes,
                               .class_count = CLASSES};
    ck_weft(weft_source_new(device, &data, &norm, count, &source));
    ck_weft(weft_source_order(source, 0, order, count));
    free(samples);
    free(classes);
    free(order);
    return source;
}

static weft_plan *new_plan(const twin *t, weft_mode mode, int32_t batch, const weft_source *source)
{
    weft_plan *plan = NULL;
    const weft_plan_desc desc = {.mode = mode, .batch = batch, .source = source};
    ck_weft(weft_plan_new(t->model, &desc, &plan));
    return plan;
}

static twin open_twin(weft_device *device, const weft_graph *graph, const twin_case *c,
                      const weft_source *source, bool unfused)
{
    static const weft_optimizer sgd = {.kind = WEFT_SGD, .lr = 0.02f, .momentum = 0.9f};
    const weft_model_desc desc = {
        .seed = 5, .optimizer = &sgd, .freeze = c->freeze, .no_fusion = unfused};
    twin t = {0};
    ck_weft(weft_model_new(graph, device, &desc, &t.model));
    ck_weft(weft_model_init(t.model));
    t.train = new_plan(&t, WEFT_MODE_TRAIN, c->batch, source);
    t.eval = new_plan(&t, WEFT_MODE_EVAL, c->batch, source);
    t.predict = new_plan(&t, WEFT_MODE_PREDICT, c->batch, source);
    ck_weft(weft_model_prepare(t.model, NULL, NULL));
    return t;
}

static void run_phases(weft_plan *plan, int32_t step, weft_phase from, weft_phase to)
{
    const int32_t batch = weft_plan_batch(plan);
    const weft_values values = {.step = (uint64_t)step,
                                .first = step * batch,
                                .batch_global = batch,
                                .lr = 0.02f,
                                .correction1 = 1.0f,
                                .correction2 = 1.0f,
                                .grad_scale = 1.0f,
                                .loss_scale = 1.0f / (float)batch};
    ck_weft(weft_plan_run(plan, &values, from, to));
}

static int fused_ops(const weft_plan *plan)
{
    int count = 0;
    for (int32_t i = 0; i < weft_plan_count(plan); i++)
        count += weft_plan_op(plan, i)->kind >= WEFT_OP_COUNT;
    return count;
}

/* ---- the comparison ---- */

static void ck_near(const char *what, const char *name, const float *is, const float *should,
                    int64_t count)
{
    double wrong = 0, all = (double)count * FLOOR * FLOOR;
    for (int64_t i = 0; i < count; i++) {
        const double d = (double)is[i] - (double)should[i];
        wrong += d * d;
        all += (double)should[i] * (double)should[i];
    }
    ck_assert_msg(wrong / all <= BOUND, "%s: %s differs by %g (fused %g, unfused %g)", what, name,
                  wrong / all, (double)is[0], (double)should[0]);
}

static float *fetch(weft_tensor tensor)
{
    const size_t bytes = (size_t)weft_shape_count(tensor.shape) * sizeof(float);
    float *values = malloc(bytes);
    ck_assert_ptr_nonnull(values);
    ck_weft(tensor.buffer->device->backend->read(
        tensor.buffer, (size_t)tensor.offset * sizeof(float), values, bytes));
    return values;
}

static void ck_tensors(const char *what, const char *name, weft_tensor is, weft_tensor should)
{
    float *a = fetch(is), *b = fetch(should);
    ck_near(what, name, a, b, weft_shape_count(should.shape));
    free(a);
    free(b);
}

/* A parameter and its gradient have one name. */
static const weft_plan_tensor *find(const weft_plan *plan, const weft_plan_tensor *like)
{
    const weft_plan_tensor *t;
    for (weft_id id = 1; (t = weft_plan_tensor_of(plan, id)) != NULL; id++) {
        if (t->role == like->role && strcmp(t->name, like->name) == 0) return t;
    }
    return NULL;
}

static int32_t end_of(const weft_plan *plan, weft_phase phase)
{
    int32_t end = 0;
    while (end < weft_plan_count(plan) && weft_plan_op(plan, end)->phase <= phase)
        end++;
    return end;
}

/* A float tensor that was written by now and holds its numbers still. */
static bool is_live(const weft_plan *plan, const weft_plan_tensor *t, int32_t end)
{
    const weft_plan_tensor *root = weft_plan_tensor_of(plan, t->root);
    if (t->tensor.dtype != WEFT_F32 || root->first < 0 || root->first >= end) return false;
    return root->role == WEFT_ROLE_GRADIENT ||
           (root->role == WEFT_ROLE_ACTIVATION && (root->keep || root->last >= end));
}

static int ck_live_tensors(const char *what, const twin *fused, const twin *plain, weft_phase phase)
{
    int compared = 0;
    const int32_t end = end_of(fused->train, phase), plain_end = end_of(plain->train, phase);
    const weft_plan_tensor *t;
    for (weft_id id = 1; (t = weft_plan_tensor_of(fused->train, id)) != NULL; id++) {
        const weft_plan_tensor *u = find(plain->train, t);
        if (!u || !is_live(fused->train, t, end) || !is_live(plain->train, u, plain_end)) continue;
        ck_tensors(what, t->name, t->tensor, u->tensor);
        compared++;
    }
    return compared;
}

static void ck_losses(const char *what, const twin *fused, const twin *plain, int32_t step)
{
    float is[2], should[2];
    weft_ticket ticket;
    const weft_backend *be = weft_model_device(fused->model)->backend;
    ck_weft(weft_model_read_slot(fused->model, (uint64_t)step, is, &ticket));
    ck_weft(be->ticket_wait(weft_model_device(fused->model), ticket));
    ck_weft(weft_model_read_slot(plain->model, (uint64_t)step, should, &ticket));
    ck_weft(be->ticket_wait(weft_model_device(plain->model), ticket));
    ck_assert_msg(isfinite(should[0]) && should[0] > 0.0f, "%s: loss %g", what, (double)should[0]);
    ck_near(what, "loss", is, should, 1);
}

static void ck_parameters(const char *what, const twin *fused, const twin *plain)
{
    for (int32_t i = 0; i < weft_model_parameter_count(plain->model); i++) {
        const weft_parameter *p = weft_model_parameter(plain->model, i);
        const int64_t count = weft_shape_count(p->shape);
        float *a = calloc((size_t)count, sizeof *a), *b = calloc((size_t)count, sizeof *b);
        ck_assert(a && b);
        ck_weft(weft_model_read(fused->model, i, -1, a));
        ck_weft(weft_model_read(plain->model, i, -1, b));
        ck_near(what, p->name, a, b, count);
        free(a);
        free(b);
    }
}

static void train(const char *what, const twin *fused, const twin *plain)
{
    const twin *const both[] = {fused, plain};
    for (int32_t step = 0; step < STEPS; step++) {
        for (int i = 0; i < 2; i++)
            run_phases(both[i]->train, step, WEFT_PHASE_INPUT, WEFT_PHASE_FORWARD);
        ck_assert_int_ge(ck_live_tensors(what, fused, plain, WEFT_PHASE_FORWARD), 1);
        for (int i = 0; i < 2; i++)
            run_phases(both[i]->train, step, WEFT_PHASE_LOSS, WEFT_PHASE_BACKWARD);
        ck_assert_int_ge(ck_live_tensors(what, fused, plain, WEFT_PHASE_BACKWARD), 2);
        ck_losses(what, fused, plain, step);
        for (int i = 0; i < 2; i++)
            run_phases(both[i]->train, step, WEFT_PHASE_UPDATE, WEFT_PHASE_UPDATE);
    }
    ck_parameters(what, fused, plain);
}

static void look(const char *what, const twin *fused, const twin *plain)
{
    const twin *const both[] = {fused, plain};
    for (int i = 0; i < 2; i++)
        run_phases(both[i]->eval, 0, WEFT_PHASE_INPUT, WEFT_PHASE_LOSS);
    ck_losses(what, fused, plain, 0);
    ck_tensors(what, "evaluation", weft_plan_output(fused->eval), weft_plan_output(plain->eval));
    for (int i = 0; i < 2; i++)
        run_phases(both[i]->predict, 1, WEFT_PHASE_INPUT, WEFT_PHASE_FORWARD);
    ck_tensors(what, "prediction", weft_plan_output(fused->predict),
               weft_plan_output(plain->predict));
}

int twin_check(weft_device *device, const char *name, const char *models, const twin_case *c)
{
    char what[256];
    snprintf(what, sizeof what, "%s, %s, batch %d%s%s", name, c->name, (int)c->batch,
             c->freeze ? ", frozen " : "", c->freeze ? c->freeze : "");
    weft_graph *graph = load(models, c);
    weft_source *source = new_source(device, graph, STEPS * c->batch);
    const twin fused = open_twin(device, graph, c, source, false);
    const twin plain = open_twin(device, graph, c, source, true);
    const int count = fused_ops(fused.train);
    ck_assert_int_eq(fused_ops(plain.train) + fused_ops(plain.eval), 0);

    train(what, &fused, &plain);
    look(what, &fused, &plain);
    weft_model_free(fused.model);
    weft_model_free(plain.model);
    weft_source_free(source);
    weft_graph_free(graph);
    return count;
}
