/* Fusion: groups of recorded ops that the device can run as fewer.
 *
 * A group is drawn up as another order of ops and taken when three things hold; else nothing has
 * happened. Every read sees as many writes of its tensor as it was recorded to see. Every tensor is
 * written as often as before, or nobody writes, reads or keeps it any more. The device supports
 * every new op. So the patterns need not look for other readers, branches or sums of gradients. */
#include "core/fuse.h"

#include <stdlib.h>
#include <string.h>

/* An op with, for each of its inputs, the writes that its tensor has seen by then. */
typedef struct entry {
    weft_op op;
    weft_op_ids ids;
    int32_t seen[WEFT_MAX_IN];
    char from[WEFT_FUSED_TEXT];
} entry;

typedef struct fuser {
    weft_plan *plan;
    entry *pool; /* the recorded ops, then fused ones */
    int32_t pool_count;
    int32_t *order, *trial; /* entries of the plan, and of a plan on trial */
    int32_t order_count, trial_count;
    int32_t *writes, *recorded; /* per tensor: while walking a trial; in the whole recorded plan */
} fuser;

/* Entries by part; -1: not there. */
typedef struct group {
    const weft_fuse_pattern *pattern;
    int32_t at[WEFT_PART_COUNT];
    int32_t fused[WEFT_FUSE_RECIPES];
    int32_t place[WEFT_FUSE_RECIPES]; /* entry in whose place the fused op stands */
    int fused_count;
} group;

static weft_id root_of(const fuser *f, weft_id id)
{
    return f->plan->tensor[id].root;
}

/* ---- finding the parts ---- */

static bool is_training(const fuser *f)
{
    return f->plan->desc.mode == WEFT_MODE_TRAIN;
}

/* Every input belongs to one window at most. */
static bool is_tiling(const weft_window *w)
{
    static const int32_t none[4] = {0};
    return w->kernel[0] == w->stride[0] && w->kernel[1] == w->stride[1] &&
           memcmp(w->pad, none, sizeof none) == 0;
}

/* Of the kinds in the patterns, these are not fused in each of their forms. */
static bool suits(const fuser *f, const weft_op *op)
{
    if (op->kind == WEFT_OP_maxpool) return is_tiling(&op->with.window);
    if (op->kind == WEFT_OP_batchnorm) return op->with.batchnorm.running != is_training(f);
    if (op->kind == WEFT_OP_gemm && op->phase == WEFT_PHASE_BACKWARD) return op->with.gemm.trans_a;
    return true;
}

static int32_t follower(const fuser *f, int32_t of, const weft_fuse_link *link)
{
    const entry *from = &f->pool[of];
    const weft_id written = from->ids.out[0];
    for (int32_t i = 0; i < f->order_count; i++) {
        const entry *e = &f->pool[f->order[i]];
        const weft_id read = e->ids.in[link->slot];
        if (e->op.kind != link->kind || e->op.phase != from->op.phase || !suits(f, &e->op))
            continue;
        if (root_of(f, read) == root_of(f, written) &&
            weft_shape_equal(f->plan->tensor[read].tensor.shape,
                             f->plan->tensor[written].tensor.shape))
            return f->order[i];
    }
    return -1;
}

static int32_t partner(const fuser *f, int32_t of, weft_op_kind kind)
{
    for (int32_t i = 0; of >= 0 && i < f->order_count; i++) {
        const weft_op *op = &f->pool[f->order[i]].op;
        if (op->kind == kind && op->layer == f->pool[of].op.layer) return f->order[i];
    }
    return -1;
}

/* The group at an anchor whose chain has exactly `length` parts. */
static bool match(const fuser *f, int32_t anchor, int length, group *g)
{
    int found = 1;
    int32_t last = anchor;
    for (int p = 0; p < WEFT_PART_COUNT; p++)
        g->at[p] = -1;
    g->at[g->pattern->part] = anchor;
    for (const weft_fuse_link *link = g->pattern->link; link->bond != WEFT_BOND_NONE; link++) {
        const bool follows = link->bond == WEFT_BOND_FOLLOWS;
        if (follows && found == length) continue;
        const int32_t e =
            follows ? follower(f, last, link) : partner(f, g->at[link->of], link->kind);
        if (e < 0 && link->must) return false;
        g->at[link->part] = e;
        if (!follows || e < 0) continue;
        last = e;
        found++;
    }
    return found == length;
}

