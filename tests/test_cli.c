/* The program's command line: help, refusals, devices. */
#define _XOPEN_SOURCE 700

#include "tests/program.h"

static const char *const commands[] = {"devices", "train",  "eval",     "predict", "init",
                                       "layers",  "models", "datasets", "diff"};
enum { COMMANDS = sizeof commands / sizeof *commands };

/* ---- help ---- */

START_TEST(alone_it_prints_four_lines_to_paste)
{
    static const char *const wanted[] = {"weft train ", "weft eval ", "weft predict ",
                                         "weft devices"};
    ck_fine("%s", "");
    ck_assert_int_eq(count_of(program_out, '\n'), 4);
    const char *line = program_out;
    for (int i = 0; i < 4; i++) {
        ck_assert_msg(strncmp(line, wanted[i], strlen(wanted[i])) == 0, "line %d: %s", i, line);
        line = strchr(line, '\n') + 1;
    }
    ck_says(program_out, "fashion-mnist");
    ck_says(program_out, "seed-cnn");
}
END_TEST

static void check_width(const char *text)
{
    while (*text) {
        const size_t length = strcspn(text, "\n");
        ck_assert_msg(length <= 80, "%d columns: %.*s", (int)length, (int)length, text);
        text += length + (text[length] == '\n');
    }
}

START_TEST(help_of_a_command)
{
    static char first[PROGRAM_TEXT];
    char usage[64];
    const char *const name = commands[_i];
    ck_fine("%s --help", name);
    memcpy(first, program_out, sizeof first);
    (void)snprintf(usage, sizeof usage, "usage: weft %s", name);
    ck_says(first, usage);
    ck_says(first, "Examples:");
    ck_says(first, "--help");
    ck_says(first, "Exit codes:");
    check_width(first);
    ck_fine("%s -h", name);
    ck_assert_str_eq(program_out, first);
    ck_fine("help %s", name);
    ck_assert_str_eq(program_out, first);
}
END_TEST

START_TEST(help_of_all)
{
    ck_fine("help");
    for (int i = 0; i < COMMANDS; i++)
        ck_says(program_out, commands[i]);
    check_width(program_out);
    ck_fine("--help");
    ck_fine("--version");
    ck_assert_int_eq(strncmp(program_out, "weft ", 5), 0);
    ck_refused(2, "did you mean train?", "help trian");
}
END_TEST

/* ---- options ---- */

START_TEST(names_are_suggested)
{
    ck_refused(2, "did you mean train?", "trian seed-cnn");
    ck_refused(2, "did you mean --batch-size?", "train --batchsize 3");
    ck_refused(2, "did you mean --epochs?", "train seed-cnn --epoch=3");
    ck_refused(2, "weft predict does", "train --index 3");
    ck_refused(2, "unknown option -z", "eval -z");
    ck_refused(2, "did you mean seed-cnn?", "models seed-cn");
    ck_refused(2, "did you mean conv2d?", "layers conv2");
    ck_refused(2, "did you mean fashion-mnist?", "train mlp --data fashion-mnits");
}
END_TEST

START_TEST(values_are_checked)
{
    ck_refused(2, "--epochs needs a value", "train seed-cnn --epochs");
    ck_refused(2, "--epochs needs a value", "train --epochs --lr 3");
    ck_refused(2, "1 to 1000000", "train seed-cnn --epochs 0");
    ck_refused(2, "1 to 1000000", "train seed-cnn --epochs=99999999999999999999");
    ck_refused(2, "whole number", "train seed-cnn -e 3.5");
    ck_refused(2, "whole number", "train seed-cnn -e3x");
    ck_refused(2, "0 to 0.9999", "train seed-cnn --momentum 1");
    ck_refused(2, "takes a number", "train seed-cnn --lr 1e");
    ck_refused(2, "takes a number", "train seed-cnn --lr nan");
    ck_refused(2, "adam|adamw|sgd", "train seed-cnn --optimizer rmsprop");
    ck_refused(2, "takes no value", "train seed-cnn --json=yes");
    ck_refused(2, "--betas", "train seed-cnn --data idx:x --betas 0.9");
    ck_refused(2, "--betas", "train seed-cnn --data idx:x --betas 0.9,1");
    ck_refused(2, "augment", "train seed-cnn --data idx:x --augment spin");
    ck_refused(2, "--data", "train seed-cnn --data=");
}
END_TEST

