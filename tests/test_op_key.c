/* What the tuner's table says of an op is enough to try it again: op, key, op. */
#include "core/op_key.h"
#include "core/selftest/networks.h"
#include "core/selftest/op_plans.h"
#include "tests/null_backend.h"
#include "tests/suite.h"

static void ck_shape(const weft_tensor *a, const weft_tensor *b, const char *name)
{
    ck_assert_msg(weft_shape_equal(a->shape, b->shape), "%s: another shape", name);
}

/* False for a kind that has no key. */
static bool comes_back(const op_case *c)
{
    weft_key key;
    weft_op again;
    if (!weft_op_key(&c->op, &key)) return false;
    ck_assert_msg(weft_op_from_key(&key, &again), "%s: no op of '%s'", c->name, key.text);
    ck_assert_int_eq(again.kind, c->op.kind);
    for (int i = 0; i < WEFT_MAX_IN; i++)
        ck_shape(&again.in[i], &c->op.in[i], c->name);
    for (int i = 0; i < WEFT_MAX_OUT; i++) {
        ck_shape(&again.out[i], &c->op.out[i], c->name);
        ck_assert_int_eq(again.mode[i], c->op.mode[i]);
    }
    return true;
}

START_TEST(ops_of_the_table)
{
    int count = 0;
    for (int i = 0; i < op_case_count(); i++) {
        op_case c;
        op_case_at(i, &c);
        count += comes_back(&c);
    }
    ck_assert_int_gt(count, 50);
}
END_TEST

START_TEST(fused_ops_of_plans)
{
    op_list list = {.count = 0};
    bool kinds[WEFT_KIND_COUNT] = {false};
    weft_device *device = NULL;
    ck_weft(weft_backend_null()->open(0, &(weft_open_desc){.threads = 1}, &device));
    null_device_fuse_all(device);
    for (int i = 0; i < op_network_count(); i++) {
        const op_network *n = op_network_at(i);
        weft_graph *graph = NULL;
        ck_weft(weft_graph_parse(n->text, strlen(n->text), n->name, &graph));
        ck_weft(op_list_add_plans(device, graph, n->name, n->batch, WEFT_KIND_COUNT, &list));
        weft_graph_free(graph);
    }
    for (int i = 0; i < list.count; i++)
        if (comes_back(&list.list[i])) kinds[list.list[i].op.kind] = true;
    ck_assert(kinds[WEFT_OP_conv2d_stats] && kinds[WEFT_OP_conv2d_block]);
    ck_assert(kinds[WEFT_OP_dense_block] && kinds[WEFT_OP_dense_weight_grad]);
    op_list_free(&list);
    weft_backend_null()->close(device);
}
END_TEST

/* Lines of a table that somebody has edited. */
START_TEST(damaged_keys)
{
    weft_key good = {.batch = 0}, bad;
    weft_op op;
    for (int i = 0; good.batch == 0 && i < op_case_count(); i++) {
        op_case c;
        op_case_at(i, &c);
        if (c.op.kind == WEFT_OP_conv2d) ck_assert(weft_op_key(&c.op, &good));
    }
    ck_assert(weft_op_from_key(&good, &op));
    for (size_t length = 0; length < strlen(good.text); length++) {
        bad = good;
        bad.text[length] = '\0';
        ck_assert_msg(!weft_op_from_key(&bad, &op), "taken for a key: '%s'", bad.text);
    }
    bad = good;
    bad.batch = 0;
    ck_assert(!weft_op_from_key(&bad, &op));
    bad = good;
    memcpy(bad.text, "gemm  ", 6);
    ck_assert(!weft_op_from_key(&bad, &op));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("op_key");
    TCase *tcase = tcase_create("keys");
    tcase_add_test(tcase, ops_of_the_table);
    tcase_add_test(tcase, fused_ops_of_plans);
    tcase_add_test(tcase, damaged_keys);
    suite_add_tcase(suite, tcase);
    return weft_suite_run(suite);
}
