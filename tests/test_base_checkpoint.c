/* Checkpoints and their metadata, on a backend that only keeps bytes. */
#define _DEFAULT_SOURCE

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/checkpoint.h"
#include "core/posix.h"
#include "core/rng.h"
#include "tests/null_backend.h"
#include "tests/suite.h"
#include "tests/temp_folder.h"

static const char network[] = "input shape=6x6x2\n"
                              "conv2d filters=3 kernel=3 bias=no name=conv1\n"
                              "batchnorm name=bn1\n"
                              "flatten\n"
                              "dense units=5 name=fc1\n";
/* conv1.weight, bn1 weight, bias, running_mean, running_var, fc1 weight, bias */
enum { TENSORS = 7, TRAINED = 5, MOST = 4096 };

static char folder[TEMP_FOLDER_TEXT], path[TEMP_FOLDER_TEXT + 32];
static weft_device *device;
static weft_meta *meta;

static void setup(void)
{
    temp_folder_new(folder);
    snprintf(path, sizeof path, "%s/last.safetensors", folder);
    ck_weft(weft_backend_null()->open(0, &(weft_open_desc){.threads = 1}, &device));
    ck_weft(weft_meta_new(&meta));
}

static void teardown(void)
{
    weft_meta_free(meta);
    weft_backend_null()->close(device);
    temp_folder_free(folder);
}

/* ---- a model with numbers of its own ---- */

typedef struct bench {
    weft_graph *graph;
    weft_model *model;
} bench;

static bench open_bench(const char *text, const char *freeze)
{
    static const weft_optimizer adam = {.kind = WEFT_ADAM};
    bench b;
    ck_weft(weft_graph_parse(text, strlen(text), "test.net", &b.graph));
    const weft_model_desc desc = {.seed = 1, .optimizer = &adam, .freeze = freeze};
    ck_weft(weft_model_new(b.graph, device, &desc, &b.model));
    ck_weft(weft_model_init(b.model));
    return b;
}

static void close_bench(bench *b)
{
    weft_model_free(b->model);
    weft_graph_free(b->graph);
}

static bool has_slot(const weft_parameter *parameter, int slot)
{
    return slot < 0 || (!parameter->state && !parameter->frozen);
}

static void numbers(uint64_t seed, int32_t index, int slot, int64_t count, float *values)
{
    ck_assert_int_le(count, MOST);
    for (int64_t i = 0; i < count; i++) {
        values[i] = (float)weft_draw(seed, 9, (uint32_t)slot + 1, 0, (uint32_t)index, (uint32_t)i);
    }
}

static void fill(weft_model *model, uint64_t seed)
{
    float values[MOST];
    for (int32_t i = 0; i < weft_model_parameter_count(model); i++) {
        const weft_parameter *parameter = weft_model_parameter(model, i);
        for (int slot = -1; slot < weft_model_slots(model); slot++) {
            if (!has_slot(parameter, slot)) continue;
            numbers(seed, i, slot, weft_shape_count(parameter->file_shape), values);
            ck_weft(weft_model_write(model, i, slot, values));
        }
    }
}

/* Whether tensor and slot hold the numbers of this seed. */
static bool holds(weft_model *model, int32_t index, int slot, uint64_t seed)
{
    float values[MOST], wanted[MOST];
    const int64_t count = weft_shape_count(weft_model_parameter(model, index)->file_shape);
    ck_weft(weft_model_read(model, index, slot, values));
    numbers(seed, index, slot, count, wanted);
    return memcmp(values, wanted, (size_t)count * sizeof *values) == 0;
}

static void check_holds(weft_model *model, uint64_t seed, uint64_t moment_seed)
{
    for (int32_t i = 0; i < weft_model_parameter_count(model); i++) {
        const weft_parameter *parameter = weft_model_parameter(model, i);
        for (int slot = -1; slot < weft_model_slots(model); slot++) {
            if (!has_slot(parameter, slot)) continue;
            ck_assert_msg(holds(model, i, slot, slot < 0 ? seed : moment_seed), "%s, slot %d",
                          parameter->name, slot);
        }
    }
}

