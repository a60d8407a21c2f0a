#include "core/selftest.h"

#include <string.h>

#include "core/selftest/networks.h"
#include "core/selftest/op_plans.h"
#include "core/selftest/private.h"

/* Parts behind the kinds of ops. */
enum { STORED = WEFT_KIND_COUNT, TRAINING, MEMORY, PART_COUNT };

enum { ANY_BATCH = 64 }; /* stands for a setting that is good for any */

/* ---- parts by name ---- */

int weft_selftest_count(void)
{
    return PART_COUNT;
}

const char *weft_selftest_name(int part)
{
    static const char *const others[] = {"settings", "training", "memory"};
    return part < WEFT_KIND_COUNT ? weft_op_describe((weft_op_kind)part)->name
                                  : others[part - WEFT_KIND_COUNT];
}

int weft_selftest_find(const char *name)
{
    for (int i = 0; i < PART_COUNT; i++)
        if (strcmp(weft_selftest_name(i), name) == 0) return i;
    return -1;
}

/* ---- ops ---- */

static bool in_table(const weft_selftest_desc *desc, weft_op_kind kind, int index, op_case *c)
{
    op_case_at(index, c);
    return c->op.kind == kind && c->level <= (desc->quick ? OP_TINY : OP_ALL);
}

static int count_table(const weft_selftest_desc *desc, weft_op_kind kind)
{
    op_case c;
    int count = 0;
    for (int i = 0; i < op_case_count(); i++)
        count += in_table(desc, kind, i, &c);
    return count;
}

static weft_status add_network(const weft_selftest_desc *desc, const op_network *network,
                               weft_op_kind kind, op_list *list)
{
    weft_graph *graph = NULL;
    WEFT_TRY(weft_graph_parse(network->text, strlen(network->text), network->name, &graph));
    const weft_status status =
        op_list_add_plans(desc->device, graph, network->name, network->batch, kind, list);
    weft_graph_free(graph);
    return status;
}

/* Steps of the small networks and of the models. */
static weft_status list_steps(const weft_selftest_desc *desc, weft_op_kind kind, op_list *list)
{
    for (int i = 0; i < op_network_count(); i++)
        if (!desc->quick || op_network_at(i)->quick)
            WEFT_TRY(add_network(desc, op_network_at(i), kind, list));
    for (int i = 0; !desc->quick && i < desc->model_count; i++) {
        const weft_selftest_model *m = &desc->models[i];
        WEFT_TRY(op_list_add_plans(desc->device, m->graph, m->name, m->batch, kind, list));
    }
    return WEFT_OK;
}

static weft_status try_list(const weft_selftest_desc *desc, const op_list *list, int done,
                            int total, weft_selftest_row *row)
{
    for (int i = 0; i < list->count; i++) {
        WEFT_TRY(weft_trial_run(desc, &list->list[i], row));
        weft_trial_progress(desc, ++done, total);
    }
    return WEFT_OK;
}

static weft_status try_table(const weft_selftest_desc *desc, weft_op_kind kind, int total,
                             weft_selftest_row *row, int *done)
{
    op_case c;
    for (int i = 0; i < op_case_count(); i++) {
        if (!in_table(desc, kind, i, &c)) continue;
        WEFT_TRY(weft_trial_run(desc, &c, row));
        weft_trial_progress(desc, ++*done, total);
    }
    return WEFT_OK;
}

static weft_status try_kind(const weft_selftest_desc *desc, weft_op_kind kind,
                            weft_selftest_row *row)
{
    op_list list = {.count = 0};
    int done = 0;
    weft_status status = list_steps(desc, kind, &list);
    const int total = list.count + count_table(desc, kind);
    if (status == WEFT_OK) status = try_table(desc, kind, total, row, &done);
    if (status == WEFT_OK) status = try_list(desc, &list, done, total, row);
    op_list_free(&list);
    return status;
}

/* ---- settings ---- */

/* The ops for which a setting is stored: preparing them takes it. */
static weft_status list_stored(weft_device *device, op_list *list)
{
    bool found = true;
    for (int i = 0; found; i++) {
        weft_key key;
        weft_choice choice;
        weft_op op;
        WEFT_TRY(device->backend->stored(device, i, &key, &choice, &found));
        if (!found) break;
        if (key.batch == 0) key.batch = ANY_BATCH;
        if (weft_op_from_key(&key, &op)) WEFT_TRY(op_list_add(&op, choice.text, list));
    }
    return WEFT_OK;
}

static weft_status try_stored(const weft_selftest_desc *desc, weft_selftest_row *row)
{
    op_list list = {.count = 0};
    weft_status status = list_stored(desc->device, &list);
    if (status == WEFT_OK) status = try_list(desc, &list, 0, list.count, row);
    op_list_free(&list);
    return status;
}

weft_status weft_selftest_run(const weft_selftest_desc *desc, int part, weft_selftest_row *row)
{
    *row = (weft_selftest_row){.cases = 0};
    switch (part) {
    case STORED:
        return try_stored(desc, row);
    case TRAINING:
        return weft_trial_training(desc, row);
    case MEMORY:
        return weft_trial_memory(desc, row);
    default:
        return try_kind(desc, (weft_op_kind)part, row);
    }
}
