#include "cli/datasets_show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/class_samples.h"
#include "cli/output.h"
#include "cli/picture_out.h"
#include "cli/select.h"
#include "core/checked.h"
#include "core/config.h"
#include "core/gathered.h"
#include "core/number.h"
#include "datasets/datasets.h"
#include "report/data_sheet.h"

enum {
    EPOCHS = 16,    /* draws of the augmentation */
    IN_A_ROW = 10,  /* samples of every class */
    IN_A_GRID = 60, /* of one class */
    CAPTION = 24,
    LINE = 512
};

typedef struct session {
    const cli_args *args;
    cli_picture_out out;
    weft_loaded *loaded;
    const weft_dataset *data;
    int32_t class; /* shown alone; -1: all of them */
    weft_augment augment;
    cli_class_samples samples;
    weft_normalize norm; /* of what is shown */
    int32_t subject;     /* the sample that is augmented */
    float *gathered;     /* EPOCHS of it */
    uint8_t *bytes;
    char device[WEFT_NAME_MAX]; /* that gathered them */
} session;

static weft_status no_memory(void)
{
    return weft_fail(WEFT_ERR_MEMORY, "out of memory for a picture of the data");
}

/* ---- what is to be shown ---- */

static bool is_test(const session *s)
{
    return cli_given(s->args, CLI_OPT_SPLIT) && cli_integer(s->args, CLI_OPT_SPLIT, 0) == 0;
}

static weft_status check_data(const weft_dataset *data)
{
    char text[WEFT_SHAPE_TEXT];
    const int32_t channels = data->shape.rank == 3 ? data->shape.dim[2] : 0;
    WEFT_TRY(weft_dataset_check(data));
    if (!data->classes || !data->class_names)
        return weft_fail(WEFT_ERR_FORMAT, "%s has no classes to show", data->name);
    if (data->dtype == WEFT_U8 && (channels == 1 || channels == 3)) return WEFT_OK;
    return weft_fail(WEFT_ERR_FORMAT,
                     "%s: samples of %s are no pictures; those are height x width x 1 (grey) or "
                     "x 3 (RGB) bytes",
                     data->name, weft_shape_print(data->shape, text));
}

static weft_status read_data(session *s)
{
    const weft_split split = is_test(s) ? WEFT_TEST_SPLIT : WEFT_TRAIN_SPLIT;
    const char *folder = cli_text(s->args, CLI_OPT_DATA_DIR);
    WEFT_TRY(weft_dataset_load(s->args->word[1], folder, split, &s->loaded));
    s->data = &s->loaded->data;
    return check_data(s->data);
}

static weft_status choose_class(session *s)
{
    const char *text = cli_text(s->args, CLI_OPT_CLASS);
    s->class = -1;
    if (text) WEFT_TRY(cli_class_find(s->data, text, &s->class));
    WEFT_TRY(cli_class_samples_pick(s->data, text ? IN_A_GRID : IN_A_ROW, &s->samples));
    if (s->class < 0 || s->samples.count[s->class] > 0) return WEFT_OK;
    return weft_fail(WEFT_ERR_FORMAT, "%s: no sample of the %s set has class \"%s\"", s->data->name,
                     is_test(s) ? "test" : "training", s->data->class_names[s->class]);
}

/* The one that was asked for, else the first of those that are shown. */
static weft_status choose_subject(session *s)
{
    const int64_t wanted = cli_integer(s->args, CLI_OPT_INDEX, -1);
    if (wanted >= s->data->count) {
        return weft_fail(WEFT_ERR_USAGE, "--index %lld: %s has %lld samples, counted from 0",
                         (long long)wanted, s->data->name, (long long)s->data->count);
    }
    s->subject = wanted >= 0 ? (int32_t)wanted : 0;
    if (wanted < 0 && s->class >= 0)
        s->subject = s->samples.id[(int64_t)s->class * s->samples.each];
    return WEFT_OK;
}

static weft_status measure(session *s)
{
    int64_t count = 0;
    if (s->class < 0) return weft_normalize_measure(s->data, NULL, 0, &s->norm);
    int32_t *ids = calloc((size_t)s->data->count, sizeof *ids);
    if (!ids) return no_memory();
    for (int32_t i = 0; i < (int32_t)s->data->count; i++)
        if (s->data->classes[i] == s->class) ids[count++] = i;
    const weft_status status = weft_normalize_measure(s->data, ids, count, &s->norm);
    free(ids);
    return status;
}

static weft_status read_wishes(session *s)
{
    const char *augment = cli_text(s->args, CLI_OPT_AUGMENT);
    if (augment) WEFT_TRY(weft_augment_parse(augment, &s->augment));
    WEFT_TRY(read_data(s));
    if (!augment) WEFT_TRY(weft_augment_parse(s->loaded->augment, &s->augment));
    WEFT_TRY(choose_class(s));
    WEFT_TRY(choose_subject(s));
    return measure(s);
}

