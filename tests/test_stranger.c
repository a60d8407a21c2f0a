/* Run folders, checkpoints and configurations from a stranger: they run nothing, write nothing
 * outside the folder of the run, and put nothing but text on the terminal. */
#define _XOPEN_SOURCE 700

#include <dirent.h>
#include <sys/stat.h>

#include "tests/st_edit.h"
#include "tests/tiny_run.h"

enum { FILES = 6, BAD = 3 };

static const char secret[] = "step,loss,accuracy,learning_rate\n99999,1,1,1\nkeep this\n";

/* A run that can be resumed: it came to its end but does not say so. */
static void make_run(void)
{
    ck_fine("train " TINY " --epochs 2 --out run -q");
    ck_assert_int_eq(unlink("run/summary.json"), 0);
}

static void ck_untouched(void)
{
    size_t count;
    char *text = (char *)scratch_read("outside/file", &count);
    ck_assert_uint_eq(count, sizeof secret - 1);
    ck_assert(memcmp(text, secret, count) == 0);
    free(text);
}

static int entries(const char *folder)
{
    int count = 0;
    DIR *dir = opendir(folder);
    ck_assert_ptr_nonnull(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count - 2;
}

/* ---- links ---- */

static const char *const files[] = {".lock",
                                    "config.json",
                                    "env.json",
                                    "metrics.csv",
                                    "steps.csv",
                                    "events.jsonl",
                                    "summary.json",
                                    "curves.svg",
                                    "curves.png",
                                    "report.html",
                                    "checkpoints/last.safetensors",
                                    "checkpoints/prev.safetensors",
                                    "checkpoints/best.safetensors",
                                    "checkpoints/new.safetensors"};
enum { FILE_COUNT = sizeof files / sizeof *files };

/* Both to a file that is there and to one that is not. */
START_TEST(a_link_in_a_run_is_not_followed)
{
    static const char *const targets[] = {"file", "new"};
    make_run();
    scratch_folder("outside");
    scratch_write("outside/file", secret, sizeof secret - 1);
    for (int i = 0; i < FILE_COUNT; i++)
        for (int t = 0; t < 2; t++) {
            char name[128], target[512];
            (void)snprintf(name, sizeof name, "run/%s", files[i]);
            (void)snprintf(target, sizeof target, "%s/%s", scratch_path("outside"), targets[t]);
            const bool kept = rename(name, "kept") == 0;
            ck_assert_int_eq(symlink(target, name), 0);
            const bool read = i == 1 && t == 0; /* the configuration is read before that */
            ck_refused(read ? BAD : FILES, files[i], "train --resume run -d cpu -q");
            ck_refused(FILES, "is a link", "train " TINY " --out run --overwrite -q");
            ck_assert_int_eq(unlink(name), 0);
            if (kept) ck_assert_int_eq(rename("kept", name), 0);
            ck_untouched();
            ck_assert_int_eq(entries("outside"), 1);
        }
    ck_fine("train --resume run -d cpu -q");
}
END_TEST

START_TEST(a_folder_of_checkpoints_elsewhere)
{
    make_run();
    ck_assert_int_eq(rename("run/checkpoints", "outside"), 0);
    const int count = entries("outside");
    ck_assert_int_eq(symlink(scratch_path("outside"), "run/checkpoints"), 0);
    ck_refused(FILES, "run/checkpoints is a link", "train --resume run -d cpu -q");
    ck_refused(FILES, "run/checkpoints is a link", "train " TINY " --out run --overwrite -q");
    ck_assert_int_eq(entries("outside"), count);
}
END_TEST

/* A pipe would be waited for without end. */
START_TEST(a_pipe_in_a_run)
{
    make_run();
    ck_assert_int_eq(unlink("run/metrics.csv"), 0);
    ck_assert_int_eq(mkfifo("run/metrics.csv", 0600), 0);
    ck_refused(FILES, "run/metrics.csv is a link or no plain file", "train --resume run -d cpu -q");
}
END_TEST

/* What only reads the run would wait as well. */
enum { PIPES = 6 };

START_TEST(a_pipe_is_not_waited_for)
{
    static const char *const names[PIPES] = {"config.json",  "env.json",
                                             "summary.json", "metrics.csv",
                                             "steps.csv",    "checkpoints/last.safetensors"};
    static const char *const commands[] = {"report run -d cpu", "compare run run --out both",
                                           "diff run run", "eval run --data idx:data -d cpu"};
    char name[128];
    (void)snprintf(name, sizeof name, "run/%s", names[_i]);
    make_run();
    const bool kept = rename(name, "kept") == 0;
    ck_assert_int_eq(mkfifo(name, 0600), 0);
    for (size_t c = 0; c < sizeof commands / sizeof *commands; c++) {
        const int code = weft("%s", commands[c]);
        ck_assert_msg(code == 0 || says(program_err, "is a pipe or a device, not a file"),
                      "weft %s: exit code %d: %s", commands[c], code, program_err);
    }
    ck_assert_int_eq(unlink(name), 0);
    if (kept) ck_assert_int_eq(rename("kept", name), 0);
}
END_TEST

/* Into the run folder of somebody else nothing is written through a link. */
START_TEST(links_where_pictures_and_pages_go)
{
    static const char *const names[] = {"run/report.html", "run/explain-filters-conv1.svg",
                                        "run/explain-filters-conv1.png"};
    static const char *const commands[] = {"report run -d cpu", "explain run --filters -d cpu",
                                           "explain run --filters -d cpu"};
    char target[512];
    make_run();
    scratch_folder("outside");
    scratch_write("outside/file", secret, sizeof secret - 1);
    (void)snprintf(target, sizeof target, "%s/file", scratch_path("outside"));
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(symlink(target, names[i]), 0);
        ck_refused(FILES, names[i], "%s", commands[i]);
        ck_untouched();
        ck_assert_int_eq(unlink(names[i]), 0);
    }
}
END_TEST

