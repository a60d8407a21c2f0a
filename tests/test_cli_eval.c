/* weft eval: its figures as people and programs read them. A network that passes pixels on as
 * logits gives every case the outputs it wants. */
#define _XOPEN_SOURCE 700

#include <math.h>

#include "core/utf8.h"
#include "tests/tiny_run.h"

enum { CLASSES_MAX = 100, SAMPLES_MAX = 200, USAGE = 2, BAD = 3, FILES = 6 };

#define EVAL "eval pass.safetensors --data idx:set -d cpu"

/* Two files of a data set: rows of `classes` pixels and their labels. */
static void write_set(const uint8_t *pixels, const uint8_t *labels, int classes, int count)
{
    static uint8_t bytes[16 + SAMPLES_MAX * CLASSES_MAX];
    const size_t size = (size_t)(count * classes);
    scratch_folder("set");
    size_t at = put_u32(bytes, 0x803);
    at += put_u32(bytes + at, (uint32_t)count);
    at += put_u32(bytes + at, 1);
    at += put_u32(bytes + at, (uint32_t)classes);
    memcpy(bytes + at, pixels, size);
    scratch_write("set/t10k-images-idx3-ubyte", bytes, at + size);
    at = put_u32(bytes, 0x801);
    at += put_u32(bytes + at, (uint32_t)count);
    memcpy(bytes + at, labels, (size_t)count);
    scratch_write("set/t10k-labels-idx1-ubyte", bytes, at + (size_t)count);
}

/* Class i has the name format % i; its logit is pixel i times weight, and the other pixels times 0.
 */
static void write_pass(int classes, const char *format, float weight)
{
    static float matrix[CLASSES_MAX * CLASSES_MAX];
    static char file[1 << 17];
    char network[128], name[256], list[1 << 14] = "", names[1 << 15] = "";
    for (int i = 0; i < classes; i++) {
        (void)snprintf(name, sizeof name, format, i);
        (void)snprintf(list + strlen(list), sizeof list - strlen(list), "%s\n", name);
        (void)snprintf(names + strlen(names), sizeof names - strlen(names), "%s\\\"%s\\\"",
                       i > 0 ? "," : "", name);
        for (int k = 0; k < classes; k++)
            matrix[i * classes + k] = i == k ? weight : 0;
    }
    scratch_folder("set");
    scratch_write("set/classes.txt", list, strlen(list));
    (void)snprintf(network, sizeof network,
                   "input shape=1x%dx1\\nflatten\\ndense units=%d bias=no name=fc", classes,
                   classes);
    const size_t bytes = sizeof *matrix * (size_t)(classes * classes);
    const int length =
        snprintf(file + 8, sizeof file - 8,
                 "{\"__metadata__\":{\"network\":\"%s\",\"classes\":\"[%s]\",\"normalize\":"
                 "\"{\\\"mean\\\":[0],\\\"std\\\":[0.003921569]}\"},\"fc.weight\":{\"dtype\":"
                 "\"F32\",\"shape\":[%d,%d],\"data_offsets\":[0,%zu]}}",
                 network, names, classes, classes, bytes);
    for (int i = 0; i < 8; i++)
        file[i] = (char)((uint64_t)length >> 8 * i & 255);
    ck_assert_uint_lt(8 + (size_t)length + bytes, sizeof file);
    memcpy(file + 8 + length, matrix, bytes);
    scratch_write("pass.safetensors", file, 8 + (size_t)length + bytes);
}

/* Four classes: class 2 is never predicted, class 3 has no samples and is predicted once. The worst
 * error is sample 4, then 3, then 6. */
enum { FOUR = 4, EIGHT = 8 };
static const uint8_t four_pixels[EIGHT * FOUR] = {9, 0, 0, 0, 9, 1, 0, 0, 0, 9, 0, 0, 7, 1, 0, 0,
                                                  9, 0, 0, 0, 0, 8, 2, 0, 3, 2, 4, 5, 5, 0, 0, 0};
static const uint8_t four_labels[EIGHT] = {0, 0, 1, 1, 2, 1, 2, 0};

static void four_classes(void)
{
    write_pass(FOUR, "class %d", 1);
    write_set(four_pixels, four_labels, FOUR, EIGHT);
}

static const json_t *at(const json_t *list, size_t index)
{
    const json_t *one = json_array_get(list, index);
    ck_assert_ptr_nonnull(one);
    return one;
}

static const json_t *key(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    ck_assert_msg(value != NULL, "no \"%s\"", name);
    return value;
}

static void ck_text(const json_t *object, const char *name, const char *wanted)
{
    ck_assert_str_eq(json_string_value(key(object, name)), wanted);
}

