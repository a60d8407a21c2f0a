/* Every line that runs write to events.jsonl is as core/events.md says: the page is read, and runs
 * of every kind are held to it. */
#define _XOPEN_SOURCE 700

#include <math.h>

#include "core/run.h"
#include "tests/tiny_run.h"

enum { RULES = 64, KINDS = 16, BATCH = 8, HELD_OUT = 12 };

/* ---- the page ---- */

typedef struct rule {
    char event[32], key[32], type[32];
} rule;

static rule rules[RULES];
static int rule_count;

/* One cell of a row of a table, without blanks and backquotes. */
static char *cell(char **at, char out[32])
{
    size_t used = 0;
    for (; **at && **at != '|'; (*at)++)
        if (**at != '`' && used < 31 && !(**at == ' ' && used == 0)) out[used++] = **at;
    if (**at) (*at)++;
    while (used > 0 && out[used - 1] == ' ')
        used--;
    out[used] = '\0';
    return out;
}

static void read_page(void)
{
    char line[512];
    FILE *page = fopen(WEFT_SOURCE_DIR "/core/events.md", "r");
    ck_assert_ptr_nonnull(page);
    rule_count = 0;
    while (fgets(line, sizeof line, page)) {
        if (strncmp(line, "| `", 3) != 0) continue;
        ck_assert_int_lt(rule_count, RULES);
        rule *r = &rules[rule_count++];
        char *at = line + 1;
        cell(&at, r->event);
        cell(&at, r->key);
        cell(&at, r->type);
    }
    fclose(page);
    ck_assert_int_gt(rule_count, 20);
}

static bool is_of(const json_t *value, const char *type)
{
    if (strcmp(type, "string") == 0) return json_is_string(value);
    if (strcmp(type, "integer") == 0) return json_is_integer(value);
    if (strcmp(type, "boolean") == 0) return json_is_boolean(value);
    if (strcmp(type, "number") == 0) return json_is_real(value);
    if (strcmp(type, "number or null") == 0) return json_is_real(value) || json_is_null(value);
    if (strcmp(type, "optional string") == 0) return !value || json_is_string(value);
    ck_abort_msg("the page has a type \"%s\"", type);
}

static bool rules_it(const rule *r, const char *event)
{
    return strcmp(r->event, "*") == 0 || strcmp(r->event, event) == 0;
}

/* Each key that the page asks for, and none that it does not know. */
static void hold(const json_t *line, const char *event, const char *text)
{
    size_t known = 0;
    bool is_event = false;
    for (int i = 0; i < rule_count; i++) {
        if (!rules_it(&rules[i], event)) continue;
        const json_t *value = json_object_get(line, rules[i].key);
        ck_assert_msg(is_of(value, rules[i].type), "%s is no %s: %s", rules[i].key, rules[i].type,
                      text);
        is_event = is_event || rules[i].event[0] != '*';
        known += value != NULL;
    }
    ck_assert_msg(is_event, "the page knows no event \"%s\"", event);
    ck_assert_msg(json_object_size(line) == known, "more than the page says: %s", text);
}

/* ---- a file ---- */

/* What a file held, in order. */
typedef struct events {
    json_t *lines; /* an array */
    char kinds[KINDS * 64];
} events;

static events read_events(const char *path)
{
    events e = {.lines = json_array()};
    program_read(path, program_out);
    for (char *at = program_out, *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
        *end = '\0';
        json_t *line = json_loads(at, JSON_REJECT_DUPLICATES, NULL);
        ck_assert_msg(json_is_object(line), "no object: %s", at);
        const char *event = json_string_value(json_object_get(line, "event"));
        ck_assert_ptr_nonnull(event);
        hold(line, event, at);
        const size_t used = strlen(e.kinds);
        (void)snprintf(e.kinds + used, sizeof e.kinds - used, "%s ", event);
        json_array_append_new(e.lines, line);
    }
    return e;
}

static const char *word(const json_t *line, const char *key)
{
    const char *text = json_string_value(json_object_get(line, key));
    return text ? text : "";
}

static bool is(const json_t *line, const char *event)
{
    return strcmp(word(line, "event"), event) == 0;
}

static json_t *last_of(const events *e)
{
    return json_array_get(e->lines, json_array_size(e->lines) - 1);
}

/* ---- groups of steps ---- */

static const int per_epoch = (TRAIN - HELD_OUT + BATCH - 1) / BATCH;

static int rows_of(int step)
{
    return step % per_epoch ? BATCH : (TRAIN - HELD_OUT) - (per_epoch - 1) * BATCH;
}

/* Loss and accuracy of steps [first, last] from steps.csv, weighted by their samples. */
static void mean_of(const char *run, int first, int last, double *loss, double *accuracy)
{
    char path[64], line[256];
    int step, samples = 0;
    double one, right;
    (void)snprintf(path, sizeof path, "%s/steps.csv", run);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    *loss = *accuracy = 0;
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "%d,%lf,%lf", &step, &one, &right) != 3) continue;
        if (step < first || step > last) continue;
        *loss += one * rows_of(step);
        *accuracy += right * rows_of(step);
        samples += rows_of(step);
    }
    fclose(file);
    ck_assert_int_gt(samples, 0);
    *loss /= samples;
    *accuracy /= samples;
}

