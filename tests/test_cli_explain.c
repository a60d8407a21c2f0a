/* weft explain: figures, numbers, and what it refuses. */
#define _XOPEN_SOURCE 700

#include <math.h>

#include "tests/tiny_run.h"

#define TRAIN_TINY "train " TINY " --epochs 3 --quiet --out run"
#define SAMPLE     "--data idx:data --index 1 -d cpu"

static const json_t *member(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    ck_assert_msg(value != NULL, "no \"%s\"", key);
    return value;
}

/* A list of `rows` lists of `columns` numbers; the largest of them. */
static double ck_matrix(const json_t *list, size_t rows, size_t columns)
{
    double most = -INFINITY;
    ck_assert_uint_eq(json_array_size(list), rows);
    for (size_t y = 0; y < rows; y++) {
        const json_t *row = json_array_get(list, y);
        ck_assert_uint_eq(json_array_size(row), columns);
        for (size_t x = 0; x < columns; x++) {
            ck_assert(json_is_number(json_array_get(row, x)));
            most = fmax(most, json_number_value(json_array_get(row, x)));
        }
    }
    return most;
}

static void ck_picture(const char *path, const char *start)
{
    size_t count = 0;
    unsigned char *bytes = scratch_read(path, &count);
    ck_assert_uint_gt(count, 1000);
    ck_assert_int_eq(memcmp(bytes, start, strlen(start)), 0);
    free(bytes);
}

static void ck_svg(const char *path)
{
    ck_picture(path, "<?xml");
}

static void ck_png(const char *path)
{
    ck_picture(path, "\x89PNG");
}

START_TEST(figures_of_a_sample)
{
    ck_fine(TRAIN_TINY);
    ck_fine("explain run " SAMPLE);
    ck_says(program_out, "(labelled middle)");
    ck_says(program_out, "explained: ");
    ck_says(program_out, "relu1, 6 x 5 x 4");
    ck_says(program_out, "wrote run/explain-idx-data-1.svg, run/explain-idx-data-1.png\n");
    ck_svg("run/explain-idx-data-1.svg");
    ck_png("run/explain-idx-data-1.png");

    ck_fine("explain run " SAMPLE " --layer conv1 --class top");
    ck_says(program_out, "explained: top, ");
    ck_says(program_out, "conv1, 6 x 5 x 4");
    ck_svg("run/explain-idx-data-1-top-conv1.svg");
    ck_png("run/explain-idx-data-1-top-conv1.png");

    ck_fine("explain run " SAMPLE " -o one.svg");
    ck_svg("one.svg");
    ck_assert(!exists("one.svg.png") && !exists("one.png"));
    ck_fine("explain run " SAMPLE " -o two.png");
    ck_png("two.png");
    ck_assert(!exists("two.png.svg") && !exists("two.svg"));
}
END_TEST

/* A picture file beside the weights alone: the figure lands where the user is. */
START_TEST(figures_of_a_file)
{
    ck_fine(TRAIN_TINY);
    ck_fine("predict run " SAMPLE " --save-input shot.x.png");
    ck_fine("explain run/checkpoints/last.safetensors shot.x.png --invert no -d cpu");
    ck_says(program_out, "shot.x.png\n");
    ck_says(program_out, "wrote explain-shot.x.svg, explain-shot.x.png\n");
    ck_svg("explain-shot.x.svg");
    ck_png("explain-shot.x.png");
    ck_assert_ptr_null(strstr(program_err, "taken as"));
}
END_TEST

START_TEST(a_picture_of_another_size_is_fitted_and_told)
{
    static const char note[] = "explain-filters-conv1.png: taken as 5 x 6 pixels in grey, from the "
                               "middle of ";
    ck_fine(TRAIN_TINY);
    ck_fine("explain run --filters -d cpu");
    ck_fine("explain run run/explain-filters-conv1.png -o a.svg -d cpu");
    ck_says(program_err, note);
    ck_says(program_err, " in colour\n");
    ck_fine("predict run run/explain-filters-conv1.png -d cpu");
    ck_says(program_err, note);
    ck_fine("predict run run/explain-filters-conv1.png -d cpu -q");
    ck_assert_str_eq(program_err, "");
}
END_TEST

