/* weft compare on the CPU backend: tables, JSON and pictures, runs that are there, refusals. What
 * needs a driver is in test_compare_slow.c. */
#define _XOPEN_SOURCE 700

#include <math.h>

#include "tests/children.h"
#include "tests/tiny_run.h"

enum { USAGE = 2, BAD = 3, DEVICE = 4, FILES = 6, CHECK = 8 };

#define SHORT   "--data idx:data --batch-size 8 --epochs 2 -q "
#define COMPARE "compare tiny.net " SHORT
#define CPUS    "cpu,cpu,cpu,cpu,cpu,cpu,cpu,cpu,cpu,cpu,cpu"

static const json_t *device_at(const json_t *all, size_t index)
{
    return json_array_get(json_object_get(all, "devices"), index);
}

static const char *text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    ck_assert_msg(value != NULL, "no text \"%s\"", key);
    return value;
}

static void ck_pictures(const char *folder)
{
    static const char *const names[] = {"compare.json", "compare.svg", "compare.png"};
    char path[256];
    struct stat info;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        ck_assert_msg(stat(path, &info) == 0 && info.st_size > 100, "no %s", path);
    }
}

static void write_text(const char *name, const char *contents)
{
    (void)scratch_write(name, contents, strlen(contents));
}

/* ---- trainings ---- */

/* The same device twice computes the same. */
START_TEST(one_device_twice)
{
    ck_fine(COMPARE "--devices cpu,cpu --out twice");
    ck_assert_str_eq(program_err, "");
    ck_says(program_out, "cpu       CPU backend: ");
    ck_says(program_out, "(reference)");
    ck_says(program_out, "cpu#2");
    ck_says(program_out, "same");
    ck_says(program_out, "written      twice\n");
    ck_pictures("twice");
    ck_same_files("twice/cpu/metrics.csv", "twice/cpu/metrics.csv");
    ck_same_files("twice/cpu/checkpoints/last.safetensors",
                  "twice/cpu-2/checkpoints/last.safetensors");
    ck_assert_msg(!exists("twice/seed-1"), "nothing was in doubt, but seeds were trained");
    ck_refused(USAGE, "--overwrite", COMPARE "--devices cpu,cpu --out twice");
}
END_TEST

/* The training is the one that `weft train` makes of the same options. */
START_TEST(options_are_passed_on)
{
    static const char options[] = "--seed 7 --lr 0.01 --schedule constant --optimizer sgd "
                                  "--val-count 20 --limit 100 --no-test --augment none --nesterov";
    ck_fine(COMPARE "%s --devices cpu --out passed", options);
    ck_fine("train tiny.net " SHORT "%s --device cpu --out plain", options);
    ck_same_files("passed/cpu/checkpoints/last.safetensors", "plain/checkpoints/last.safetensors");
    ck_same_files("passed/cpu/config.json", "plain/config.json");
}
END_TEST

START_TEST(what_the_json_says)
{
    ck_fine(COMPARE "--devices cpu,cpu --out twice --overwrite --json");
    json_t *all = program_json(), *file = load_json("twice/compare.json");
    ck_assert(json_equal(all, file));
    ck_assert_str_eq(text(all, "reference"), "cpu");
    ck_assert_str_eq(text(all, "model"), "tiny.net");
    ck_assert(json_is_true(json_object_get(all, "trained")));
    const json_t *first = device_at(all, 0), *second = device_at(all, 1);
    ck_assert_str_eq(text(first, "verdict"), "reference");
    ck_assert_str_eq(text(second, "verdict"), "same");
    ck_assert_double_gt(number(second, "images_per_second"), 0);
    ck_assert_double_ge(number(second, "start_seconds"), 0);
    ck_assert_double_eq(number(second, "compile_seconds"), 0);
    ck_assert_double_gt(number(second, "device_bytes"), 1000);
    ck_assert_double_gt(number(second, "peak_memory_bytes"), 1e6);
    ck_assert_double_eq(number(json_object_get(second, "largest_loss_difference"), "value"), 0);
    const json_t *steps = json_object_get(second, "first_steps");
    ck_assert_double_eq(number(steps, "compared"), 5);
    ck_assert_uint_eq(json_array_size(json_object_get(second, "curve")), 2);
    ck_assert_uint_eq(json_array_size(json_object_get(second, "seconds_to_accuracy")),
                      json_array_size(json_object_get(all, "accuracy_levels")));
    json_t *summary = load_json("twice/cpu-2/summary.json");
    ck_assert_double_eq(number(summary, "test_loss"), number(second, "test_loss"));
    json_decref(summary);
    json_decref(file);
    json_decref(all);
}
END_TEST