/* A checkpoint at path with numbers of seed 1. */
static void save_sample(const char *text, const char *freeze, bool optim)
{
    bench b = open_bench(text, freeze);
    fill(b.model, 1);
    ck_weft(weft_checkpoint_save(b.model, meta, path, optim));
    close_bench(&b);
}

static void check_load_refused(const char *text, const weft_load_desc *desc, weft_status status,
                               const char *part)
{
    bench b = open_bench(text, NULL);
    fill(b.model, 2);
    ck_weft_refused(weft_checkpoint_load(b.model, path, desc), status, part);
    check_holds(b.model, 2, 2); /* nothing was changed */
    close_bench(&b);
}

/* ---- saving and loading ---- */

START_TEST(test_round_trip)
{
    save_sample(network, NULL, true);
    for (int optim = 0; optim < 2; optim++) {
        bench b = open_bench(network, NULL);
        fill(b.model, 2);
        ck_weft(weft_checkpoint_load(b.model, path, &(weft_load_desc){.optim = optim == 1}));
        check_holds(b.model, 1, optim ? 1 : 2);
        close_bench(&b);
    }
}
END_TEST

START_TEST(test_load_without_desc)
{
    save_sample(network, NULL, false);
    bench b = open_bench(network, NULL);
    fill(b.model, 2);
    ck_weft(weft_checkpoint_load(b.model, path, NULL));
    check_holds(b.model, 1, 2);
    close_bench(&b);
}
END_TEST

START_TEST(test_names_in_file)
{
    weft_st_file *file;
    save_sample(network, NULL, true);
    ck_weft(weft_st_open(path, &file));
    ck_assert_int_eq(weft_st_count(file), TENSORS + 2 * TRAINED);
    const weft_st_entry *conv = weft_st_find(file, "conv1.weight");
    ck_assert_int_eq(conv->rank, 4);
    ck_assert(conv->dim[0] == 3 && conv->dim[1] == 2 && conv->dim[2] == 3 && conv->dim[3] == 3);
    ck_assert_ptr_nonnull(weft_st_find(file, "optim.0.conv1.weight"));
    ck_assert_ptr_nonnull(weft_st_find(file, "optim.1.fc1.bias"));
    ck_assert_ptr_nonnull(weft_st_find(file, "bn1.running_mean"));
    ck_assert_ptr_null(weft_st_find(file, "optim.0.bn1.running_mean"));
    ck_assert_ptr_null(weft_st_find(file, "optim.2.fc1.bias"));
    weft_st_close(file);
}
END_TEST

START_TEST(test_frozen_has_no_moments)
{
    weft_st_file *file;
    save_sample(network, "conv*,bn1", true);
    ck_weft(weft_st_open(path, &file));
    ck_assert_int_eq(weft_st_count(file), TENSORS + 2 * 2);
    ck_assert_ptr_null(weft_st_find(file, "optim.0.conv1.weight"));
    ck_assert_ptr_nonnull(weft_st_find(file, "optim.0.fc1.weight"));
    weft_st_close(file);
    check_load_refused(network, &(weft_load_desc){.optim = true}, WEFT_ERR_SHAPE,
                       "optim.0.conv1.weight is missing (3x2x3x3)");
}
END_TEST

START_TEST(test_equal_bytes)
{
    char *first, *second;
    size_t first_count, second_count;
    ck_weft(weft_meta_set(meta, "b", "2"));
    ck_weft(weft_meta_set(meta, "a", "1"));
    save_sample(network, NULL, true);
    ck_weft(weft_read_file(path, 1 << 20, &first, &first_count));
    weft_meta_free(meta);
    ck_weft(weft_meta_new(&meta));
    ck_weft(weft_meta_set(meta, "a", "1"));
    ck_weft(weft_meta_set(meta, "b", "2"));
    save_sample(network, NULL, true);
    ck_weft(weft_read_file(path, 1 << 20, &second, &second_count));
    ck_assert_uint_eq(first_count, second_count);
    ck_assert_mem_eq(first, second, first_count);
    free(first);
    free(second);
}
END_TEST

