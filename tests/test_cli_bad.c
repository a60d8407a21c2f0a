/* Bad input given to the program: one line that names file and place, the right exit code, and
 * nothing lost. Each table is a list of damages; the libraries' own suites go deeper. */
#define _XOPEN_SOURCE 700

#include <math.h>
#include <sys/resource.h>

#include "tests/st_edit.h"
#include "tests/tiny_run.h"

enum { USAGE = 2, BAD = 3, FILES = 6, DIVERGED = 7 };

#define TRAIN_TINY "train " TINY " --epochs 1 --quiet --out run"

/* ---- data ---- */

#define IMAGES "data/train-images-idx3-ubyte"
#define LABELS "data/train-labels-idx1-ubyte"

static const struct {
    const char *file;
    long at;
    int value; /* of the byte there; -1: the file is cut there; -2: it is removed */
    int code;
    const char *says;
} datas[] = {
    {IMAGES, 0, -2, FILES, "data holds no train-images-idx3-ubyte"},
    {LABELS, 0, -2, FILES, "data holds no train-labels-idx1-ubyte"},
    {IMAGES, 0, -1, BAD, IMAGES " ends after 0 bytes"},
    {IMAGES, 7, -1, BAD, IMAGES " ends after 7 bytes"},
    {IMAGES, 16, -1, BAD, IMAGES ": its header asks for 3616 bytes"},
    {IMAGES, 3615, -1, BAD, "a file of 3615 bytes"},
    {LABELS, 9, -1, BAD, LABELS ": its header asks for 128 bytes"},
    {IMAGES, 0, 0x7f, BAD, IMAGES " starts with 7f000803"},
    {IMAGES, 2, 0x0d, BAD, IMAGES " starts with 00000d03"},
    {LABELS, 3, 3, BAD, LABELS},
    {IMAGES, 4, 0xff, BAD, IMAGES},
    {IMAGES, 7, 119, BAD, IMAGES " is longer than"},
    {LABELS, 20, 3, BAD, "label of sample 12 is 3, but classes.txt gives 3 classes"},
    {"data/classes.txt", 4, '\n', BAD, "data/classes.txt:2"},
    {"data/t10k-images-idx3-ubyte", 0, -2, FILES, "t10k-images-idx3-ubyte"},
};
enum { DATAS = sizeof datas / sizeof *datas };

static void damage(const char *name, long at, int value)
{
    size_t count;
    unsigned char *bytes = scratch_read(name, &count);
    if (value == -2) {
        ck_assert_int_eq(unlink(name), 0);
    } else {
        ck_assert_uint_lt((size_t)at, count);
        if (value >= 0) bytes[at] = (unsigned char)value;
        scratch_write(name, bytes, value < 0 ? (size_t)at : count);
    }
    free(bytes);
}

START_TEST(data_files)
{
    damage(datas[_i].file, datas[_i].at, datas[_i].value);
    ck_refused(datas[_i].code, datas[_i].says, TRAIN_TINY);
    ck_assert(!exists("run"));
}
END_TEST

START_TEST(data_as_a_whole)
{
    size_t count;
    unsigned char *labels = scratch_read(LABELS, &count);
    ck_refused(FILES, "no folder nowhere; check the path after idx:, it counts from the working",
               TRAIN_TINY " --data idx:nowhere");
    ck_refused(USAGE, "there are fashion-mnist", TRAIN_TINY " --data letters");
    ck_refused(FILES, "no Fashion-MNIST in data/none",
               "train mlp --data fashion-mnist --data-dir data/none -q");
    ck_refused(BAD, "SHA-256", "train mlp --data fashion-mnist --data-dir data -q");
    labels[7]++; /* one label more than there are images */
    scratch_write(LABELS, labels, count + 1);
    ck_refused(BAD, "120 train images but 121 labels", TRAIN_TINY);
    free(labels);
}
END_TEST

START_TEST(damaged_gz)
{
    size_t count;
    unsigned char *bytes = scratch_read(IMAGES, &count);
    ck_assert_int_eq(unlink(IMAGES), 0);
    scratch_write_gz(IMAGES ".gz", bytes, count);
    free(bytes);
    ck_fine(TRAIN_TINY " --overwrite");
    bytes = scratch_read(IMAGES ".gz", &count);
    scratch_write(IMAGES ".gz", bytes, count / 2);
    ck_refused(BAD, IMAGES ".gz", TRAIN_TINY " --overwrite");
    for (size_t i = count / 2; i < count / 2 + 8; i++)
        bytes[i] ^= 0xff;
    scratch_write(IMAGES ".gz", bytes, count);
    ck_refused(BAD, IMAGES ".gz", TRAIN_TINY " --overwrite");
    free(bytes);
    ck_fine("eval run --data idx:data --split test -d cpu"); /* the run of before is whole */
}
END_TEST