/* ---- the draws of the augmentation ---- */

static weft_gather gather_of(const session *s)
{
    return (weft_gather){.augment = s->augment,
                         .seed = (uint64_t)cli_integer(s->args, CLI_OPT_SEED, 0)};
}

static weft_status attempt(weft_device *device, const weft_device_entry *entry, void *user)
{
    session *s = user;
    const weft_gather with = gather_of(s);
    (void)snprintf(s->device, sizeof s->device, "%s", entry->id);
    return weft_gather_epochs(device, s->data, &s->norm, &with, s->subject, EPOCHS, s->gathered);
}

static weft_status gather(session *s)
{
    const int64_t size = weft_shape_count(s->data->shape);
    cli_choice choice = {0};
    size_t all;
    if (weft_mul_size((size_t)size, EPOCHS, &all)) return no_memory();
    s->gathered = calloc(all, sizeof *s->gathered);
    s->bytes = calloc(all, 1);
    if (!s->gathered || !s->bytes) return no_memory();
    const cli_wish wish = cli_wish_of(s->args, cli_plain_log(cli_given(s->args, CLI_OPT_QUIET)));
    WEFT_TRY(cli_select(&wish, attempt, s, &choice));
    cli_choice_free(&choice);
    weft_denormalize(&s->norm, s->gathered, EPOCHS * size, s->bytes);
    return WEFT_OK;
}

/* ---- the sheet ---- */

/* What the sheet points to. */
typedef struct words {
    weft_data_class *class;
    weft_picture *thumb;
    weft_tile *grid, draw[1 + EPOCHS];
    char (*grid_caption)[CAPTION], draw_caption[1 + EPOCHS][CAPTION];
    char title[LINE], subtitle[LINE], note[LINE], draws[LINE];
} words;

static void free_words(words *w)
{
    free(w->class);
    free(w->thumb);
    free(w->grid);
    free(w->grid_caption);
}

static weft_picture picture_of(const weft_dataset *data, const uint8_t *pixels)
{
    const int32_t *dim = data->shape.dim;
    return (weft_picture){dim[1], dim[0], dim[2], pixels};
}

/* No picture for an id of -1. */
static weft_picture sample_of(const weft_dataset *data, int32_t id)
{
    const uint8_t *all = data->samples;
    return picture_of(data, id >= 0 ? all + id * weft_shape_count(data->shape) : NULL);
}

static weft_status fill_rows(const session *s, words *w, weft_data_sheet *sheet)
{
    const size_t classes = (size_t)s->data->class_count, each = (size_t)s->samples.each;
    w->class = calloc(classes, sizeof *w->class);
    w->thumb = calloc(classes * each, sizeof *w->thumb);
    if (!w->class || !w->thumb) return no_memory();
    for (size_t c = 0; c < classes; c++)
        w->class[c] = (weft_data_class){s->data->class_names[c], s->samples.count[c]};
    for (size_t i = 0; i < classes * each; i++)
        w->thumb[i] = sample_of(s->data, s->samples.id[i]);
    sheet->class = w->class;
    sheet->classes = s->data->class_count;
    sheet->sample = w->thumb;
    sheet->per_class = s->samples.each;
    return WEFT_OK;
}

static weft_status fill_grid(const session *s, words *w, weft_data_sheet *sheet)
{
    const int32_t *id = s->samples.id + (int64_t)s->class * s->samples.each;
    int32_t count = 0;
    w->grid = calloc((size_t)s->samples.each, sizeof *w->grid);
    w->grid_caption = calloc((size_t)s->samples.each, sizeof *w->grid_caption);
    if (!w->grid || !w->grid_caption) return no_memory();
    for (; count < s->samples.each && id[count] >= 0; count++) {
        (void)snprintf(w->grid_caption[count], CAPTION, "%d", (int)id[count]);
        w->grid[count] = (weft_tile){.picture = sample_of(s->data, id[count]),
                                     .caption = w->grid_caption[count]};
    }
    sheet->grid = (weft_tiles){.tile = w->grid, .count = count};
    return WEFT_OK;
}

