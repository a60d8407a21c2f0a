/* Which ops a plan holds after fusion, on a backend that computes nothing: what is merged, what is
 * left alone, and that a group is taken whole or not at all. */
#include <stdio.h>
#include <stdlib.h>

#include "core/model_private.h"
#include "tests/null_backend.h"
#include "tests/suite.h"

typedef struct bench {
    weft_graph *graph;
    weft_device *device;
    weft_source *source;
    weft_model *model;
} bench;

static void open_source(bench *b)
{
    enum { COUNT = 8 };
    const weft_shape shape = weft_graph_input(b->graph);
    const weft_normalize norm = {.channels = shape.rank == 3 ? shape.dim[2] : 1, .std = {1, 1, 1}};
    uint8_t *samples = calloc((size_t)(COUNT * weft_shape_count(shape)), 1);
    int32_t classes[COUNT] = {0};
    const weft_dataset data = {.name = "bytes",
                               .shape = shape,
                               .count = COUNT,
                               .dtype = WEFT_U8,
                               .samples = samples,
                               .classes = classes,
                               .class_count = 2};
    ck_assert_ptr_nonnull(samples);
    ck_weft(weft_source_new(b->device, &data, &norm, COUNT, &b->source));
    free(samples);
}

/* A network's text, or the name of one in models/. */
static bench open_bench(const char *network, const weft_model_desc *desc)
{
    bench b = {0};
    char path[512];
    snprintf(path, sizeof path, "%s/models/%s.net", WEFT_SOURCE_DIR, network);
    if (strchr(network, '\n'))
        ck_weft(weft_graph_parse(network, strlen(network), "test.net", &b.graph));
    else
        ck_weft(weft_graph_load(path, &b.graph));
    ck_weft(weft_backend_null()->open(0, &(weft_open_desc){.threads = 1}, &b.device));
    null_device_fuse_all(b.device);
    open_source(&b);
    ck_weft(weft_model_new(b.graph, b.device, desc, &b.model));
    return b;
}

static void close_bench(bench *b)
{
    weft_model_free(b->model);
    weft_source_free(b->source);
    ck_assert_int_eq(null_device_counts(b->device)->live_buffers, 0);
    weft_backend_null()->close(b->device);
    weft_graph_free(b->graph);
}

static const weft_optimizer adam = {.kind = WEFT_ADAM};
static const weft_model_desc trained = {.optimizer = &adam};

static weft_plan *make_plan(const bench *b, weft_mode mode, bool unfused)
{
    weft_plan *plan = NULL;
    const weft_plan_desc desc = {.mode = mode, .batch = 4, .unfused = unfused, .source = b->source};
    ck_weft(weft_plan_new(b->model, &desc, &plan));
    return plan;
}

static int count_kind(const weft_plan *plan, weft_op_kind kind)
{
    int count = 0;
    for (int32_t i = 0; i < weft_plan_count(plan); i++)
        count += weft_plan_op(plan, i)->kind == kind;
    return count;
}

static int count_fused(const weft_plan *plan)
{
    int count = 0;
    for (int kind = WEFT_OP_COUNT; kind < WEFT_KIND_COUNT; kind++)
        count += count_kind(plan, (weft_op_kind)kind);
    return count;
}

/* The ops of a plan as one text, and the place of the first of a kind. */
static const char *listing(const weft_plan *plan, char text[2048])
{
    text[0] = '\0';
    for (int32_t i = 0; i < weft_plan_count(plan); i++) {
        const char *name = weft_op_describe(weft_plan_op(plan, i)->kind)->name;
        const size_t used = strlen(text);
        snprintf(text + used, 2048 - used, "%s%s", used > 0 ? " " : "", name);
    }
    return text;
}

static int32_t place_of(const weft_plan *plan, weft_op_kind kind)
{
    for (int32_t i = 0; i < weft_plan_count(plan); i++) {
        if (weft_plan_op(plan, i)->kind == kind) return i;
    }
    ck_abort_msg("no %s in the plan", weft_op_describe(kind)->name);
    return -1;
}

static const weft_plan_tensor *find(const weft_plan *plan, const char *name)
{
    const weft_plan_tensor *t;
    for (weft_id id = 1; (t = weft_plan_tensor_of(plan, id)) != NULL; id++) {
        if (strcmp(t->name, name) == 0) return t;
    }
    return NULL;
}