START_TEST(together)
{
    ck_fine(COMPARE "--devices cpu,cpu,cpu --together --threads 1 --out at-once --json");
    json_t *all = program_json();
    ck_assert(json_is_true(json_object_get(all, "together")));
    ck_assert_str_eq(text(device_at(all, 1), "verdict"), "same");
    ck_assert_str_eq(text(device_at(all, 2), "verdict"), "same");
    json_decref(all);
}
END_TEST

/* More than the picture has room for. */
START_TEST(many_devices)
{
    ck_fine("compare tiny.net --data idx:data --epochs 1 -q --threads 1 --together --devices " CPUS
            " --out many --json");
    json_t *all = program_json();
    ck_assert_uint_eq(json_array_size(json_object_get(all, "devices")), 11);
    for (size_t i = 1; i < 11; i++)
        ck_assert_str_eq(text(device_at(all, i), "verdict"), "same");
    json_decref(all);
    ck_pictures("many");
}
END_TEST

START_TEST(progress_comes_line_by_line)
{
    ck_fine("compare tiny.net --data idx:data --batch-size 8 --epochs 1 --devices cpu --out lines");
    ck_says(program_err, "weft: cpu: CPU backend: ");
    ck_says(program_err, "weft: cpu: epoch 1/1  loss ");
    ck_assert_int_eq(count_of(program_err, '\n'), 2);
}
END_TEST

/* ---- energy ---- */

static void write_package(const char *energy)
{
    scratch_folder("sys");
    scratch_folder("sys/class");
    scratch_folder("sys/class/powercap");
    scratch_folder("sys/class/powercap/intel-rapl:0");
    write_text("sys/class/powercap/intel-rapl:0/name", "package-0\n");
    write_text("sys/class/powercap/intel-rapl:0/max_energy_range_uj", "262143328850\n");
    write_text("sys/class/powercap/intel-rapl:0/energy_uj", energy);
}

static json_t *joules_of(const char *arguments)
{
    ck_fine("%s", arguments);
    json_t *all = program_json();
    json_t *joules = json_incref(json_object_get(device_at(all, 0), "joules"));
    json_decref(all);
    return joules;
}

/* A counter that stands still counts 0 joules; a missing one, or two trainings at once, none. */
START_TEST(joules_where_the_system_tells)
{
    write_package("123456789\n");
    setenv("WEFT_SYSFS", scratch_path("sys"), 1);
    json_t *alone = joules_of(COMPARE "--devices cpu --out energy-1 --json");
    json_t *both = joules_of(COMPARE "--devices cpu,cpu --together --out energy-2 --json");
    write_package("no number\n");
    json_t *damaged = joules_of(COMPARE "--devices cpu --out energy-3 --json");
    unsetenv("WEFT_SYSFS");
    ck_assert(json_is_number(alone) && json_number_value(alone) == 0);
    ck_assert(json_is_null(both));
    ck_assert(json_is_null(damaged));
    json_decref(alone);
    json_decref(both);
    json_decref(damaged);
}
END_TEST

/* ---- runs that are there ---- */

#define TRAIN_IN "train " TINY " --epochs 2 -q --out "

START_TEST(runs_side_by_side)
{
    ck_fine(TRAIN_IN "a");
    ck_fine(TRAIN_IN "b");
    ck_fine("compare a b --out a-b --json");
    ck_pictures("a-b");
    json_t *all = program_json();
    ck_assert(json_is_false(json_object_get(all, "trained")));
    ck_assert_str_eq(text(device_at(all, 1), "name"), "b");
    ck_assert_str_eq(text(device_at(all, 1), "verdict"), "same");
    json_decref(all);
}
END_TEST

START_TEST(options_that_differ_are_named)
{
    ck_fine(TRAIN_IN "other --seed 1 --lr 0.001");
    ck_fine("compare a other --out options");
    ck_says(program_out, "not judged");
    ck_says(program_out, "seed 1 instead of 0");
    ck_says(program_out, "lr 0.001 instead of 0.003");
}
END_TEST

