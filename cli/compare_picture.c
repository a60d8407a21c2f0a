/* compare.svg and compare.png. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/compare.h"
#include "cli/picture_out.h"
#include "cli/pictures.h"
#include "core/posix.h"
#include "report/compare_chart.h"

/* The points of one contender; NULL when it has none, or no memory. */
static weft_curve_point *points_of(const cli_contender *to)
{
    const int count = to->files.epoch_count;
    weft_curve_point *point = count > 0 ? calloc((size_t)count, sizeof *point) : NULL;
    if (!point) return NULL;
    for (int i = 0; i < count; i++)
        point[i] = cli_curve_point(&to->files.epoch[i]);
    return point;
}

static weft_compare_line line_of(const cli_contender *to, weft_curve_point **points)
{
    const bool there = !to->failed;
    *points = there ? points_of(to) : NULL;
    return (weft_compare_line){
        .name = to->name,
        .point = *points,
        .count = *points ? to->files.epoch_count : 0,
        .images_per_second = there ? cli_summary_number(to, "images_per_second") : (double)NAN};
}

static weft_status remove_both(const cli_picture_out *out)
{
    WEFT_TRY(weft_remove(out->svg));
    return weft_remove(out->png);
}

static weft_status draw_chart(const cli_picture_out *out, const weft_compare_chart *chart)
{
    const weft_figure figure = weft_compare_chart_figure(chart);
    return cli_picture_out_write(out, &figure);
}

/* Without a chart there are no pictures: those of an earlier comparison would be taken for this
 * one's, and an empty one for a result. */
static weft_status write_files(const cli_compare *c, const weft_compare_chart *chart)
{
    cli_picture_out out;
    WEFT_TRY(cli_picture_out_both(c->out, "compare", WEFT_LIGHT, &out));
    const weft_status status = chart ? draw_chart(&out, chart) : remove_both(&out);
    cli_picture_out_free(&out);
    return status;
}

static bool anybody(const cli_compare *c)
{
    for (int i = 0; i < c->count; i++)
        if (!c->list[i].failed) return true;
    return false;
}

weft_status cli_compare_draw(const cli_compare *c)
{
    weft_compare_line line[CLI_CONTENDERS];
    weft_curve_point *points[CLI_CONTENDERS] = {NULL};
    char title[256], subtitle[256];
    if (!anybody(c)) return write_files(c, NULL);
    (void)snprintf(title, sizeof title, "%.100s on %.100s", c->model, c->data);
    (void)snprintf(subtitle, sizeof subtitle, "reference %.120s%s", c->list[c->reference].name,
                   c->together ? ", all at once" : "");
    for (int i = 0; i < c->count; i++)
        line[i] = line_of(&c->list[i], &points[i]);
    const weft_compare_chart chart = {
        .title = title, .subtitle = subtitle, .line = line, .count = c->count};
    const weft_status status = write_files(c, &chart);
    for (int i = 0; i < c->count; i++)
        free(points[i]);
    return status;
}
