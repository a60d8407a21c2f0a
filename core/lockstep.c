#include "core/lockstep.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fit.h"
#include "core/made_up.h"
#include "core/model_private.h"
#include "core/selftest/op_data.h"
#include "core/selftest/op_plans.h"

enum { BATCH = 64, STEPS = 5 };

/* Where a rounding can turn a choice, it moves a few elements as a whole. */
static const double CHOICE_BOUND = 1e-6;

typedef struct side {
    weft_device *device;
    weft_source *source;
    weft_model *model;
    weft_plan *plan;
    int32_t next; /* the op that it runs next in this step */
} side;

typedef struct lockstep {
    const weft_lockstep_desc *desc;
    weft_lockstep_result *result;
    side side[2];
    void *buffer[2];    /* room for the largest tensor of either */
    weft_values values; /* of this step */
} lockstep;

/* ---- setting up ---- */

static weft_model_desc model_desc(const weft_lockstep_desc *desc)
{
    static const weft_optimizer adam = {
        .kind = WEFT_ADAM, .lr = 1e-3f, .beta1 = 0.9f, .beta2 = 0.999f, .eps = 1e-8f};
    return (weft_model_desc){.seed = desc->seed, .optimizer = &adam, .no_fusion = desc->no_fusion};
}

static weft_plan_desc plan_desc(int32_t batch, const weft_source *source)
{
    return (weft_plan_desc){
        .mode = WEFT_MODE_TRAIN, .batch = batch, .apart = true, .source = source};
}

static weft_status open_side(const weft_lockstep_desc *desc, const weft_dataset *data,
                             int32_t batch, side *s)
{
    const weft_model_desc model = model_desc(desc);
    weft_normalize norm;
    WEFT_TRY(weft_normalize_measure(data, NULL, data->count, &norm));
    WEFT_TRY(weft_source_new(s->device, data, &norm, data->count, &s->source));
    WEFT_TRY(weft_source_in_order(s->source, data->count));
    WEFT_TRY(weft_model_new(desc->graph, s->device, &model, &s->model));
    const weft_plan_desc plan = plan_desc(batch, s->source);
    WEFT_TRY(weft_plan_new(s->model, &plan, &s->plan));
    WEFT_TRY(weft_model_init(s->model));
    return weft_model_prepare(s->model, NULL, NULL);
}

static weft_status count(const void *user, weft_model *model, int64_t batch, weft_need *n)
{
    const weft_lockstep_desc *desc = user; /* defaults filled in */
    const weft_dataset data = weft_made_up_outline(desc->graph, batch * desc->steps);
    const weft_plan_desc plan = plan_desc((int32_t)batch, NULL);
    return weft_need_all(model, &data, &plan, 1, n);
}

static weft_status check_memory(const weft_lockstep_desc *desc, int k)
{
    const weft_fit fit = {.entry = desc->device_entry[k],
                          .device = desc->device[k],
                          .graph = desc->graph,
                          .model = model_desc(desc),
                          .batch = desc->batch,
                          .count = count,
                          .user = desc};
    return weft_fit_check(&fit, NULL);
}

static void close_side(side *s)
{
    weft_model_free(s->model);
    weft_source_free(s->source);
}

static size_t largest_tensor(const weft_plan *plan)
{
    int64_t most = 0;
    for (weft_id id = 1; id < plan->tensor_count; id++)
        if (plan->tensor[id].bytes > most) most = plan->tensor[id].bytes;
    return (size_t)most;
}

static weft_status describe_ops(lockstep *l)
{
    const weft_plan *plan = l->side[0].plan;
    weft_lockstep_result *r = l->result;
    r->op = calloc((size_t)plan->op_count, sizeof *r->op);
    if (!r->op) return weft_fail(WEFT_ERR_MEMORY, "out of memory for a table of ops");
    r->count = plan->op_count;
    for (int32_t i = 0; i < r->count; i++) {
        const weft_node *node = weft_graph_node(l->desc->graph, plan->op[i].layer);
        r->op[i].kind = weft_op_describe(plan->op[i].kind)->name;
        r->op[i].phase = plan->op[i].phase;
        snprintf(r->op[i].from, sizeof r->op[i].from, "%s", plan->from[i]);
        snprintf(r->op[i].layer, sizeof r->op[i].layer, "%s", node ? node->name : "");
    }
    return WEFT_OK;
}

