/* weft report: what is on the page, what is said of what cannot be there, and where it is written.
 */
#define _XOPEN_SOURCE 700 /* posix_spawn, setenv */

#include "tests/tiny_run.h"

#define TRAIN_TINY "train " TINY " --epochs 2 --quiet --out "

static char page[1 << 22];

/* The whole of a page, as text. */
static const char *read_page(const char *name)
{
    size_t count = 0;
    unsigned char *bytes = scratch_read(name, &count);
    ck_assert_uint_lt(count, sizeof page);
    memcpy(page, bytes, count);
    page[count] = '\0';
    free(bytes);
    return page;
}

static void open_run(void)
{
    tiny_open();
    ck_fine(TRAIN_TINY "run");
}

/* Other classes for the samples of a split. */
static void number_labels(const char *split, int count, int classes)
{
    uint8_t labels[8 + TRAIN];
    char name[64];
    size_t at = put_u32(labels, 0x801);
    at += put_u32(labels + at, (uint32_t)count);
    for (int i = 0; i < count; i++)
        labels[at++] = (uint8_t)(i % classes);
    (void)snprintf(name, sizeof name, "data/%s-labels-idx1-ubyte", split);
    scratch_write(name, labels, at);
}

START_TEST(a_page_has_every_section)
{
    static const char *const sections[] = {"overview",    "curves",   "test",
                                           "predictions", "features", "evidence",
                                           "embedding",   "speed",    "setup"};
    ck_fine("report run -d cpu");
    ck_assert_str_eq(program_out, "run/report.html\n");
    const char *text = read_page("run/report.html");
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        char id[64];
        (void)snprintf(id, sizeof id, "<section id=\"%s\">", sections[i]);
        ck_says(text, id);
    }
    ck_assert_int_eq(times_in(text, "<section"), times_in(text, "</section>"));
    ck_assert_int_eq(times_in(text, "<figure>"), times_in(text, "</figure>"));
    ck_assert_int_ge(times_in(text, "<figure>"), 10);
    ck_says(text, "<h1>tiny on idx:data</h1>");
    ck_says(text, "middle");
    ck_says(text, "filters=4 kernel=3 padding=same name=conv1");
    ck_says(text, "45 samples of idx:data: loss ");
    ck_says(text, "4 filters of 3 x 3 over 1 channel<");
    ck_says(text, "4 channels of 6 x 5, by number<");
    ck_assert_ptr_null(strstr(text, "http://"));
}
END_TEST

/* What a page says of accuracy is what eval says. */
START_TEST(figures_are_those_of_eval)
{
    char wanted[128];
    double accuracy = 0, loss = 0;
    ck_fine("eval run --data idx:data -d cpu --json");
    json_t *eval = json_loads(program_out, 0, NULL);
    ck_assert_int_eq(json_unpack(eval, "{s:F, s:F}", "loss", &loss, "accuracy", &accuracy), 0);
    json_decref(eval);
    ck_fine("report run -d cpu -o page.html");
    (void)snprintf(wanted, sizeof wanted, "45 samples of idx:data: loss %.4f, accuracy %.4f", loss,
                   accuracy);
    ck_says(read_page("page.html"), wanted);
}
END_TEST

/* Numbers of config.json look as they do there, and the speed is that of the whole run. */
START_TEST(numbers_are_those_of_the_run)
{
    char wanted[128];
    double speed = 0;
    json_t *summary = json_load_file("run/summary.json", 0, NULL);
    ck_assert_int_eq(json_unpack(summary, "{s:F}", "images_per_second", &speed), 0);
    json_decref(summary);
    ck_fine("report run -d cpu -o page.html");
    const char *text = read_page("page.html");
    ck_says(text, "<td>[0.9,0.999]</td>");
    ck_says(text, "<td>1e-8</td>");
    (void)snprintf(wanted, sizeof wanted, "<dt>Images/s in training</dt><dd>%.0f</dd>", speed);
    ck_says(text, wanted);
}
END_TEST

