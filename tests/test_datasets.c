/* Data sets of our own making: what is read, and how everything else is refused. */
#define _XOPEN_SOURCE 700

#include <stdint.h>

#include "core/checkpoint.h"
#include "datasets/datasets.h"
#include "datasets/names.h"
#include "datasets/sha256.h"
#include "tests/idx_files.h"
#include "tests/scratch.h"
#include "tests/suite.h"

static const uint8_t train_labels[SAMPLES] = {0, 2, 1, 0, 2};

/* A folder with good files of both splits; name is also what idx: gets. */
static char spec_text[600];
static const char *good_folder(const char *name)
{
    char path[200];
    const idx_file images = small_images(), labels = idx_labels(SAMPLES, train_labels);
    scratch_folder(name);
    for (int i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/%s-images-idx3-ubyte", name, i ? "t10k" : "train");
        scratch_write(path, images.bytes, images.count);
        (void)snprintf(path, sizeof path, "%s/%s-labels-idx1-ubyte", name, i ? "t10k" : "train");
        scratch_write(path, labels.bytes, labels.count);
    }
    (void)snprintf(spec_text, sizeof spec_text, "idx:%s", scratch_path(name));
    return spec_text;
}

static weft_status load(const char *spec, weft_split split)
{
    weft_loaded *loaded;
    const weft_status status = weft_dataset_load(spec, NULL, split, &loaded);
    ck_assert((status == WEFT_OK) == (loaded != NULL));
    weft_dataset_free(loaded);
    return status;
}

/* ---- SHA-256 ---- */

static void check_sha(const char *text, size_t repeat, const char *wanted)
{
    char hex[65];
    for (size_t step = 1; step <= 64; step += 21) {
        weft_sha256 sha;
        weft_sha256_start(&sha);
        for (size_t r = 0; r < repeat; r++)
            for (size_t at = 0, length = strlen(text); at < length; at += step)
                weft_sha256_add(&sha, text + at, length - at < step ? length - at : step);
        weft_sha256_end(&sha, hex);
        ck_assert_str_eq(hex, wanted);
    }
}

