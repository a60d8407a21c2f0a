#include "cli/pictures.h"

#include <stdlib.h>

#include "cli/picture_out.h"
#include "cli/run_files.h"
#include "core/posix.h"

struct cli_pictures {
    char *title, *subtitle;
    cli_picture_out files;
    weft_curve_point *point;
    int count, room;
    bool drawn, added; /* added: a point by this process */
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

weft_curve_point cli_curve_point(const weft_epoch_report *r)
{
    return (weft_curve_point){r->epoch,    r->train_loss,   r->train_accuracy,
                              r->val_loss, r->val_accuracy, r->learning_rate};
}

/* Rows of an earlier part of the run. A file that holds no rows is no reason not to go on. */
static weft_status read_earlier(cli_pictures *p, const char *folder, const weft_log *log)
{
    weft_epoch_report *row = NULL;
    int count = 0;
    weft_status status = cli_run_epochs(folder, log, &row, &count);
    for (int i = 0; i < count && status == WEFT_OK; i++)
        status = add_point(p, cli_curve_point(&row[i]));
    free(row);
    if (status != WEFT_ERR_FORMAT) return status;
    weft_say(log, WEFT_WARNING, "%s; the curves begin here", weft_error());
    return WEFT_OK;
}

/* ---- the object ---- */

weft_status cli_pictures_new(const char *folder, bool resumed, const char *title,
                             const char *subtitle, const weft_log *log, cli_pictures **out)
{
    cli_pictures *p = calloc(1, sizeof *p);
    *out = NULL;
    if (!p) return no_memory();
    p->title = weft_path_join("", title);
    p->subtitle = weft_path_join("", subtitle);
    weft_status status = p->title && p->subtitle ? WEFT_OK : no_memory();
    if (status == WEFT_OK) status = cli_picture_out_both(folder, "curves", WEFT_LIGHT, &p->files);
    if (status == WEFT_OK && resumed) status = read_earlier(p, folder, log);
    if (status != WEFT_OK) {
        cli_pictures_free(p);
        return status;
    }
    p->drawn = p->count > 0 && weft_path_exists(p->files.png);
    *out = p;
    return WEFT_OK;
}

void cli_pictures_free(cli_pictures *pictures)
{
    if (!pictures) return;
    free(pictures->title);
    free(pictures->subtitle);
    cli_picture_out_free(&pictures->files);
    free(pictures->point);
    free(pictures);
}

/* A resumed run does epochs behind its checkpoint once more. */
static void drop_behind(cli_pictures *p, uint32_t epoch)
{
    while (p->count > 0 && p->point[p->count - 1].epoch > epoch)
        p->count--;
}

static weft_status draw(cli_pictures *p)
{
    const weft_curves curves = {p->title, p->subtitle, p->point, p->count};
    const weft_figure figure = weft_curves_figure(&curves);
    WEFT_TRY(cli_picture_out_write(&p->files, &figure));
    p->drawn = true;
    return WEFT_OK;
}

weft_status cli_pictures_add(cli_pictures *pictures, const weft_epoch_report *r)
{
    drop_behind(pictures, r->epoch - 1);
    pictures->added = true;
    WEFT_TRY(add_point(pictures, cli_curve_point(r)));
    return draw(pictures);
}

weft_status cli_pictures_end(cli_pictures *pictures, uint32_t epochs)
{
    if (pictures->added) return WEFT_OK;
    drop_behind(pictures, epochs);
    return pictures->count > 0 ? draw(pictures) : WEFT_OK;
}

const char *cli_pictures_path(const cli_pictures *pictures)
{
    return pictures->drawn ? pictures->files.png : NULL;
}
