/* The ONNX test cases of Debian's package libonnx-testdata whose ops Weft has, on every device of
 * a backend. A case passes, fails, or is refused for a reason; the refusals stand in
 * onnx_refusals.txt, which may lose lines and gain none.
 *
 *   WEFT_ONNX_DATA   the folder with node/, simple/ ..; unset: where Debian puts it
 */
#define _XOPEN_SOURCE 700

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/onnx_trial.h"
#include "tests/op_devices.h"
#include "tests/suite.h"

enum { MOST_CASES = 1024, NAME = 128, LINE = 256, LEAST_CASES = 150 };

static const char *const families[] = {"node", "simple", "pytorch-converted", "pytorch-operator"};

typedef enum verdict { PASSED, REFUSED, FAILED, VERDICTS } verdict;

typedef struct listed {
    char name[NAME]; /* "node/test_relu" */
    char ops[ONNX_OPS];
} listed;

static listed cases[MOST_CASES];
static int case_count;
static char refusals[MOST_CASES][LINE]; /* "node/test_x: why" */
static int refusal_count;
static op_device devices[OP_MAX_DEVICES];
static int device_count;
static verdict verdicts[OP_MAX_DEVICES][MOST_CASES];

/* ---- what there is ---- */

static const char *root(void)
{
    const char *wish = getenv("WEFT_ONNX_DATA");
    return wish && *wish ? wish : "/usr/share/libonnx-testdata/data";
}

static void folder_of(const char *name, char path[ONNX_PATH])
{
    (void)snprintf(path, ONNX_PATH, "%s/%s", root(), name);
}

static int is_test(const struct dirent *entry)
{
    return strncmp(entry->d_name, "test_", 5) == 0;
}

/* A case of ours, if its ops are; a model that cannot be read is one, and fails when it is run. */
static void add_case(const char *family, const char *test)
{
    onnx_case c;
    listed *to = &cases[case_count];
    char path[ONNX_PATH];
    (void)snprintf(to->name, sizeof to->name, "%s/%s", family, test);
    folder_of(to->name, path);
    const weft_status status = onnx_ops_read(path, &c);
    (void)snprintf(to->ops, sizeof to->ops, "%s", status == WEFT_OK ? c.ops : "unreadable");
    if (status == WEFT_OK && !onnx_map_of(c.ops)) return;
    if (++case_count == MOST_CASES) abort();
}

static void list_cases(void)
{
    for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
        struct dirent **entries = NULL;
        char path[ONNX_PATH];
        folder_of(families[f], path);
        const int count = scandir(path, &entries, is_test, alphasort);
        for (int i = 0; i < count; i++) {
            add_case(families[f], entries[i]->d_name);
            free(entries[i]);
        }
        free(entries);
    }
}

static void read_refusals(void)
{
    FILE *file = fopen(WEFT_SOURCE_DIR "/tests/onnx_refusals.txt", "r");
    if (!file) abort();
    while (refusal_count < MOST_CASES && fgets(refusals[refusal_count], LINE, file)) {
        char *line = refusals[refusal_count];
        line[strcspn(line, "\n")] = '\0';
        if (*line && *line != '#') refusal_count++;
    }
    fclose(file);
}

/* The listed line of a case, NULL when it has none. */
static const char *refusal_of(const char *name)
{
    const size_t length = strlen(name);
    for (int i = 0; i < refusal_count; i++)
        if (strncmp(refusals[i], name, length) == 0 && refusals[i][length] == ':')
            return refusals[i];
    return NULL;
}

/* ---- the tests ---- */

static weft_status run_case(const listed *which, weft_device *device)
{
    onnx_case c;
    char path[ONNX_PATH];
    folder_of(which->name, path);
    weft_status status = onnx_case_read(path, &c);
    onnx_trial t = {.device = device, .c = &c};
    onnx_map *map = onnx_map_of(c.ops);
    if (status == WEFT_OK) status = map(&t);
    onnx_trial_free(&t);
    onnx_case_free(&c);
    return status;
}

START_TEST(passes_or_is_listed)
{
    const listed *which = &cases[_i % case_count];
    const op_device *device = &devices[_i / case_count];
    const char *expected = refusal_of(which->name);
    char line[LINE];
    verdict *to = &verdicts[_i / case_count][_i % case_count];
    *to = FAILED;
    const weft_status status = run_case(which, device->device);
    (void)snprintf(line, sizeof line, "%s: %s", which->name, weft_error());
    ck_assert_msg(status == WEFT_OK || status == WEFT_ERR_UNSUPPORTED, "%s on %s", line,
                  device->name);
    *to = status == WEFT_OK ? PASSED : REFUSED;
    if (status == WEFT_OK)
        ck_assert_msg(!expected, "%s passes: take it off tests/onnx_refusals.txt", which->name);
    else
        ck_assert_msg(expected && strcmp(expected, line) == 0,
                      "refused on %s, which tests/onnx_refusals.txt does not say: %s", device->name,
                      line);
}
END_TEST

START_TEST(list_has_cases_only)
{
    for (int i = 0; i < refusal_count; i++) {
        bool known = false;
        for (int k = 0; k < case_count; k++)
            known = known || refusal_of(cases[k].name) == refusals[i];
        ck_assert_msg(known, "no case, or a second line of one: %s", refusals[i]);
    }
}
END_TEST

START_TEST(there_are_cases)
{
    ck_assert_int_ge(case_count, LEAST_CASES);
}
END_TEST

/* ---- the summary ---- */

static bool is_first_of_its_ops(int index)
{
    for (int i = 0; i < index; i++)
        if (strcmp(cases[i].ops, cases[index].ops) == 0) return false;
    return true;
}

static void print_row(const char *ops, const verdict *of)
{
    int counts[VERDICTS] = {0};
    for (int i = 0; i < case_count; i++)
        if (!ops || strcmp(cases[i].ops, ops) == 0) counts[of[i]]++;
    printf("%-26s %7d %8d %7d\n", ops ? ops : "all", counts[PASSED], counts[REFUSED],
           counts[FAILED]);
}

static void print_summary(void)
{
    for (int d = 0; d < device_count; d++) {
        printf("%s\n%-26s %7s %8s %7s\n", devices[d].name, "op", "passed", "refused", "failed");
        for (int i = 0; i < case_count; i++)
            if (is_first_of_its_ops(i)) print_row(cases[i].ops, verdicts[d]);
        print_row(NULL, verdicts[d]);
    }
}

int main(void)
{
    list_cases();
    if (case_count == 0) {
        printf("skipped: no ONNX cases in %s (Debian: apt install libonnx-testdata)\n", root());
        return WEFT_SUITE_SKIPPED;
    }
    device_count = op_devices_open(devices);
    if (device_count == 0) return WEFT_SUITE_SKIPPED;
    read_refusals();

    Suite *suite = suite_create("onnx");
    TCase *list = tcase_create("list"), *conformance = tcase_create("conformance");
    tcase_add_test(list, there_are_cases);
    tcase_add_test(list, list_has_cases_only);
    tcase_set_timeout(conformance, 0);
    tcase_add_loop_test(conformance, passes_or_is_listed, 0, device_count * case_count);
    suite_add_tcase(suite, list);
    suite_add_tcase(suite, conformance);
    const int result = weft_suite_run(suite);
    print_summary();
    op_devices_close(devices, device_count);
    return result;
}
