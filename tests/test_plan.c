/* Plans, arenas and models on a backend that computes nothing: what is recorded, where it is
 * placed, what is allocated, and the order of numbers in files. */
#include <stdio.h>
#include <stdlib.h>

#include "core/model.h"
#include "tests/null_backend.h"
#include "tests/suite.h"

/* A network on a null device with eight samples of bytes. */
typedef struct bench {
    weft_graph *graph;
    weft_device *device;
    weft_source *source;
    weft_model *model;
} bench;

static const weft_optimizer adam = {.kind = WEFT_ADAM};

static void open_source(bench *b, int64_t count)
{
    const weft_shape shape = weft_graph_input(b->graph);
    const weft_normalize norm = {.channels = shape.rank == 3 ? shape.dim[2] : 1, .std = {1, 1, 1}};
    uint8_t *samples = calloc((size_t)(count * weft_shape_count(shape)), 1);
    int32_t *classes = calloc((size_t)count, sizeof *classes);
    const weft_dataset data = {.name = "bytes",
                               .shape = shape,
                               .count = count,
                               .dtype = WEFT_U8,
                               .samples = samples,
                               .classes = classes,
                               .class_count = 10};
    ck_weft(weft_dataset_check(&data));
    ck_weft(weft_source_new(b->device, &data, &norm, 2 * count, &b->source));
    free(samples);
    free(classes);
}

static bench open_bench(weft_graph *graph, const weft_model_desc *desc)
{
    bench b = {.graph = graph};
    ck_weft(weft_backend_null()->open(0, &(weft_open_desc){.threads = 1}, &b.device));
    open_source(&b, 8);
    ck_weft(weft_model_new(graph, b.device, desc, &b.model));
    return b;
}

static bench open_named(const char *name, const weft_model_desc *desc)
{
    char path[512];
    weft_graph *graph = NULL;
    snprintf(path, sizeof path, "%s/models/%s.net", WEFT_SOURCE_DIR, name);
    ck_weft(weft_graph_load(path, &graph));
    return open_bench(graph, desc);
}

static bench open_text(const char *text, const weft_model_desc *desc)
{
    weft_graph *graph = NULL;
    ck_weft(weft_graph_parse(text, strlen(text), "test.net", &graph));
    return open_bench(graph, desc);
}

static void close_bench(bench *b)
{
    weft_model_free(b->model);
    weft_source_free(b->source);
    const null_counts *counts = null_device_counts(b->device);
    ck_assert_int_eq(counts->live_buffers, 0);
    ck_assert_int_eq(counts->live_steps, 0);
    weft_backend_null()->close(b->device);
    weft_graph_free(b->graph);
}

