/* The program's training, evaluation and prediction, on a small data set of the suite's own. */
#define _XOPEN_SOURCE 700

#include <math.h>

#include "tests/tiny_run.h"

/* ---- train ---- */

START_TEST(a_run_and_its_folder)
{
    static const char *const files[] = {"config.json",
                                        "env.json",
                                        "metrics.csv",
                                        "steps.csv",
                                        "events.jsonl",
                                        "curves.svg",
                                        "curves.png",
                                        "summary.json",
                                        "checkpoints/last.safetensors",
                                        "checkpoints/best.safetensors"};
    ck_fine("train " TINY " --epochs 6 --out run");
    ck_says(program_out, "trained on   CPU backend");
    ck_says(program_out, "run/curves.png");
    ck_says(program_out, "validation");
    ck_says(program_err, "epoch 6/6");
    ck_assert(!says(program_err, "\033"));
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "run/%s", files[i]);
        ck_assert_msg(exists(path), "%s is missing", path);
    }
    size_t count;
    unsigned char *png = scratch_read("run/curves.png", &count);
    ck_assert(count > 1000 && memcmp(png, "\x89PNG", 4) == 0);
    free(png);

    json_t *summary = load_json("run/summary.json");
    ck_assert_str_eq(json_string_value(json_object_get(summary, "outcome")), "finished");
    ck_assert(number(summary, "test_accuracy") > 0.9);
    json_decref(summary);
}
END_TEST

START_TEST(its_summary_as_json)
{
    ck_fine("train " TINY " --epochs 1 --out run --json --quiet");
    ck_assert_str_eq(program_err, "");
    json_t *printed = program_json(), *written = load_json("run/summary.json");
    ck_assert(json_equal(printed, written));
    json_decref(printed);
    json_decref(written);
}
END_TEST

START_TEST(a_folder_of_its_own_by_default)
{
    ck_fine("train " TINY " --epochs 1 --no-test -q");
    ck_fine("train " TINY " --epochs 1 --no-test -q");
    ck_says(program_out, "run          results/runs/tiny-data-20");
    ck_assert(!says(program_out, "test"));
}
END_TEST

START_TEST(a_run_is_not_written_over)
{
    ck_fine("train " TINY " --epochs 1 --out run -q");
    ck_refused(2, "--overwrite", "train " TINY " --epochs 1 --out run -q");
    ck_fine("train " TINY " --epochs 1 --out run -q --overwrite --seed 5");
    json_t *config = load_json("run/config.json");
    ck_assert(number(config, "seed") == 5);
    json_decref(config);
    scratch_write("file", "x", 1);
    ck_refused(6, "file", "train " TINY " --out file -q");
}
END_TEST

START_TEST(options_reach_the_run)
{
    ck_fine("train " TINY " -q --out run --epochs=2 --optimizer sgd --lr 0.5e-1 --nesterov "
            "--schedule cosine --weight-decay 1e-4 --label-smoothing 0.1 --augment "
            "flip,shift=1,erase=0.25 --no-shuffle --val-count 20 --limit 100 --max-steps 15 "
            "--log-every 5 --save-every 7 --patience 3 --freeze conv1 --betas 0.8,0.99 --eps 1e-7 "
            "--family vector --gemm own");
    json_t *c = load_json("run/config.json");
    ck_assert(number(c, "epochs") == 2 && number(c, "batch_size") == 8);
    ck_assert(number(c, "lr") == 0.05 && number(c, "momentum") == 0.9);
    ck_assert(number(c, "weight_decay") == 1e-4 && number(c, "label_smoothing") == 0.1);
    ck_assert(number(c, "val_count") == 20 && number(c, "limit") == 100);
    ck_assert(number(c, "max_steps") == 15 && number(c, "log_every") == 5);
    ck_assert(number(c, "save_every") == 7 && number(c, "patience") == 3);
    ck_assert(number(c, "eps") == 1e-7);
    ck_assert(json_number_value(json_array_get(json_object_get(c, "betas"), 0)) == 0.8);
    ck_assert(json_is_true(json_object_get(c, "nesterov")));
    ck_assert(json_is_true(json_object_get(c, "no_shuffle")));
    ck_assert_str_eq(json_string_value(json_object_get(c, "optimizer")), "sgd");
    ck_assert_str_eq(json_string_value(json_object_get(c, "schedule")), "cosine");
    ck_assert_str_eq(json_string_value(json_object_get(c, "freeze")), "conv1");
    ck_assert_str_eq(json_string_value(json_object_get(c, "family")), "vector");
    ck_assert_str_eq(json_string_value(json_object_get(c, "gemm")), "own");
    ck_assert_str_eq(json_string_value(json_object_get(c, "augment")), "flip,shift=1,erase=0.25");
    json_decref(c);
    ck_fine("train " TINY " -q --out off --epochs 1 --val-count 0 --log-every 0 --recipe seed "
            "--lr 0.002");
    c = load_json("off/config.json");
    ck_assert(number(c, "lr") == 0.002);
    ck_assert_str_eq(json_string_value(json_object_get(c, "schedule")), "constant");
    ck_assert_str_eq(json_string_value(json_object_get(c, "augment")), "flip");
    json_decref(c);
    ck_assert(!says(program_out, "validation"));
}
END_TEST

