/* weft datasets show: its files, that they hold what training gathers, refusals. */
#define _XOPEN_SOURCE 700

#include <png.h>

#include "backends/backends.h"
#include "core/gathered.h"
#include "datasets/datasets.h"
#include "report/data_sheet.h"
#include "tests/idx_files.h"
#include "tests/tiny_run.h"

#define SHOW "datasets show idx:data --device cpu "

enum { EPOCHS = 16, SCALE = 2 };

/* ---- files ---- */

START_TEST(an_ending_names_the_file)
{
    ck_fine(SHOW "-o one.svg");
    ck_assert(exists("one.svg") && !exists("one.png"));
    ck_says(program_out, "one.svg\n");
    ck_fine(SHOW "-o two.png");
    ck_assert(exists("two.png") && !exists("two.svg"));
    ck_fine(SHOW "-o both");
    ck_assert(exists("both.svg") && exists("both.png"));
    ck_says(program_out, "both.svg, both.png\n");
    ck_same_files("one.svg", "both.svg");
    ck_same_files("two.png", "both.png");
}
END_TEST

START_TEST(numbers_are_told)
{
    ck_fine(SHOW "-o told.svg");
    ck_says(program_out, "120 training samples of 5 x 6 pixels, grey, in 3 classes");
    ck_says(program_out, "mean 0.3");
    ck_says(program_out, "standard deviation 0.2");
    ck_says(program_out, "sample 0 (top) as training gathers it: none, seed 0, on cpu");
    ck_fine(SHOW "--split test --class middle --index 7 --augment flip --seed 3 -q -o told.svg");
    ck_says(program_out, "15 of 45 test samples");
    ck_says(program_out, "sample 7 (middle) as training gathers it: flip, seed 3, on cpu");
}
END_TEST

START_TEST(wishes_change_the_picture)
{
    static const char *const wishes[] = {"--theme dark",     "--class 1", "--class bottom",
                                         "--augment flip",   "--index 1", "--split test",
                                         "--augment erase=1"};
    ck_fine(SHOW "-o plain.png");
    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
        size_t a_count, b_count;
        ck_fine(SHOW "%s -o wish.png", wishes[i]);
        unsigned char *a = scratch_read("plain.png", &a_count);
        unsigned char *b = scratch_read("wish.png", &b_count);
        ck_assert_msg(a_count != b_count || memcmp(a, b, a_count) != 0, "%s", wishes[i]);
        free(a);
        free(b);
    }
    ck_fine(SHOW "--theme light --class 1 -o number.png");
    ck_fine(SHOW "--class middle -o name.png");
    ck_same_files("number.png", "name.png");
}
END_TEST

/* ---- what the picture shows ---- */

typedef struct pixels {
    int width;
    uint8_t *rgb;
} pixels;

static pixels read_png(const char *path)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    ck_assert(png_image_begin_read_from_file(&image, path));
    image.format = PNG_FORMAT_RGB;
    pixels p = {(int)image.width, malloc(PNG_IMAGE_SIZE(image))};
    ck_assert(png_image_finish_read(&image, NULL, p.rgb, 0, NULL));
    return p;
}

/* A sheet of the same measures as that of the tiny set. */
static weft_data_sheet same_measures(weft_tile *tile, weft_data_class *class)
{
    static const uint8_t grey[PIXELS];
    for (int i = 0; i <= EPOCHS; i++)
        tile[i] = (weft_tile){.picture = {WIDE, HIGH, 1, grey}, .caption = "as stored"};
    return (weft_data_sheet){.title = "",
                             .subtitle = "",
                             .note = "",
                             .class = class,
                             .classes = CLASSES,
                             .per_class = 10,
                             .draws = {.tile = tile, .count = 1 + EPOCHS}};
}

/* How many pixels of a tile in the file are not the bytes. */
static int differing(const pixels *file, weft_box box, double top, const uint8_t *bytes)
{
    const int each = (int)box.width / WIDE * SCALE;
    int count = 0;
    for (int i = 0; i < PIXELS; i++) {
        const int x = (int)box.left * SCALE + i % WIDE * each + each / 2;
        const int y = (int)(box.top + top) * SCALE + i / WIDE * each + each / 2;
        const uint8_t *at = file->rgb + 3 * ((size_t)y * (size_t)file->width + (size_t)x);
        count += at[0] != bytes[i] || at[1] != bytes[i] || at[2] != bytes[i];
    }
    return count;
}

