/* The real Fashion-MNIST, where this machine has it. */
#define _XOPEN_SOURCE 700

#include <stdint.h>

#include "datasets/datasets.h"
#include "tests/scratch.h"
#include "tests/suite.h"

static char *folder;

static weft_loaded *load(const char *dir, weft_split split)
{
    weft_loaded *loaded;
    ck_weft(weft_dataset_load("fashion-mnist", dir, split, &loaded));
    return loaded;
}

static void check_split(weft_split split, int64_t count)
{
    weft_loaded *loaded = load(NULL, split);
    const weft_dataset *d = &loaded->data;
    int64_t seen[10] = {0};
    ck_assert_str_eq(d->name, "fashion-mnist");
    ck_assert_int_eq(d->count, count);
    ck_assert(weft_shape_equal(d->shape, (weft_shape){3, {28, 28, 1}}));
    ck_assert_int_eq(d->class_count, 10);
    for (int64_t i = 0; i < count; i++)
        seen[d->classes[i]]++;
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(seen[i], count / 10);
    ck_assert_str_eq(d->class_names[0], "T-shirt/top");
    ck_assert_str_eq(d->class_names[9], "Ankle boot");
    ck_assert_str_eq(loaded->augment, "flip");
    ck_assert(loaded->light_on_dark);
    ck_assert_int_eq(d->classes[0], 9); /* both splits begin with an ankle boot */
    weft_dataset_free(loaded);
}

START_TEST(test_train)
{
    check_split(WEFT_TRAIN_SPLIT, 60000);
}
END_TEST

START_TEST(test_test)
{
    check_split(WEFT_TEST_SPLIT, 10000);
}
END_TEST

static void link_file(const char *name, const char *to)
{
    char from[600];
    (void)snprintf(from, sizeof from, "%s/%s.gz", folder, name);
    if (access(from, R_OK) != 0) from[strlen(from) - 3] = 0;
    (void)unlink(to);
    ck_assert_int_eq(symlink(from, to), 0);
}

/* A folder of the user with the test split and, as proof that it is one, the training images. */
static void link_set(const char *below)
{
    static const char *const names[] = {"train-images-idx3-ubyte", "t10k-images-idx3-ubyte",
                                        "t10k-labels-idx1-ubyte"};
    char path[200];
    scratch_folder(below);
    for (int i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof path, "%s/%s.gz", below, names[i]);
        link_file(names[i], scratch_path(path));
    }
}

START_TEST(test_search)
{
    scratch_folder("data");
    link_set("data/fashion-mnist");
    const char *direct = scratch_path("data/fashion-mnist"), *above = scratch_path("data");
    weft_loaded *loaded = load(direct, WEFT_TEST_SPLIT);
    ck_assert_str_eq(loaded->folder, direct);
    weft_dataset_free(loaded);
    loaded = load(above, WEFT_TEST_SPLIT);
    ck_assert_str_eq(loaded->folder, direct);
    weft_dataset_free(loaded);

    ck_assert_int_eq(setenv("WEFT_DATA", above, 1), 0);
    char *found = weft_dataset_where("fashion-mnist", NULL);
    ck_assert_int_eq(unsetenv("WEFT_DATA"), 0);
    ck_assert_str_eq(found, direct);
    free(found);
}
END_TEST

/* One label changed: every count is right, but it is not the known set. */
START_TEST(test_other_contents)
{
    uint8_t labels[10008] = {0, 0, 8, 1, 0, 0, 0x27, 0x10};
    weft_loaded *loaded = load(NULL, WEFT_TEST_SPLIT);
    for (int i = 0; i < 10000; i++)
        labels[8 + i] = (uint8_t)loaded->data.classes[i];
    weft_dataset_free(loaded);

    link_set("other");
    (void)unlink(scratch_path("other/t10k-labels-idx1-ubyte.gz"));
    scratch_write("other/t10k-labels-idx1-ubyte", labels, sizeof labels);
    weft_dataset_free(load(scratch_path("other"), WEFT_TEST_SPLIT));
    labels[5000] ^= 1;
    scratch_write("other/t10k-labels-idx1-ubyte", labels, sizeof labels);
    ck_weft_refused(
        weft_dataset_load("fashion-mnist", scratch_path("other"), WEFT_TEST_SPLIT, &loaded),
        WEFT_ERR_FORMAT, "SHA-256");
    ck_assert_ptr_nonnull(strstr(weft_error(), "t10k-labels-idx1-ubyte"));
    ck_weft_refused(
        weft_dataset_load("fashion-mnist", scratch_path("other"), WEFT_TRAIN_SPLIT, &loaded),
        WEFT_ERR_IO, "train-labels-idx1-ubyte");
}
END_TEST

int main(void)
{
    folder = weft_dataset_where("fashion-mnist", NULL);
    if (!folder) {
        printf("skipped: %s\n", weft_error());
        return WEFT_SUITE_SKIPPED;
    }
    (void)unsetenv("WEFT_DATA");
    Suite *suite = suite_create("fashion-mnist");
    TCase *tests = tcase_create("fashion-mnist");
    tcase_set_timeout(tests, 120);
    tcase_add_unchecked_fixture(tests, scratch_open, scratch_close);
    tcase_add_test(tests, test_train);
    tcase_add_test(tests, test_test);
    tcase_add_test(tests, test_search);
    tcase_add_test(tests, test_other_contents);
    suite_add_tcase(suite, tests);
    const int result = weft_suite_run(suite);
    free(folder);
    return result;
}