/* ---- networks ---- */

#define IN  "input shape=6x5x1\n"
#define OUT "flatten\ndense units=3\n"

static const struct {
    const char *text;
    const char *says;
} networks[] = {
    {"", "no layer"},
    {OUT, "bad.net:1: the first layer must be 'input'"},
    {IN "convv2d filters=3\n" OUT, "bad.net:2: unknown layer 'convv2d'; did you mean 'conv2d'?"},
    {IN "conv2d filter=3\n" OUT, "bad.net:2: unknown key 'filter'; did you mean 'filters'?"},
    {IN "conv2d kernel=3\n" OUT, "bad.net:2: conv2d: filters= is missing"},
    {IN "relu name=a\nrelu name=a\n" OUT, "bad.net:3: the name 'a' is taken by line 2"},
    {IN "relu from=nobody\n" OUT, "bad.net:2: from=nobody"},
    {IN "conv2d filters=3 kernel=3 padding=valid name=c\nadd from=c,input1\n" OUT,
     "have the shapes 4x3x3 and 6x5x1"},
    {IN "dense units=3\n", "its input is 6x5x1; put a flatten before it"},
    {"input shape=7x5x1\n" OUT, "the network takes 7x5x1"},
    {IN "flatten\ndense units=2\n", "the network has 2 outputs"},
    {IN "flatten\ndense units=0\n", "bad.net:3: units=0 is out of range"},
    {IN "flatten\ndense units=-3\n", "bad.net:3: units=-3 is out of range"},
    {IN "flatten\ndense units=x\n", "bad.net:3: units=x is not a whole number"},
    {IN "flatten\ndense units=99999999999999999999\n", "bad.net:3: units=99999999999999999999"},
    {IN "dropout rate=nan\n" OUT, "bad.net:2: rate=nan is not a number"},
    {"input shape=60000x60000x1000\n" OUT, "bad.net:1: shape 60000x60000x1000"},
    {"\x7f"
     "ELF\x02\x01\x01",
     "bad.net:1: byte "},
};
enum { NETWORKS = sizeof networks / sizeof *networks };

#define TRAIN_BAD "train ./bad.net --data idx:data --device cpu --quiet --out run"

START_TEST(network_texts)
{
    scratch_write("bad.net", networks[_i].text, strlen(networks[_i].text));
    ck_refused(BAD, networks[_i].says, TRAIN_BAD);
    ck_assert(!exists("run"));
}
END_TEST

START_TEST(a_network_of_100_megabytes)
{
    scratch_write("bad.net", "", 0);
    ck_assert_int_eq(truncate("bad.net", 100000000), 0);
    ck_refused(BAD, "bad.net: larger than", TRAIN_BAD);
    ck_refused(BAD, "data: is a folder", "train ./data --data idx:data");
}
END_TEST

/* ---- checkpoints ---- */

static json_t *tensor(json_t *header, const char *name)
{
    json_t *found = json_object_get(header, name);
    ck_assert_msg(found != NULL, "no tensor %s", name);
    return found;
}

static void set_offsets(json_t *header, const char *name, int64_t first, int64_t end)
{
    json_object_set_new(tensor(header, name), "data_offsets",
                        json_pack("[II]", (json_int_t)first, (json_int_t)end));
}

static void overlap(json_t *header)
{
    set_offsets(header, "conv1.bias", 4, 20);
}

static void beyond(json_t *header)
{
    set_offsets(header, "fc1.weight", 100000, 101440);
}

static void other_type(json_t *header)
{
    json_object_set_new(tensor(header, "fc1.weight"), "dtype", json_string("I32"));
}

static void other_shape(json_t *header)
{
    json_object_set_new(tensor(header, "fc1.weight"), "shape", json_pack("[ii]", 120, 3));
}

static void missing(json_t *header)
{
    json_object_set(header, "fc2.weight", tensor(header, "fc1.weight"));
    json_object_del(header, "fc1.weight");
}

