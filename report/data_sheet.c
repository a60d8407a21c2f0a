#include "report/data_sheet.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum {
    WIDTH = 1000,
    INNER = WIDTH - 2 * WEFT_MARGIN,
    NOTE_HEIGHT = 18,
    NAMES_HEIGHT = 22, /* of what names the columns */
    GAP = 12,
    THUMB_GAP = 4,
    NUMBER = 48, /* behind a bar */
    SECTION_HEIGHT = 60
};

/* How wide things are in one, two or three columns of classes. */
typedef struct block {
    int classes; /* at most */
    int name, thumb, thumbs;
} block;
static const block blocks[] = {{16, 116, 56, 10}, {60, 110, 32, 5}, {INT32_MAX, 92, 32, 3}};

/* ---- where things stand ---- */

static int64_t largest(const weft_data_sheet *sheet)
{
    int64_t most = 1;
    for (int i = 0; i < sheet->classes; i++)
        if (sheet->class[i].count > most) most = sheet->class[i].count;
    return most;
}

/* With the space before and behind. */
static double samples_width(const weft_data_layout *l)
{
    return GAP + (l->thumbs > 0 ? l->thumbs * (l->thumb + THUMB_GAP) - THUMB_GAP + GAP : 0);
}

static void place_classes(const weft_data_sheet *sheet, weft_data_layout *l)
{
    int b = 0;
    while (sheet->classes > blocks[b].classes)
        b++;
    l->blocks = b + 1;
    l->rows = (sheet->classes + b) / l->blocks;
    l->name = blocks[b].name;
    l->thumb = blocks[b].thumb;
    l->thumbs = sheet->per_class < blocks[b].thumbs ? sheet->per_class : blocks[b].thumbs;
    l->step_x = (INNER + 2.0 * GAP) / l->blocks;
    l->step_y = l->thumb + 6;
    l->bar = l->step_x - 2 * GAP - l->name - samples_width(l) - NUMBER;
    l->most = largest(sheet);
}

/* A grid without its heading, which the sheet writes in its own way. */
static weft_tiles bare(const weft_tiles *tiles)
{
    weft_tiles t = *tiles;
    t.title = t.subtitle = NULL;
    return t;
}

static double tiles_height(const weft_tiles *tiles)
{
    const weft_tiles t = bare(tiles);
    return weft_tiles_place(&t).height - 2 * WEFT_MARGIN;
}

weft_data_layout weft_data_place(const weft_data_sheet *sheet)
{
    weft_data_layout l = {.width = WIDTH};
    double y = WEFT_HEADING_HEIGHT + (sheet->note ? NOTE_HEIGHT : 0);
    place_classes(sheet, &l);
    l.top = y + NAMES_HEIGHT;
    if (sheet->classes > 0 || sheet->grid.count < 1) y = l.top + l.rows * l.step_y;
    l.grid_top = y + GAP;
    if (sheet->grid.count > 0) y = l.grid_top + tiles_height(&sheet->grid);
    l.draws_top = y + SECTION_HEIGHT;
    if (sheet->draws.count > 0) y = l.draws_top + tiles_height(&sheet->draws);
    l.height = (int)(y + WEFT_MARGIN);
    return l;
}

static double block_left(const weft_data_layout *l, int class)
{
    const int column = class / l->rows;
    return WEFT_MARGIN + column * l->step_x;
}

static double row_top(const weft_data_layout *l, int class)
{
    return l->top + class % l->rows * l->step_y;
}

weft_box weft_data_name(const weft_data_layout *layout, int class)
{
    return (weft_box){block_left(layout, class), row_top(layout, class), layout->name,
                      layout->thumb};
}

weft_box weft_data_thumb(const weft_data_layout *layout, int class, int sample)
{
    const double left = block_left(layout, class) + layout->name + GAP;
    return (weft_box){left + sample * (layout->thumb + THUMB_GAP), row_top(layout, class),
                      layout->thumb, layout->thumb};
}

weft_box weft_data_bar(const weft_data_sheet *sheet, const weft_data_layout *layout, int class)
{
    const double height = fmin(18, layout->thumb - 8);
    const double share = (double)sheet->class[class].count / (double)layout->most;
    return (weft_box){block_left(layout, class) + layout->name + samples_width(layout),
                      row_top(layout, class) + (layout->thumb - height) / 2, share * layout->bar,
                      height};
}

