/* Run folders as commands read them back: whole ones, damaged ones, ones without an epoch. */
#define _XOPEN_SOURCE 700

#include <math.h>

#include "cli/run_files.h"
#include "tests/scratch.h"
#include "tests/suite.h"

#define HEAD                                                                                  \
    "epoch,train_loss,train_accuracy,val_loss,val_accuracy,learning_rate,seconds,images_per_" \
    "second\n"
#define ROW_1      "1,0.5,0.8,0.75,0.7,0.001,2,100\n"
#define ROW_2      "2,0.25,0.9,0.5,0.85,0.002,4,200\n"
#define ROW(epoch) #epoch ",1,1,1,1,1,1,1\n"

static char said[512];
static int said_count;

static void hear(void *user, weft_level level, const char *text)
{
    (void)user;
    ck_assert_int_eq(level, WEFT_WARNING);
    (void)snprintf(said, sizeof said, "%s", text);
    said_count++;
}

static const weft_log listener = {.write = hear};

/* A run folder with these files; NULL: not there. */
static const char *run_of(const char *config, const char *summary, const char *metrics)
{
    static const char *const names[] = {"r/config.json", "r/summary.json", "r/metrics.csv"};
    const char *const texts[] = {config, summary, metrics};
    said_count = 0;
    said[0] = '\0';
    (void)scratch_folder("r");
    for (int i = 0; i < 3; i++) {
        (void)remove(scratch_path(names[i]));
        if (texts[i]) (void)scratch_write(names[i], texts[i], strlen(texts[i]));
    }
    return scratch_path("r");
}

START_TEST(a_whole_run_is_read)
{
    cli_run_files run;
    ck_weft(cli_run_read(run_of("{\"epochs\":2}", "{\"epochs\":2}", HEAD ROW_1 ROW_2), &listener,
                         &run));
    ck_assert_int_eq(run.epoch_count, 2);
    ck_assert_uint_eq(run.epoch[1].epoch, 2);
    ck_assert_double_eq(run.epoch[0].train_loss, 0.5);
    ck_assert_double_eq(run.epoch[0].val_accuracy, 0.7);
    ck_assert_double_eq(run.epoch[1].learning_rate, 0.002);
    ck_assert_double_eq(run.epoch[1].images_per_second, 200);
    ck_assert(run.epoch[0].best && run.epoch[1].best);
    ck_assert_int_eq(json_integer_value(json_object_get(run.config, "epochs")), 2);
    ck_assert_ptr_nonnull(run.summary);
    ck_assert_ptr_null(run.env);
    ck_assert_int_eq(said_count, 0);
    cli_run_files_free(&run);
}
END_TEST

START_TEST(missing_and_bad_numbers_keep_their_row)
{
    cli_run_files run;
    ck_weft(
        cli_run_read(run_of("{}", NULL, HEAD "1,0.5,0.8,,,0.001,2,100\n2,nan,inf,-inf,0,1,1,1\n"),
                     &listener, &run));
    ck_assert_int_eq(run.epoch_count, 2);
    ck_assert(isnan(run.epoch[0].val_loss) && !run.epoch[0].best);
    ck_assert(isnan(run.epoch[1].train_loss));
    ck_assert_double_eq(run.epoch[1].train_accuracy, (double)INFINITY);
    ck_assert_double_eq(run.epoch[1].val_loss, -(double)INFINITY);
    ck_assert_ptr_null(run.summary);
    ck_assert_int_eq(said_count, 0);
    cli_run_files_free(&run);
}
END_TEST

START_TEST(columns_are_found_by_name)
{
    weft_epoch_report *row;
    int count;
    ck_weft(cli_run_epochs(run_of("{}", NULL, "val_loss,joules,epoch\n0.5,7,3\n"), &listener, &row,
                           &count));
    ck_assert_int_eq(count, 1);
    ck_assert_uint_eq(row[0].epoch, 3);
    ck_assert_double_eq(row[0].val_loss, 0.5);
    ck_assert(isnan(row[0].train_loss));
    free(row);
}
END_TEST

typedef struct damage {
    const char *metrics, *says;
    int rows;
} damage;

