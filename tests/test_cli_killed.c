/* A run that is killed or stopped anywhere goes on as if nothing had been: at every write, fsync
 * and change of a name, and at any moment. */
#define _XOPEN_SOURCE 700

#include <dirent.h>
#include <limits.h>

#include "core/checkpoint.h"
#include "core/posix.h"
#include "report/tfrecord.h"
#include "tests/fault_run.h"

#ifdef WEFT_FAULTY

#define RUN                                                                             \
    "train tiny.net --data idx:data --batch-size 36 --epochs 2 --save-every 1 --quiet " \
    "--overwrite --device "
#define LAST "checkpoints/last.safetensors"

enum { SAMPLES = 10 };

/* ---- what a killed run leaves ---- */

/* Every checkpoint that is there is whole; is there one to go on from? */
static bool check_checkpoints(const char *fault)
{
    static const char *const names[] = {"cut/checkpoints/best.safetensors",
                                        "cut/checkpoints/prev.safetensors", "cut/" LAST};
    int found = 0;
    for (int i = 0; i < 3; i++) {
        weft_meta *meta = NULL;
        if (!exists(names[i])) continue;
        const weft_status status = weft_checkpoint_meta(names[i], &meta);
        ck_assert_msg(status == WEFT_OK, "%s: %s", fault, weft_error());
        weft_meta_free(meta);
        found += i > 0;
    }
    return found > 0;
}

static void check_no_leftover(const char *fault, const char *folder)
{
    DIR *names = opendir(folder);
    ck_assert_ptr_nonnull(names);
    for (const struct dirent *entry; (entry = readdir(names)) != NULL;) {
        const char *name = entry->d_name;
        ck_assert_msg(!says(name, ".tmp") && !says(name, "new."), "%s: %s was left", fault, name);
    }
    closedir(names);
}

/* Where there is no checkpoint yet, or the run had come to its end, a resume says so. */
static void check_resume(const char *fault, const char *device, const char *arguments)
{
    const bool there = check_checkpoints(fault), ended = exists("cut/summary.json");
    const int code = weft("train --resume cut --device %s --quiet", device);
    if (!there) {
        ck_assert_msg(code == 6 && fault_lines() == 1, "%s: %s", fault, program_err);
        ck_fine("%s", arguments);
    } else if (code != 0) {
        ck_assert_msg(ended && says(program_err, "already finished"), "%s: exit code %d: %s", fault,
                      code, program_err);
    }
    ck_same_files("cut/" LAST, "whole/" LAST);
    ck_same_files("cut/steps.csv", "whole/steps.csv");
    if (code != 0 && there) return;
    check_no_leftover(fault, "cut");
    check_no_leftover(fault, "cut/checkpoints");
}

/* ---- at every point ---- */

/* Under `all`: a sample of the points, every one, or none; under `long` it is every one. */
enum extent { SAMPLE, EVERY, NONE };

/* Which calls, what happens before them, and how the process ends. */
static const struct {
    const char *call, *action, *device;
    int code;
    enum extent extent;
} walks[] = {
    {"link", "kill", "cpu", -SIGKILL, EVERY}, /* so each checkpoint is gone on from */
    {"disk", "kill", "cpu", -SIGKILL, SAMPLE},   {"write", "half", "cpu", -SIGKILL, SAMPLE},
    {"disk", "term", "cpu", 143, SAMPLE},        {"disk", "twice", "cpu", 130, SAMPLE},
#ifdef WEFT_OPENCL
    {"link", "kill", "opencl", -SIGKILL, EVERY}, {"disk", "kill", "opencl", -SIGKILL, NONE},
    {"disk", "term", "opencl", 143, NONE},       {"disk", "twice", "opencl", 130, NONE},
#endif
};
enum { WALKS = sizeof walks / sizeof *walks };