static weft_plan *make_plan(bench *b, weft_mode mode, int32_t batch)
{
    weft_plan *plan = NULL;
    const weft_plan_desc desc = {.mode = mode, .batch = batch, .source = b->source};
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

static const char *const names[] = {"seed-cnn", "lenet5", "mlp", "resnet8"};
enum { NAMES = 4 };

static int64_t place_of(const weft_plan_tensor *t)
{
    return t->tensor.offset * (int64_t)weft_dtype_bytes(t->tensor.dtype);
}

static bool is_placed(const weft_plan_tensor *t, weft_id id)
{
    return t->role == WEFT_ROLE_ACTIVATION && t->root == id && t->first >= 0;
}

START_TEST(tensors_of_one_time_do_not_overlap)
{
    bench b = open_named(names[_i], &(weft_model_desc){.optimizer = &adam});
    weft_plan *plan = make_plan(&b, WEFT_MODE_TRAIN, 7);
    int pairs = 0;
    for (weft_id i = 1; weft_plan_tensor_of(plan, i); i++) {
        const weft_plan_tensor *t = weft_plan_tensor_of(plan, i);
        if (!is_placed(t, i)) continue;
        ck_assert_int_eq(place_of(t) % (WEFT_ALIGN * 4), 0);
        for (weft_id j = 1; j < i; j++) {
            const weft_plan_tensor *u = weft_plan_tensor_of(plan, j);
            if (!is_placed(u, j) || t->first > u->last || u->first > t->last) continue;
            ck_assert_msg(place_of(t) + t->bytes <= place_of(u) ||
                              place_of(u) + u->bytes <= place_of(t),
                          "%s and %s overlap", t->name, u->name);
            pairs++;
        }
    }
    ck_assert_int_gt(pairs, 10);
    close_bench(&b);
}
END_TEST

START_TEST(arena_is_near_the_peak_of_live_tensors)
{
    bench b = open_named(names[_i], &(weft_model_desc){.optimizer = &adam});
    weft_plan_totals totals;
    ck_weft(weft_plan_sum(make_plan(&b, WEFT_MODE_TRAIN, 64), &totals));
    ck_assert_int_ge(totals.activation_bytes, totals.live_peak_bytes);
    ck_assert_int_le(5 * totals.activation_bytes, 6 * totals.live_peak_bytes);
    ck_assert_int_gt(totals.operations, 0);
    close_bench(&b);
}
END_TEST

START_TEST(modes_record_what_they_need)
{
    bench b = open_named("seed-cnn", &(weft_model_desc){.optimizer = &adam});
    const weft_plan *train = make_plan(&b, WEFT_MODE_TRAIN, 4);
    const weft_plan *eval = make_plan(&b, WEFT_MODE_EVAL, 4);
    const weft_plan *predict = make_plan(&b, WEFT_MODE_PREDICT, 4);

    ck_assert_int_eq(count_kind(train, WEFT_OP_adam), 1);
    ck_assert_int_eq(count_kind(train, WEFT_OP_conv2d_weight_grad), 2);
    ck_assert_int_eq(count_kind(train, WEFT_OP_conv2d_data_grad), 1); /* never of the input */
    ck_assert_int_eq(count_kind(train, WEFT_OP_dropout), 2);
    ck_assert_int_eq(count_kind(eval, WEFT_OP_softmax_xent), 1);
    ck_assert_int_eq(count_kind(eval, WEFT_OP_batchnorm_stats), 0);
    ck_assert_int_eq(count_kind(eval, WEFT_OP_dropout), 0);
    ck_assert_int_eq(count_kind(eval, WEFT_OP_adam), 0);
    ck_assert_int_eq(count_kind(predict, WEFT_OP_softmax_xent), 0);
    ck_assert_int_eq(count_kind(predict, WEFT_OP_gather_rows), 0);
    close_bench(&b);
}
END_TEST

START_TEST(the_first_writer_sets_and_later_ones_add)
{
    bench b = open_text("input shape=6\ndense units=6 name=a\nrelu name=r\n"
                        "dense units=6 name=c\nadd from=c,r\n",
                        &(weft_model_desc){.optimizer = &adam});
    const weft_plan *plan = make_plan(&b, WEFT_MODE_TRAIN, 3);
    int set = 0, add = 0;
    for (int32_t i = 0; i < weft_plan_count(plan); i++) {
        const weft_op *op = weft_plan_op(plan, i);
        if (op->phase != WEFT_PHASE_BACKWARD) continue;
        set += op->mode[0] == WEFT_OUT_SET;
        add += op->mode[0] == WEFT_OUT_ADD;
    }
    ck_assert_int_eq(add, 1); /* the gradient of r, by dense c after the copy of add */
    ck_assert_int_gt(set, 5);
    close_bench(&b);
}
END_TEST

START_TEST(a_step_launches_every_op_once_and_allocates_nothing)
{
    bench b = open_named("seed-cnn", &(weft_model_desc){.optimizer = &adam});
    weft_plan *plan = make_plan(&b, WEFT_MODE_TRAIN, 4);
    const weft_values values = {.batch_global = 4};
    ck_weft_refused(weft_plan_run(plan, &values, WEFT_PHASE_INPUT, WEFT_PHASE_UPDATE),
                    WEFT_ERR_USAGE, "weft_model_prepare");
    ck_weft(weft_model_prepare(b.model, NULL, NULL));

    const null_counts before = *null_device_counts(b.device);
    ck_weft(weft_plan_run(plan, &values, WEFT_PHASE_INPUT, WEFT_PHASE_UPDATE));
    const null_counts after = *null_device_counts(b.device);
    ck_assert_int_eq(after.launches - before.launches, weft_plan_count(plan));
    ck_assert_int_eq(after.buffers, before.buffers);
    ck_assert_int_eq(after.steps, before.steps);

    ck_weft(weft_plan_run(plan, &values, WEFT_PHASE_UPDATE, WEFT_PHASE_UPDATE));
    ck_assert_int_eq(null_device_counts(b.device)->launches - after.launches, 1);
    close_bench(&b);
}
END_TEST

START_TEST(a_larger_plan_makes_all_be_prepared_again)
{
    bench b = open_named("mlp", &(weft_model_desc){.optimizer = &adam});
    make_plan(&b, WEFT_MODE_TRAIN, 2);
    ck_weft(weft_model_prepare(b.model, NULL, NULL));
    const int64_t small = null_device_counts(b.device)->steps;
    ck_weft(weft_model_prepare(b.model, NULL, NULL));
    ck_assert_int_eq(null_device_counts(b.device)->steps, small);
    make_plan(&b, WEFT_MODE_TRAIN, 8);
    ck_weft(weft_model_prepare(b.model, NULL, NULL));
    ck_assert_int_eq(null_device_counts(b.device)->steps, 3 * small);
    close_bench(&b);
}
END_TEST

START_TEST(every_failing_call_is_reported_and_nothing_leaks)
{
    weft_status status = WEFT_ERR_DEVICE;
    int nth = 0;
    while (status != WEFT_OK) {
        bench b = open_named("resnet8", &(weft_model_desc){.optimizer = &adam});
        weft_plan *plan = NULL;
        const weft_plan_desc desc = {.mode = WEFT_MODE_TRAIN, .batch = 2, .source = b.source};
        null_device_fail(b.device, ++nth);
        status = weft_plan_new(b.model, &desc, &plan);
        if (status == WEFT_OK) status = weft_model_prepare(b.model, NULL, NULL);
        if (status == WEFT_OK) {
            status = weft_plan_run(plan, &(weft_values){0}, WEFT_PHASE_INPUT, WEFT_PHASE_UPDATE);
        }
        if (status != WEFT_OK) ck_assert_ptr_nonnull(strstr(weft_error(), "null"));
        null_device_fail(b.device, 0);
        close_bench(&b);
    }
    ck_assert_int_gt(nth, 100);
}
END_TEST

START_TEST(freezing_moves_tensors_out_of_the_trained_stretch)
{
    bench b = open_named("seed-cnn", &(weft_model_desc){.optimizer = &adam, .freeze = "conv1,bn*"});
    const weft_plan *plan = make_plan(&b, WEFT_MODE_TRAIN, 4);
    ck_assert_int_eq(count_kind(plan, WEFT_OP_batchnorm_stats), 0);
    ck_assert_int_eq(count_kind(plan, WEFT_OP_conv2d_weight_grad), 1);
    const weft_update *update = NULL;
    for (int32_t i = 0; i < weft_plan_count(plan); i++) {
        if (weft_plan_op(plan, i)->kind == WEFT_OP_adam)
            update = &weft_plan_op(plan, i)->with.update;
    }
    ck_assert_ptr_nonnull(update);
    ck_assert_int_eq(update->range_count, 2);
    const weft_range *last = &update->range[1];
    for (int32_t i = 0; i < weft_model_parameter_count(b.model); i++) {
        const weft_parameter *p = weft_model_parameter(b.model, i);
        if (p->state) continue;
        const bool trained = p->offset < last->first + last->count;
        ck_assert_msg(trained == !p->frozen, "%s", p->name);
    }
    close_bench(&b);
}
END_TEST

START_TEST(freezing_refuses_what_names_nothing_or_all)
{
    bench b = open_named("mlp", &(weft_model_desc){.optimizer = &adam});
    weft_model *model = NULL;
    const weft_model_desc typo = {.optimizer = &adam, .freeze = "fc1,fcx"};
    ck_weft_refused(weft_model_new(b.graph, b.device, &typo, &model), WEFT_ERR_USAGE, "'fcx'");
    const weft_model_desc all = {.optimizer = &adam, .freeze = "*"};
    ck_weft_refused(weft_model_new(b.graph, b.device, &all, &model), WEFT_ERR_USAGE,
                    "nothing to train");
    close_bench(&b);
}
END_TEST

START_TEST(plans_refuse_what_does_not_fit)
{
    bench b = open_named("mlp", &(weft_model_desc){.seed = 1});
    weft_plan *plan = NULL;
    weft_plan_desc desc = {.mode = WEFT_MODE_TRAIN, .batch = 2, .source = b.source};
    ck_weft_refused(weft_plan_new(b.model, &desc, &plan), WEFT_ERR_USAGE, "without an optimizer");
    desc = (weft_plan_desc){.mode = WEFT_MODE_PREDICT, .batch = 0, .source = b.source};
    ck_weft_refused(weft_plan_new(b.model, &desc, &plan), WEFT_ERR_USAGE, "batch of 0");

    bench other = open_text("input shape=3\ndense units=2\n", &(weft_model_desc){.seed = 1});
    desc = (weft_plan_desc){.mode = WEFT_MODE_PREDICT, .batch = 1, .source = b.source};
    ck_weft_refused(weft_plan_new(other.model, &desc, &plan), WEFT_ERR_SHAPE, "takes samples of 3");
    close_bench(&other);
    close_bench(&b);
}
END_TEST

static int32_t find_parameter(const weft_model *model, const char *name)
{
    for (int32_t i = 0; i < weft_model_parameter_count(model); i++) {
        if (strcmp(weft_model_parameter(model, i)->name, name) == 0) return i;
    }
    ck_abort_msg("no parameter %s", name);
    return -1;
}

/* The device's bytes of a tensor whose file order is 0, 1, 2, ... */
static float *device_numbers(bench *b, const char *name, weft_plan *plan)
{
    const int32_t index = find_parameter(b->model, name);
    const weft_parameter *p = weft_model_parameter(b->model, index);
    const int64_t count = weft_shape_count(p->shape);
    float *values = malloc((size_t)count * sizeof *values);
    float *again = malloc((size_t)count * sizeof *again);
    for (int64_t i = 0; i < count; i++)
        values[i] = (float)i;
    ck_weft(weft_model_write(b->model, index, -1, values));
    ck_weft(weft_model_read(b->model, index, -1, again));
    ck_assert_mem_eq(values, again, (size_t)count * sizeof *values);
    free(again);

    for (weft_id id = 1; weft_plan_tensor_of(plan, id); id++) {
        const weft_plan_tensor *t = weft_plan_tensor_of(plan, id);
        if (strcmp(t->name, name) != 0) continue;
        ck_weft(b->device->backend->read(t->tensor.buffer, (size_t)t->tensor.offset * sizeof(float),
                                         values, (size_t)count * sizeof *values));
        return values;
    }
    ck_abort_msg("no tensor %s", name);
    return NULL;
}

START_TEST(files_hold_the_order_of_pytorch)
{
    bench b = open_text("input shape=4x5x3\nconv2d filters=2 kernel=2x3 padding=same name=c\n"
                        "flatten\nbatchnorm name=n\ndense units=7 name=d\n",
                        &(weft_model_desc){.seed = 1});
    weft_plan *plan = make_plan(&b, WEFT_MODE_PREDICT, 1);
    ck_weft(weft_model_prepare(b.model, NULL, NULL));

    float *w = device_numbers(&b, "c.weight", plan); /* file: K C R S, device: R S C K */
    for (int k = 0; k < 2; k++) {
        for (int c = 0; c < 3; c++) {
            for (int rs = 0; rs < 6; rs++) {
                ck_assert_float_eq(w[(rs * 3 + c) * 2 + k], (float)((k * 3 + c) * 6 + rs));
            }
        }
    }
    free(w);
    w = device_numbers(&b, "d.weight", plan); /* file: out, C H W; device: H W C, out */
    for (int out = 0; out < 7; out++) {
        for (int c = 0; c < 2; c++) {
            for (int hw = 0; hw < 20; hw++) {
                ck_assert_float_eq(w[(hw * 2 + c) * 7 + out], (float)(out * 40 + c * 20 + hw));
            }
        }
    }
    free(w);
    w = device_numbers(&b, "n.running_mean", plan);
    for (int c = 0; c < 2; c++) {
        for (int hw = 0; hw < 20; hw++)
            ck_assert_float_eq(w[hw * 2 + c], (float)(c * 20 + hw));
    }
    free(w);
    close_bench(&b);
}
END_TEST

START_TEST(initial_weights_follow_the_seed)
{
    bench b = open_named("seed-cnn", &(weft_model_desc){.seed = 5});
    const int32_t index = find_parameter(b.model, "fc1.weight");
    const int64_t count = weft_shape_count(weft_model_parameter(b.model, index)->shape);
    float *first = malloc((size_t)count * sizeof *first);
    float *second = malloc((size_t)count * sizeof *second);
    ck_weft(weft_model_init(b.model));
    ck_weft(weft_model_read(b.model, index, -1, first));
    ck_weft(weft_model_init(b.model));
    ck_weft(weft_model_read(b.model, index, -1, second));
    ck_assert_mem_eq(first, second, (size_t)count * sizeof *first);

    double sum = 0, squares = 0;
    for (int64_t i = 0; i < count; i++) {
        sum += (double)first[i];
        squares += (double)first[i] * (double)first[i];
    }
    const double n = (double)count, variance = 2.0 / 3136; /* He: 2 / fan_in */
    ck_assert_double_lt(sum / n, 1e-4);
    ck_assert_double_gt(sum / n, -1e-4);
    ck_assert_double_eq_tol(squares / n / variance, 1.0, 0.02);
    free(first);
    free(second);
    close_bench(&b);
}
END_TEST

START_TEST(a_plan_can_be_printed)
{
    bench b = open_named("resnet8", &(weft_model_desc){.optimizer = &adam});
    FILE *file = tmpfile();
    weft_plan_print(make_plan(&b, WEFT_MODE_TRAIN, 2), file);
    const long length = ftell(file);
    char *text = calloc((size_t)length + 1, 1);
    rewind(file);
    ck_assert_int_eq((long)fread(text, 1, (size_t)length, file), length);
    ck_assert_ptr_nonnull(strstr(text, "conv2d_weight_grad"));
    ck_assert_ptr_nonnull(strstr(text, "+=stem_out/out/backward[2x28x28x16]"));
    free(text);
    fclose(file);
    close_bench(&b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plan");
    TCase *tests = tcase_create("plan");
    tcase_add_loop_test(tests, tensors_of_one_time_do_not_overlap, 0, NAMES);
    tcase_add_loop_test(tests, arena_is_near_the_peak_of_live_tensors, 0, NAMES);
    tcase_add_test(tests, modes_record_what_they_need);
    tcase_add_test(tests, the_first_writer_sets_and_later_ones_add);
    tcase_add_test(tests, a_step_launches_every_op_once_and_allocates_nothing);
    tcase_add_test(tests, a_larger_plan_makes_all_be_prepared_again);
    tcase_add_test(tests, every_failing_call_is_reported_and_nothing_leaks);
    tcase_add_test(tests, freezing_moves_tensors_out_of_the_trained_stretch);
    tcase_add_test(tests, freezing_refuses_what_names_nothing_or_all);
    tcase_add_test(tests, plans_refuse_what_does_not_fit);
    tcase_add_test(tests, files_hold_the_order_of_pytorch);
    tcase_add_test(tests, initial_weights_follow_the_seed);
    tcase_add_test(tests, a_plan_can_be_printed);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