static bool is_written(const weft_plan *plan, const char *name)
{
    const weft_plan_tensor *t = find(plan, name);
    ck_assert_msg(t != NULL, "no tensor %s", name);
    return t->first >= 0;
}

/* ---- whole plans ---- */

static const struct {
    const char *network;
    weft_mode mode;
    const char *ops;
} PLANS[] = {
    {"seed-cnn", WEFT_MODE_TRAIN,
     "gather gather_rows conv2d_stats batchnorm_block conv2d_stats batchnorm_block dense_block "
     "gemm "
     "softmax_xent dense_weight_grad gemm dropout_act_grad dense_weight_grad gemm "
     "batchnorm_block_sums batchnorm_block_grad conv2d_weight_grad conv2d_data_grad "
     "batchnorm_block_sums batchnorm_block_grad conv2d_weight_grad adam"},
    {"seed-cnn", WEFT_MODE_EVAL,
     "gather gather_rows conv2d_block conv2d_block dense_block gemm softmax_xent"},
    {"seed-cnn", WEFT_MODE_PREDICT, "gather conv2d_block conv2d_block dense_block gemm"},
    {"lenet5", WEFT_MODE_TRAIN,
     "gather gather_rows conv2d_block maxpool conv2d_block maxpool dense_block dense_block gemm "
     "softmax_xent dense_weight_grad gemm activation_grad dense_weight_grad gemm activation_grad "
     "dense_weight_grad gemm maxpool_grad activation_grad conv2d_weight_grad sum_rows "
     "conv2d_data_grad maxpool_grad activation_grad conv2d_weight_grad sum_rows adam"},
    {"lenet5", WEFT_MODE_PREDICT, "gather conv2d_block conv2d_block dense_block dense_block gemm"},
    {"mlp", WEFT_MODE_TRAIN,
     "gather gather_rows dense_block dense_block gemm softmax_xent dense_weight_grad gemm "
     "activation_grad dense_weight_grad gemm dropout_act_grad dense_weight_grad adam"},
    {"mlp", WEFT_MODE_EVAL, "gather gather_rows dense_block dense_block gemm softmax_xent"},
    {"resnet8", WEFT_MODE_PREDICT,
     "gather conv2d_block conv2d_block conv2d_block copy copy activation conv2d_block conv2d_block "
     "conv2d_block copy copy activation conv2d_block conv2d_block conv2d_block copy copy "
     "activation "
     "avgpool gemm"},
};
enum { PLAN_COUNT = sizeof PLANS / sizeof PLANS[0] };

START_TEST(plans_hold_these_ops)
{
    char text[2048];
    bench b = open_bench(PLANS[_i].network, &trained);
    const weft_plan *plan = make_plan(&b, PLANS[_i].mode, false);
    ck_assert_str_eq(listing(plan, text), PLANS[_i].ops);
    close_bench(&b);
}
END_TEST

START_TEST(a_residual_network_fuses_what_has_one_reader)
{
    bench b = open_bench("resnet8", &trained);
    const weft_plan *plan = make_plan(&b, WEFT_MODE_TRAIN, false);
    ck_assert_int_eq(count_kind(plan, WEFT_OP_conv2d_stats), 9);
    ck_assert_int_eq(count_kind(plan, WEFT_OP_batchnorm_block), 4); /* the others lead to an add */
    ck_assert_int_eq(count_kind(plan, WEFT_OP_batchnorm_block_grad), 4);
    ck_assert_int_eq(count_kind(plan, WEFT_OP_batchnorm), 5);
    ck_assert_int_eq(count_kind(plan, WEFT_OP_activation), 3);
    ck_assert(is_written(plan, "stem_out/out/forward"));
    ck_assert(!is_written(plan, "stem_bn/out/forward"));
    close_bench(&b);
}
END_TEST

START_TEST(seed_cnn_takes_thirty_launches_at_most)
{
    bench b = open_bench("seed-cnn", &trained);
    ck_assert_int_le(weft_plan_count(make_plan(&b, WEFT_MODE_TRAIN, false)), 30);
    close_bench(&b);
}
END_TEST

/* ---- what an op is made of ---- */