START_TEST(words_are_counted)
{
    ck_refused(2, "which network?", "train --data fashion-mnist");
    ck_refused(2, "--data", "train seed-cnn");
    ck_refused(2, "one word too many", "train seed-cnn mlp");
    ck_refused(2, "something is missing", "eval --data fashion-mnist");
    ck_refused(2, "something is missing", "predict");
    ck_refused(2, "-o FILE", "init seed-cnn");
    ck_refused(2, "no network --epochs", "train --data idx:x -- --epochs");
}
END_TEST

START_TEST(files_that_are_not_there)
{
    ck_refused(6, "nope.net", "train ./nope.net --data fashion-mnist");
    ck_refused(2, "no network nope", "train nope --data fashion-mnist");
    ck_refused(6, "nope", "train seed-cnn --data idx:nope");
    ck_refused(6, "nope", "eval nope --data fashion-mnist");
    ck_refused(6, "nope", "predict nope x.png");
    ck_refused(6, "nope", "train --resume nope");
    ck_refused(6, "nope.json", "train --config nope.json");
    scratch_write("bad.json", "{\"lr\": \"fast\"}", 14);
    ck_refused(3, "lr", "train --config bad.json");
    scratch_write("list.json", "[]", 2);
    ck_refused(3, "list.json", "train --config list.json");
    scratch_write("torn.json", "{", 1);
    ck_refused(3, "torn.json", "train --config torn.json");
}
END_TEST

START_TEST(lost_output_is_an_error)
{
    char line[PROGRAM_LINE];
    (void)snprintf(line, sizeof line, "%s layers", WEFT_PROGRAM);
    ck_assert_int_eq(program_wait(program_start_line(line, "/dev/full")), 6);
    program_read("stderr.txt", program_err);
    ck_says(program_err, "weft: standard output");
}
END_TEST

/* ---- lists ---- */

START_TEST(lists_of_what_there_is)
{
    ck_fine("models");
    ck_says(program_out, "seed-cnn");
    ck_says(program_out, "resnet8");
    ck_fine("models mlp");
    ck_says(program_out, "input   shape=28x28x1");
    ck_fine("layers");
    check_width(program_out);
    ck_says(program_out, "conv2d");
    ck_fine("layers conv2d");
    ck_says(program_out, "kernel=");
    ck_says(program_out, "1 to 255");
    ck_fine("datasets");
    ck_says(program_out, "fashion-mnist");
    ck_says(program_out, "idx:DIR");
    ck_refused(6, "nope", "datasets idx:nope");
}
END_TEST

/* A file in the folder wins over the network of that name in the program. */
START_TEST(files_win_over_names)
{
    static const char text[] = "input shape=4\ndense units=2\n";
    scratch_write("mlp.net", text, sizeof text - 1);
    ck_fine("models mlp");
    ck_assert_str_eq(program_out, text);
    ck_fine("models ./mlp.net");
    ck_assert_str_eq(program_out, text);
    ck_assert_int_eq(unlink("mlp.net"), 0);
    ck_refused(6, "./mlp.net", "models ./mlp.net");
}
END_TEST

/* ---- devices ---- */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    ck_assert_msg(text != NULL, "no text \"%s\"", key);
    return text;
}

START_TEST(devices_as_json)
{
    ck_fine("devices --json");
    json_t *list = program_json();
    int selected = 0;
    ck_assert(json_is_array(list) && json_array_size(list) > 0);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *device = json_array_get(list, i);
        const char *type = text_of(device, "type");
        ck_assert(says("cpu gpu accelerator", type));
        ck_assert(*text_of(device, "id") && *text_of(device, "reason"));
        (void)text_of(device, "backend"), (void)text_of(device, "name");
        (void)text_of(device, "platform"), (void)text_of(device, "driver");
        ck_assert(json_is_integer(json_object_get(device, "compute_units")));
        ck_assert(json_integer_value(json_object_get(device, "memory_bytes")) > 0);
        selected += json_is_true(json_object_get(device, "selected"));
        for (size_t k = 0; k < i; k++)
            ck_assert_str_ne(text_of(json_array_get(list, k), "id"), text_of(device, "id"));
    }
    ck_assert_int_eq(selected, 1);
    const json_t *last = json_array_get(list, json_array_size(list) - 1);
    ck_assert_str_eq(text_of(last, "id"), "cpu");
    json_decref(list);
}
END_TEST