START_TEST(stopped_at_a_point)
{
    const char *device = walks[_i].device;
    char arguments[PROGRAM_ARGUMENTS], fault[FAULT_TEXT];
    if (strcmp(device, "cpu") != 0 && !tiny_has_opencl()) return;
    if (walks[_i].extent == NONE && !fault_walks_all()) return;
    (void)snprintf(arguments, sizeof arguments, RUN "%s --out whole", device);
    fault_count(arguments);
    const long count = fault_calls(walks[_i].call);
    const bool all = walks[_i].extent == EVERY || fault_walks_all() || count <= SAMPLES;
    ck_assert_int_gt(count, 4);

    (void)snprintf(arguments, sizeof arguments, RUN "%s --out cut", device);
    for (long n = 1; n <= count; n += all ? 1 : count / SAMPLES) {
        (void)snprintf(fault, sizeof fault, "%s:%ld:%s", walks[_i].call, n, walks[_i].action);
        const int code = fault_run(fault, arguments);
        const bool late = code == 0 && exists("cut/summary.json"); /* while the end is written */
        ck_assert_msg(code == walks[_i].code || late, "%s: exit code %d: %s", fault, code,
                      program_err);
        check_resume(fault, device, arguments);
        remove_folder("cut");
    }
}
END_TEST

/* ---- what is told of an epoch ---- */

#define TOLD                                                                                       \
    "train tiny.net --data idx:data --batch-size 36 --epochs 3 --tensorboard --quiet --overwrite " \
    "--device cpu --out "

typedef struct story {
    char text[4096];
    size_t used;
} story;

static void add_to(story *s, const char *what, long step)
{
    s->used +=
        (size_t)snprintf(s->text + s->used, sizeof s->text - s->used, "%s %ld\n", what, step);
    ck_assert_uint_lt(s->used, sizeof s->text);
}

static bool holds(const weft_wire *record, const char *tag)
{
    const size_t length = strlen(tag);
    for (size_t i = 0; i + length <= record->count; i++)
        if (memcmp(record->bytes + i, tag, length) == 0) return true;
    return false;
}

/* An event begins with its time, a double, and its step. */
static void add_records(story *s, const char *path)
{
    static const char *const tags[] = {"step/loss", "loss/training", "weights/fc1.weight",
                                       "gradients/fc1.weight", "filters/conv1.weight"};
    enum { STEP_AT = 10 };
    weft_wire record = {0};
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    while (weft_tfrecord_get(file, &record)) {
        uint64_t step = 0;
        size_t at = STEP_AT;
        ck_assert(weft_wire_read_varint(record.bytes, record.count, &at, &step));
        for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
            if (holds(&record, tags[i])) add_to(s, tags[i], (long)step);
    }
    fclose(file);
    weft_wire_free(&record);
}

/* A file for each start of the program, in their order. */
static void add_board(story *s, const char *folder)
{
    char path[PATH_MAX];
    struct dirent **list;
    const int count = scandir(folder, &list, NULL, alphasort);
    ck_assert_int_gt(count, 2);
    for (int i = 0; i < count; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, list[i]->d_name);
        if (list[i]->d_name[0] != '.') add_records(s, path);
        free(list[i]);
    }
    free(list);
}

static void add_events(story *s, const char *path)
{
    char line[1024];
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file)) {
        json_t *event = json_loads(line, 0, NULL);
        const char *name = json_string_value(json_object_get(event, "event"));
        ck_assert_ptr_nonnull(name);
        const bool best = json_is_true(json_object_get(event, "best"));
        if (strcmp(name, "epoch") == 0 || strcmp(name, "checkpoint") == 0) {
            add_to(s, name, (long)number(event, "step"));
            if (best) add_to(s, "best", (long)number(event, "step"));
        }
        json_decref(event);
    }
    fclose(file);
}

static void add_rows(story *s, const char *path)
{
    char line[1024];
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file))
        add_to(s, "row", strtol(line, NULL, 10));
    fclose(file);
}

/* What was told of a run, without the times. */
static story story_of(const char *run)
{
    char path[64];
    story s = {.used = 0};
    (void)snprintf(path, sizeof path, "%s/tensorboard", run);
    add_board(&s, path);
    (void)snprintf(path, sizeof path, "%s/events.jsonl", run);
    add_events(&s, path);
    (void)snprintf(path, sizeof path, "%s/metrics.csv", run);
    add_rows(&s, path);
    return s;
}