START_TEST(a_block_carries_the_parameters_of_its_parts)
{
    bench b = open_bench("seed-cnn", &trained);
    const weft_plan *plan = make_plan(&b, WEFT_MODE_TRAIN, false);
    const int32_t at = place_of(plan, WEFT_OP_batchnorm_block);
    const weft_op *op = weft_plan_op(plan, at);
    ck_assert_str_eq(weft_plan_fused_from(plan, at), "batchnorm+activation+maxpool");
    ck_assert_str_eq(weft_plan_fused_from(plan, 0), "");
    ck_assert_str_eq(weft_plan_fused_from(plan, -1), "");
    ck_assert_int_eq(op->layer, 2);
    ck_assert(op->with.fused.normed && op->with.fused.activated && op->with.fused.pooled);
    ck_assert(!op->with.fused.dropped);
    ck_assert_int_eq(op->with.fused.pool.kernel[1], 2);
    ck_assert_int_eq(op->in[0].shape.dim[1], 28);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(op->out[i].shape.dim[1], 14);
    ck_assert_int_eq(op->out[1].dtype, WEFT_U8);
    ck_assert_int_eq(op->out[2].dtype, WEFT_F32);

    const weft_op *sums = weft_plan_op(plan, place_of(plan, WEFT_OP_batchnorm_block_sums));
    ck_assert_int_eq(sums->in[0].shape.dim[1], 7); /* the second block's peaks come back first */
    ck_assert_int_eq(sums->in[5].shape.dim[1], 7);
    ck_assert_int_eq(sums->layer, 6);
    const weft_op *dense = weft_plan_op(plan, place_of(plan, WEFT_OP_dense_block));
    ck_assert_int_eq(dense->with.fused.dropout.layer, 12);
    ck_assert_int_eq(dense->layer, 10);
    ck_assert_int_eq(dense->out[1].shape.rank, 2); /* relu's output before the dropout */
    ck_assert_float_eq(dense->with.fused.dropout.rate, 0.5f);
    const weft_op *stats = weft_plan_op(plan, place_of(plan, WEFT_OP_conv2d_stats));
    ck_assert_int_eq(stats->mode[3], WEFT_OUT_INOUT);
    ck_assert_int_eq(stats->mode[4], WEFT_OUT_INOUT);
    ck_assert_int_eq(stats->with.fused.window.kernel[0], 3);
    close_bench(&b);
}
END_TEST

START_TEST(evaluation_saves_nothing_and_drops_nothing)
{
    bench b = open_bench("seed-cnn", &trained);
    const weft_plan *plan = make_plan(&b, WEFT_MODE_EVAL, false);
    const weft_op *dense = weft_plan_op(plan, place_of(plan, WEFT_OP_dense_block));
    ck_assert_int_eq(dense->out[1].shape.rank, 0);
    ck_assert(!dense->with.fused.dropped);
    const int32_t at = place_of(plan, WEFT_OP_conv2d_block);
    ck_assert_str_eq(weft_plan_fused_from(plan, at), "conv2d+batchnorm+activation+maxpool");
    ck_assert(weft_plan_op(plan, at)->with.fused.batchnorm.running);
    close_bench(&b);
}
END_TEST

START_TEST(what_fusion_takes_away_needs_no_memory)
{
    bench b = open_bench("seed-cnn", &trained);
    weft_plan_totals fused, plain;
    ck_weft(weft_plan_sum(make_plan(&b, WEFT_MODE_TRAIN, false), &fused));
    ck_weft(weft_plan_sum(make_plan(&b, WEFT_MODE_TRAIN, true), &plain));
    ck_assert_int_lt(fused.activation_bytes, plain.activation_bytes);
    ck_assert_int_le(5 * fused.activation_bytes, 6 * fused.live_peak_bytes);
    close_bench(&b);
}
END_TEST

/* ---- what is left alone ---- */

START_TEST(a_refused_member_undoes_its_group)
{
    static const weft_op_kind block[] = {WEFT_OP_batchnorm_block, WEFT_OP_batchnorm_block_sums,
                                         WEFT_OP_batchnorm_block_grad};
    bench b = open_bench("seed-cnn", &trained);
    null_device_fuse(b.device, block[_i], false);
    const weft_plan *plan = make_plan(&b, WEFT_MODE_TRAIN, false);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(count_kind(plan, block[i]), 0);
    ck_assert_int_eq(count_kind(plan, WEFT_OP_batchnorm), 2);
    ck_assert_int_eq(count_kind(plan, WEFT_OP_batchnorm_sums), 2);
    ck_assert_int_eq(count_kind(plan, WEFT_OP_maxpool_grad), 2);
    ck_assert_ptr_null(find(plan, "bn1/peak/forward"));
    ck_assert_int_eq(count_kind(plan, WEFT_OP_conv2d_stats), 2); /* another group */
    close_bench(&b);
}
END_TEST