/* ---- drawing ---- */

static void write(const weft_canvas *canvas, double x, double y, double size, weft_colour colour,
                  double width, const char *text)
{
    const weft_label label = {.x = x, .y = y, .size = size, .width = width, .colour = colour};
    weft_label_draw(canvas->cr, &label, text);
}

static void draw_column_names(const weft_canvas *canvas, const weft_data_layout *l)
{
    const weft_colour soft = canvas->palette->soft;
    for (int b = 0; b < l->blocks; b++) {
        const double y = l->top - 8, left = WEFT_MARGIN + b * l->step_x;
        const double samples = left + l->name + GAP;
        write(canvas, left, y, 11, soft, l->name, "class");
        if (l->thumbs > 0) write(canvas, samples, y, 11, soft, 0, "samples");
        write(canvas, left + l->name + samples_width(l), y, 11, soft, 0, "count");
    }
}

static void draw_thumb(const weft_canvas *canvas, const weft_picture *picture, weft_box place)
{
    const weft_raster raster = {.picture = *picture};
    if (picture->pixels)
        weft_raster_draw(canvas, &raster,
                         weft_raster_fit(&raster, place.left, place.top, place.width));
}

static void draw_class(const weft_canvas *canvas, const weft_data_sheet *sheet,
                       const weft_data_layout *l, int class)
{
    char number[24];
    const weft_box name = weft_data_name(l, class), bar = weft_data_bar(sheet, l, class);
    const double y = name.top + name.height / 2 + 4;
    const weft_picture *sample = sheet->sample + (size_t) class * (size_t)sheet->per_class;
    write(canvas, name.left, y, 12, canvas->palette->ink, name.width, sheet->class[class].name);
    for (int i = 0; i < l->thumbs; i++)
        draw_thumb(canvas, &sample[i], weft_data_thumb(l, class, i));

    weft_colour_set(canvas->cr, canvas->palette->series[0]);
    cairo_rectangle(canvas->cr, bar.left, bar.top, bar.width, bar.height);
    cairo_fill(canvas->cr);
    (void)snprintf(number, sizeof number, "%" PRId64, sheet->class[class].count);
    write(canvas, bar.left + bar.width + 5, y, 12, canvas->palette->ink, NUMBER - 5, number);
}

static void draw_tiles_at(const weft_canvas *canvas, const weft_tiles *tiles, double top)
{
    const weft_tiles t = bare(tiles);
    cairo_save(canvas->cr);
    cairo_translate(canvas->cr, 0, top - WEFT_MARGIN);
    weft_tiles_draw(canvas, &t);
    cairo_restore(canvas->cr);
}

static void draw_section(const weft_canvas *canvas, const weft_tiles *tiles, double top)
{
    const weft_label title = {.x = WEFT_MARGIN,
                              .y = top - 26,
                              .size = 14,
                              .width = INNER,
                              .bold = true,
                              .colour = canvas->palette->ink};
    if (tiles->title) weft_label_draw(canvas->cr, &title, tiles->title);
    if (tiles->subtitle)
        write(canvas, WEFT_MARGIN, top - 9, 12, canvas->palette->soft, INNER, tiles->subtitle);
    draw_tiles_at(canvas, tiles, top);
}

static void draw(const weft_canvas *canvas, const void *data)
{
    const weft_data_sheet *sheet = data;
    const weft_data_layout l = weft_data_place(sheet);
    weft_heading_draw(canvas, sheet->title, sheet->subtitle, WIDTH);
    if (sheet->note) write(canvas, WEFT_MARGIN, 70, 12, canvas->palette->soft, INNER, sheet->note);
    if (sheet->classes > 0) draw_column_names(canvas, &l);
    for (int i = 0; i < sheet->classes; i++)
        draw_class(canvas, sheet, &l, i);
    if (sheet->grid.count > 0) draw_tiles_at(canvas, &sheet->grid, l.grid_top);
    if (sheet->draws.count > 0) draw_section(canvas, &sheet->draws, l.draws_top);
    if (sheet->classes < 1 && sheet->grid.count < 1)
        write(canvas, WEFT_MARGIN, l.top, 12, canvas->palette->soft, INNER, "no data");
}

weft_figure weft_data_sheet_figure(const weft_data_sheet *sheet)
{
    const weft_data_layout l = weft_data_place(sheet);
    return (weft_figure){draw, sheet, l.width, l.height};
}