static const struct {
    edit *edit;  /* of the header, or NULL: */
    long cut;    /* bytes that are left, */
    int length7; /* or the top byte of the header's length */
    const char *says;
} checkpoints[] = {
    {NULL, 0, 0, "0 bytes are too short"},
    {NULL, 100, 0, "go beyond the file's 100 (was the file cut?)"},
    {NULL, 4000, 0, "(was the file cut?)"},
    {NULL, -1, 0x10, "header too long"},
    {overlap, 0, 0, "tensor \"conv1.bias\": its data overlaps that of \"conv1.weight\""},
    {beyond, 0, 0, "\"fc1.weight\": its data ends at byte 101440"},
    {other_type, 0, 0, "fc1.weight is I32, wants F32"},
    {other_shape, 0, 0, "fc1.weight is 120x3, wants 3x120"},
    {missing, 0, 0, "fc1.weight is missing (3x120)"},
};
enum { CHECKPOINTS = sizeof checkpoints / sizeof *checkpoints };

#define LAST "cut/checkpoints/last.safetensors"

static void write_bad(int row, const unsigned char *good, size_t count)
{
    unsigned char *bytes = malloc(count);
    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, good, count);
    if (checkpoints[row].edit) {
        free(bytes);
        bytes = with_header(checkpoints[row].edit, good, &count);
    } else if (checkpoints[row].cut >= 0) {
        count = (size_t)checkpoints[row].cut;
    } else {
        bytes[7] = (unsigned char)checkpoints[row].length7;
    }
    scratch_write("bad.safetensors", bytes, count);
    scratch_write(LAST, bytes, count);
    free(bytes);
}

/* A run that was stopped early and knows no older checkpoint. */
static void stopped_run(void)
{
    const int code = stop_by(SIGINT, "train " TINY " --epochs 1000 --batch-size 1 -q --out cut");
    ck_assert_msg(code == 130, "exit code %d: %s", code, program_err);
    (void)unlink("cut/checkpoints/prev.safetensors");
}

START_TEST(checkpoint_files)
{
    size_t count, steps;
    stopped_run();
    unsigned char *good = scratch_read(LAST, &count), *log = scratch_read("cut/steps.csv", &steps);
    scratch_write("steps.csv", log, steps);
    for (int i = 0; i < CHECKPOINTS; i++) {
        const char *part = checkpoints[i].says;
        write_bad(i, good, count);
        ck_refused(BAD, part, "eval bad.safetensors --data idx:data -d cpu -q");
        ck_refused(BAD, part, "predict bad.safetensors --data idx:data --index 1 -d cpu -q");
        ck_refused(BAD, part, TRAIN_TINY " --init bad.safetensors");
        ck_refused(BAD, part, "train --resume cut -d cpu -q");
        ck_assert(!exists("run"));
        ck_same_files("cut/steps.csv", "steps.csv");
        ck_same_files(LAST, "bad.safetensors");
    }
    free(good);
    free(log);
}
END_TEST

START_TEST(run_folders)
{
    stopped_run();
    ck_refused(FILES, "no such run folder", "train --resume nowhere");
    ck_refused(FILES, "data/config.json", "train --resume data");
    json_t *config = load_json("cut/config.json");
    json_object_set_new(config, "family", json_string("tile"));
    ck_assert_int_eq(json_dump_file(config, "cut/config.json", 0), 0);
    ck_refused(USAGE, "family was \"auto\" and is \"tile\" now", "train --resume cut -d cpu -q");
    json_object_set_new(config, "family", json_integer(3));
    ck_assert_int_eq(json_dump_file(config, "cut/config.json", 0), 0);
    ck_refused(BAD, "cut/config.json: \"family\"", "train --resume cut -d cpu -q");
    json_decref(config);
    ck_assert_int_eq(unlink(LAST), 0);
    scratch_write("cut/config.json", "{\"model\": \"tiny.net\", \"data\": \"idx:data\"}", 41);
    scratch_write("cut/checkpoints/best.safetensors", "", 0);
    ck_refused(FILES, "--init cut/checkpoints/best.safetensors", "train --resume cut -d cpu -q");
    ck_assert_int_eq(unlink("cut/checkpoints/best.safetensors"), 0);
    ck_refused(FILES, "no checkpoint", "train --resume cut -d cpu -q");
}
END_TEST

/* ---- pictures ---- */