START_TEST(a_device_without_fused_ops_gets_the_recorded_plan)
{
    char fused_text[2048], plain_text[2048];
    bench b = open_bench("resnet8", &trained);
    for (int kind = WEFT_OP_COUNT; kind < WEFT_KIND_COUNT; kind++)
        null_device_fuse(b.device, (weft_op_kind)kind, false);
    const weft_plan *fused = make_plan(&b, WEFT_MODE_TRAIN, false);
    const weft_plan *plain = make_plan(&b, WEFT_MODE_TRAIN, true);
    ck_assert_str_eq(listing(fused, fused_text), listing(plain, plain_text));
    for (weft_id id = 1; weft_plan_tensor_of(plain, id); id++) {
        const weft_plan_tensor *t = weft_plan_tensor_of(fused, id);
        const weft_plan_tensor *u = weft_plan_tensor_of(plain, id);
        ck_assert_msg(weft_plan_tensor_of(plain, t->root)->first ==
                              weft_plan_tensor_of(fused, t->root)->first &&
                          t->tensor.offset == u->tensor.offset,
                      "%s", t->name);
    }
    close_bench(&b);
}
END_TEST

START_TEST(a_model_can_do_without_fusion)
{
    bench b = open_bench("seed-cnn", &(weft_model_desc){.optimizer = &adam, .no_fusion = true});
    for (int mode = WEFT_MODE_TRAIN; mode <= WEFT_MODE_PREDICT; mode++)
        ck_assert_int_eq(count_fused(make_plan(&b, (weft_mode)mode, false)), 0);
    close_bench(&b);
}
END_TEST

START_TEST(a_kept_tensor_is_never_fused_away)
{
    for (int keep = 0; keep < 2; keep++) {
        bench b = open_bench("lenet5", &trained);
        weft_plan *plan = make_plan(&b, WEFT_MODE_PREDICT, true);
        for (weft_id id = 1; id < plan->tensor_count; id++) {
            if (strcmp(plan->tensor[id].name, "conv1/out/forward") == 0)
                plan->tensor[id].keep = keep == 1;
        }
        ck_weft(weft_plan_fuse(plan));
        ck_assert_int_eq(count_kind(plan, WEFT_OP_conv2d_block), 2 - keep);
        ck_assert_int_eq(is_written(plan, "conv1/out/forward"), keep);
        close_bench(&b);
    }
}
END_TEST

START_TEST(the_output_is_never_fused_away)
{
    bench b = open_bench("input shape=6x6x1\nconv2d filters=2 kernel=3 name=c\nrelu name=r\n"
                         "flatten\n",
                         &trained);
    const weft_plan *plan = make_plan(&b, WEFT_MODE_PREDICT, false);
    ck_assert_int_eq(count_kind(plan, WEFT_OP_conv2d_block), 1);
    ck_assert(is_written(plan, "r/out/forward") && !is_written(plan, "c/out/forward"));
    close_bench(&b);
}
END_TEST

START_TEST(a_tensor_with_another_reader_stays)
{
    bench b = open_bench("input shape=6\ndense units=6 name=d\nrelu name=r\n"
                         "add from=d,r\ndense units=2\n",
                         &trained);
    const weft_plan *plan = make_plan(&b, WEFT_MODE_PREDICT, false);
    ck_assert_int_eq(count_fused(plan), 0);
    ck_assert(is_written(plan, "d/out/forward"));
    close_bench(&b);
}
END_TEST

START_TEST(training_keeps_what_a_gradient_reads)
{
    bench b = open_bench("input shape=6x6x1\nconv2d filters=2 kernel=3 name=c\nsilu name=s\n"
                         "conv2d filters=2 kernel=3 name=e\ntanh\nflatten\ndense units=4 name=d\n"
                         "gelu\ndense units=2\n",
                         &trained);
    const weft_plan *plan = make_plan(&b, WEFT_MODE_TRAIN, false);
    ck_assert_int_eq(count_kind(plan, WEFT_OP_conv2d_block),
                     1); /* tanh reads its output, silu not */
    ck_assert(is_written(plan, "c/out/forward") && !is_written(plan, "e/out/forward"));
    ck_assert_int_eq(count_kind(plan, WEFT_OP_dense_block), 1); /* which saves what gelu reads */
    ck_assert(is_written(plan, "d/out/forward"));
    close_bench(&b);
}
END_TEST