/* ---- building a group ---- */

/* What the activation's gradient reads must still be written when the group goes on behind it. */
static void find_saved(const fuser *f, group *g)
{
    static const weft_part before[] = {WEFT_PART_GEMM, WEFT_PART_ACT};
    const int32_t grad = g->at[WEFT_PART_ACT_GRAD];
    const int ends = g->at[WEFT_PART_DROP] >= 0 ? 2 : 1;
    for (int i = 0; grad >= 0 && i < ends; i++) {
        const int32_t e = g->at[before[i]];
        if (e < 0 || root_of(f, f->pool[e].ids.out[0]) != root_of(f, f->pool[grad].ids.in[0]))
            continue;
        g->at[WEFT_PART_SAVED] = e;
    }
}

/* The new tensor stands in the pool as an op that nobody runs. */
static void add_peak(fuser *f, group *g)
{
    if (g->at[WEFT_PART_POOL] < 0 || g->at[WEFT_PART_SUMS] < 0) return;
    const entry *pool = &f->pool[g->at[WEFT_PART_POOL]];
    const int32_t layer = f->pool[g->at[WEFT_PART_NORM]].op.layer;
    char name[WEFT_TENSOR_NAME_MAX];
    snprintf(name, sizeof name, "%s/peak/forward",
             weft_graph_node(f->plan->model->graph, layer)->name);
    const weft_id id = weft_plan_temporary(f->plan, pool->op.out[0].shape, WEFT_F32, name);
    if (id == WEFT_NO_TENSOR) return;
    f->recorded[id] = 1;
    f->pool[f->pool_count] = (entry){.ids = {.in = {id}, .out = {id}}, .seen = {1}};
    g->at[WEFT_PART_PEAK] = f->pool_count++;
}

static const entry *resolve(const fuser *f, const group *g, const weft_fuse_ref *ref, int *slot)
{
    for (int i = 0; i < WEFT_FUSE_REFS && ref[i].part != WEFT_PART_NONE; i++) {
        *slot = ref[i].slot;
        if (g->at[ref[i].part] >= 0) return &f->pool[g->at[ref[i].part]];
    }
    return NULL;
}

static void bind(const fuser *f, const group *g, const weft_fuse_recipe *recipe, entry *e)
{
    int slot = 0;
    for (int k = 0; k < WEFT_MAX_IN; k++) {
        const entry *from = resolve(f, g, recipe->in[k], &slot);
        if (!from) continue;
        e->ids.in[k] = from->ids.in[slot];
        e->seen[k] = from->seen[slot];
        e->op.in[k] = f->plan->tensor[e->ids.in[k]].tensor;
    }
    for (int k = 0; k < WEFT_MAX_OUT; k++) {
        const entry *from = resolve(f, g, recipe->out[k], &slot);
        if (!from) continue;
        e->ids.out[k] = from->ids.out[slot];
        e->op.out[k] = f->plan->tensor[e->ids.out[k]].tensor;
    }
}

static void add_name(entry *e, weft_op_kind kind)
{
    const size_t used = strlen(e->from);
    snprintf(e->from + used, sizeof e->from - used, "%s%s", used > 0 ? "+" : "",
             weft_op_describe(kind)->name);
}

/* late: in the place of its last part, else of its first. */
static void add_fused(fuser *f, group *g, weft_op_kind kind, bool late)
{
    const weft_fuse_recipe *recipe = weft_fuse_recipe_of(kind);
    const int32_t key = g->at[recipe->key];
    if (key < 0) return;
    entry *e = &f->pool[f->pool_count];
    *e = (entry){.op = {.kind = kind, .phase = f->pool[key].op.phase, .layer = INT32_MAX}};
    e->op.with.fused = (weft_fused){.normed = false};
    for (int i = 0; i < WEFT_FUSE_PARTS && recipe->part[i] != WEFT_PART_NONE; i++) {
        const int32_t part = g->at[recipe->part[i]];
        if (part < 0) continue;
        const weft_op *op = &f->pool[part].op;
        if (late || e->from[0] == '\0') g->place[g->fused_count] = part;
        if (op->layer < e->op.layer) e->op.layer = op->layer;
        weft_fuse_parameters(op, &e->op.with.fused);
        add_name(e, op->kind);
    }
    bind(f, g, recipe, e);
    g->fused[g->fused_count++] = f->pool_count++;
}