START_TEST(the_same_run_again_from_its_config)
{
    ck_fine("train " TINY " --epochs 2 --out run -q --family tile");
    ck_assert_int_eq(rename("tiny.net", "moved.net"), 0); /* the run knows its network */
    ck_fine("train --config run/config.json --out again -q");
    ck_same_files("run/steps.csv", "again/steps.csv");
    ck_same_files("run/checkpoints/last.safetensors", "again/checkpoints/last.safetensors");
    ck_fine("train --config run/config.json --out other -q --seed 3 --epochs 1");
    json_t *config = load_json("other/config.json");
    ck_assert(number(config, "seed") == 3 && number(config, "batch_size") == 8);
    ck_assert_str_eq(json_string_value(json_object_get(config, "family")), "tile");
    json_decref(config);
}
END_TEST

/* ---- stop and resume ---- */

#define LONG "train " TINY " --batch-size 1 --epochs 60 --quiet --out "

START_TEST(a_stopped_run_goes_on_as_if_nothing_had_been)
{
    const int code = stop_by(SIGINT, LONG "cut");
    ck_assert_msg(code == 130, "exit code %d: %s", code, program_err);
    ck_says(program_err, "--resume cut");
    json_t *summary = load_json("cut/summary.json");
    ck_assert_str_eq(json_string_value(json_object_get(summary, "outcome")), "stopped");
    json_decref(summary);

    ck_refused(2, "leave out --lr", "train --resume cut --lr 0.1");
    ck_refused(2, "leave out tiny.net", "train tiny.net --resume cut");
    setenv("WEFT_DEVICE", "nothing of this name", 1);
    ck_fine("train --resume cut -q");
    unsetenv("WEFT_DEVICE");
    ck_fine(LONG "whole");
    ck_same_files("cut/steps.csv", "whole/steps.csv");
    ck_same_files("cut/checkpoints/last.safetensors", "whole/checkpoints/last.safetensors");
    ck_refused(2, "already finished", "train --resume cut -q");
}
END_TEST

START_TEST(termination_is_143)
{
    ck_assert_int_eq(stop_by(SIGTERM, LONG "cut"), 143);
    ck_assert(exists("cut/checkpoints/last.safetensors"));
}
END_TEST

START_TEST(a_device_that_is_gone_is_told)
{
    ck_fine("train " TINY " --epochs 1 --out run -q");
    json_t *config = load_json("run/config.json");
    json_object_set_new(config, "device_name", json_string("Another GPU"));
    ck_assert_int_eq(json_dump_file(config, "moved.json", 0), 0);
    json_decref(config);
    ck_fine("train --config moved.json --out again -q");
    ck_says(program_err, "Another GPU");
    ck_fine("train --config moved.json --out named -q --device cpu");
    ck_assert_str_eq(program_err, "");
}
END_TEST

START_TEST(devices_by_name)
{
    ck_refused(4, "cpu (", "train tiny.net --data idx:data --device nosuch -q");
    ck_refused(4, "opencl:99", "train tiny.net --data idx:data --device opencl:99 -q");
    setenv("WEFT_DEVICE", "nosuch", 1);
    ck_refused(4, "nosuch", "train tiny.net --data idx:data -q");
    unsetenv("WEFT_DEVICE");
    ck_assert(!exists("results"));
}
END_TEST

#ifdef WEFT_OPENCL
START_TEST(auto_without_any_driver_takes_the_cpu)
{
    const char *vendors = getenv("OCL_ICD_VENDORS");
    char *old = vendors ? strdup(vendors) : NULL;
    setenv("OCL_ICD_VENDORS", scratch_folder("icd"), 1);
    const int code = weft("train tiny.net --data idx:data --epochs 1 --out run");
    unsetenv("OCL_ICD_VENDORS");
    if (old) setenv("OCL_ICD_VENDORS", old, 1);
    free(old);
    ck_assert_int_eq(code, 0);
    ck_says(program_err, "no OpenCL device here, taking the CPU backend");
    ck_says(program_out, "CPU backend");
}
END_TEST
#endif