static const damage damages[] = {
    {HEAD ROW_1 "2,x,0.9,0.5,0.85,1,4,200\n", "metrics.csv:3: no number: \"x\"; left out", 1},
    {HEAD "one,1,1,1,1,1,1,1\n" ROW_2, "metrics.csv:2: no epoch: \"one\"; left out", 1},
    {HEAD "0,1,1,1,1,1,1,1\n" ROW_2, "metrics.csv:2: no epoch: \"0\"", 1},
    {HEAD ROW_1 ROW_2 ROW_1, "metrics.csv:4: not behind the epoch of the line before: \"1\"", 2},
    {HEAD ROW_1 "2,0.5\n", "metrics.csv:3: not as many columns as in the first line", 1},
    {HEAD ROW_1 "2,1,1,1,1,1,1,1,1\n", "metrics.csv:3: not as many columns", 1},
    {HEAD ROW_1 "\n\n" ROW_2 "junk\n", "metrics.csv:3: no epoch: \"\"; left out, and 2 more lines",
     2},
};
enum { DAMAGE_COUNT = sizeof damages / sizeof *damages };

/* An epoch is wrong, and every other row stays. */
typedef struct wrong_epoch {
    const char *metrics, *says;
    int rows;
    uint32_t last;
} wrong_epoch;

static const wrong_epoch wrong_epochs[] = {
    {HEAD ROW_1 ROW_2 ROW(99) ROW(4) ROW(5),
     "metrics.csv:4: ahead of the epochs around it: \"99\"; left out", 4, 5},
    {HEAD ROW(77) ROW_2 ROW(3), "metrics.csv:2: ahead of the epochs around it: \"77\"", 2, 3},
    {HEAD ROW_1 ROW(4294967295) ROW(3), "metrics.csv:3: ahead of", 2, 3},
    {HEAD ROW_1 ROW_2 ROW(99), "metrics.csv:4: ahead of", 2, 2},
    {HEAD ROW_1 ROW(99) "junk\n" ROW(98) ROW(5),
     "metrics.csv:3: ahead of the epochs around it: \"99\"; left out, and 2 more lines", 2, 5},
    {HEAD ROW_1 ROW_2 ROW_1 ROW(4), "metrics.csv:4: not behind", 3, 4},
    {HEAD ROW_1 ROW_2 ROW_2 ROW(4), "metrics.csv:4: not behind", 3, 4},
    {HEAD ROW_1 "junk\n" ROW(3), "metrics.csv:3: no epoch: \"junk\"; left out", 2, 3},
};
enum { WRONG_EPOCHS = sizeof wrong_epochs / sizeof *wrong_epochs };

START_TEST(the_row_of_a_wrong_epoch_is_named_alone)
{
    weft_epoch_report *row;
    int count;
    const wrong_epoch *w = &wrong_epochs[_i];
    ck_weft(cli_run_epochs(run_of("{}", NULL, w->metrics), &listener, &row, &count));
    ck_assert_int_eq(count, w->rows);
    ck_assert_uint_eq(row[count - 1].epoch, w->last);
    ck_assert_int_eq(said_count, 1);
    ck_assert_msg(strstr(said, w->says) != NULL, "\"%s\" does not say \"%s\"", said, w->says);
    free(row);
}
END_TEST

/* A row that was taken back is the best no longer. */
START_TEST(the_best_is_found_among_what_stays)
{
    weft_epoch_report *row;
    int count;
    const char *folder = run_of("{}", NULL, "epoch,val_loss\n1,0.5\n99,0.1\n3,0.4\n4,0.45\n");
    ck_weft(cli_run_epochs(folder, &listener, &row, &count));
    ck_assert_int_eq(count, 3);
    ck_assert(row[0].best && row[1].best && !row[2].best);
    free(row);
}
END_TEST

START_TEST(a_damaged_line_is_named_and_left_out)
{
    weft_epoch_report *row;
    int count;
    const damage *d = &damages[_i];
    ck_weft(cli_run_epochs(run_of("{}", NULL, d->metrics), &listener, &row, &count));
    ck_assert_int_eq(count, d->rows);
    ck_assert_int_eq(said_count, 1);
    ck_assert_msg(strstr(said, d->says) != NULL, "\"%s\" does not say \"%s\"", said, d->says);
    free(row);
}
END_TEST