static void gather_bytes(uint8_t *bytes)
{
    static float values[EPOCHS * PIXELS];
    const weft_gather with = {.augment = {.shift = 1, .flip = true, .erase = 0.5f}, .seed = 9};
    weft_loaded *loaded = NULL;
    weft_device *device = NULL;
    weft_normalize norm;
    ck_weft(weft_dataset_load("idx:data", NULL, WEFT_TRAIN_SPLIT, &loaded));
    ck_weft(weft_normalize_measure(&loaded->data, NULL, 0, &norm));
    ck_weft(weft_backend_cpu()->open(0, &(weft_open_desc){0}, &device));
    ck_weft(weft_gather_epochs(device, &loaded->data, &norm, &with, 4, EPOCHS, values));
    weft_denormalize(&norm, values, EPOCHS * PIXELS, bytes);
    weft_backend_cpu()->close(device);
    weft_dataset_free(loaded);
}

START_TEST(the_draws_are_those_of_a_training)
{
    static uint8_t bytes[EPOCHS * PIXELS];
    weft_tile tile[1 + EPOCHS];
    weft_data_class class[CLASSES] = {{0}};
    const weft_data_sheet sheet = same_measures(tile, class);
    const weft_data_layout l = weft_data_place(&sheet);
    const weft_tiles_layout grid = weft_tiles_place(&sheet.draws);
    gather_bytes(bytes);
    ck_fine(SHOW "--augment shift=1,flip,erase=0.5 --seed 9 --index 4 -o draws.png");
    const pixels file = read_png("draws.png");
    int other = 0;
    for (int e = 0; e < EPOCHS; e++) {
        const weft_box box = weft_tiles_picture(&sheet.draws, &grid, e + 1);
        ck_assert_int_eq(differing(&file, box, l.draws_top - grid.top, bytes + (size_t)e * PIXELS),
                         0);
        other += e > 0 && memcmp(bytes, bytes + (size_t)e * PIXELS, PIXELS) != 0;
    }
    ck_assert_int_gt(other, EPOCHS / 2);
    free(file.rgb);
}
END_TEST

/* Where there is a driver, its device draws the same pictures. */
START_TEST(devices_agree)
{
    static const char line[] = "datasets show idx:data --augment shift=2,flip,erase=0.5 -q";
    if (!tiny_has_opencl()) return;
    ck_fine("%s -d opencl:0 -o a.png", line);
    ck_fine("%s -d cpu -o b.png", line);
    const pixels a = read_png("a.png"), b = read_png("b.png");
    weft_tile tile[1 + EPOCHS];
    weft_data_class class[CLASSES] = {{0}};
    const weft_data_sheet sheet = same_measures(tile, class);
    const weft_data_layout l = weft_data_place(&sheet);
    const size_t from = 3 * (size_t)a.width * (size_t)l.draws_top * SCALE;
    const size_t end = 3 * (size_t)a.width * (size_t)l.height * SCALE;
    ck_assert_mem_eq(a.rgb + from, b.rgb + from, end - from);
    free(a.rgb);
    free(b.rgb);
}
END_TEST

/* ---- refusals ---- */

START_TEST(words_and_options)
{
    ck_refused(2, "which data set?", "datasets show -o x");
    ck_refused(2, "-o FILE.svg", "datasets show idx:data");
    ck_refused(2, "one word too many: \"b\"", "datasets a b");
    ck_refused(2, "one word too many", "datasets show a b -o x");
    ck_refused(2, "--class goes with weft datasets show", "datasets idx:data --class 1");
    ck_refused(2, "--theme goes with weft datasets show", "datasets --theme dark");
    ck_refused(2, "did you mean fashion-mnist?", "datasets show fashion-mnits -o x");
    ck_refused(2, "light|dark", SHOW "--theme blue -o x");
    ck_fine("datasets idx:data");
    ck_says(program_out, "found in");
}
END_TEST