START_TEST(numbers)
{
    ck_fine(TRAIN_TINY);
    ck_fine("explain run " SAMPLE " --json");
    json_t *json = program_json();
    const json_t *explained = member(json, "explained");
    const json_t *first = json_array_get(member(json, "classes"), 0);
    ck_assert_str_eq(json_string_value(member(explained, "name")),
                     json_string_value(member(first, "name")));
    ck_assert(fabs(number(explained, "probability") - number(first, "probability")) < 1e-9);
    ck_assert_str_eq(json_string_value(member(json, "label")), "middle");
    ck_assert_str_eq(json_string_value(member(member(json, "layer"), "name")), "relu1");
    ck_assert_uint_eq(json_array_size(member(json, "outputs")), CLASSES);
    ck_assert_double_gt(ck_matrix(member(json, "gradcam"), HIGH, WIDE), 0);
    ck_assert_double_gt(ck_matrix(member(json, "saliency"), HIGH, WIDE), 0);
    ck_assert_ptr_null(json_object_get(json, "features"));
    ck_assert_uint_eq(json_array_size(member(json, "pictures")), 0);
    ck_assert(!exists("run/explain-idx-data-1.svg"));
    json_decref(json);

    ck_fine("explain run " SAMPLE " --json --layer conv1 --class 2 --top 1 -o out");
    json = program_json();
    ck_assert_uint_eq(json_array_size(member(json, "classes")), 1);
    ck_assert(number(member(json, "explained"), "index") == 2);
    ck_assert_uint_eq(json_array_size(member(json, "features")), 4);
    for (size_t k = 0; k < 4; k++)
        ck_matrix(json_array_get(member(json, "features"), k), HIGH, WIDE);
    ck_assert_uint_eq(json_array_size(member(json, "pictures")), 2);
    ck_svg("out.svg");
    ck_png("out.png");
    json_decref(json);
}
END_TEST

START_TEST(filters)
{
    ck_fine(TRAIN_TINY);
    ck_fine("explain run --filters -d cpu");
    ck_says(program_out, "wrote run/explain-filters-conv1.svg, run/explain-filters-conv1.png\n");
    ck_svg("run/explain-filters-conv1.svg");
    ck_png("run/explain-filters-conv1.png");
    ck_fine("explain run --filters --json -d cpu");
    json_t *json = program_json();
    const json_t *list = member(json, "filters");
    ck_assert_uint_eq(json_array_size(list), 4);
    ck_assert_uint_eq(json_array_size(json_array_get(list, 3)), 1);
    ck_assert_double_gt(ck_matrix(json_array_get(json_array_get(list, 3), 0), 3, 3), -1);
    json_decref(json);
    ck_refused(2, "no convolution 'fc1'; those of the network: conv1",
               "explain run --filters --layer fc1 -d cpu");
    ck_refused(2, "takes no picture", "explain run --filters x.png -d cpu");
}
END_TEST

/* Without a convolution there is a saliency, and no Grad-CAM. */
START_TEST(a_network_without_convolution)
{
    static const char flat[] = "input shape=6x5x1\nflatten\ndense units=3 name=fc1\n";
    scratch_write("flat.net", flat, sizeof flat - 1);
    ck_fine("init flat.net -o flat.safetensors");
    ck_fine("explain flat.safetensors " SAMPLE);
    ck_says(program_out, "no Grad-CAM");
    ck_svg("explain-idx-data-1.svg");
    ck_fine("explain flat.safetensors " SAMPLE " --json");
    json_t *json = program_json();
    ck_assert(json_is_null(member(json, "gradcam")) && json_is_null(member(json, "layer")));
    ck_assert_double_gt(ck_matrix(member(json, "saliency"), HIGH, WIDE), 0);
    json_decref(json);
    ck_refused(2, "no map of layer 'fc1'; layers with height and width: input1",
               "explain flat.safetensors " SAMPLE " --layer fc1");
    ck_refused(2, "has no convolution", "explain flat.safetensors --filters -d cpu");
}
END_TEST

/* All weights zero: nothing in the picture moves any output, and that is said of both maps. */
START_TEST(a_network_that_looks_at_nothing)
{
    size_t count;
    ck_fine(TRAIN_TINY);
    ck_fine("explain run " SAMPLE);
    ck_assert_ptr_null(strstr(program_out, "nothing"));
    ck_fine("init tiny.net -o zero.safetensors");
    unsigned char *bytes = scratch_read("zero.safetensors", &count);
    const size_t data = 8 + bytes[0] + (size_t)(bytes[1] << 8) + (size_t)(bytes[2] << 16);
    ck_assert_uint_lt(data, count);
    memset(bytes + data, 0, count - data);
    scratch_write("zero.safetensors", bytes, count);
    free(bytes);
    ck_fine("explain zero.safetensors " SAMPLE);
    ck_says(program_out, "; nothing there speaks for the class\n");
    ck_says(program_out, "saliency   nothing above 0: no pixel moves the output\n");
}
END_TEST

START_TEST(bad_wishes)
{
    ck_fine(TRAIN_TINY);
    ck_refused(2, "no layer 'conv9'; layers with height and width: input1, conv1, relu1",
               "explain run " SAMPLE " --layer conv9");
    ck_refused(2, "no map of layer 'fc1'", "explain run " SAMPLE " --layer fc1");
    ck_refused(2, "--class midle: there is no such class (did you mean 'middle'?)",
               "explain run " SAMPLE " --class midle");
    ck_refused(2, "0 to 2", "explain run " SAMPLE " --class 3");
    ck_refused(2, "0 to 2", "explain run " SAMPLE " --class -1");
    ck_refused(2, "one picture is explained", "explain run -d cpu");
    ck_refused(2, "one picture is explained", "explain run x.png " SAMPLE);
    ck_refused(2, "--data", "explain run --index 1");
    ck_refused(2, "0 to 44", "explain run --data idx:data --index 45 -d cpu");
    ck_refused(6, "none.png", "explain run none.png -d cpu");
    ck_refused(3, "neither PNG nor JPEG", "explain run tiny.net -d cpu");
    ck_refused(6, "nowhere/x.svg", "explain run " SAMPLE " -o nowhere/x.svg");
}
END_TEST