/* ---- tensors ---- */

/* Arenas are laid out alike on every device, activations where there is room. */
static bool same_home(const weft_plan_tensor *a, const weft_plan_tensor *b)
{
    return a->role == b->role &&
           (a->role == WEFT_ROLE_ACTIVATION || a->tensor.offset == b->tensor.offset);
}

/* The tensor of the other plan that means the same, when it has one and writes it. */
static weft_id twin_of(const weft_plan *plan, const weft_plan_tensor *like)
{
    for (weft_id id = 1; id < plan->tensor_count; id++) {
        const weft_plan_tensor *t = &plan->tensor[id];
        if (same_home(t, like) && t->root == id && t->first >= 0 &&
            t->tensor.dtype == like->tensor.dtype && strcmp(t->name, like->name) == 0 &&
            weft_shape_count(t->tensor.shape) == weft_shape_count(like->tensor.shape))
            return id;
    }
    return WEFT_NO_TENSOR;
}

/* The next op behind op i that writes the tensor; the number of ops when there is none. */
static int32_t writer_after(const weft_plan *plan, int32_t i, weft_id root)
{
    for (int32_t k = i + 1; k < plan->op_count; k++)
        for (int o = 0; o < WEFT_MAX_OUT; o++)
            if (plan->ids[k].out[o] && plan->tensor[plan->ids[k].out[o]].root == root) return k;
    return plan->op_count;
}

static int32_t last_writer(const weft_plan *plan, weft_id root)
{
    int32_t last = -1;
    for (int32_t k = writer_after(plan, -1, root); k < plan->op_count;
         k = writer_after(plan, k, root))
        last = k;
    return last;
}

/* The op of the other plan behind which the twin holds what the tensor holds behind op i: the same
 * layers have added to it. -1: there is none, since fusion has changed the order of these ops. */
static int32_t twin_writer(const weft_plan *plan, int32_t i, weft_id root, const weft_plan *other,
                           weft_id twin)
{
    int32_t mine = -1, theirs = -1;
    if (writer_after(plan, i, root) == plan->op_count) return last_writer(other, twin);
    while (mine < i) {
        mine = writer_after(plan, mine, root);
        theirs = writer_after(other, theirs, twin);
        if (theirs == other->op_count || plan->op[mine].layer != other->op[theirs].layer) return -1;
    }
    return theirs;
}

/* Of the slots only this step's has been written. */
static weft_tensor part_of(const weft_plan_tensor *t, int32_t step)
{
    weft_tensor part = t->tensor;
    if (t->role != WEFT_ROLE_SLOTS) return part;
    part.shape = (weft_shape){1, {2}};
    part.offset += (int64_t)2 * (step % WEFT_SLOTS);
    return part;
}

static weft_status fetch(weft_tensor t, void *to)
{
    const size_t size = weft_dtype_bytes(t.dtype);
    const weft_backend *be = t.buffer->device->backend;
    return be->read(t.buffer, (size_t)t.offset * size, to, op_bytes(&t));
}

static weft_status store(weft_tensor t, const void *from)
{
    const size_t size = weft_dtype_bytes(t.dtype);
    const weft_backend *be = t.buffer->device->backend;
    return be->write(t.buffer, (size_t)t.offset * size, from, op_bytes(&t));
}

/* ---- a step ---- */

static weft_status run_to(side *s, int32_t last, const weft_values *values)
{
    while (s->next <= last) {
        const int32_t i = s->next++;
        const weft_status status = s->device->backend->enqueue(s->plan->step[i], values);
        if (status != WEFT_OK)
            return weft_fail_in(status, "%s", weft_op_describe(s->plan->op[i].kind)->name);
    }
    return WEFT_OK;
}