/* The last fsync of a checkpoint comes when it has its name, and before anything is said of it. */
START_TEST(nothing_is_lost_or_told_twice)
{
    char fault[FAULT_TEXT];
    fault_count(TOLD "whole");
    const story whole = story_of("whole");
    const long count = fault_calls("fsync");
    for (long n = 1; n <= count; n++) {
        (void)snprintf(fault, sizeof fault, "fsync:%ld:kill", n);
        ck_assert_int_eq(fault_run(fault, TOLD "cut"), -SIGKILL);
        check_resume(fault, "cpu", TOLD "cut");
        const story cut = story_of("cut");
        ck_assert_msg(strcmp(cut.text, whole.text) == 0, "%s: \n%s\ninstead of\n%s", fault,
                      cut.text, whole.text);
        ck_same_files("cut/curves.svg", "whole/curves.svg");
        remove_folder("cut");
    }
}
END_TEST

/* ---- at any moment ---- */

static uint32_t random_below(uint32_t *state, uint32_t limit)
{
    *state = *state * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)*state * limit >> 32);
}

static const char *const devices[] = {"cpu", "opencl"};

/* Kill a run of which there is a checkpoint after so many milliseconds more; was it soon enough? */
static bool kill_after(uint32_t milliseconds, const char *arguments)
{
    int status = 0;
    const pid_t child = program_start(arguments);
    for (int i = 0; i < 20000 && !exists("cut/" LAST); i++)
        pause_ms(1);
    pause_ms((long)milliseconds);
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && !exists("cut/summary.json");
}

START_TEST(killed_at_any_moment)
{
    const char *device = devices[_i];
    char arguments[PROGRAM_ARGUMENTS], fault[FAULT_TEXT];
    const int wanted = fault_walks_all() ? 50 : 3;
    uint32_t state = 20260131;
    int killed = 0;
    if (_i > 0 && !tiny_has_opencl()) return;
    ck_fine(RUN "%s --out whole", device);
    (void)snprintf(arguments, sizeof arguments, RUN "%s --out cut", device);
    for (int tries = 0; killed < wanted && tries < 100 * wanted; tries++) {
        const uint32_t moment = random_below(&state, 30);
        if (kill_after(moment, arguments)) {
            killed++;
            (void)snprintf(fault, sizeof fault, "killed after %u ms", moment);
            check_resume(fault, device, arguments);
        }
        remove_folder("cut");
    }
    ck_assert_int_eq(killed, wanted);
}
END_TEST

/* ---- two at once ---- */

START_TEST(a_second_trainer_is_refused)
{
    const pid_t first =
        program_start("train " TINY " --epochs 100000 --save-every 1 --quiet --out cut");
    for (int i = 0; i < 20000 && !exists("cut/" LAST); i++)
        pause_ms(1);
    ck_refused(6, "another run is using this folder", "train --resume cut --device cpu --quiet");
    ck_refused(2, "holds a run already", "train " TINY " --quiet --out cut");
    ck_refused(6, "another run is using this folder",
               "train " TINY " --quiet --overwrite --out cut");
    ck_assert_int_eq(kill(first, SIGTERM), 0);
    ck_assert_int_eq(program_wait(first), 143);
    ck_assert(check_checkpoints("two trainers"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_killed");
    TCase *points = tcase_create("points");
    tcase_set_timeout(points, 0);
    tcase_add_checked_fixture(points, tiny_open, program_close);
    tcase_add_loop_test(points, stopped_at_a_point, 0, WALKS);
    tcase_add_test(points, nothing_is_lost_or_told_twice);
    tcase_add_loop_test(points, killed_at_any_moment, 0, 2);
    tcase_add_test(points, a_second_trainer_is_refused);
    suite_add_tcase(suite, points);
    return weft_suite_run(suite);
}

#else

int main(void)
{
    printf("skipped: this linker cannot wrap calls\n");
    return WEFT_SUITE_SKIPPED;
}

#endif
