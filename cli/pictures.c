#include "cli/pictures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/number.h"
#include "core/posix.h"
#include "report/curves.h"

enum { METRICS_BYTES_MAX = 1 << 28, COLUMNS = 5 };

struct cli_pictures {
    char *title, *subtitle, *svg, *png;
    weft_curve_point *point;
    int count, room;
    bool drawn;
};

static weft_status no_memory(void)
{
    return weft_fail(WEFT_ERR_MEMORY, "out of memory for the curves");
}

static weft_status add_point(cli_pictures *p, weft_curve_point point)
{
    if (p->count == p->room) {
        const int room = p->room ? 2 * p->room : 64;
        weft_curve_point *larger = realloc(p->point, (size_t)room * sizeof *larger);
        if (!larger) return no_memory();
        p->point = larger;
        p->room = room;
    }
    p->point[p->count++] = point;
    return WEFT_OK;
}

/* ---- rows of an earlier part of the run ---- */

/* The first columns of a line: epoch and four figures, which may be empty. False: not a row. */
static bool read_row(char *line, double values[COLUMNS])
{
    char *at = line;
    for (int i = 0; i < COLUMNS; i++) {
        const size_t length = strcspn(at, ",");
        const bool last = at[length] == '\0';
        at[length] = '\0';
        if (!weft_parse_double(at, &values[i])) values[i] = (double)NAN;
        if (last && i + 1 < COLUMNS) return false;
        at += length + !last;
    }
    return !isnan(values[0]);
}

static weft_status read_rows(cli_pictures *p, char *text)
{
    for (char *line = text; *line;) {
        double v[COLUMNS];
        const size_t length = strcspn(line, "\n");
        const bool last = line[length] == '\0';
        line[length] = '\0';
        if (read_row(line, v)) {
            WEFT_TRY(add_point(p, (weft_curve_point){v[0], v[1], v[2], v[3], v[4]}));
        }
        line += length + !last;
    }
    return WEFT_OK;
}

static weft_status read_metrics(cli_pictures *p, const char *folder)
{
    char *path = weft_path_join(folder, "metrics.csv"), *text = NULL;
    size_t count = 0;
    weft_status status = path ? WEFT_OK : no_memory();
    if (path && weft_path_exists(path)) {
        status = weft_read_file(path, METRICS_BYTES_MAX, &text, &count);
        if (status == WEFT_OK) status = read_rows(p, text);
    }
    free(text);
    free(path);
    return status;
}

/* ---- the object ---- */

weft_status cli_pictures_new(const char *folder, bool resumed, const char *title,
                             const char *subtitle, cli_pictures **out)
{
    cli_pictures *p = calloc(1, sizeof *p);
    *out = NULL;
    if (!p) return no_memory();
    p->title = weft_path_join("", title);
    p->subtitle = weft_path_join("", subtitle);
    p->svg = weft_path_join(folder, "curves.svg");
    p->png = weft_path_join(folder, "curves.png");
    weft_status status = p->title && p->subtitle && p->svg && p->png ? WEFT_OK : no_memory();
    if (status == WEFT_OK && resumed) status = read_metrics(p, folder);
    if (status != WEFT_OK) {
        cli_pictures_free(p);
        return status;
    }
    p->drawn = p->count > 0 && weft_path_exists(p->png);
    *out = p;
    return WEFT_OK;
}

void cli_pictures_free(cli_pictures *pictures)
{
    if (!pictures) return;
    free(pictures->title);
    free(pictures->subtitle);
    free(pictures->svg);
    free(pictures->png);
    free(pictures->point);
    free(pictures);
}

weft_status cli_pictures_add(cli_pictures *pictures, const weft_epoch_report *r)
{
    cli_pictures *p = pictures;
    /* A resumed run does epochs behind its checkpoint once more. */
    while (p->count > 0 && p->point[p->count - 1].epoch >= r->epoch)
        p->count--;
    WEFT_TRY(add_point(p, (weft_curve_point){r->epoch, r->train_loss, r->train_accuracy,
                                             r->val_loss, r->val_accuracy}));
    const weft_curves curves = {p->title, p->subtitle, p->point, p->count};
    WEFT_TRY(weft_curves_draw(&curves, p->svg, p->png));
    p->drawn = true;
    return WEFT_OK;
}

const char *cli_pictures_path(const cli_pictures *pictures)
{
    return pictures->drawn ? pictures->png : NULL;
}