/* The groups cover every step once, and their figures are those of steps.csv. */
static void check_groups(const events *e, const char *run, int steps)
{
    int next = 1;
    size_t i;
    json_t *line;
    json_array_foreach(e->lines, i, line)
    {
        double loss, accuracy;
        if (!is(line, "steps")) continue;
        const int first = (int)number(line, "first"), last = (int)number(line, "step");
        ck_assert_int_eq(first, next);
        ck_assert_int_ge(last, first);
        ck_assert_int_eq((first - 1) / per_epoch, (last - 1) / per_epoch);
        ck_assert_int_eq((last - 1) / per_epoch + 1, (int)number(line, "epoch"));
        mean_of(run, first, last, &loss, &accuracy);
        ck_assert(fabs(loss - number(line, "loss")) < 1e-6);
        ck_assert(fabs(accuracy - number(line, "accuracy")) < 1e-6);
        next = last + 1;
    }
    ck_assert_int_eq(next, steps + 1);
}

/* ---- the runs ---- */

#define RUN "train " TINY " -q --val-count 12 --overwrite --out "

START_TEST(a_run_from_start_to_end)
{
    ck_fine(RUN "run --epochs 3 --save-every 5");
    events e = read_events("run/events.jsonl");
    /* 14 steps an epoch: checkpoints after 5 and 10, then after 15, 20, 25, then after 30 ... */
    ck_assert_str_eq(e.kinds, "start steps checkpoint steps checkpoint steps epoch checkpoint "
                              "steps checkpoint steps checkpoint steps checkpoint steps epoch "
                              "checkpoint "
                              "steps checkpoint steps checkpoint steps checkpoint steps epoch "
                              "checkpoint end ");
    check_groups(&e, "run", 3 * per_epoch);
    ck_assert_str_eq(word(last_of(&e), "outcome"), "finished");
    json_decref(e.lines);
}
END_TEST

/* What a reader beside the run sees: lines are there while it goes on. */
static void wait_for(const char *path, const char *part, int count)
{
    static char text[PROGRAM_TEXT];
    for (int i = 0; i < 20000; i++) {
        if (exists(path)) program_read(path, text);
        if (exists(path) && times_in(text, part) >= count) return;
        pause_ms(1);
    }
    ck_abort_msg("%s never says %s", path, part);
}

START_TEST(a_stop_and_a_resume)
{
    const pid_t child = program_start(RUN "run --epochs 4000");
    wait_for("run/events.jsonl", "\"epoch\",\"step\":14,", 1);
    ck_assert_int_eq(kill(child, SIGINT), 0);
    ck_assert_int_eq(program_wait(child), 130);
    events e = read_events("run/events.jsonl");
    ck_says(e.kinds, "stop ");
    ck_assert_str_eq(word(last_of(&e), "outcome"), "stopped");
    const int steps = (int)number(last_of(&e), "step");
    check_groups(&e, "run", steps);
    json_decref(e.lines);

    const pid_t again = program_start("train --resume run -q");
    wait_for("run/events.jsonl", "\"resumed\":true", 1);
    ck_assert_int_eq(kill(again, SIGKILL), 0); /* at whatever moment: */
    ck_assert_int_eq(program_wait(again), -1);
    const pid_t third = program_start("train --resume run -q");
    wait_for("run/events.jsonl", "\"resumed\":true", 2);
    ck_assert_int_eq(kill(third, SIGTERM), 0);
    ck_assert_int_eq(program_wait(third), 143);
    e = read_events("run/events.jsonl");
    ck_assert_str_eq(word(last_of(&e), "outcome"), "stopped");
    check_groups(&e, "run", (int)number(last_of(&e), "step"));
    json_decref(e.lines);
}
END_TEST

START_TEST(patience_ends_a_run)
{
    ck_fine(RUN "run --epochs 400 --patience 1 --lr 1e-12");
    events e = read_events("run/events.jsonl");
    const json_t *stop = json_array_get(e.lines, json_array_size(e.lines) - 2);
    ck_assert_str_eq(word(stop, "reason"), "patience");
    ck_assert_str_eq(word(last_of(&e), "outcome"), "finished");
    json_decref(e.lines);
}
END_TEST

START_TEST(a_run_that_diverges_says_why)
{
    ck_assert_int_eq(weft(RUN "run --optimizer sgd --lr 1e6 --schedule constant"), 7);
    events e = read_events("run/events.jsonl");
    ck_assert_str_eq(word(last_of(&e), "outcome"), "diverged");
    ck_says(word(last_of(&e), "text"), "epoch 1");
    json_decref(e.lines);
}
END_TEST