static bool is_replaced(const group *g, int32_t e)
{
    for (int k = 0; k < WEFT_FUSE_RECIPES && g->pattern->fused[k]; k++) {
        const weft_fuse_recipe *recipe = weft_fuse_recipe_of(g->pattern->fused[k]);
        if (g->at[recipe->key] < 0) continue;
        for (int i = 0; i < WEFT_FUSE_PARTS; i++) {
            if (recipe->part[i] != WEFT_PART_NONE && g->at[recipe->part[i]] == e) return true;
        }
    }
    return false;
}

static void draw_up(fuser *f, const group *g)
{
    f->trial_count = 0;
    for (int32_t i = 0; i < f->order_count; i++) {
        const int32_t e = f->order[i];
        for (int k = 0; k < g->fused_count; k++) {
            if (g->place[k] == e) f->trial[f->trial_count++] = g->fused[k];
        }
        if (!is_replaced(g, e)) f->trial[f->trial_count++] = e;
    }
}

/* ---- the three things that must hold ---- */

static bool reads_as_recorded(const fuser *f, const entry *e)
{
    for (int k = 0; k < WEFT_MAX_IN; k++) {
        const weft_id id = e->ids.in[k];
        if (id != WEFT_NO_TENSOR && f->writes[root_of(f, id)] != e->seen[k]) return false;
    }
    return true;
}

/* Count an op's writes. An op that was there before must not turn from setting to adding. */
static bool writes_as_recorded(fuser *f, entry *e)
{
    for (int k = 0; k < WEFT_MAX_OUT; k++) {
        if (e->ids.out[k] == WEFT_NO_TENSOR) continue;
        const weft_id root = root_of(f, e->ids.out[k]);
        const weft_out_mode mode =
            weft_plan_write_mode(f->plan->tensor[root].role, f->writes[root]++ > 0);
        if (e->op.mode[k] != WEFT_OUT_NONE && e->op.mode[k] != mode) return false;
        e->op.mode[k] = mode;
    }
    return true;
}

static bool same_in_the_end(const fuser *f)
{
    for (weft_id id = 1; id < f->plan->tensor_count; id++) {
        const weft_plan_tensor *t = &f->plan->tensor[id];
        const bool may_go = t->role == WEFT_ROLE_ACTIVATION && !t->keep;
        if (f->writes[id] != f->recorded[id] && !(may_go && f->writes[id] == 0)) return false;
    }
    return true;
}

static bool is_sound(fuser *f)
{
    memset(f->writes, 0, (size_t)f->plan->tensor_count * sizeof *f->writes);
    for (int32_t i = 0; i < f->trial_count; i++) {
        entry *e = &f->pool[f->trial[i]];
        if (!reads_as_recorded(f, e) || !writes_as_recorded(f, e)) return false;
    }
    return same_in_the_end(f);
}

static bool is_supported(const fuser *f, const group *g)
{
    weft_device *device = f->plan->model->device;
    for (int k = 0; k < g->fused_count; k++) {
        weft_support support;
        const weft_op *op = &f->pool[g->fused[k]].op;
        if (device->backend->supports(device, op, &support) != WEFT_OK) return false;
    }
    return true;
}

/* ---- the pass ---- */

static weft_status attempt(fuser *f, group *g, bool late, bool *taken)
{
    const int32_t pool_count = f->pool_count, tensor_count = f->plan->tensor_count;
    g->fused_count = 0;
    find_saved(f, g);
    add_peak(f, g);
    WEFT_TRY(f->plan->status);
    for (int k = 0; k < WEFT_FUSE_RECIPES && g->pattern->fused[k]; k++)
        add_fused(f, g, g->pattern->fused[k], late);
    draw_up(f, g);
    *taken = is_sound(f) && is_supported(f, g);
    if (*taken) {
        int32_t *const old = f->order;
        f->order = f->trial;
        f->order_count = f->trial_count;
        f->trial = old;
    } else {
        f->pool_count = pool_count;
        f->plan->tensor_count = tensor_count;
    }
    return WEFT_OK;
}