START_TEST(pictures)
{
    static const unsigned char start[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
                                         "\0\0\x75\x30\0\0\x75\x30\x08\0\0\0\0\xb1\xb8\x9e\xd7"
                                         "\0\0\0\x0aIDAT";
    ck_fine(TRAIN_TINY);
    scratch_write("large.png", start, sizeof start - 1);
    ck_refused(BAD, "large.png: 30000 x 30000 pixels", "predict run large.png -d cpu");
    scratch_write("cut.png", start, 20);
    ck_refused(BAD, "cut.png: damaged PNG", "predict run cut.png -d cpu");
    scratch_write("text.png", "hello", 5);
    ck_refused(BAD, "text.png is neither PNG nor JPEG", "predict run text.png -d cpu");
    ck_refused(FILES, "data: it is a folder", "predict run data -d cpu");
}
END_TEST

/* ---- output ---- */

/* A disk that takes no more: files may not grow beyond a limit, which a checkpoint does. */
START_TEST(a_checkpoint_that_cannot_be_written)
{
    struct rlimit old, small;
    size_t count;
    stopped_run();
    unsigned char *bytes = scratch_read(LAST, &count);
    scratch_write("kept.safetensors", bytes, count);
    free(bytes);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = (rlim_t)count / 2;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    const pid_t child = program_start("train --resume cut -d cpu -q");
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
    const int code = program_wait(child);
    program_read("stderr.txt", program_err);
    ck_assert_msg(code == FILES, "exit code %d: %s", code, program_err);
    ck_assert_int_eq(count_of(program_err, '\n'), 1);
    ck_says(program_err, "cut/");
    ck_same_files(LAST, "kept.safetensors");
    ck_fine("eval cut --data idx:data -d cpu");
}
END_TEST

START_TEST(places_that_cannot_be_written)
{
    ck_fine(TRAIN_TINY);
    ck_refused(USAGE, "--overwrite", TRAIN_TINY);
    ck_refused(FILES, "tiny.net is a file", TRAIN_TINY " --out tiny.net");
    ck_refused(FILES, "tiny.net", TRAIN_TINY " --out tiny.net/run");
    ck_refused(FILES, "none/a.csv", "eval run --data idx:data -d cpu -q --logits none/a.csv");
    ck_refused(FILES, "none/a.safetensors", "init tiny.net -o none/a.safetensors");
    if (geteuid() == 0) return; /* whom no permission stops */
    ck_assert_int_eq(chmod("data", 0555), 0);
    ck_refused(FILES, "data/run: Permission denied", TRAIN_TINY " --out data/run");
    ck_assert_int_eq(chmod("data", 0755), 0);
}
END_TEST

/* ---- a training that diverges ---- */

/* Without an activation that can die, weights grow past every number once the rate is too large. */
static const char linear[] = IN "flatten\ndense units=16\ndense units=16\ndense units=3\n";

/* best: an epoch was finished before. */
static void ck_diverged(const char *rate, bool best)
{
    const int code = weft("train linear.net --data idx:data -d cpu --batch-size 8 --epochs 200 -q "
                          "--json --optimizer sgd --momentum 0 --label-smoothing 0.5 --lr %s "
                          "--out run --overwrite",
                          rate);
    ck_assert_msg(code == DIVERGED, "exit code %d: %s", code, program_err);
    ck_assert_int_eq(count_of(program_err, '\n'), 1);
    ck_says(program_err, "the loss is not a finite number in epoch");
    json_t *printed = program_json(), *written = load_json("run/summary.json");
    ck_assert(json_equal(printed, written));
    ck_assert_str_eq(json_string_value(json_object_get(printed, "outcome")), "diverged");
    ck_assert(json_is_integer(json_object_get(printed, "best_epoch")) == best);
    ck_assert(exists("run/checkpoints/best.safetensors") == best);
    json_decref(printed);
    json_decref(written);
}

START_TEST(diverged_runs)
{
    scratch_write("linear.net", linear, sizeof linear - 1);
    ck_diverged("1e6", false);
    ck_diverged("3", true);
    ck_fine("eval run --checkpoint best --data idx:data -d cpu --json");
    json_t *result = program_json();
    ck_assert(isfinite(number(result, "loss")) && number(result, "accuracy") > 0.9);
    json_decref(result);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_bad");
    TCase *bad = tcase_create("bad");
    tcase_set_timeout(bad, 300);
    tcase_add_checked_fixture(bad, tiny_open, program_close);
    tcase_add_loop_test(bad, data_files, 0, DATAS);
    tcase_add_test(bad, data_as_a_whole);
    tcase_add_test(bad, damaged_gz);
    tcase_add_loop_test(bad, network_texts, 0, NETWORKS);
    tcase_add_test(bad, a_network_of_100_megabytes);
    tcase_add_test(bad, checkpoint_files);
    tcase_add_test(bad, run_folders);
    tcase_add_test(bad, pictures);
    tcase_add_test(bad, a_checkpoint_that_cannot_be_written);
    tcase_add_test(bad, places_that_cannot_be_written);
    tcase_add_test(bad, diverged_runs);
    suite_add_tcase(suite, bad);
    return weft_suite_run(suite);
}