/* The folder itself is the user's to place. */
START_TEST(a_linked_run_folder)
{
    make_run();
    ck_assert_int_eq(rename("run", "disk"), 0);
    ck_assert_int_eq(symlink("disk", "run"), 0);
    ck_fine("train --resume run -d cpu -q");
    ck_assert(exists("disk/summary.json"));
}
END_TEST

/* ---- names ---- */

#define ESCAPE "\033]0;owned\007\n\033[2J"

static void put_text(json_t *object, const char *key, const char *text)
{
    ck_assert_int_eq(json_object_set_new(object, key, json_string(text)), 0);
}

/* Where a run goes does not depend on what its configuration calls network and data. */
START_TEST(names_that_are_paths)
{
    scratch_folder("outside");
    scratch_folder("work");
    ck_fine("train " TINY " --epochs 1 --out run -q");
    json_t *config = load_json("run/config.json");
    put_text(config, "model", "../outside/../tiny.net");
    put_text(config, "data", "idx:work/../data");
    put_text(config, "data_dir", "../outside/");
    put_text(config, "device_name", "../../outside" ESCAPE);
    put_text(config, "out", "../outside");
    put_text(config, "name", "../outside");
    ck_assert_int_eq(json_dump_file(config, "evil.json", 0), 0);
    json_decref(config);
    const int before = entries(".");
    ck_assert_int_eq(chdir("work"), 0);
    const int code = weft("train --config ../evil.json --data-dir .. -d cpu -q");
    const int outside = entries("../outside"), beside = entries(".."), inside = entries(".");
    ck_assert_int_eq(chdir(".."), 0);
    ck_assert_msg(code == 0, "exit code %d: %s", code, program_err);
    ck_assert_int_eq(outside, 0);
    ck_assert_int_eq(beside, before);
    ck_assert_int_eq(inside, 3); /* results, and what this suite keeps of the output */
    ck_assert_int_eq(entries("work/results/runs"), 1);
}
END_TEST

static void ck_only_text(const char *text)
{
    for (; *text; text++)
        ck_assert_msg(*text == '\n' || ((unsigned char)*text >= ' ' && *text != 127),
                      "byte %d reaches the terminal", *text);
}

static void rename_all(json_t *header)
{
    json_t *meta = json_object_get(header, "__metadata__");
    put_text(meta, "model", ESCAPE "%s%n");
    put_text(meta, "epoch", ESCAPE);
    put_text(meta, "classes", "[\"\\u001b[2J%n\",\"a\\nb\",\"\\u007f\"]");
}

START_TEST(names_that_are_escapes)
{
    size_t count;
    ck_fine("train " TINY " --epochs 1 --out run -q");
    unsigned char *good = scratch_read("run/checkpoints/last.safetensors", &count);
    unsigned char *bad = with_header(rename_all, good, &count);
    scratch_write("bad.safetensors", bad, count);
    free(good);
    free(bad);
    ck_fine("eval bad.safetensors --data idx:data -d cpu");
    ck_only_text(program_out);
    ck_only_text(program_err);
    ck_fine("predict bad.safetensors --data idx:data --index 1 -d cpu");
    ck_only_text(program_out);
    ck_fine("eval bad.safetensors --data idx:data -d cpu --json");
    json_decref(program_json());
    ck_assert(!says(program_out, "\033"));
}
END_TEST

/* ---- sizes ---- */

/* A hundred bytes that tell of a network of 400 MB. */
START_TEST(a_network_without_its_weights)
{
    static const char header[] =
        "{\"__metadata__\":{\"network\":\"input shape=9999\\ndense units=9999\"}}";
    char file[128] = {(char)(sizeof header - 1)};
    memcpy(file + 8, header, sizeof header - 1);
    scratch_write("wide.safetensors", file, 8 + sizeof header - 1);
    ck_refused(BAD, "its network wants 399960", "eval wide.safetensors --data idx:data -d cpu");
    ck_refused(BAD, "its tensors have 0", "predict wide.safetensors --data idx:data --index 0");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stranger");
    TCase *tests = tcase_create("stranger");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, tiny_open, program_close);
    tcase_add_test(tests, a_link_in_a_run_is_not_followed);
    tcase_add_test(tests, a_folder_of_checkpoints_elsewhere);
    tcase_add_test(tests, a_pipe_in_a_run);
    tcase_add_loop_test(tests, a_pipe_is_not_waited_for, 0, PIPES);
    tcase_add_test(tests, links_where_pictures_and_pages_go);
    tcase_add_test(tests, a_linked_run_folder);
    tcase_add_test(tests, names_that_are_paths);
    tcase_add_test(tests, names_that_are_escapes);
    tcase_add_test(tests, a_network_without_its_weights);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