/* Files of at most 4 KiB: there is room for the logs, none for a checkpoint. */
START_TEST(a_run_that_fails_says_why)
{
    static const char wide[] = "input shape=6x5x1\nflatten\ndense units=64\nrelu\n"
                               "dense units=3\n";
    scratch_write("wide.net", wide, sizeof wide - 1);
    ck_assert_int_eq(setenv("weft", WEFT_PROGRAM, 1), 0);
    const int status =
        system("trap '' XFSZ; ulimit -f 8; \"$weft\" train --no-report wide.net --data idx:data "
               "-d cpu -q --epochs 1 --log-every 0 --out run 2>stderr.txt");
    ck_assert_int_eq(WEXITSTATUS(status), 6);
    events e = read_events("run/events.jsonl");
    ck_assert_str_eq(word(last_of(&e), "outcome"), "failed");
    ck_says(word(last_of(&e), "text"), "File too large");
    json_decref(e.lines);
}
END_TEST

static json_t *find(const events *e, const char *event)
{
    size_t i;
    json_t *line;
    json_array_foreach(e->lines, i, line) if (is(line, event)) return line;
    ck_abort_msg("no event \"%s\" among %s", event, e->kinds);
}

START_TEST(warnings_of_the_program_are_kept)
{
    ck_fine(RUN "first --epochs 1");
    json_t *config = load_json("first/config.json");
    json_object_set_new(config, "device_name", json_string("Another GPU"));
    ck_assert_int_eq(json_dump_file(config, "moved.json", 0), 0);
    json_decref(config);
    ck_fine("train --config moved.json --out run -q");
    ck_says(program_err, "Another GPU");
    events e = read_events("run/events.jsonl");
    ck_says(word(find(&e, "warning"), "text"), "Another GPU");
    ck_assert(is(json_array_get(e.lines, 1), "warning"));
    json_decref(e.lines);
}
END_TEST

START_TEST(warnings_of_the_training_are_kept)
{
    const pid_t child = program_start(RUN "run --epochs 4000");
    wait_for("run/events.jsonl", "\"epoch\",\"step\":28,", 1);
    ck_assert_int_eq(kill(child, SIGINT), 0);
    ck_assert_int_eq(program_wait(child), 130);
    ck_assert_int_eq(truncate("run/checkpoints/last.safetensors", 100), 0);
    const pid_t again = program_start("train --resume run -q");
    wait_for("run/events.jsonl", "\"warning\"", 1);
    ck_assert_int_eq(kill(again, SIGINT), 0);
    ck_assert_int_eq(program_wait(again), 130);
    events e = read_events("run/events.jsonl");
    ck_says(word(find(&e, "warning"), "text"), "going on from the checkpoint before it");
    check_groups(&e, "run", (int)number(last_of(&e), "step"));
    json_decref(e.lines);
}
END_TEST

START_TEST(without_validation_there_is_null)
{
    ck_fine("train " TINY " -q --val-count 0 --epochs 1 --out run --log-every 0 --no-test");
    events e = read_events("run/events.jsonl");
    ck_assert(json_is_null(json_object_get(find(&e, "epoch"), "val_loss")));
    ck_assert_str_eq(e.kinds, "start steps epoch checkpoint end ");
    json_decref(e.lines);
}
END_TEST

/* Lines that stay when a run goes on from step 3 with so many finished epochs. */
static int lines_kept(uint32_t epochs, bool *untold)
{
    /* stopped in the validation of its first epoch, and killed when it had made up for that */
    static const char text[] = "{\"event\":\"start\",\"step\":0}\n"
                               "{\"event\":\"steps\",\"step\":3,\"epoch\":1}\n"
                               "{\"event\":\"checkpoint\",\"step\":3}\n"
                               "{\"event\":\"start\",\"step\":3}\n"
                               "{\"event\":\"epoch\",\"step\":3,\"epoch\":1}\n";
    weft_run *run;
    scratch_folder("run");
    scratch_folder("run/checkpoints");
    scratch_write("run/events.jsonl", text, sizeof text - 1);
    ck_weft(weft_run_reopen("run", &run));
    ck_weft(weft_run_logs_open(run, false, 3, epochs));
    *untold = weft_run_checkpoint_is_untold(run);
    weft_run_free(run);
    program_read("run/events.jsonl", program_out);
    return count_of(program_out, '\n');
}

/* The epoch's end belongs to the checkpoint behind it, which has the same step. */
START_TEST(an_epoch_without_its_checkpoint_goes)
{
    bool untold;
    ck_assert_int_eq(lines_kept(0, &untold), 4);
    ck_assert(!untold);
    ck_assert_int_eq(lines_kept(1, &untold), 5);
    ck_assert(untold);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("events");
    TCase *tests = tcase_create("events");
    tcase_set_timeout(tests, 120);
    tcase_add_unchecked_fixture(tests, read_page, NULL);
    tcase_add_checked_fixture(tests, tiny_open, program_close);
    tcase_add_test(tests, a_run_from_start_to_end);
    tcase_add_test(tests, a_stop_and_a_resume);
    tcase_add_test(tests, patience_ends_a_run);
    tcase_add_test(tests, a_run_that_diverges_says_why);
    tcase_add_test(tests, a_run_that_fails_says_why);
    tcase_add_test(tests, warnings_of_the_program_are_kept);
    tcase_add_test(tests, warnings_of_the_training_are_kept);
    tcase_add_test(tests, without_validation_there_is_null);
    tcase_add_test(tests, an_epoch_without_its_checkpoint_goes);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