/* No line is wider than the terminal, and no character is cut in two. */
static void ck_lines(const char *text)
{
    for (int columns = 0; *text; columns++) {
        const size_t bytes = weft_utf8_bytes(text, strlen(text));
        ck_assert_msg(bytes > 0, "not UTF-8: \"%s\"", text);
        ck_assert_msg(columns <= 80, "more than 80 columns before \"%s\"", text);
        if (*text == '\n') columns = -1;
        text += bytes;
    }
}

/* ---- text ---- */

/* As scikit-learn 1.2.2 to 1.9.1 print it. */
START_TEST(the_table_of_scikit_learn)
{
    four_classes();
    ck_fine(EVAL " -q");
    ck_says(program_out, "accuracy 0.6250\n"
                         "\n"
                         "              precision    recall  f1-score   support\n"
                         "\n"
                         "     class 0     0.6000    1.0000    0.7500         3\n"
                         "     class 1     1.0000    0.6667    0.8000         3\n"
                         "     class 2     0.0000    0.0000    0.0000         2\n"
                         "     class 3     0.0000    0.0000    0.0000         0\n"
                         "\n"
                         "    accuracy                         0.6250         8\n"
                         "   macro avg     0.4000    0.4167    0.3875         8\n"
                         "weighted avg     0.6000    0.6250    0.5813         8\n"
                         "\n"
                         "A class without samples or never predicted: what is undefined is 0.\n");
    ck_says(program_out, "most confused\n     1  class 1 taken for class 0\n");
    ck_assert(!says(program_out, "top-") && !says(program_out, "errors"));
    ck_lines(program_out);
}
END_TEST

START_TEST(a_calibration_drawn_in_lines)
{
    static const uint8_t pixels[] = {0, 0, 0, 0, 0, 0, 9, 0};
    static const uint8_t labels[] = {0, 1, 0, 0};
    write_pass(2, "%d", 100);
    write_set(pixels, labels, 2, 4);
    ck_fine(EVAL " -q");
    ck_says(program_out,
            "calibration: expected calibration error 0.1250\n"
            "bin of confidence  samples  accuracy  confidence (|) beside accuracy (=)\n"
            "     0.47 to 0.53        3    0.6667  ==================|=====\n"
            "     0.93 to 1.00        1    1.0000  ===================================|\n");
}
END_TEST

START_TEST(one_class)
{
    write_pass(1, "all", 1);
    write_set((const uint8_t[]){5, 0}, (const uint8_t[]){0, 0}, 1, 2);
    ck_fine(EVAL " --top 1 --errors 3");
    ck_says(program_out, "loss 0.0000   accuracy 1.0000   top-1 accuracy 1.0000\n");
    ck_says(program_out, "         all     1.0000    1.0000    1.0000         2\n");
    ck_says(program_out, "expected calibration error 0.0000\n");
    ck_says(program_out, "errors: 0 of 0\n");
    ck_assert(!says(program_out, "undefined") && !says(program_out, "most confused"));
}
END_TEST

static void hundred_classes(const char *names)
{
    static uint8_t pixels[SAMPLES_MAX * CLASSES_MAX], labels[SAMPLES_MAX];
    for (int i = 0; i < SAMPLES_MAX; i++) {
        labels[i] = (uint8_t)(i % CLASSES_MAX);
        for (int k = 0; k < CLASSES_MAX; k++)
            pixels[i * CLASSES_MAX + k] = (uint8_t)((i * 7 + k) % CLASSES_MAX);
    }
    write_pass(CLASSES_MAX, names, 0.1f);
    write_set(pixels, labels, CLASSES_MAX, SAMPLES_MAX);
}

START_TEST(a_hundred_classes)
{
    hundred_classes("%d");
    ck_fine(EVAL " --errors 20");
    ck_lines(program_out);
    ck_says(program_out, "top-5 accuracy ");
    ck_says(program_out, "\n          99 ");
    ck_says(program_out, "The confusion matrix of 100 classes is too wide to print");
    ck_fine(EVAL " --json");
    json_t *result = program_json();
    ck_assert_uint_eq(json_array_size(key(result, "classes")), CLASSES_MAX);
    ck_assert_uint_eq(json_array_size(at(key(result, "confusion"), 99)), CLASSES_MAX);
    ck_assert(number(key(result, "top"), "k") == 5);
    ck_assert_uint_eq(json_array_size(key(result, "most_confused")), 5);
    json_decref(result);
}
END_TEST

/* Sixty characters, most of them of two bytes. */
#define ACCENTS   "éàüñøßžčö"
#define LONG_NAME ACCENTS ACCENTS ACCENTS ACCENTS ACCENTS ACCENTS "ééééé%d"