/* The longest chain that the device takes. */
static weft_status fuse_at(fuser *f, const weft_fuse_pattern *pattern, int32_t anchor)
{
    bool taken = false;
    for (int length = WEFT_FUSE_PARTS; length >= pattern->least; length--) {
        group g = {.pattern = pattern};
        for (int early = 0; early < 2; early++) {
            if (!match(f, anchor, length, &g)) break;
            WEFT_TRY(attempt(f, &g, early == 0, &taken));
            if (taken) return WEFT_OK;
        }
    }
    return WEFT_OK;
}

static bool is_anchor(const fuser *f, const weft_fuse_pattern *pattern, int32_t e)
{
    const weft_op *op = &f->pool[e].op;
    return op->kind == pattern->kind && op->phase == pattern->phase && suits(f, op);
}

static weft_status fuse_all(fuser *f)
{
    int count = 0;
    const weft_fuse_pattern *pattern = weft_fuse_patterns(&count);
    for (int p = 0; p < count; p++) {
        if (is_training(f) ? !pattern[p].training : !pattern[p].still) continue;
        for (int32_t i = 0; i < f->order_count; i++) {
            if (is_anchor(f, &pattern[p], f->order[i]))
                WEFT_TRY(fuse_at(f, &pattern[p], f->order[i]));
        }
    }
    return WEFT_OK;
}

static void load(fuser *f)
{
    const weft_plan *plan = f->plan;
    for (int32_t i = 0; i < plan->op_count; i++) {
        entry *e = &f->pool[f->pool_count++];
        *e = (entry){.op = plan->op[i], .ids = plan->ids[i]};
        f->order[f->order_count++] = i;
        for (int k = 0; k < WEFT_MAX_IN; k++)
            e->seen[k] = f->recorded[root_of(f, e->ids.in[k])];
        for (int k = 0; k < WEFT_MAX_OUT; k++) {
            if (e->ids.out[k] != WEFT_NO_TENSOR) f->recorded[root_of(f, e->ids.out[k])]++;
        }
    }
}

static void store(const fuser *f)
{
    weft_plan *plan = f->plan;
    plan->op_count = f->order_count;
    for (int32_t i = 0; i < f->order_count; i++) {
        const entry *e = &f->pool[f->order[i]];
        plan->op[i] = e->op;
        plan->ids[i] = e->ids;
        memcpy(plan->from[i], e->from, sizeof e->from);
    }
    weft_plan_settle(plan);
}

/* A new tensor at most comes with each group, and a group never has more ops than it replaces. */
static weft_status allocate(fuser *f)
{
    const size_t ops = (size_t)f->plan->op_count;
    const size_t tensors = (size_t)f->plan->tensor_count + ops;
    f->pool = calloc(3 * ops + WEFT_FUSE_RECIPES + 1, sizeof *f->pool);
    f->order = calloc(ops + WEFT_FUSE_RECIPES, sizeof *f->order);
    f->trial = calloc(ops + WEFT_FUSE_RECIPES, sizeof *f->trial);
    f->writes = calloc(tensors, sizeof *f->writes);
    f->recorded = calloc(tensors, sizeof *f->recorded);
    if (f->pool && f->order && f->trial && f->writes && f->recorded) return WEFT_OK;
    return weft_fail(WEFT_ERR_MEMORY, "no memory to fuse %zu ops", ops);
}

weft_status weft_plan_fuse(weft_plan *plan)
{
    fuser f = {.plan = plan};
    weft_status status = allocate(&f);
    if (status == WEFT_OK) {
        load(&f);
        status = fuse_all(&f);
    }
    if (status == WEFT_OK) store(&f);
    free(f.pool);
    free(f.order);
    free(f.trial);
    free(f.writes);
    free(f.recorded);
    return status;
}