/* What is not plain to a shell stands for itself. */
START_TEST(commands_name_the_folder)
{
    ck_fine("report .//run// -d cpu -o page.html --no-test");
    ck_says(read_page("page.html"), "weft train --config run/config.json\n"
                                    "weft eval run --data idx:data\n"
                                    "weft report run</pre>");
    ck_assert_int_eq(rename("run", "run+"), 0);
    ck_fine("report run+ -d cpu -o page.html --no-test");
    ck_assert_int_eq(rename("run+", "run"), 0);
    const char *text = read_page("page.html");
    ck_says(text, "<p>RUN is the folder of this run.</p>");
    ck_says(text, "weft report RUN</pre>");
}
END_TEST

/* Both products of a dense layer's backward pass are a gemm. */
START_TEST(steps_are_told_apart)
{
    ck_fine("report run -d cpu -o page.html --no-test");
    ck_says(read_page("page.html"), "<td>fc1</td><td>gemm, data gradient</td>");
}
END_TEST

START_TEST(pictures_are_written_too)
{
    ck_fine("report run -d cpu -o page.html --pictures shown");
    static const char *const names[] = {"curves",        "confusion",   "classes",
                                        "reliability",   "predictions", "filters",
                                        "gradcam-right", "embedding",   "speed"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char name[64];
        size_t count;
        (void)snprintf(name, sizeof name, "shown/%s.svg", names[i]);
        unsigned char *svg = scratch_read(name, &count);
        ck_assert_mem_eq(svg, "<?xml", 5);
        free(svg);
        (void)snprintf(name, sizeof name, "shown/%s.png", names[i]);
        unsigned char *png = scratch_read(name, &count);
        ck_assert_mem_eq(png, "\x89PNG", 4);
        free(png);
    }
}
END_TEST

START_TEST(without_a_test_set_the_rest_is_shown)
{
    ck_fine("report run -d cpu -o page.html --no-test");
    const char *text = read_page("page.html");
    ck_says(text, "There is no test set to show figures of: it was not asked for.");
    ck_says(text, "<section id=\"curves\">");
    ck_says(text, "<section id=\"speed\">");
    ck_assert_ptr_null(strstr(text, "<section id=\"predictions\">"));
}
END_TEST

START_TEST(a_data_set_that_is_gone_is_named)
{
    ck_assert_int_eq(rename("data", "elsewhere"), 0);
    ck_fine("report run -d cpu -o page.html");
    ck_says(program_err, "warning: the report shows no test set: there is no folder data");
    ck_says(read_page("page.html"),
            "There is no test set to show figures of: there is no folder data");
    ck_fine("report run -d cpu -o page.html --data idx:elsewhere");
    ck_says(read_page("page.html"), "45 samples of idx:elsewhere: loss ");
    ck_assert_int_eq(rename("elsewhere", "data"), 0);
}
END_TEST

START_TEST(a_damaged_line_is_named_and_the_rest_drawn)
{
    FILE *file = fopen("run/metrics.csv", "ab");
    ck_assert_ptr_nonnull(file);
    fputs("three,what\n", file);
    fclose(file);
    ck_fine("report run -d cpu -o page.html");
    ck_says(program_err, "warning: run/metrics.csv:4: no epoch: \"three\"; left out");
    ck_says(read_page("page.html"), "All 2 epochs");
}
END_TEST

/* A class may have any name. */
START_TEST(names_are_only_text)
{
    static const char names[] = "<script>alert(1)</script>\n\"quoted\" & 'more'\nthird\n";
    scratch_write("data/classes.txt", names, sizeof names - 1);
    ck_fine(TRAIN_TINY "strange");
    ck_fine("report strange -d cpu");
    const char *text = read_page("strange/report.html");
    ck_says(text, "&lt;script&gt;alert(1)&lt;/script&gt;");
    ck_says(text, "&quot;quoted&quot; &amp; &#39;more&#39;");
    ck_assert_ptr_null(strstr(text, "<script>alert"));
}
END_TEST