/* Runs of other seeds on the reference's device are the spread that a further run is held to. */
START_TEST(runs_of_other_seeds_are_the_spread)
{
    const char *words = "compare a s1 s2 s3 damaged --out spread --json";
    for (int seed = 1; seed < 4; seed++)
        ck_fine(TRAIN_IN "s%d --seed %d", seed, seed);
    ck_fine(TRAIN_IN "damaged");
    write_text("damaged/metrics.csv",
               "epoch,train_loss,train_accuracy,val_loss,val_accuracy,learning_rate,seconds,"
               "images_per_second\n1,9,0.1,9,0.1,0.003,1,100\n2,9,0.1,9,0.1,0.003,1,100\n");
    ck_assert_int_eq(weft("%s", words), CHECK);
    ck_says(program_err, "damaged differs from a: it ends with accuracy 0.1000; 4 seeds on a");
    json_t *all = program_json();
    ck_assert_double_eq(number(json_object_get(all, "seeds"), "count"), 4);
    ck_assert_str_eq(text(device_at(all, 1), "verdict"), "not judged");
    ck_assert_str_eq(text(device_at(all, 4), "verdict"), "different");
    json_decref(all);
}
END_TEST

/* A run as it is after its first epoch. */
static void train_first_epoch(const char *options, const char *folder)
{
    char path[256];
    size_t count = 0;
    ck_fine(TRAIN_IN "%s%s", folder, options);
    (void)snprintf(path, sizeof path, "%s/metrics.csv", folder);
    char *rows = (char *)scratch_read(path, &count);
    rows[count] = '\0';
    const char *second = strstr(rows, "\n2,");
    ck_assert_ptr_nonnull(second);
    (void)scratch_write(path, rows, (size_t)(second - rows) + 1);
    free(rows);
    (void)snprintf(path, sizeof path, "%s/summary.json", folder);
    ck_assert_int_eq(unlink(path), 0);
}

/* What a run was on its way to is no end: it is not judged by it, and no other run is. */
START_TEST(runs_that_are_not_finished)
{
    train_first_epoch("", "early");
    train_first_epoch(" --seed 5", "early-seed");
    ck_fine("compare a early early-seed s1 --out early-1 --json");
    json_t *all = program_json();
    ck_assert_str_eq(text(device_at(all, 1), "verdict"), "not judged");
    ck_assert_str_eq(text(device_at(all, 1), "reason"), "stopped after epoch 1");
    ck_says(text(device_at(all, 2), "reason"), "stopped after epoch 1");
    ck_assert_double_eq(number(json_object_get(all, "seeds"), "count"), 2);
    json_decref(all);
    write_text("early/summary.json", "{\"outcome\": \"stopped\"}");
    ck_fine("compare early a s1 --out early-2 --json");
    all = program_json();
    for (size_t i = 1; i < 3; i++) {
        ck_assert_str_eq(text(device_at(all, i), "verdict"), "not judged");
        ck_says(text(device_at(all, i), "reason"), "early, the reference, stopped after epoch 1");
    }
    ck_assert(json_is_null(json_object_get(all, "seeds")));
    json_decref(all);
}
END_TEST

static void edit_config(const char *folder, const char *key, const char *value)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/config.json", folder);
    json_t *config = load_json(path);
    ck_assert_int_eq(json_object_set_new(config, key, json_string(value)), 0);
    ck_assert_int_eq(json_dump_file(config, path, 0), 0);
    json_decref(config);
}

/* A run folder may come from anywhere; a terminal would do what stands in it. */
START_TEST(control_characters_are_not_printed)
{
    ck_fine(TRAIN_IN "strange");
    edit_config("strange", "model", "\033[2Jnet");
    edit_config("strange", "data",
                "\xc2\x9b"
                "2Jdata\xc3\xa9\xc2\xa0");
    edit_config("strange", "\033]0;key\xc2\x9d\a", "\x7f");
    ck_fine("compare strange a --out clean");
    ck_says(program_out, "?[2Jnet on ?2Jdata\xc3\xa9\xc2\xa0: ");
    ck_says(program_out, "?]0;key?? null");
    ck_assert(!says(program_out, "\033") && !says(program_out, "\xc2\x9b"));
    ck_assert(!says(program_out, "\xc2\x9d") && !says(program_out, "\x7f"));
}
END_TEST