/* The examples of FIPS 180-4, in pieces of 1, 22, 43 and 64 bytes. */
START_TEST(test_sha256)
{
    check_sha("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check_sha("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check_sha("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    check_sha("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno"
              "ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
              1, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
    check_sha("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 15625,
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
END_TEST

/* ---- what is read ---- */

static void check_small(const weft_loaded *loaded)
{
    const weft_dataset *d = &loaded->data;
    const idx_file images = small_images();
    ck_assert(weft_shape_equal(d->shape, (weft_shape){3, {HEIGHT, WIDTH, 1}}));
    ck_assert_int_eq(d->count, SAMPLES);
    ck_assert_int_eq(d->dtype, WEFT_U8);
    ck_assert_mem_eq(d->samples, images.bytes + 16, SAMPLES * HEIGHT * WIDTH);
    for (int i = 0; i < SAMPLES; i++)
        ck_assert_int_eq(d->classes[i], train_labels[i]);
    ck_assert_int_eq(d->class_count, 3);
    ck_assert_ptr_null(d->targets);
    ck_assert_ptr_eq(d->class_names, loaded->class_names);
    ck_assert_str_eq(loaded->augment, "none");
    ck_assert(loaded->light_on_dark);
}

START_TEST(test_plain)
{
    const char *spec = good_folder("plain");
    weft_loaded *loaded;
    for (int split = 0; split < 2; split++) {
        ck_weft(weft_dataset_load(spec, NULL, (weft_split)split, &loaded));
        check_small(loaded);
        ck_assert_str_eq(loaded->data.name, spec);
        ck_assert_str_eq(loaded->data.class_names[2], "2");
        ck_assert_str_eq(loaded->folder, scratch_path("plain"));
        weft_dataset_free(loaded);
    }
    weft_dataset_free(NULL);
}
END_TEST

/* Below --data-dir, gzipped, and with the other usual names. */
START_TEST(test_gz_and_names)
{
    const idx_file images = small_images(), labels = idx_labels(SAMPLES, train_labels);
    scratch_folder("gz");
    scratch_write_gz("gz/train-images-idx3-ubyte.gz", images.bytes, images.count);
    scratch_write_gz("gz/train-labels.idx1-ubyte.gz", labels.bytes, labels.count);
    scratch_write("gz/test-images.idx3-ubyte", images.bytes, images.count);
    scratch_write_gz("gz/test-labels-idx1-ubyte", labels.bytes, labels.count);
    weft_loaded *loaded;
    for (int split = 0; split < 2; split++) {
        ck_weft(weft_dataset_load("idx:gz", scratch_path(""), (weft_split)split, &loaded));
        check_small(loaded);
        weft_dataset_free(loaded);
    }
}
END_TEST

START_TEST(test_colour)
{
    const char *spec = good_folder("colour");
    const idx_file images = idx_images(4, (uint32_t[]){SAMPLES, 2, 3, 3});
    ck_assert_int_eq(remove(scratch_path("colour/train-images-idx3-ubyte")), 0);
    scratch_write("colour/train-images-idx4-ubyte", images.bytes, images.count);
    weft_loaded *loaded;
    ck_weft(weft_dataset_load(spec, NULL, WEFT_TRAIN_SPLIT, &loaded));
    ck_assert(weft_shape_equal(loaded->data.shape, (weft_shape){3, {2, 3, 3}}));
    ck_assert_mem_eq(loaded->data.samples, images.bytes + 20, SAMPLES * 18);
    weft_dataset_free(loaded);
}
END_TEST

START_TEST(test_classes_txt)
{
    static const char text[] = "  zero\r\n\xc3\xa9t\xc3\xa9 \ntwo words\nthree\n\n \n";
    const char *spec = good_folder("named");
    scratch_write("named/classes.txt", text, sizeof text - 1);
    weft_loaded *loaded;
    ck_weft(weft_dataset_load(spec, NULL, WEFT_TEST_SPLIT, &loaded));
    ck_assert_int_eq(loaded->data.class_count, 4);
    ck_assert_str_eq(loaded->data.class_names[0], "zero");
    ck_assert_str_eq(loaded->data.class_names[1], "\xc3\xa9t\xc3\xa9");
    ck_assert_str_eq(loaded->data.class_names[2], "two words");
    ck_assert_str_eq(loaded->data.class_names[3], "three");
    weft_dataset_free(loaded);

    /* With names, the test split needs no training labels. */
    ck_assert_int_eq(remove(scratch_path("named/train-labels-idx1-ubyte")), 0);
    ck_weft(load(spec, WEFT_TEST_SPLIT));
}
END_TEST

/* ---- names and places ---- */

START_TEST(test_list)
{
    ck_assert_str_eq(weft_dataset_at(0)->name, "fashion-mnist");
    ck_assert(!weft_dataset_at(0)->takes_folder);
    ck_assert_str_eq(weft_dataset_at(1)->name, "idx");
    ck_assert(weft_dataset_at(1)->takes_folder);
    ck_assert_ptr_null(weft_dataset_at(2));
    ck_assert_ptr_null(weft_dataset_at(-1));
}
END_TEST

START_TEST(test_bad_spec)
{
    const char *empty = scratch_folder("empty");
    ck_weft_refused(load("fashion-mnits", WEFT_TRAIN_SPLIT), WEFT_ERR_USAGE, "fashion-mnist");
    ck_weft_refused(load("", WEFT_TRAIN_SPLIT), WEFT_ERR_USAGE, "unknown data set");
    ck_weft_refused(load("idx", WEFT_TRAIN_SPLIT), WEFT_ERR_USAGE, "idx:DIR");
    ck_weft_refused(load("idx:", WEFT_TRAIN_SPLIT), WEFT_ERR_USAGE, "idx:DIR");
    ck_weft_refused(load("fashion-mnist:x", WEFT_TRAIN_SPLIT), WEFT_ERR_USAGE, "--data-dir");
    ck_weft_refused(load("idx:/no/such", WEFT_TRAIN_SPLIT), WEFT_ERR_IO, "no folder /no/such");
    weft_loaded *loaded;
    ck_weft_refused(weft_dataset_load("fashion-mnist", empty, WEFT_TRAIN_SPLIT, &loaded),
                    WEFT_ERR_IO, empty);
    ck_weft_refused(weft_dataset_load("idx:empty", scratch_path(""), WEFT_TRAIN_SPLIT, &loaded),
                    WEFT_ERR_IO, "train-images-idx3-ubyte");
    ck_assert_ptr_null(loaded);
}
END_TEST

START_TEST(test_where)
{
    const char *spec = good_folder("where");
    char *folder = weft_dataset_where(spec, NULL);
    ck_assert_str_eq(folder, scratch_path("where"));
    free(folder);
    ck_assert_ptr_null(weft_dataset_where("idx:/no/such", NULL));
    ck_assert_ptr_nonnull(strstr(weft_error(), "/no/such"));

    folder = weft_dataset_where("fashion-mnist", NULL);
    if (!folder)
        ck_assert_ptr_nonnull(strstr(weft_error(), "apt-get install dataset-fashion-mnist"));
    free(folder);
}
END_TEST

/* A folder instead of a file, and a file instead of a folder. */
START_TEST(test_not_a_file)
{
    const char *spec = good_folder("odd");
    ck_assert_int_eq(remove(scratch_path("odd/train-images-idx3-ubyte")), 0);
    scratch_folder("odd/train-images-idx3-ubyte");
    ck_weft_refused(load(spec, WEFT_TRAIN_SPLIT), WEFT_ERR_IO, "is a folder");
    char text[600];
    (void)snprintf(text, sizeof text, "idx:%s", scratch_path("odd/t10k-labels-idx1-ubyte"));
    ck_weft_refused(load(text, WEFT_TRAIN_SPLIT), WEFT_ERR_IO, "no folder");
}
END_TEST

/* ---- bad contents ---- */

/* Each row spoils one file of a good folder. */
typedef struct bad_row {
    const char *file;
    int rank;
    uint32_t extent[4];
    uint8_t label[8];
    const char *says;
} bad_row;

static const bad_row bad_rows[] = {
    {"train-images-idx3-ubyte", 3, {0, HEIGHT, WIDTH}, {0}, "holds no images"},
    {"train-images-idx3-ubyte", 3, {SAMPLES, 0, WIDTH}, {0}, "holds no images"},
    {"train-images-idx3-ubyte", 3, {6, HEIGHT, WIDTH}, {0}, "6 train images but 5 labels"},
    {"train-images-idx3-ubyte", 2, {SAMPLES, 12}, {0}, "000008"},
    {"train-labels-idx1-ubyte", 1, {0}, {0}, "holds no labels"},
    {"train-labels-idx1-ubyte", 1, {4}, {0, 1, 2, 0}, "5 train images but 4 labels"},
    {"train-labels-idx1-ubyte", 1, {6}, {0, 1, 2, 0, 1, 2}, "5 train images but 6 labels"},
    {"train-labels-idx1-ubyte", 3, {SAMPLES, 1, 1}, {0}, "IDX file of labels"},
};

START_TEST(test_bad_row)
{
    const bad_row *row = &bad_rows[_i];
    char file[100];
    const char *spec = good_folder("bad");
    (void)snprintf(file, sizeof file, "bad/%s", row->file);
    const idx_file f = row->rank == 1 ? idx_labels(row->extent[0], row->label)
                                      : idx_images(row->rank, row->extent);
    scratch_write(file, f.bytes, f.count);
    ck_weft_refused(load(spec, WEFT_TRAIN_SPLIT), WEFT_ERR_FORMAT, row->says);
    ck_assert_ptr_nonnull(strstr(weft_error(), scratch_path("bad")));
    scratch_write_gz(file, f.bytes, f.count);
    ck_weft_refused(load(spec, WEFT_TRAIN_SPLIT), WEFT_ERR_FORMAT, row->says);
}
END_TEST

/* The test split's labels are held against the training split's, or against the names. */
START_TEST(test_label_beyond)
{
    const char *spec = good_folder("beyond");
    const idx_file labels = idx_labels(SAMPLES, (const uint8_t[]){0, 1, 2, 3, 0});
    scratch_write("beyond/t10k-labels-idx1-ubyte", labels.bytes, labels.count);
    ck_weft_refused(load(spec, WEFT_TEST_SPLIT), WEFT_ERR_FORMAT, "sample 3 is 3");
    ck_assert_ptr_nonnull(strstr(weft_error(), "largest training label gives 3 classes"));
    scratch_write("beyond/classes.txt", "a\nb", 3);
    ck_weft_refused(load(spec, WEFT_TRAIN_SPLIT), WEFT_ERR_FORMAT, "sample 1 is 2");
    ck_assert_ptr_nonnull(strstr(weft_error(), "classes.txt gives 2 classes"));
}
END_TEST

static const struct {
    const char *text;
    size_t count;
    const char *says;
} bad_names[] = {
    {"", 0, "no class names"},
    {"\n \n", 3, "no class names"},
    {"a\n\nc", 4, "classes.txt:2: the class name is empty"},
    {"a\nb\xff", 4, "classes.txt:2"},
    {"a\x1b[2J", 5, "classes.txt:1"},
    {"a\0b\nc", 5, "classes.txt:1"},
    {"\xed\xa0\x80", 3, "UTF-8"},
    {"\xc0\xaf", 2, "UTF-8"},
    {"\xf4\x90\x80\x80", 4, "UTF-8"},
};

START_TEST(test_bad_names)
{
    const char *spec = good_folder("badnames");
    scratch_write("badnames/classes.txt", bad_names[_i].text, bad_names[_i].count);
    ck_weft_refused(load(spec, WEFT_TRAIN_SPLIT), WEFT_ERR_FORMAT, bad_names[_i].says);
}
END_TEST

START_TEST(test_many_names)
{
    char **names;
    int32_t count;
    char *text = malloc(200000);
    for (int i = 0; i < 100000; i++) {
        text[2 * i] = 'x';
        text[2 * i + 1] = '\n';
    }
    const char *path = scratch_write("many.txt", text, 200000);
    ck_weft_refused(weft_names_read(path, &names, &count), WEFT_ERR_FORMAT, "65536");
    path = scratch_write("many.txt", text, 2 * WEFT_MAX_CLASSES);
    ck_weft(weft_names_read(path, &names, &count));
    ck_assert_int_eq(count, WEFT_MAX_CLASSES);
    weft_names_free(names, count);
    memset(text, 'x', 300);
    path = scratch_write("many.txt", text, 300);
    ck_weft_refused(weft_names_read(path, &names, &count), WEFT_ERR_FORMAT, "longer than 255");
    free(text);
}
END_TEST

int main(void)
{
    enum { BAD = sizeof bad_rows / sizeof *bad_rows, NAMES = sizeof bad_names / sizeof *bad_names };
    Suite *suite = suite_create("datasets");
    TCase *tests = tcase_create("idx");
    tcase_add_unchecked_fixture(tests, scratch_open, scratch_close);
    tcase_add_test(tests, test_sha256);
    tcase_add_test(tests, test_plain);
    tcase_add_test(tests, test_gz_and_names);
    tcase_add_test(tests, test_colour);
    tcase_add_test(tests, test_classes_txt);
    tcase_add_test(tests, test_list);
    tcase_add_test(tests, test_bad_spec);
    tcase_add_test(tests, test_where);
    tcase_add_test(tests, test_not_a_file);
    tcase_add_loop_test(tests, test_bad_row, 0, BAD);
    tcase_add_test(tests, test_label_beyond);
    tcase_add_loop_test(tests, test_bad_names, 0, NAMES);
    tcase_add_test(tests, test_many_names);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