START_TEST(what_shows_nothing_is_refused)
{
    ck_refused(6, "nowhere: no such run folder", "report nowhere");
    ck_refused(6, "data/config.json", "report data -d cpu");
    scratch_write("run/metrics.csv", "epoch,train_loss\n", 17);
    ck_refused(3, "run has no finished epoch yet: metrics.csv holds none", "report run -d cpu");
    ck_refused(6, "none/page.html", "report strange -d cpu -o none/page.html");
    ck_refused(2, "one word too many", "report run other");
    ck_refused(2, "weft report RUN", "report");
}
END_TEST

/* More classes than Grad-CAM shows. */
START_TEST(evidence_says_whose_it_is)
{
    char network[sizeof tiny_network + 8];
    (void)snprintf(network, sizeof network, "%s", tiny_network);
    char *units = strstr(network, "units=3");
    (void)snprintf(units, sizeof network - (size_t)(units - network), "units=21 name=fc1\n");
    scratch_write("many.net", network, strlen(network));
    ck_assert_int_eq(remove("data/classes.txt"), 0);
    number_labels("train", TRAIN, 21);
    number_labels("t10k", TEST, 21);
    ck_fine("train many.net --data idx:data --epochs 1 -d cpu -q --out many");
    ck_fine("report many -d cpu");
    const char *text = read_page("many/report.html");
    ck_says(text, "the surest hit and error of each of the first 20 of 21 classes.");
    ck_says(text, "alt=\"Grad-CAM of the surest error of each of the first 20 of 21 classes\"");
    ck_assert_ptr_null(strstr(text, "error of each class"));
}
END_TEST

/* ---- at the end of a training ---- */

START_TEST(a_training_writes_it)
{
    program_reports = true;
    ck_fine(TRAIN_TINY "with");
    ck_says(program_out, "\nrun          with\nreport       with/report.html\n");
    ck_says(read_page("with/report.html"), "<dt>Outcome</dt><dd>finished</dd>");
    ck_fine(TRAIN_TINY "with --overwrite --no-report");
    program_reports = false;
    ck_assert_ptr_null(strstr(program_out, "report"));
    ck_assert(!exists("with/report.html"));
}
END_TEST

/* A page that cannot be written is no fault of the run. */
START_TEST(a_training_survives_its_report)
{
    ck_assert_int_eq(setenv("weft", WEFT_PROGRAM, 1), 0);
    const int status = system("trap '' XFSZ; ulimit -f 400; \"$weft\" train " TINY
                              " --epochs 1 -q --out small >stdout.txt 2>stderr.txt");
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    program_read("stdout.txt", program_out);
    program_read("stderr.txt", program_err);
    ck_says(program_err, "warning: no report: ");
    ck_says(program_err, "small/report.html");
    ck_assert_ptr_null(strstr(program_out, "report  "));
    ck_assert(exists("small/summary.json") && !exists("small/report.html"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report");
    TCase *pages = tcase_create("pages");
    tcase_set_timeout(pages, 0);
    tcase_add_unchecked_fixture(pages, open_run, program_close);
    tcase_add_test(pages, a_page_has_every_section);
    tcase_add_test(pages, figures_are_those_of_eval);
    tcase_add_test(pages, numbers_are_those_of_the_run);
    tcase_add_test(pages, commands_name_the_folder);
    tcase_add_test(pages, steps_are_told_apart);
    tcase_add_test(pages, pictures_are_written_too);
    tcase_add_test(pages, without_a_test_set_the_rest_is_shown);
    tcase_add_test(pages, a_data_set_that_is_gone_is_named);
    tcase_add_test(pages, a_damaged_line_is_named_and_the_rest_drawn);
    tcase_add_test(pages, names_are_only_text);
    tcase_add_test(pages, a_training_writes_it);
    tcase_add_test(pages, a_training_survives_its_report);
    tcase_add_test(pages, what_shows_nothing_is_refused);
    tcase_add_test(pages, evidence_says_whose_it_is);
    suite_add_tcase(suite, pages);
    return weft_suite_run(suite);
}