static weft_values values_of(const lockstep *l, int32_t step)
{
    const int32_t batch = weft_plan_batch(l->side[0].plan);
    float power1 = 1, power2 = 1;
    for (int32_t i = 0; i <= step; i++) {
        power1 *= 0.9f;
        power2 *= 0.999f;
    }
    return (weft_values){.step = (uint64_t)step,
                         .first = step * batch,
                         .batch_global = batch,
                         .lr = 1e-3f,
                         .correction1 = 1 - power1,
                         .correction2 = 1 - power2,
                         .grad_scale = 1.0f,
                         .loss_scale = 1.0f / (float)batch};
}

static double bound_of(const weft_op *op)
{
    const double rounding = OP_BOTH_SIDES * op_bound(op);
    return op_chooses(op) && rounding < CHOICE_BOUND ? CHOICE_BOUND : rounding;
}

/* The mean square that an output has at least, as far as rounding goes: that of a sum whose terms
 * have random signs. 0: it is no sum that may cancel. */
static weft_status find_least(lockstep *l, int32_t i, int output, double *least)
{
    const weft_op *op = &l->side[0].plan->op[i];
    const int input = op_summed_input(op, output);
    *least = 0;
    if (input < 0) return WEFT_OK;
    const weft_tensor *terms = &op->in[input];
    WEFT_TRY(fetch(*terms, l->buffer[0]));
    *least = op_mean_square(terms, l->buffer[0], OP_SINGLE) * (double)op_count(terms) /
             (double)op_count(&op->out[output]);
    return WEFT_OK;
}

static void part(lockstep *l, int32_t i, const weft_tensor *tensor, double most)
{
    weft_lockstep_result *r = l->result;
    r->parted = i;
    r->step = (int32_t)l->values.step + 1;
    r->first = op_first_beyond(tensor, l->buffer[0], l->buffer[1], OP_SINGLE, most);
    for (int k = 0; k < 2 && r->first >= 0; k++)
        r->value[k] = op_value_at(tensor, l->buffer[k], r->first, OP_SINGLE);
}

/* What was compared: an output of an op, and the tensors that both have of it. */
typedef struct pair {
    int32_t op;
    int output;
    const weft_plan_tensor *mine, *other;
} pair;

static void judge(lockstep *l, const pair *p, const weft_tensor *tensor, double least)
{
    weft_lockstep_op *op = &l->result->op[p->op];
    op_match m = op_compare(tensor, l->buffer[0], l->buffer[1], OP_SINGLE);
    const double count = (double)op_count(tensor), square = fmax(m.square, least * count);
    m.error = m.difference == 0 ? 0 : m.difference / square;
    const double error = op_match_error(&m);
    op->bound = bound_of(&l->side[0].plan->op[p->op]);
    if (*op->tensor && !(error > op->nmse)) return;
    op->nmse = error;
    snprintf(op->tensor, sizeof op->tensor, "%s", p->mine->name);
    if (error > op->bound) part(l, p->op, tensor, op->bound * square / count);
}

/* Compare an output, then give the first device the other's numbers. */
static weft_status compare(lockstep *l, const pair *p)
{
    double least = 0;
    const int32_t step = (int32_t)l->values.step;
    const weft_tensor a = part_of(p->mine, step);
    WEFT_TRY(find_least(l, p->op, p->output, &least));
    WEFT_TRY(fetch(a, l->buffer[0]));
    WEFT_TRY(fetch(part_of(p->other, step), l->buffer[1]));
    judge(l, p, &a, least);
    return store(a, l->buffer[1]);
}

/* Several ops may add to one tensor: behind each of them the sums so far are compared, as long as
 * the second device has not gone on to add more. */