START_TEST(files_that_cannot_be)
{
    ck_refused(2, "x.jpg: pictures end in .svg or .png", SHOW "-o x.jpg");
    ck_refused(2, ".PNG", SHOW "-o x.PNG");
    ck_refused(2, "is a folder", SHOW "-o data");
    ck_refused(2, "is a folder", SHOW "-o no/");
    ck_refused(6, "no/where.svg", SHOW "-o no/where");
    ck_assert(!exists("x.jpg"));
}
END_TEST

START_TEST(what_is_not_in_the_data)
{
    ck_refused(2, "no class \"3\"; there are 0 top, 1 middle, 2 bottom", SHOW "--class 3 -o x");
    ck_refused(2, "no class \"Top\"", SHOW "--class Top -o x");
    ck_refused(2, "no class \"-1\"", SHOW "--class=-1 -o x");
    ck_refused(2, "has 120 samples", SHOW "--index 120 -o x");
    ck_refused(2, "shift=2000", SHOW "--augment shift=2000 -o x");
    ck_refused(2, "spin", SHOW "--augment spin -o x");
    ck_refused(6, "nope", "datasets show idx:nope -o x");
    ck_refused(4, "gpu-9", "datasets show idx:data -d gpu-9 -o x");
    ck_assert(!exists("x.svg") && !exists("x.png"));
}
END_TEST

static void write_set(const char *folder, int rank, const uint32_t *extents, const char *names)
{
    static const uint8_t labels[] = {0, 2, 0, 2, 0};
    const idx_file images = idx_images(rank, extents), answers = idx_labels(extents[0], labels);
    char path[64];
    scratch_folder(folder);
    (void)snprintf(path, sizeof path, "%s/train-images-idx%d-ubyte", folder, rank);
    scratch_write(path, images.bytes, images.count);
    (void)snprintf(path, sizeof path, "%s/train-labels-idx1-ubyte", folder);
    scratch_write(path, answers.bytes, answers.count);
    (void)snprintf(path, sizeof path, "%s/classes.txt", folder);
    scratch_write(path, names, strlen(names));
}

START_TEST(sets_that_cannot_be_shown)
{
    write_set("two", 4, (uint32_t[]){5, 3, 4, 2}, "a\nb\nc\n");
    ck_refused(3, "3x4x2 are no pictures", "datasets show idx:two -d cpu -o x");
    write_set("gap", 4, (uint32_t[]){5, 3, 4, 3}, "a\nb\nc\n");
    ck_refused(3, "no sample of the training set has class \"b\"",
               "datasets show idx:gap -d cpu --class b -o x");
    ck_fine("datasets show idx:gap -d cpu -o x.png");
    ck_says(program_out, "mean R 0.");
    ck_refused(6, "t10k", "datasets show idx:gap -d cpu --split test -o x");
    ck_assert_int_eq(remove("gap/train-labels-idx1-ubyte"), 0);
    ck_refused(6, "holds no train-labels", "datasets show idx:gap -d cpu -o x");
}
END_TEST

/* Names come from files. */
START_TEST(names_of_sixty_characters)
{
    char names[3 * 130], *at = names;
    for (int c = 0; c < 3; c++) {
        for (int i = 0; i < 60; i++) {
            *at++ = '\xc3';
            *at++ = (char)('\xa0' + c);
        }
        *at++ = '\n';
    }
    *at = '\0';
    write_set("long", 3, (uint32_t[]){5, 3, 4}, names);
    ck_fine("datasets show idx:long -d cpu -o picture");
    ck_fine("datasets show idx:long -d cpu --class 2 -o picture");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_datasets");
    TCase *tests = tcase_create("show");
    tcase_set_timeout(tests, 120);
    tcase_add_unchecked_fixture(tests, tiny_open, program_close);
    tcase_add_test(tests, an_ending_names_the_file);
    tcase_add_test(tests, numbers_are_told);
    tcase_add_test(tests, wishes_change_the_picture);
    tcase_add_test(tests, the_draws_are_those_of_a_training);
    tcase_add_test(tests, devices_agree);
    tcase_add_test(tests, words_and_options);
    tcase_add_test(tests, files_that_cannot_be);
    tcase_add_test(tests, what_is_not_in_the_data);
    tcase_add_test(tests, sets_that_cannot_be_shown);
    tcase_add_test(tests, names_of_sixty_characters);
    suite_add_tcase(suite, tests);
    return weft_suite_run(suite);
}