static void fill_draws(const session *s, words *w, weft_data_sheet *sheet)
{
    char augment[WEFT_AUGMENT_TEXT];
    const int64_t size = weft_shape_count(s->data->shape);
    for (int e = 0; e <= EPOCHS; e++) {
        (void)snprintf(w->draw_caption[e], CAPTION, e == 0 ? "as stored" : "epoch %d", e);
        w->draw[e] = (weft_tile){.picture = e == 0 ? sample_of(s->data, s->subject)
                                                   : picture_of(s->data, s->bytes + (e - 1) * size),
                                 .caption = w->draw_caption[e]};
    }
    (void)snprintf(w->draws, sizeof w->draws,
                   "sample %d (%.240s) as training gathers it: %.100s, seed %lld, on %.100s",
                   (int)s->subject, s->data->class_names[s->data->classes[s->subject]],
                   weft_augment_print(&s->augment, augment),
                   (long long)cli_integer(s->args, CLI_OPT_SEED, 0), s->device);
    sheet->draws = (weft_tiles){
        .title = "Augmentation", .subtitle = w->draws, .tile = w->draw, .count = 1 + EPOCHS};
}

/* One number for grey, one for each channel of RGB. */
static void channels_text(const float *values, int32_t channels, char *text, size_t size)
{
    static const char *const names[] = {"R ", " G ", " B "};
    char number[WEFT_NUMBER_TEXT];
    size_t used = 0;
    for (int32_t c = 0; c < channels; c++)
        used += (size_t)snprintf(text + used, size - used, "%s%.20s", channels == 3 ? names[c] : "",
                                 weft_fixed((double)values[c], 4, number));
}

static void fill_headings(const session *s, words *w)
{
    char images[64], mean[96], std[96];
    const weft_dataset *data = s->data;
    const int32_t *dim = data->shape.dim;
    const char *set = is_test(s) ? "test" : "training";
    (void)snprintf(images, sizeof images, "%d x %d pixels, %s", (int)dim[1], (int)dim[0],
                   dim[2] == 3 ? "RGB" : "grey");
    channels_text(s->norm.mean, s->norm.channels, mean, sizeof mean);
    channels_text(s->norm.std, s->norm.channels, std, sizeof std);
    if (s->class < 0) {
        (void)snprintf(w->title, sizeof w->title, "%.400s", data->name);
        (void)snprintf(w->subtitle, sizeof w->subtitle, "%lld %s samples of %s, in %d class%s",
                       (long long)data->count, set, images, (int)data->class_count,
                       data->class_count == 1 ? "" : "es");
    } else {
        (void)snprintf(w->title, sizeof w->title, "%.200s: %.200s", data->name,
                       data->class_names[s->class]);
        (void)snprintf(w->subtitle, sizeof w->subtitle, "%lld of %lld %s samples of %s",
                       (long long)s->samples.count[s->class], (long long)data->count, set, images);
    }
    (void)snprintf(w->note, sizeof w->note, "mean %s, standard deviation %s, of pixels from 0 to 1",
                   mean, std);
}

static void tell(const session *s, const words *w)
{
    static const char *const names[] = {"data", "pixels", "augmentation", "picture"};
    const char *const lines[] = {w->subtitle, w->note, w->draws};
    for (int i = 0; i < 3; i++) {
        cli_put_column(stdout, names[i], 14);
        cli_put_column(stdout, lines[i], 0);
        putchar('\n');
    }
    cli_put_column(stdout, names[3], 14);
    cli_picture_out_print(&s->out);
    putchar('\n');
}

static weft_status draw(const session *s, words *w)
{
    weft_data_sheet sheet = {.title = w->title, .subtitle = w->subtitle, .note = w->note};
    fill_headings(s, w);
    WEFT_TRY(s->class < 0 ? fill_rows(s, w, &sheet) : fill_grid(s, w, &sheet));
    fill_draws(s, w, &sheet);
    const weft_figure figure = weft_data_sheet_figure(&sheet);
    WEFT_TRY(cli_picture_out_write(&s->out, &figure));
    tell(s, w);
    return WEFT_OK;
}

static weft_status run(session *s)
{
    words w = {0};
    if (s->args->word_count < 2) {
        return weft_fail(WEFT_ERR_USAGE,
                         "which data set? weft datasets show SET -o FILE; `weft datasets` lists "
                         "them");
    }
    if (!cli_given(s->args, CLI_OPT_OUT))
        return weft_fail(WEFT_ERR_USAGE, "where to? -o FILE.svg, FILE.png, or FILE for both");
    WEFT_TRY(cli_picture_out_read(s->args, CLI_OPT_OUT, &s->out));
    WEFT_TRY(read_wishes(s));
    WEFT_TRY(gather(s));
    const weft_status status = draw(s, &w);
    free_words(&w);
    return status;
}

weft_status cli_datasets_show(const cli_args *args)
{
    session s = {.args = args};
    const weft_status status = run(&s);
    free(s.gathered);
    free(s.bytes);
    cli_class_samples_free(&s.samples);
    weft_dataset_free(s.loaded);
    cli_picture_out_free(&s.out);
    return status;
}