/* The device fails at the n-th call while saving: the earlier file stays, no other is left. */
START_TEST(test_save_fails)
{
    char *before, *after;
    size_t before_count, after_count;
    save_sample(network, NULL, true);
    ck_weft(weft_read_file(path, 1 << 20, &before, &before_count));
    bench b = open_bench(network, NULL);
    fill(b.model, 2);
    null_device_fail(device, 4);
    ck_assert_int_eq(weft_checkpoint_save(b.model, meta, path, true), WEFT_ERR_DEVICE);
    close_bench(&b);
    ck_weft(weft_read_file(path, 1 << 20, &after, &after_count));
    ck_assert_uint_eq(before_count, after_count);
    ck_assert_mem_eq(before, after, after_count);
    ck_weft(weft_remove(path));
    ck_assert_int_eq(rmdir(folder), 0); /* it was empty but for the one file */
    free(before);
    free(after);
}
END_TEST

/* ---- what does not fit ---- */

START_TEST(test_misfits)
{
    static const char other[] = "input shape=6x6x2\n"
                                "conv2d filters=3 kernel=3 name=conv1\n"
                                "batchnorm name=bn2\n"
                                "flatten\n"
                                "dense units=4 name=fc1\n";
    save_sample(network, NULL, true);
    check_load_refused(other, NULL, WEFT_ERR_SHAPE, path);
    check_load_refused(other, NULL, WEFT_ERR_SHAPE, "conv1.bias is missing (3)");
    check_load_refused(other, NULL, WEFT_ERR_SHAPE, "bn2.running_var is missing (3)");
    check_load_refused(other, NULL, WEFT_ERR_SHAPE, "fc1.weight is 5x48, wants 4x48");
    check_load_refused(other, NULL, WEFT_ERR_SHAPE, "fc1.bias is 5, wants 4");
    check_load_refused(other, NULL, WEFT_ERR_SHAPE, "bn1.running_mean is not in the network");
    save_sample(network, NULL, false);
    check_load_refused(network, &(weft_load_desc){.optim = true}, WEFT_ERR_SHAPE,
                       "optim.1.fc1.bias is missing (5)");
}
END_TEST

/* Hundreds of misfits make one line of bounded length that says how many there were. */
START_TEST(test_many_misfits)
{
    static char large[10000] = "input shape=8\n";
    size_t at = strlen(large);
    for (int i = 0; i < 150; i++) {
        at += (size_t)snprintf(large + at, sizeof large - at, "dense units=8 name=layer_%d\n", i);
    }
    save_sample(network, NULL, false);
    check_load_refused(large, NULL, WEFT_ERR_SHAPE, "layer_0.weight is missing");
    const char *more = strstr(weft_error(), " and ");
    int shown = 1, hidden = 0;
    ck_assert_ptr_nonnull(more);
    ck_assert_int_eq(sscanf(more, " and %d more", &hidden), 1);
    for (const char *c = weft_error(); c < more; c++)
        shown += *c == ',';
    ck_assert_int_eq(shown + hidden, 300 + TENSORS);
    ck_assert_uint_lt(strlen(weft_error()), 2000);
}
END_TEST

/* The sample's file with one more tensor: its JSON up to the offsets, and how many bytes. */
static void save_with(const char *entry, size_t bytes)
{
    char *old, made[16384], tail[256];
    size_t count;
    save_sample(network, NULL, false);
    ck_weft(weft_read_file(path, sizeof made / 2, &old, &count));
    const size_t header = (size_t)(unsigned char)old[0] | (size_t)(unsigned char)old[1] << 8;
    const size_t data = count - 8 - header;
    size_t kept = header;
    while (old[8 + kept - 1] != '}')
        kept--; /* spaces behind the JSON */

    snprintf(tail, sizeof tail, ",%s[%zu,%zu]}}", entry, data, data + bytes);
    const size_t length = kept - 1 + strlen(tail);
    memset(made, 0, sizeof made);
    made[0] = (char)(length & 0xff);
    made[1] = (char)(length >> 8);
    memcpy(made + 8, old + 8, kept - 1);
    memcpy(made + 8 + kept - 1, tail, strlen(tail));
    memcpy(made + 8 + length, old + 8 + header, data);
    ck_weft(weft_write_file(path, made, 8 + length + data + bytes));
    free(old);
}