START_TEST(names_of_sixty_characters)
{
    char name[256];
    write_pass(FOUR, LONG_NAME, 1);
    write_set(four_pixels, four_labels, FOUR, EIGHT);
    ck_fine(EVAL " --errors 4");
    ck_lines(program_out);
    ck_says(program_out, "\n" ACCENTS ACCENTS ACCENTS ACCENTS "...     0.6000");
    ck_says(program_out, "\n3 " ACCENTS ACCENTS "éàü... 0 0 0 0\n");
    hundred_classes(LONG_NAME);
    ck_fine(EVAL " --errors 4");
    ck_lines(program_out);
    ck_fine(EVAL " --json");
    json_t *result = program_json();
    (void)snprintf(name, sizeof name, LONG_NAME, 99);
    ck_text(at(key(result, "classes"), 99), "name", name);
    json_decref(result);
}
END_TEST

/* ---- the picture ---- */

static bool starts_with(const char *path, const char *bytes, size_t count)
{
    size_t size;
    unsigned char *file = scratch_read(path, &size);
    const bool same = size > 1000 && memcmp(file, bytes, count) == 0;
    free(file);
    return same;
}

START_TEST(a_calibration_as_a_picture)
{
    four_classes();
    ck_fine(EVAL " --reliability both");
    ck_says(program_out, "\nwrote both.svg, both.png\n");
    ck_fine(EVAL " --json --reliability one.svg");
    json_decref(program_json());
    ck_fine(EVAL " --reliability ./set/two.png");
    ck_assert(starts_with("both.svg", "<?xml", 5) && starts_with("both.png", "\x89PNG", 4));
    ck_same_files("both.svg", "one.svg");
    ck_same_files("both.png", "set/two.png");
    ck_assert(!exists("one.png") && !exists("one.svg.png") && !exists("set/two.svg"));
    ck_refused(USAGE, "--reliability a.pdf: pictures end in .svg or .png",
               EVAL " --reliability a.pdf");
    ck_refused(USAGE, "--reliability set/ is a folder", EVAL " --reliability set/");
    ck_refused(FILES, "none/a.svg", EVAL " --reliability none/a");
    write_pass(FOUR, "class %d", NAN);
    ck_assert_int_eq(weft(EVAL " --reliability none"), BAD);
    ck_says(program_err, "no sample has a probability");
    ck_assert_str_eq(program_out, "");
    ck_assert(!exists("none.svg") && !exists("none.png"));
}
END_TEST

/* ---- JSON ---- */

static void check_bins(const json_t *calibration)
{
    double samples = 0;
    const json_t *bins = key(calibration, "bins");
    ck_assert_uint_eq(json_array_size(bins), 15);
    for (size_t i = 0; i < 15; i++) {
        const json_t *bin = at(bins, i);
        samples += number(bin, "count");
        ck_assert(fabs(number(bin, "above") - (double)i / 15) < 1e-8);
        ck_assert(fabs(number(bin, "to") - (double)(i + 1) / 15) < 1e-8);
        ck_assert(json_is_null(key(bin, "accuracy")) == (number(bin, "count") == 0));
        ck_assert(json_is_null(key(bin, "confidence")) == (number(bin, "count") == 0));
    }
    ck_assert(samples == EIGHT);
}

START_TEST(all_of_it_as_json)
{
    four_classes();
    ck_fine(EVAL " --json --top 2 --errors 2");
    json_t *result = program_json();
    ck_assert(number(result, "without_prediction") == 0);
    ck_assert(number(key(result, "top"), "k") == 2);
    ck_assert(number(key(result, "top"), "accuracy") == 0.875); /* but for sample 4 */
    ck_assert(number(key(result, "calibration"), "error") > 0);
    check_bins(key(result, "calibration"));
    ck_assert(json_is_null(key(at(key(result, "classes"), 2), "precision")));
    ck_assert(number(at(key(result, "classes"), 2), "recall") == 0);
    ck_assert(json_is_null(key(at(key(result, "classes"), 3), "recall")));
    const json_t *averages = key(result, "averages");
    ck_assert(fabs(number(key(averages, "macro"), "f1") - 0.3875) < 1e-9);
    ck_assert(fabs(number(key(averages, "weighted"), "recall") - 0.625) < 1e-9);
    const json_t *pairs = key(result, "most_confused");
    ck_assert_uint_eq(json_array_size(pairs), 3);
    ck_text(at(pairs, 1), "label", "class 2");
    ck_text(at(pairs, 1), "predicted", "class 0");
    ck_assert(number(at(pairs, 1), "count") == 1);
    const json_t *errors = key(result, "errors");
    ck_assert_uint_eq(json_array_size(errors), 2);
    ck_assert(number(at(errors, 0), "index") == 4 && number(at(errors, 1), "index") == 3);
    ck_text(at(errors, 0), "label", "class 2");
    ck_text(at(errors, 0), "predicted", "class 0");
    ck_assert(fabs(number(at(errors, 0), "probability") - 1 / (1 + 3 * exp(-9))) < 1e-8);
    ck_assert(fabs(number(at(errors, 0), "loss") - log(exp(9) + 3)) < 1e-6);
    json_decref(result);

    ck_fine(EVAL " --json");
    result = program_json();
    ck_assert(json_is_null(key(result, "top")) && json_is_null(key(result, "errors")));
    json_decref(result);
}
END_TEST