/* Point OpenCL at a folder of ICD files, and the help for GPUs at a tree of its own. */
static void use_tree(void)
{
    scratch_folder("icd");
    setenv("OCL_ICD_VENDORS", scratch_path("icd"), 1);
    setenv("WEFT_SYSFS", scratch_path("sys"), 1);
    setenv("WEFT_DEV", scratch_path("dev"), 1);
}

static char *old_vendors;

static void tree_setup(void)
{
    const char *vendors = getenv("OCL_ICD_VENDORS");
    program_open();
    old_vendors = vendors ? strdup(vendors) : NULL;
    use_tree();
}

static void tree_teardown(void)
{
    unsetenv("OCL_ICD_VENDORS");
    if (old_vendors) setenv("OCL_ICD_VENDORS", old_vendors, 1);
    free(old_vendors);
    unsetenv("WEFT_SYSFS");
    unsetenv("WEFT_DEV");
    program_close();
}

static void add_card(const char *card, const char *vendor, const char *driver, const char *node)
{
    char path[256], text[64];
    static const char *const folders[] = {"sys", "sys/class", "sys/class/drm", "dev", "dev/dri"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        scratch_folder(folders[i]);
    (void)snprintf(path, sizeof path, "sys/class/drm/%s", card);
    scratch_folder(path);
    (void)snprintf(path, sizeof path, "sys/class/drm/%s/device", card);
    scratch_folder(path);
    if (vendor) {
        (void)snprintf(path, sizeof path, "sys/class/drm/%s/device/vendor", card);
        scratch_write(path, vendor, strlen(vendor));
    }
    (void)snprintf(path, sizeof path, "sys/class/drm/%s/device/driver", card);
    (void)snprintf(text, sizeof text, "../../../../bus/drivers/%s", driver);
    if (*driver) ck_assert_int_eq(symlink(text, path), 0);
    if (!node) return;
    (void)snprintf(path, sizeof path, "sys/class/drm/%s/device/drm", card);
    scratch_folder(path);
    (void)snprintf(path, sizeof path, "sys/class/drm/%s/device/drm/%s", card, node);
    scratch_folder(path);
}

/* The line of a card in what the last run printed. */
static const char *line_of(const char *text, const char *card)
{
    static char line[1024];
    const char *at = strstr(text, card);
    ck_assert_msg(at != NULL, "nothing of %s in \"%s\"", card, text);
    while (at > text && at[-1] != '\n')
        at--;
    (void)snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
    return line;
}

/* PoCL ends the process when its cache has no name. */
START_TEST(a_variable_without_a_value_is_not_set)
{
    char before[1024];
    const char *cache = getenv("POCL_CACHE_DIR");
    (void)snprintf(before, sizeof before, "%s", cache ? cache : "");
    ck_assert_int_eq(setenv("POCL_CACHE_DIR", "", 1), 0);
    ck_fine("devices");
    ck_assert_int_eq(cache ? setenv("POCL_CACHE_DIR", before, 1) : unsetenv("POCL_CACHE_DIR"), 0);
}
END_TEST

START_TEST(without_any_driver)
{
    ck_fine("devices --json");
    json_t *list = program_json();
    ck_assert_uint_eq(json_array_size(list), 1);
    ck_assert_str_eq(text_of(json_array_get(list, 0), "id"), "cpu");
    ck_assert(json_is_true(json_object_get(json_array_get(list, 0), "selected")));
    json_decref(list);
    ck_fine("devices");
    ck_says(program_out, "auto takes cpu");
    ck_assert(!says(program_out, "cure"));
}
END_TEST

START_TEST(gpus_without_a_driver)
{
    add_card("card0", "0x1002\n", "amdgpu", NULL);
    add_card("card0-HDMI-A-1", "0x1002\n", "amdgpu", NULL);
    add_card("card1", "0x8086\n", "i915", NULL);
    add_card("card2", "0x10de\n", "nvidia", NULL);
    add_card("card3", NULL, "panfrost", NULL);
    add_card("card4", "0x1a03\n", "ast", NULL);
    add_card("card5", "0x1002\n", "", NULL);
    ck_fine("devices");
    ck_says(line_of(program_out, "card0,"), "apt install mesa-opencl-icd");
    ck_says(line_of(program_out, "card0,"), "RUSTICL_ENABLE=radeonsi");
    ck_says(line_of(program_out, "card1,"), "apt install intel-opencl-icd");
    ck_says(line_of(program_out, "card2,"), "apt install nvidia-opencl-icd");
    ck_says(line_of(program_out, "card3,"), "RUSTICL_ENABLE=panfrost");
    ck_says(line_of(program_out, "card5,"), "no kernel driver");
    ck_assert(!says(program_out, "card4") && !says(program_out, "HDMI"));

    ck_fine("devices --json");
    ck_assert(!says(program_out, "card0"));
    ck_says(line_of(program_err, "card0,"), "AMD GPU");
    json_decref(program_json());
}
END_TEST

START_TEST(gpus_with_an_idle_driver)
{
    add_card("card0", "0x1002\n", "amdgpu", "renderD128");
    add_card("card1", "0x8086\n", "i915", "renderD129");
    scratch_write("icd/rusticl.icd", "none\n", 5);
    scratch_write("icd/intel.icd", "none\n", 5);
    scratch_write("dev/dri/renderD128", "", 0);
    ck_fine("devices");
    ck_says(line_of(program_out, "card0,"), "RUSTICL_ENABLE=radeonsi weft devices");
    ck_assert(!says(line_of(program_out, "card0,"), "apt install"));
    ck_says(line_of(program_out, "card1,"), "renderD129 is missing");

    setenv("RUSTICL_ENABLE", "radeonsi", 1);
    ck_fine("devices");
    unsetenv("RUSTICL_ENABLE");
    ck_says(line_of(program_out, "card0,"), "offers no device");
    scratch_write("dev/dri/renderD129", "", 0);
    ck_fine("devices");
    ck_says(line_of(program_out, "card1,"), "offers no device");
}
END_TEST

/* Root may open everything, so root becomes nobody for this one; where that does not work, or where
 * nobody may not run the program, the test says nothing. */
START_TEST(gpus_without_permission)
{
    char line[PROGRAM_LINE];
    const bool root = geteuid() == 0;
    add_card("card0", "0x1002\n", "amdgpu", "renderD128");
    scratch_write("icd/rusticl.icd", "none\n", 5);
    scratch_write("dev/dri/renderD128", "", 0);
    ck_assert_int_eq(chmod("dev/dri/renderD128", root ? 0600 : 0), 0);
    if (root && access("/usr/bin/setpriv", X_OK) != 0) return;
    (void)snprintf(line, sizeof line, "%s%s devices",
                   root ? "/usr/bin/setpriv --reuid=65534 --clear-groups " : "", WEFT_PROGRAM);
    if (program_wait(program_start_line(line, "stdout.txt")) != 0) return;
    program_read("stdout.txt", program_out);
    ck_says(line_of(program_out, "card0,"), "usermod -aG render $USER");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli");
    TCase *lines = tcase_create("lines"), *trees = tcase_create("trees");
    tcase_set_timeout(lines, 120);
    tcase_set_timeout(trees, 120);
    tcase_add_checked_fixture(lines, program_open, program_close);
    tcase_add_checked_fixture(trees, tree_setup, tree_teardown);
    tcase_add_test(lines, alone_it_prints_four_lines_to_paste);
    tcase_add_loop_test(lines, help_of_a_command, 0, COMMANDS);
    tcase_add_test(lines, help_of_all);
    tcase_add_test(lines, names_are_suggested);
    tcase_add_test(lines, values_are_checked);
    tcase_add_test(lines, words_are_counted);
    tcase_add_test(lines, files_that_are_not_there);
    tcase_add_test(lines, lost_output_is_an_error);
    tcase_add_test(lines, lists_of_what_there_is);
    tcase_add_test(lines, files_win_over_names);
    tcase_add_test(lines, devices_as_json);
    tcase_add_test(lines, a_variable_without_a_value_is_not_set);
    tcase_add_test(trees, without_any_driver);
    tcase_add_test(trees, gpus_without_a_driver);
    tcase_add_test(trees, gpus_with_an_idle_driver);
    tcase_add_test(trees, gpus_without_permission);
    suite_add_tcase(suite, lines);
    suite_add_tcase(suite, trees);
    return weft_suite_run(suite);
}