START_TEST(test_foreign_tensors)
{
    save_with("\"bn1.num_batches_tracked\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":", 8);
    bench b = open_bench(network, NULL);
    fill(b.model, 2);
    ck_weft(weft_checkpoint_load(b.model, path, NULL));
    check_holds(b.model, 1, 2);
    close_bench(&b);
}
END_TEST

START_TEST(test_unknown_tensor)
{
    save_with("\"fc9.weight\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":", 8);
    check_load_refused(network, NULL, WEFT_ERR_SHAPE, "network: fc9.weight is not in the network");
}
END_TEST

/* ---- starting layers afresh ---- */

START_TEST(test_partial)
{
    static const char five[] = "input shape=6x6x2\n"
                               "conv2d filters=3 kernel=3 bias=no name=conv1\n"
                               "batchnorm name=bn1\n"
                               "flatten\n"
                               "dense units=7 name=fc1\n";
    save_sample(network, NULL, true);
    check_load_refused(five, NULL, WEFT_ERR_SHAPE, "fc1.weight is 5x48, wants 7x48");
    bench b = open_bench(five, NULL);
    fill(b.model, 2);
    ck_weft(weft_checkpoint_load(b.model, path, &(weft_load_desc){.partial = "fc*"}));
    for (int32_t i = 0; i < weft_model_parameter_count(b.model); i++) {
        const bool afresh = strncmp(weft_model_parameter(b.model, i)->name, "fc1", 3) == 0;
        ck_assert(holds(b.model, i, -1, afresh ? 2 : 1));
    }
    close_bench(&b);
    check_load_refused(network, &(weft_load_desc){.partial = "fc1,fc3"}, WEFT_ERR_USAGE,
                       "pattern \"fc3\": fits no layer");
}
END_TEST

/* ---- metadata ---- */

START_TEST(test_meta_in_file)
{
    weft_meta *read;
    uint64_t number = 0;
    ck_weft(weft_meta_set(meta, "network", network));
    ck_weft(weft_meta_format(meta, "seed", "%llu", 18446744073709551615ULL));
    save_sample(network, NULL, false);
    ck_weft(weft_checkpoint_meta(path, &read));
    ck_assert_str_eq(weft_meta_get(read, "network"), network);
    ck_weft(weft_meta_u64(read, "seed", &number));
    ck_assert_uint_eq(number, UINT64_MAX);
    ck_weft_refused(weft_meta_u64(read, "epoch", &number), WEFT_ERR_FORMAT, path);
    ck_weft_refused(weft_meta_u64(read, "epoch", &number), WEFT_ERR_FORMAT, "\"epoch\" is missing");
    weft_meta_free(read);
    ck_weft_refused(weft_checkpoint_meta(folder, &read), WEFT_ERR_IO, folder);
    ck_assert_ptr_null(read);
}
END_TEST

START_TEST(test_meta_numbers)
{
    static const char *const bad[] = {"", "-1", "+1", " 1", "1.5", "18446744073709551616", "0x1"};
    uint64_t number;
    double real = 0;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_weft(weft_meta_set(meta, "n", bad[i]));
        ck_weft_refused(weft_meta_u64(meta, "n", &number), WEFT_ERR_FORMAT,
                        "\"n\" is not a whole number");
    }
    ck_weft(weft_meta_set(meta, "r", "0x1.8p+1"));
    ck_weft(weft_meta_double(meta, "r", &real));
    ck_assert_double_eq(real, 3.0);
    ck_weft(weft_meta_set(meta, "r", "nan"));
    ck_weft(weft_meta_double(meta, "r", &real));
    ck_assert(isnan(real));
    ck_weft(weft_meta_set(meta, "r", "-inf"));
    ck_weft(weft_meta_double(meta, "r", &real));
    ck_assert(isinf(real) && real < 0);
    ck_weft(weft_meta_set(meta, "r", "one"));
    ck_weft_refused(weft_meta_double(meta, "r", &real), WEFT_ERR_FORMAT, "not a number: \"one\"");
    ck_assert_ptr_null(weft_meta_get(meta, "absent"));
}
END_TEST

/* A name in another encoding must not cost the user a checkpoint. */
START_TEST(test_meta_not_utf8)
{
    ck_weft(weft_meta_set(meta, "name", "caf\xe9 \xc3\xa9\xff"));
    ck_assert_str_eq(weft_meta_get(meta, "name"), "caf? \xc3\xa9?");
    save_sample(network, NULL, false);
}
END_TEST

START_TEST(test_normalize)
{
    static const char *const bad[] = {"",
                                      "{}",
                                      "[]",
                                      "{\"mean\":[],\"std\":[]}",
                                      "{\"mean\":[1],\"std\":[1,2]}",
                                      "{\"mean\":[1],\"std\":[0]}",
                                      "{\"mean\":[1],\"std\":[-1]}",
                                      "{\"mean\":[\"1\"],\"std\":[1]}",
                                      "{\"mean\":[1e300],\"std\":[1]}"};
    weft_normalize norm = {.channels = WEFT_MAX_CHANNELS}, back;
    for (int i = 0; i < WEFT_MAX_CHANNELS; i++) {
        norm.mean[i] = -1.17549435e-38f * (float)(i + 1);
        norm.std[i] = 0.1f * (float)(i + 1);
    }
    ck_weft(weft_meta_set_normalize(meta, &norm));
    ck_weft(weft_meta_get_normalize(meta, &back));
    ck_assert_mem_eq(&norm, &back, sizeof norm);

    norm = (weft_normalize){.channels = 1, .mean = {0.25f}, .std = {0.5f}};
    ck_weft(weft_meta_set_normalize(meta, &norm));
    ck_assert_str_eq(weft_meta_get(meta, "normalize"), "{\"mean\":[0.25],\"std\":[0.5]}");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_weft(weft_meta_set(meta, "normalize", bad[i]));
        ck_weft_refused(weft_meta_get_normalize(meta, &back), WEFT_ERR_FORMAT, "normalize");
    }
}
END_TEST