/* ---- errors ---- */

/* The line to paste shows the worst one. */
START_TEST(errors_and_how_to_see_them)
{
    four_classes();
    ck_fine(EVAL " --errors 2");
    ck_says(program_out, "errors: 2 of 3, the largest loss first\n");
    const char *line = strstr(program_out, "weft predict pass.safetensors --data idx:set --index");
    ck_assert_ptr_nonnull(line);
    char command[256];
    (void)snprintf(command, sizeof command, "%s", line + strlen("weft "));
    command[strcspn(command, "\n")] = '\0';
    ck_fine("%s -d cpu", command);
    ck_says(program_out, "idx:set[4]  (labelled class 2)");
    ck_fine(EVAL " --errors 100");
    ck_says(program_out, "errors: 3 of 3, the largest loss first\n");
    ck_says(program_out, "\n       6    ");
}
END_TEST

/* 0 times infinity: samples 0 and 2 have a NaN where their class is not 0. */
START_TEST(outputs_that_are_not_numbers)
{
    static const uint8_t pixels[] = {0, 9, 9, 9, 9, 0};
    static const uint8_t labels[] = {0, 0, 1};
    write_pass(2, "class %d", INFINITY);
    write_set(pixels, labels, 2, 3);
    ck_fine(EVAL " -q --errors 5");
    ck_assert_int_eq(count_of(program_err, '\n'), 1);
    ck_says(program_err, "warning: the outputs of ");
    ck_says(program_out, "loss -   accuracy ");
    ck_lines(program_out);
    ck_fine(EVAL " -q --json --errors 5");
    json_t *result = program_json();
    ck_assert(number(result, "without_prediction") > 0);
    ck_assert(json_is_null(key(result, "loss")));
    const json_t *worst = at(key(result, "errors"), 0);
    ck_assert(json_is_null(key(worst, "predicted")) && json_is_null(key(worst, "loss")));
    ck_assert(json_is_null(key(key(result, "calibration"), "error")));
    json_decref(result);
}
END_TEST

/* ---- refusals ---- */

START_TEST(what_is_refused)
{
    four_classes();
    ck_refused(USAGE, "--top 5: the network of pass.safetensors tells 4", EVAL " --top 5");
    ck_refused(USAGE, "--errors", EVAL " --errors 0");
    ck_refused(USAGE, "weft eval does", "predict pass.safetensors x.png --errors 1");
    ck_refused(BAD, "its network takes 1x4x1", "eval pass.safetensors --data idx:data -d cpu");
    ck_refused(FILES, "none", "eval pass.safetensors --data idx:none -d cpu");
    scratch_write("set/classes.txt", "a\nb\nc\nd\ne\n", 10);
    ck_refused(BAD, "tells 4 classes apart, but idx:set has 5", EVAL);
    scratch_write("set/t10k-labels-idx1-ubyte", "\0\0\010\001\0\0", 6);
    ck_refused(BAD, "set/t10k-labels-idx1-ubyte", EVAL);
}
END_TEST

START_TEST(runs_without_a_checkpoint)
{
    scratch_folder("empty");
    ck_refused(FILES, "is it the folder of a run?", "eval empty --data idx:data -d cpu");
    scratch_write("empty/config.json", "{}", 2);
    ck_refused(BAD,
               "empty has no finished epoch yet: empty/checkpoints/last.safetensors is missing",
               "eval empty --data idx:data -d cpu");
    ck_refused(BAD, "with validation", "eval empty --data idx:data -d cpu --checkpoint best");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_eval");
    TCase *tests = tcase_create("cli_eval");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, tiny_open, program_close);
    tcase_add_test(tests, the_table_of_scikit_learn);
    tcase_add_test(tests, a_calibration_drawn_in_lines);
    tcase_add_test(tests, one_class);
    tcase_add_test(tests, a_hundred_classes);
    tcase_add_test(tests, names_of_sixty_characters);
    tcase_add_test(tests, a_calibration_as_a_picture);
    tcase_add_test(tests, all_of_it_as_json);
    tcase_add_test(tests, errors_and_how_to_see_them);
    tcase_add_test(tests, outputs_that_are_not_numbers);
    tcase_add_test(tests, what_is_refused);
    tcase_add_test(tests, runs_without_a_checkpoint);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