START_TEST(a_damaged_line_is_named_and_left_out)
{
    ck_fine(TRAIN_IN "torn --epochs 3");
    size_t count = 0;
    char *rows = (char *)scratch_read("torn/metrics.csv", &count);
    rows[count] = '\0';
    char *second = strstr(rows, "\n2,");
    ck_assert_ptr_nonnull(second);
    second[3] = 'x';
    (void)scratch_write("torn/metrics.csv", rows, count);
    free(rows);
    ck_fine("compare torn a --out torn-out --json");
    ck_says(program_err, "torn/metrics.csv:3: ");
    json_t *all = program_json();
    ck_assert_uint_eq(json_array_size(json_object_get(device_at(all, 0), "curve")), 2);
    json_decref(all);
}
END_TEST

START_TEST(runs_that_cannot_be_compared)
{
    ck_fine(TRAIN_IN "bare");
    write_text("bare/metrics.csv", "epoch,train_loss\n");
    ck_refused(BAD, "bare has no finished epoch", "compare a bare --out none");
    ck_refused(FILES, "nowhere: no such run folder", "compare a nowhere --out none");
    ck_refused(USAGE, "a alone", "compare a --out none");
    ck_refused(USAGE, "leave out --epochs", "compare a a --epochs 3 --out none");
    ck_refused(USAGE, "leave out --devices", "compare a a --devices cpu --out none");
    write_text("bare/metrics.csv", "epoch,train_loss\n7,1.5\n");
    ck_assert_int_eq(unlink("bare/summary.json"), 0);
    ck_refused(BAD, "have no epoch in common", "compare a bare --out none");
    ck_assert_msg(!exists("none"), "a refusal left a folder");
}
END_TEST

/* ---- refusals ---- */

START_TEST(what_is_refused)
{
    ck_refused(DEVICE, "no such device", COMPARE "--devices cpu,nonsense --out none");
    ck_refused(USAGE, "a name is empty", COMPARE "--devices cpu, --out none");
    ck_refused(USAGE, "compare on what?", "compare tiny.net --devices cpu --out none");
    ck_refused(USAGE, "seed-cnn", "compare sed-cnn --data idx:data --devices cpu --out none");
    ck_refused(USAGE, "--seeds 0 is out of range", COMPARE "--devices cpu --seeds 0 --out none");
    ck_refused(USAGE, "at most 32", COMPARE "--devices " CPUS "," CPUS "," CPUS);
    ck_assert_msg(!exists("none"), "a refusal left a folder");
    ck_refused(USAGE, "does not take --resume", COMPARE "--devices cpu --resume x");
}
END_TEST

/* A folder may be named like a network. */
START_TEST(a_network_named_like_a_folder)
{
    scratch_folder("mlp");
    ck_refused(BAD, "the network takes 28x28x1", "compare mlp " SHORT "--devices cpu --out of-mlp");
    ck_refused(USAGE, "mlp alone", "compare mlp --out none");
    ck_assert_int_eq(rmdir("mlp"), 0);
}
END_TEST

/* What every device would say is said once. */
START_TEST(what_no_device_is_to_blame_for)
{
    ck_refused(FILES, "nothing",
               "compare tiny.net --data idx:nothing --devices cpu,cpu -q "
               "--out o1");
    ck_refused(USAGE, "--betas", COMPARE "--devices cpu,cpu --betas 3,4 --out o2");
}
END_TEST

START_TEST(a_folder_that_cannot_be_written)
{
    write_text("file", "not a folder");
    ck_refused(FILES, "file", COMPARE "--devices cpu --out file/below");
    if (geteuid() == 0) return; /* whom permissions do not stop */
    ck_assert_int_eq(mkdir("closed", 0555), 0);
    ck_refused(FILES, "closed", COMPARE "--devices cpu,cpu --out closed");
    ck_refused(FILES, "closed", COMPARE "--devices cpu,cpu --out closed/below");
}
END_TEST

/* Who has trained sees what came of it. */
START_TEST(files_that_cannot_be_written)
{
    scratch_folder("full");
    scratch_folder("full/compare.json");
    scratch_folder("full/compare.json/taken");
    ck_assert_int_eq(weft(COMPARE "--devices cpu,cpu --out full --overwrite"), FILES);
    ck_says(program_out, "same");
    ck_assert(!says(program_out, "written"));
    ck_says(program_err, "compare.json");
    ck_assert_int_eq(rmdir("full/compare.json/taken"), 0);
    ck_assert_int_eq(rmdir("full/compare.json"), 0);
}
END_TEST