START_TEST(test_class_names)
{
    static const char *const names[] = {"T-shirt/top", "", "with \"quotes\", comma",
                                        "\xc3\xa9\xff"};
    static const char *const bad[] = {"", "{}", "[1]", "[\"a\"", "\"a\""};
    char **back = (char **)1;
    int32_t count = 9;
    ck_weft(weft_meta_get_names(meta, &back, &count));
    ck_assert(back == NULL && count == 0);
    ck_weft(weft_meta_set_names(meta, names, 4));
    ck_weft(weft_meta_get_names(meta, &back, &count));
    ck_assert_int_eq(count, 4);
    for (int i = 0; i < 3; i++)
        ck_assert_str_eq(back[i], names[i]);
    ck_assert_str_eq(back[3], "\xc3\xa9?");
    weft_names_free(back, count);
    weft_names_free(NULL, 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_weft(weft_meta_set(meta, "classes", bad[i]));
        ck_weft_refused(weft_meta_get_names(meta, &back, &count), WEFT_ERR_FORMAT, "list of names");
        ck_assert(back == NULL && count == 0);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base_checkpoint");
    TCase *c = tcase_create("checkpoint");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, test_round_trip);
    tcase_add_test(c, test_load_without_desc);
    tcase_add_test(c, test_names_in_file);
    tcase_add_test(c, test_frozen_has_no_moments);
    tcase_add_test(c, test_equal_bytes);
    tcase_add_test(c, test_save_fails);
    tcase_add_test(c, test_misfits);
    tcase_add_test(c, test_many_misfits);
    tcase_add_test(c, test_foreign_tensors);
    tcase_add_test(c, test_unknown_tensor);
    tcase_add_test(c, test_partial);
    tcase_add_test(c, test_meta_in_file);
    tcase_add_test(c, test_meta_numbers);
    tcase_add_test(c, test_meta_not_utf8);
    tcase_add_test(c, test_normalize);
    tcase_add_test(c, test_class_names);
    suite_add_tcase(suite, c);
    return weft_suite_run(suite);
}