/* Said before anything is read, so a run that is not there changes nothing. */
START_TEST(names_that_no_picture_may_have)
{
    static const char *const what[] = {SAMPLE, SAMPLE " --json", "--filters -d cpu"};
    char line[256];
    ck_refused(2, "-o x.jpg: pictures end in .svg or .png; a name without an ending gives both",
               "explain nobody " SAMPLE " -o x.jpg");
    ck_fine(TRAIN_TINY);
    for (size_t i = 0; i < sizeof what / sizeof *what; i++) {
        (void)snprintf(line, sizeof line, "explain run %s -o x.jpg", what[i]);
        ck_refused(2, "-o x.jpg: pictures end in .svg or .png", line);
    }
    ck_refused(2, "-o run is a folder", "explain run " SAMPLE " -o run");
    ck_assert(!exists("x.jpg") && !exists("x.jpg.svg") && !exists("x.jpg.png"));
}
END_TEST

START_TEST(bad_runs)
{
    scratch_folder("empty");
    ck_refused(6, "has no checkpoint", "explain empty " SAMPLE);
    ck_refused(6, "nobody", "explain nobody " SAMPLE);
    scratch_write("empty/config.json", "{}", 2);
    ck_refused(3, "empty has no finished epoch yet", "explain empty " SAMPLE);
    ck_refused(3, "empty has no finished epoch yet", "predict empty tiny.net -d cpu");
    ck_refused(3, "empty has no finished epoch yet", "report empty -d cpu");
    ck_refused(3, "tiny.net", "explain tiny.net " SAMPLE);

    static const char row[] = "input shape=30\ndense units=3\n";
    scratch_write("row.net", row, sizeof row - 1);
    ck_fine("init row.net -o row.safetensors");
    ck_refused(3, "not a picture", "explain row.safetensors " SAMPLE);

    static const char wide[] = "input shape=8x8x3\nflatten\ndense units=3\n";
    scratch_write("wide.net", wide, sizeof wide - 1);
    ck_fine("init wide.net -o wide.safetensors");
    ck_refused(3, "takes 8x8x3, but idx:data has 6x5x1", "explain wide.safetensors " SAMPLE);
}
END_TEST

/* A map of nothing but NaN is no result. */
START_TEST(a_network_without_finite_outputs)
{
    size_t count;
    static const unsigned char not_a_number[] = {0, 0, 0xc0, 0x7f};
    ck_fine("init tiny.net -o start.safetensors");
    unsigned char *bytes = scratch_read("start.safetensors", &count);
    memcpy(bytes + count - sizeof not_a_number, not_a_number, sizeof not_a_number);
    scratch_write("start.safetensors", bytes, count);
    free(bytes);
    ck_refused(3, "start.safetensors: its network gives no finite number for idx:data[1]",
               "explain start.safetensors " SAMPLE);
    ck_assert(!exists("explain-idx-data-1.svg"));
}
END_TEST

/* Root may write anywhere, so what stands in the way is a folder of the file's name. */
START_TEST(a_place_that_cannot_be_written)
{
    ck_fine(TRAIN_TINY);
    scratch_folder("run/explain-idx-data-1.svg");
    ck_refused(6, "run/explain-idx-data-1.svg", "explain run " SAMPLE);
    ck_assert(!exists("run/explain-idx-data-1.png"));
    if (geteuid() == 0) return;
    ck_assert_int_eq(chmod("run", 0555), 0);
    ck_refused(6, "run/explain-idx-data-2.svg", "explain run --data idx:data --index 2 -d cpu");
    ck_assert_int_eq(chmod("run", 0755), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_explain");
    TCase *tests = tcase_create("explain");
    tcase_set_timeout(tests, 300);
    tcase_add_checked_fixture(tests, tiny_open, program_close);
    tcase_add_test(tests, figures_of_a_sample);
    tcase_add_test(tests, figures_of_a_file);
    tcase_add_test(tests, a_picture_of_another_size_is_fitted_and_told);
    tcase_add_test(tests, numbers);
    tcase_add_test(tests, filters);
    tcase_add_test(tests, a_network_without_convolution);
    tcase_add_test(tests, a_network_that_looks_at_nothing);
    tcase_add_test(tests, bad_wishes);
    tcase_add_test(tests, names_that_no_picture_may_have);
    tcase_add_test(tests, bad_runs);
    tcase_add_test(tests, a_network_without_finite_outputs);
    tcase_add_test(tests, a_place_that_cannot_be_written);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