/* A training that goes wrong is a row that says why; the others go on. */
START_TEST(a_training_that_diverges)
{
    ck_fine(COMPARE "--devices cpu --out wild");
    ck_pictures("wild");
    const int code = weft(COMPARE "--devices cpu,cpu --optimizer sgd --lr 1e6 --out wild "
                                  "--overwrite");
    ck_assert_msg(code == CHECK, "exit code %d: %s", code, program_err);
    ck_says(program_out, "failed: ");
    ck_says(program_out, "not a finite number");
    ck_says(program_err, "weft: cpu failed: ");
    ck_assert_msg(!exists("wild/compare.png") && !exists("wild/compare.svg"),
                  "a picture of nothing, or of what was there");
    json_t *all = load_json("wild/compare.json");
    ck_assert(json_is_true(json_object_get(device_at(all, 0), "failed")));
    ck_assert_double_eq(number(device_at(all, 0), "exit_code"), 7);
    json_decref(all);
}
END_TEST

START_TEST(a_training_that_is_killed)
{
    const pid_t parent = program_start("compare tiny.net --data idx:data --batch-size 1 --epochs "
                                       "10000 --devices cpu --out killed");
    for (int i = 0; i < 20000 && !exists("killed/cpu/metrics.csv"); i++)
        pause_ms(1);
    const pid_t training = child_of(parent);
    ck_assert_int_gt(training, 0);
    ck_assert_int_eq(kill(training, SIGKILL), 0);
    ck_assert_int_eq(program_wait(parent), CHECK);
    program_read("stderr.txt", program_err);
    ck_says(program_err, "cpu failed: it was killed from outside (signal 9, as when memory runs");
}
END_TEST

/* Without a terminal a signal comes to the parent alone; the training ends with a checkpoint. */
static const int stops[] = {SIGTERM, SIGHUP, SIGINT};
enum { STOPS = sizeof stops / sizeof *stops };

START_TEST(a_signal_ends_it_all)
{
    struct sigaction plain = {.sa_handler = SIG_DFL}, before;
    sigaction(stops[_i], &plain, &before); /* who ignores it hands that on */
    const pid_t child = program_start("compare tiny.net --data idx:data --batch-size 1 --epochs "
                                      "10000 --devices cpu --out ended --overwrite");
    sigaction(stops[_i], &before, NULL);
    for (int i = 0; i < 20000 && !exists("ended/cpu/metrics.csv"); i++)
        pause_ms(1);
    pause_ms(20);
    ck_assert_int_eq(kill(child, stops[_i]), 0);
    ck_assert_int_eq(program_wait(child), 128 + stops[_i]);
    ck_assert(exists("ended/cpu/checkpoints/last.safetensors"));
    ck_assert(!exists("ended/compare.json"));
    ck_assert_int_eq(unlink("ended/cpu/metrics.csv"), 0); /* the next one waits for its own */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("compare");
    TCase *tests = tcase_create("compare");
    tcase_set_timeout(tests, 0);
    tcase_add_unchecked_fixture(tests, tiny_open, program_close);
    tcase_add_test(tests, one_device_twice);
    tcase_add_test(tests, options_are_passed_on);
    tcase_add_test(tests, what_the_json_says);
    tcase_add_test(tests, together);
    tcase_add_test(tests, many_devices);
    tcase_add_test(tests, progress_comes_line_by_line);
    tcase_add_test(tests, joules_where_the_system_tells);
    tcase_add_test(tests, runs_side_by_side);
    tcase_add_test(tests, options_that_differ_are_named);
    tcase_add_test(tests, runs_of_other_seeds_are_the_spread);
    tcase_add_test(tests, runs_that_are_not_finished);
    tcase_add_test(tests, control_characters_are_not_printed);
    tcase_add_test(tests, a_damaged_line_is_named_and_left_out);
    tcase_add_test(tests, runs_that_cannot_be_compared);
    tcase_add_test(tests, what_is_refused);
    tcase_add_test(tests, a_network_named_like_a_folder);
    tcase_add_test(tests, what_no_device_is_to_blame_for);
    tcase_add_test(tests, a_folder_that_cannot_be_written);
    tcase_add_test(tests, files_that_cannot_be_written);
    tcase_add_test(tests, a_training_that_diverges);
    tcase_add_test(tests, a_training_that_is_killed);
    tcase_add_loop_test(tests, a_signal_ends_it_all, 0, STOPS);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