/* As a power cut may leave it. */
START_TEST(zero_bytes_spoil_only_their_line)
{
    static const char text[] = HEAD "1,0\0\0\0\0\n" ROW_2;
    weft_epoch_report *row;
    int count;
    const char *folder = run_of("{}", NULL, HEAD);
    (void)scratch_write("r/metrics.csv", text, sizeof text - 1);
    ck_weft(cli_run_epochs(folder, &listener, &row, &count));
    ck_assert_int_eq(count, 1);
    ck_assert_uint_eq(row[0].epoch, 2);
    ck_assert_msg(strstr(said, "metrics.csv:2: a zero byte; left out") != NULL, "%s", said);
    free(row);
}
END_TEST

/* Though it has all its cells: nobody knows how many digits the last of them had. */
START_TEST(a_torn_last_line_is_named)
{
    static const char torn[] = HEAD ROW_1 ROW_2;
    weft_epoch_report *row;
    int count;
    const char *folder = run_of("{}", NULL, HEAD);
    (void)scratch_write("r/metrics.csv", torn, sizeof torn - 2);
    ck_weft(cli_run_epochs(folder, &listener, &row, &count));
    ck_assert_int_eq(count, 1);
    ck_assert_int_eq(said_count, 1);
    ck_assert_msg(strstr(said, "metrics.csv:3: cut off; left out") != NULL, "%s", said);
    free(row);
}
END_TEST

START_TEST(damaged_lines_alone_are_refused)
{
    weft_epoch_report *row;
    int count;
    ck_weft_refused(cli_run_epochs(run_of("{}", NULL, HEAD "x,1\n2,y\n"), &listener, &row, &count),
                    WEFT_ERR_FORMAT,
                    "metrics.csv:2: no epoch: \"x\", and 1 more lines; no epoch is left");
    ck_assert_int_eq(said_count, 0);
    ck_assert_ptr_null(row);
}
END_TEST

typedef struct refusal {
    const char *config, *summary, *metrics;
    weft_status status;
    const char *says;
} refusal;

static const refusal refusals[] = {
    {NULL, NULL, HEAD ROW_1, WEFT_ERR_IO, "config.json"},
    {"[]", NULL, HEAD ROW_1, WEFT_ERR_FORMAT, "config.json: not a JSON object"},
    {"{}", "{", HEAD ROW_1, WEFT_ERR_FORMAT, "summary.json:1: "},
    {"{}", NULL, NULL, WEFT_ERR_FORMAT, "has no finished epoch"},
    {"{}", NULL, HEAD, WEFT_ERR_FORMAT, "has no finished epoch"},
    {"{}", NULL, HEAD "junk\n", WEFT_ERR_FORMAT,
     "metrics.csv:2: no epoch: \"junk\"; no epoch is left"},
    {"{}", NULL, "\x89PNG\nabc\n", WEFT_ERR_FORMAT, "metrics.csv:1: not the columns"},
};
enum { REFUSAL_COUNT = sizeof refusals / sizeof *refusals };

START_TEST(a_run_that_shows_nothing_is_refused)
{
    cli_run_files run;
    const refusal *r = &refusals[_i];
    ck_weft_refused(cli_run_read(run_of(r->config, r->summary, r->metrics), &listener, &run),
                    r->status, r->says);
    ck_assert_ptr_null(run.epoch);
    ck_assert_ptr_null(run.config);
}
END_TEST

START_TEST(no_folder_is_refused)
{
    cli_run_files run;
    ck_weft_refused(cli_run_read(scratch_path("nowhere"), &listener, &run), WEFT_ERR_IO,
                    "no such run folder");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("run_files");
    TCase *files = tcase_create("files");
    tcase_add_unchecked_fixture(files, scratch_open, scratch_close);
    tcase_add_test(files, a_whole_run_is_read);
    tcase_add_test(files, missing_and_bad_numbers_keep_their_row);
    tcase_add_test(files, columns_are_found_by_name);
    tcase_add_loop_test(files, a_damaged_line_is_named_and_left_out, 0, DAMAGE_COUNT);
    tcase_add_loop_test(files, the_row_of_a_wrong_epoch_is_named_alone, 0, WRONG_EPOCHS);
    tcase_add_test(files, the_best_is_found_among_what_stays);
    tcase_add_test(files, zero_bytes_spoil_only_their_line);
    tcase_add_test(files, a_torn_last_line_is_named);
    tcase_add_test(files, damaged_lines_alone_are_refused);
    tcase_add_loop_test(files, a_run_that_shows_nothing_is_refused, 0, REFUSAL_COUNT);
    tcase_add_test(files, no_folder_is_refused);
    suite_add_tcase(suite, files);
    return weft_suite_run(suite);
}