static weft_status compare_with_twin(lockstep *l, int32_t i, int output)
{
    const weft_plan *plan = l->side[0].plan, *other = l->side[1].plan;
    const weft_id root = plan->tensor[plan->ids[i].out[output]].root;
    const weft_id twin = twin_of(other, &plan->tensor[root]);
    if (twin == WEFT_NO_TENSOR) return WEFT_OK;
    const int32_t k = twin_writer(plan, i, root, other, twin);
    if (k < 0) return WEFT_OK;
    WEFT_TRY(run_to(&l->side[1], k, &l->values));
    if (writer_after(other, k, twin) < l->side[1].next) return WEFT_OK;
    return compare(l, &(pair){i, output, &plan->tensor[root], &other->tensor[twin]});
}

static weft_status compare_outputs(lockstep *l, int32_t i)
{
    const weft_plan *plan = l->side[0].plan;
    for (int o = 0; o < WEFT_MAX_OUT && l->result->parted < 0; o++) {
        if (!plan->ids[i].out[o] || plan->op[i].mode[o] == WEFT_OUT_NONE) continue;
        WEFT_TRY(compare_with_twin(l, i, o));
    }
    return WEFT_OK;
}

/* The first device runs op by op, the second one as far as it has the same numbers. */
static weft_status run_step(lockstep *l, int32_t step)
{
    side *first = &l->side[0], *second = &l->side[1];
    l->values = values_of(l, step);
    first->next = second->next = 0;
    for (int32_t i = 0; i < first->plan->op_count && l->result->parted < 0; i++) {
        WEFT_TRY(run_to(first, i, &l->values));
        WEFT_TRY(compare_outputs(l, i));
    }
    return run_to(second, second->plan->op_count - 1, &l->values);
}

static weft_status run_steps(lockstep *l, int32_t steps)
{
    for (int32_t step = 0; step < steps && l->result->parted < 0; step++) {
        WEFT_TRY(run_step(l, step));
        if (l->result->parted < 0) l->result->step = step + 1;
        if (l->desc->progress) l->desc->progress(l->desc->user, step + 1, steps);
    }
    return WEFT_OK;
}

static weft_status make_room(lockstep *l)
{
    const size_t mine = largest_tensor(l->side[0].plan), other = largest_tensor(l->side[1].plan);
    for (int k = 0; k < 2; k++) {
        l->buffer[k] = malloc(mine > other ? mine : other);
        if (!l->buffer[k]) return weft_fail(WEFT_ERR_MEMORY, "out of memory to compare tensors");
    }
    return WEFT_OK;
}

static weft_lockstep_desc with_defaults(const weft_lockstep_desc *desc)
{
    weft_lockstep_desc d = *desc;
    if (d.batch <= 0) d.batch = BATCH;
    if (d.steps <= 0) d.steps = STEPS;
    return d;
}

static weft_status open_both(lockstep *l, weft_made_up *made_up)
{
    const weft_lockstep_desc *desc = l->desc;
    for (int k = 0; k < 2; k++)
        WEFT_TRY(check_memory(desc, k));
    WEFT_TRY(weft_made_up_new(desc->graph, (int64_t)desc->batch * desc->steps, made_up));
    for (int k = 0; k < 2; k++) {
        l->side[k].device = desc->device[k];
        WEFT_TRY(open_side(desc, &made_up->data, desc->batch, &l->side[k]));
    }
    return WEFT_OK;
}

weft_status weft_lockstep(const weft_lockstep_desc *desc, weft_lockstep_result *result)
{
    const weft_lockstep_desc whole = with_defaults(desc);
    lockstep l = {.desc = &whole, .result = result};
    weft_made_up made_up = {.samples = NULL};
    *result = (weft_lockstep_result){.parted = -1};
    weft_status status = open_both(&l, &made_up);
    if (status == WEFT_OK) status = describe_ops(&l);
    if (status == WEFT_OK) status = make_room(&l);
    if (status == WEFT_OK) status = run_steps(&l, whole.steps);
    for (int k = 0; k < 2; k++) {
        close_side(&l.side[k]);
        free(l.buffer[k]);
    }
    weft_made_up_free(&made_up);
    return status;
}

void weft_lockstep_free(weft_lockstep_result *result)
{
    free(result->op);
    *result = (weft_lockstep_result){.parted = -1};
}