/* ---- eval ---- */

static void check_confusion(const json_t *result)
{
    double all = 0, right = 0;
    const json_t *rows = json_object_get(result, "confusion");
    ck_assert_uint_eq(json_array_size(rows), CLASSES);
    for (size_t i = 0; i < CLASSES; i++) {
        for (size_t k = 0; k < CLASSES; k++) {
            const double count = json_number_value(json_array_get(json_array_get(rows, i), k));
            all += count;
            if (i == k) right += count;
        }
    }
    ck_assert(all == TEST);
    ck_assert(fabs(right / all - number(result, "accuracy")) < 1e-6);
}

/* Lines of logits.csv; each says what its largest logit says. */
static int check_logits(void)
{
    char line[256];
    int rows = 0;
    FILE *file = fopen("logits.csv", "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
    ck_assert_str_eq(line, "index,label,predicted,logit0,logit1,logit2\n");
    while (fgets(line, sizeof line, file)) {
        int index, label, predicted;
        double logit[CLASSES];
        ck_assert_int_eq(sscanf(line, "%d,%d,%d,%lf,%lf,%lf", &index, &label, &predicted, &logit[0],
                                &logit[1], &logit[2]),
                         6);
        ck_assert_int_eq(index, rows++);
        ck_assert_int_eq(label, (TRAIN + index) % CLASSES);
        for (int i = 0; i < CLASSES; i++)
            ck_assert(logit[i] <= logit[predicted]);
    }
    fclose(file);
    return rows;
}

START_TEST(evaluation)
{
    ck_fine("train " TINY " --epochs 4 --out run -q");
    ck_fine("eval run --data idx:data --device cpu");
    ck_says(program_out, "run/checkpoints/last.safetensors (last");
    ck_says(program_out, "middle");
    ck_says(program_out, "confusion");

    ck_fine("eval run --data idx:data --device cpu --json --logits logits.csv --batch-size 7");
    json_t *result = program_json(), *summary = load_json("run/summary.json");
    ck_assert(number(result, "samples") == TEST);
    ck_assert(fabs(number(result, "accuracy") - number(summary, "test_accuracy")) < 1e-6);
    ck_assert(fabs(number(result, "loss") - number(summary, "test_loss")) < 1e-5);
    ck_assert_str_eq(json_string_value(json_object_get(result, "device")), "cpu");
    const json_t *class = json_array_get(json_object_get(result, "classes"), 1);
    ck_assert_str_eq(json_string_value(json_object_get(class, "name")), "middle");
    ck_assert(number(class, "count") == TEST / CLASSES);
    ck_assert(json_object_get(class, "precision") && json_object_get(class, "recall"));
    ck_assert(json_object_get(class, "f1") != NULL);
    check_confusion(result);
    ck_assert_int_eq(check_logits(), TEST);
    json_decref(result);
    json_decref(summary);
}
END_TEST

START_TEST(classes_that_the_data_do_not_show)
{
    static const char wider[] = "input shape=6x5x1\nflatten\ndense units=4\n";
    scratch_write("wider.net", wider, sizeof wider - 1);
    ck_fine("train wider.net --data idx:data -d cpu --epochs 1 --out wider -q");
    ck_fine("eval wider --data idx:data -d cpu");
    ck_fine("predict wider --data idx:data --index 3 -d cpu");

    ck_assert_int_eq(unlink("data/classes.txt"), 0);
    ck_fine("train " TINY " --epochs 1 --out run -q");
    write_split("t10k", 2, TRAIN); /* classes 0 and 1 */
    ck_fine("eval run --data idx:data -d cpu --json");
    json_t *result = program_json();
    ck_assert_uint_eq(json_array_size(json_object_get(result, "confusion")), CLASSES);
    json_decref(result);
}
END_TEST

START_TEST(which_checkpoint)
{
    ck_fine("train " TINY " --epochs 1 --val-count 0 --out run -q");
    ck_refused(3, "best", "eval run --data idx:data --checkpoint best -d cpu");
    ck_fine("eval run --data idx:data -d cpu --checkpoint run/checkpoints/last.safetensors");
    ck_says(program_out, "(file");
    ck_fine("eval run/checkpoints/last.safetensors --data idx:data -d cpu --split train");
    ck_says(program_out, "train split, 120 samples");
    ck_refused(2, "--checkpoint", "eval run/config.json --data idx:data --checkpoint last");
    ck_refused(3, "config.json", "eval run/config.json --data idx:data");
    ck_refused(6, "data", "eval data --data idx:data");
    ck_refused(2, "--data", "eval run");
}
END_TEST

/* ---- predict and init ---- */

static void check_prediction(const json_t *one)
{
    double sum = 0, last = 2;
    const json_t *classes = json_object_get(one, "classes");
    ck_assert_uint_eq(json_array_size(classes), CLASSES);
    for (size_t i = 0; i < CLASSES; i++) {
        const double share = number(json_array_get(classes, i), "probability");
        ck_assert(share <= last);
        last = share;
        sum += share;
    }
    ck_assert(fabs(sum - 1) < 1e-5);
    const char *first = json_string_value(json_object_get(json_array_get(classes, 0), "name"));
    ck_assert_str_eq(first, json_string_value(json_object_get(one, "label")));
}

START_TEST(prediction)
{
    ck_fine("train " TINY " --epochs 8 --out run -q");
    ck_fine("predict run --data idx:data --index 1 -d cpu --json --save-input seen.png");
    json_t *list = program_json();
    check_prediction(json_array_get(list, 0));
    const double wanted = number(
        json_array_get(json_object_get(json_array_get(list, 0), "classes"), 0), "probability");
    json_decref(list);

    ck_fine("predict run seen.png seen.png -d cpu --json --invert no --top 1 --save-input seen");
    list = program_json();
    ck_assert_uint_eq(json_array_size(list), 2);
    const json_t *one = json_array_get(list, 1), *classes = json_object_get(one, "classes");
    ck_assert_str_eq(json_string_value(json_object_get(one, "file")), "seen.png");
    ck_assert_uint_eq(json_array_size(classes), 1);
    ck_assert(fabs(number(json_array_get(classes, 0), "probability") - wanted) < 1e-6);
    json_decref(list);
    ck_same_files("seen.png", "seen/1-seen.png");

    ck_fine("predict run seen.png -d cpu");
    ck_says(program_out, "middle");
    ck_says(program_out, "(last");
    ck_refused(2, "0 to 44", "predict run --data idx:data --index 45 -d cpu");
    ck_refused(2, "no pictures", "predict run");
    ck_refused(2, "--data", "predict run --index 3");
    ck_refused(3, "tiny.net", "predict run tiny.net -d cpu");
    ck_refused(6, "none.png", "predict run none.png -d cpu");
}
END_TEST

START_TEST(initial_weights)
{
    ck_fine("init tiny.net -o start.safetensors --seed 4");
    ck_fine("init tiny.net --out=same.safetensors -s4");
    ck_same_files("start.safetensors", "same.safetensors");
    ck_refused(2, "--overwrite", "init tiny.net -o start.safetensors");
    ck_fine("eval start.safetensors --data idx:data -d cpu");
    ck_fine("train " TINY " --epochs 1 --init start.safetensors --out run -q");
    ck_refused(3, "28x28x1", "train lenet5 --data idx:data -d cpu -q");

    static const char other[] = "input shape=6x5x1\nflatten\ndense units=3 name=fc1\n";
    scratch_write("other.net", other, sizeof other - 1);
    ck_refused(3, "fc1.weight",
               "train other.net --data idx:data -d cpu -q --init start.safetensors");
    ck_refused(2, "give --init too", "train " TINY " -q --init-partial fc1");
    ck_refused(6, "gone", "train " TINY " -q --init gone.safetensors --out more");
    ck_assert(!exists("more"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_train");
    TCase *runs = tcase_create("runs");
    tcase_set_timeout(runs, 300);
    tcase_add_checked_fixture(runs, tiny_open, program_close);
    tcase_add_test(runs, a_run_and_its_folder);
    tcase_add_test(runs, its_summary_as_json);
    tcase_add_test(runs, a_folder_of_its_own_by_default);
    tcase_add_test(runs, a_run_is_not_written_over);
    tcase_add_test(runs, options_reach_the_run);
    tcase_add_test(runs, the_same_run_again_from_its_config);
    tcase_add_test(runs, a_stopped_run_goes_on_as_if_nothing_had_been);
    tcase_add_test(runs, termination_is_143);
    tcase_add_test(runs, a_device_that_is_gone_is_told);
    tcase_add_test(runs, devices_by_name);
#ifdef WEFT_OPENCL
    tcase_add_test(runs, auto_without_any_driver_takes_the_cpu);
#endif
    tcase_add_test(runs, evaluation);
    tcase_add_test(runs, classes_that_the_data_do_not_show);
    tcase_add_test(runs, which_checkpoint);
    tcase_add_test(runs, prediction);
    tcase_add_test(runs, initial_weights);
    suite_add_tcase(suite, runs);
    return weft_suite_run(suite);
}