START_TEST(frozen_batchnorm_and_overlapping_pools_stay)
{
    bench b = open_bench("seed-cnn", &(weft_model_desc){.optimizer = &adam, .freeze = "bn1"});
    const weft_plan *plan = make_plan(&b, WEFT_MODE_TRAIN, false);
    ck_assert_int_eq(count_kind(plan, WEFT_OP_batchnorm), 1);
    ck_assert_int_eq(count_kind(plan, WEFT_OP_batchnorm_block), 1);
    close_bench(&b);

    b = open_bench("input shape=9x9x1\nconv2d filters=2 kernel=3\nbatchnorm\nrelu\n"
                   "maxpool size=3 stride=2\nflatten\ndense units=2\n",
                   &trained);
    plan = make_plan(&b, WEFT_MODE_TRAIN, false);
    ck_assert_int_eq(count_kind(plan, WEFT_OP_batchnorm_block), 1);
    ck_assert_int_eq(count_kind(plan, WEFT_OP_maxpool), 1);
    ck_assert_int_eq(count_kind(make_plan(&b, WEFT_MODE_EVAL, false), WEFT_OP_maxpool), 1);
    close_bench(&b);
}
END_TEST

START_TEST(another_shape_between_the_ops_keeps_them_apart)
{
    bench b = open_bench("input shape=5x5x2\nconv2d filters=3 kernel=3\nflatten\nbatchnorm\nrelu\n"
                         "dense units=2\n",
                         &trained);
    const weft_plan *plan = make_plan(&b, WEFT_MODE_TRAIN, false);
    ck_assert_int_eq(count_kind(plan, WEFT_OP_conv2d_stats), 0);
    ck_assert_int_eq(count_kind(plan, WEFT_OP_batchnorm_block), 1);
    ck_assert_int_eq(count_kind(make_plan(&b, WEFT_MODE_PREDICT, false), WEFT_OP_conv2d_block), 0);
    close_bench(&b);
}
END_TEST

START_TEST(a_plan_says_what_was_fused)
{
    char text[32768] = "";
    bench b = open_bench("seed-cnn", &trained);
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    weft_plan_print(make_plan(&b, WEFT_MODE_TRAIN, false), file);
    rewind(file);
    ck_assert_uint_gt(fread(text, 1, sizeof text - 1, file), 0);
    ck_assert_ptr_nonnull(strstr(text, "(null) = conv2d+batchnorm_stats\n"));
    ck_assert_ptr_nonnull(strstr(text, "bn1/peak/forward[4x14x14x32]"));
    fclose(file);
    close_bench(&b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fuse");
    TCase *tests = tcase_create("fuse");
    tcase_add_loop_test(tests, plans_hold_these_ops, 0, PLAN_COUNT);
    tcase_add_test(tests, a_residual_network_fuses_what_has_one_reader);
    tcase_add_test(tests, seed_cnn_takes_thirty_launches_at_most);
    tcase_add_test(tests, a_block_carries_the_parameters_of_its_parts);
    tcase_add_test(tests, evaluation_saves_nothing_and_drops_nothing);
    tcase_add_test(tests, what_fusion_takes_away_needs_no_memory);
    tcase_add_loop_test(tests, a_refused_member_undoes_its_group, 0, 3);
    tcase_add_test(tests, a_device_without_fused_ops_gets_the_recorded_plan);
    tcase_add_test(tests, a_model_can_do_without_fusion);
    tcase_add_test(tests, a_kept_tensor_is_never_fused_away);
    tcase_add_test(tests, the_output_is_never_fused_away);
    tcase_add_test(tests, a_tensor_with_another_reader_stays);
    tcase_add_test(tests, training_keeps_what_a_gradient_reads);
    tcase_add_test(tests, frozen_batchnorm_and_overlapping_pools_stay);
    tcase_add_test(tests, another_shape_between_the_ops_keeps_them_apart);
    tcase_add_test(tests, a_plan_says_what_was_fused);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
