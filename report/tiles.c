#include "report/tiles.h"

#include <math.h>
#include <stdio.h>

#include "core/number.h"

enum {
    GAP = 12,
    LINE = 14,           /* of a caption */
    CAPTION_WIDTH = 124, /* a tile is made so wide for its caption, no wider */
    CAPTION_LETTER = 7,  /* about */
    WIDTH_MOST = 1000,
    WIDTH_LEAST = 360,
    PICTURE_MOST = 224,
    LEGEND_WIDTH = 180,
    LEGEND_BAR = 10,
    LEGEND_HEIGHT = LEGEND_BAR + LINE + 4 + WEFT_MARGIN, /* with its numbers */
    MARK = 9
};

static const double caption_size = 11;

/* ---- where things stand ---- */

static weft_raster raster_of(const weft_tiles *tiles, int index, const weft_scale *scale)
{
    const weft_tile *tile = &tiles->tile[index];
    weft_raster raster = {tile->picture, tile->heat, tiles->map, *scale};
    if (tiles->own_scales) {
        raster.scale = weft_scale_empty();
        weft_scale_add(&raster.scale, &tile->heat);
        raster.scale = weft_scale_fit(raster.scale, tiles->map);
    }
    return raster;
}

static int longest_side(const weft_tiles *tiles)
{
    const weft_scale none = {0};
    int longest = 0;
    for (int i = 0; i < tiles->count; i++) {
        const weft_raster raster = raster_of(tiles, i, &none);
        const int width = weft_raster_width(&raster), height = weft_raster_height(&raster);
        if (width > longest) longest = width;
        if (height > longest) longest = height;
    }
    return longest;
}

/* Rows are as high as their images: not every image is square. */
static void fit_pictures(const weft_tiles *tiles, weft_tiles_layout *l)
{
    const weft_scale none = {0};
    for (int i = 0; i < tiles->count; i++) {
        const weft_raster raster = raster_of(tiles, i, &none);
        const weft_box box = weft_raster_fit(&raster, 0, 0, l->side);
        l->wide = fmax(l->wide, ceil(box.width));
        l->high = fmax(l->high, ceil(box.height));
    }
    if (tiles->count < 1) l->wide = l->high = l->side;
}

static int caption_lines(const weft_tiles *tiles)
{
    int lines = 0;
    for (int i = 0; i < tiles->count; i++) {
        const weft_tile *tile = &tiles->tile[i];
        if (tile->caption2) return 2;
        if (tile->caption || tile->value || tile->mark != WEFT_MARK_NONE) lines = 1;
    }
    return lines;
}

static int letters(const char *text)
{
    int count = 0;
    for (; text && *text; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

/* Room for captions, as far as they get it. */
static int caption_width(const weft_tiles *tiles)
{
    int widest = 0;
    for (int i = 0; i < tiles->count; i++) {
        const weft_tile *tile = &tiles->tile[i];
        const int mark = tile->mark != WEFT_MARK_NONE ? 2 : 0, gap = tile->value ? 1 : 0;
        const int first = mark + letters(tile->caption) + gap + letters(tile->value);
        const int second = letters(tile->caption2), longer = first > second ? first : second;
        if (longer > widest) widest = longer;
    }
    return widest < CAPTION_WIDTH / CAPTION_LETTER ? widest * CAPTION_LETTER : CAPTION_WIDTH;
}

/* Small images are enlarged by whole numbers, less when there are many of them. */
static int choose_side(const weft_tiles *tiles)
{
    const int least = caption_lines(tiles) > 0 ? 84 : 56;
    const int wanted = tiles->count <= 12 ? 112 : tiles->count <= 40 ? 84 : least;
    const int longest = longest_side(tiles);
    if (longest < 1) return wanted;
    if (longest <= wanted) return wanted / longest * longest;
    return longest < PICTURE_MOST ? longest : PICTURE_MOST;
}

/* Rows are as even as they can be. */
static void choose_columns(const weft_tiles *tiles, weft_tiles_layout *l)
{
    const int fit = (int)((WIDTH_MOST - 2 * WEFT_MARGIN + GAP) / l->step_x);
    const int most = tiles->columns > 0 ? tiles->columns : fit > 1 ? fit : 1;
    l->rows = (tiles->count + most - 1) / most;
    l->columns = l->rows > 0 && tiles->columns == 0 ? (tiles->count + l->rows - 1) / l->rows : most;
}

/* A legend below the grid when there are numbers in colours. */
static void place_legend(const weft_tiles *tiles, weft_tiles_layout *l)
{
    bool any = false;
    l->scale = weft_scale_empty();
    for (int i = 0; i < tiles->count; i++) {
        any = any || tiles->tile[i].heat.values;
        weft_scale_add(&l->scale, &tiles->tile[i].heat);
    }
    l->scale = weft_scale_fit(l->scale, tiles->map);
    if (!any) return;
    l->legend = (weft_box){WEFT_MARGIN, l->height, LEGEND_WIDTH, LEGEND_BAR};
    l->height += LEGEND_HEIGHT;
}

weft_tiles_layout weft_tiles_place(const weft_tiles *tiles)
{
    const bool heading = tiles->title || tiles->subtitle;
    weft_tiles_layout l = {.side = choose_side(tiles), .lines = caption_lines(tiles)};
    l.left = WEFT_MARGIN;
    l.top = heading ? WEFT_HEADING_HEIGHT + 4 : WEFT_MARGIN;
    fit_pictures(tiles, &l);
    l.step_x = GAP + fmax(l.wide, caption_width(tiles));
    l.step_y = GAP + l.high + (l.lines > 0 ? l.lines * LINE + 4 : 0);
    choose_columns(tiles, &l);
    const int rows = l.rows > 0 ? l.rows : 1, across = l.rows > 1 ? l.columns : tiles->count;
    l.width = (int)(2 * WEFT_MARGIN + (across > 0 ? across : 1) * l.step_x - GAP);
    if (l.width < WIDTH_LEAST) l.width = WIDTH_LEAST;
    l.height = (int)(l.top + rows * l.step_y - GAP + WEFT_MARGIN);
    place_legend(tiles, &l);
    return l;
}

static weft_box cell_of(const weft_tiles_layout *l, int index)
{
    const int row = index / l->columns, column = index % l->columns;
    return (weft_box){l->left + column * l->step_x, l->top + row * l->step_y, l->step_x - GAP,
                      l->step_y - GAP};
}

weft_box weft_tiles_picture(const weft_tiles *tiles, const weft_tiles_layout *layout, int index)
{
    const weft_box cell = cell_of(layout, index);
    const weft_raster raster = raster_of(tiles, index, &layout->scale);
    weft_box box = weft_raster_fit(&raster, 0, 0, layout->side);
    box.left = cell.left + floor((layout->wide - box.width) / 2);
    box.top = cell.top + floor((layout->high - box.height) / 2);
    return box;
}

weft_box weft_tiles_caption(const weft_tiles_layout *layout, int index, int line)
{
    const weft_box cell = cell_of(layout, index);
    return (weft_box){cell.left, cell.top + layout->high + 4 + line * LINE, cell.width, LINE};
}

/* ---- drawing ---- */

static void frame(const weft_canvas *canvas, weft_box box, weft_tile_mark mark)
{
    const bool wrong = mark == WEFT_MARK_WRONG;
    const double line = wrong ? 2 : 1;
    weft_colour_set(canvas->cr, wrong ? canvas->palette->series[1] : canvas->palette->faint);
    cairo_set_line_width(canvas->cr, line);
    cairo_rectangle(canvas->cr, box.left - line / 2, box.top - line / 2, box.width + line,
                    box.height + line);
    cairo_stroke(canvas->cr);
}

/* A check mark or a cross in a square. */
static void draw_mark(const weft_canvas *canvas, double left, double top, weft_tile_mark mark)
{
    cairo_t *cr = canvas->cr;
    weft_colour_set(cr, canvas->palette->series[mark == WEFT_MARK_WRONG]);
    cairo_set_line_width(cr, 2);
    if (mark == WEFT_MARK_RIGHT) {
        cairo_move_to(cr, left + 0.5, top + 0.55 * MARK);
        cairo_line_to(cr, left + 0.38 * MARK, top + MARK - 1);
        cairo_line_to(cr, left + MARK - 0.5, top + 1);
    } else {
        cairo_move_to(cr, left + 1, top + 1);
        cairo_line_to(cr, left + MARK - 1, top + MARK - 1);
        cairo_move_to(cr, left + 1, top + MARK - 1);
        cairo_line_to(cr, left + MARK - 1, top + 1);
    }
    cairo_stroke(cr);
}

/* Mark, caption and value share a line; what is left of it is the caption's. */
static void draw_first_line(const weft_canvas *canvas, const weft_tile *tile, weft_box box)
{
    weft_label label = {.x = box.left + box.width,
                        .y = box.top + LINE - 4,
                        .size = caption_size,
                        .anchor = WEFT_RIGHT,
                        .colour = canvas->palette->ink};
    double room = box.width;
    if (tile->value) {
        weft_label_draw(canvas->cr, &label, tile->value);
        room -= weft_label_width(canvas->cr, &label, tile->value) + 4;
    }
    label.x = box.left;
    label.anchor = WEFT_LEFT;
    if (tile->mark != WEFT_MARK_NONE) {
        draw_mark(canvas, box.left, box.top + 2, tile->mark);
        label.x += MARK + 4;
        room -= MARK + 4;
    }
    label.width = room;
    if (tile->caption && room > 0) weft_label_draw(canvas->cr, &label, tile->caption);
}

static void draw_captions(const weft_canvas *canvas, const weft_tile *tile,
                          const weft_tiles_layout *l, int index)
{
    if (l->lines > 0) draw_first_line(canvas, tile, weft_tiles_caption(l, index, 0));
    if (!tile->caption2) return;
    const weft_box box = weft_tiles_caption(l, index, 1);
    const weft_label label = {.x = box.left,
                              .y = box.top + LINE - 4,
                              .size = caption_size,
                              .width = box.width,
                              .colour = canvas->palette->soft};
    weft_label_draw(canvas->cr, &label, tile->caption2);
}

static void note(const weft_canvas *canvas, weft_box box, const char *text)
{
    const weft_label label = {.x = box.left + box.width / 2,
                              .y = box.top + box.height / 2 + 4,
                              .size = caption_size,
                              .width = box.width,
                              .anchor = WEFT_CENTRE,
                              .colour = canvas->palette->soft};
    weft_label_draw(canvas->cr, &label, text);
}

static void draw_tile(const weft_canvas *canvas, const weft_tiles *tiles,
                      const weft_tiles_layout *l, int index)
{
    const weft_raster raster = raster_of(tiles, index, &l->scale);
    const weft_box box = weft_tiles_picture(tiles, l, index);
    if (weft_raster_width(&raster) < 1) note(canvas, box, "no data");
    weft_raster_draw(canvas, &raster, box);
    frame(canvas, box, tiles->tile[index].mark);
    draw_captions(canvas, &tiles->tile[index], l, index);
}

/* ---- the legend ---- */

static void number_at(const weft_canvas *canvas, weft_box bar, double share, const char *text)
{
    const weft_label label = {.x = bar.left + share * bar.width,
                              .y = bar.top + bar.height + LINE,
                              .size = caption_size,
                              .anchor = share < 0.25   ? WEFT_LEFT
                                        : share > 0.75 ? WEFT_RIGHT
                                                       : WEFT_CENTRE,
                              .colour = canvas->palette->soft};
    weft_label_draw(canvas->cr, &label, text);
}

static void name_ends(const weft_canvas *canvas, const weft_tiles *tiles,
                      const weft_tiles_layout *l)
{
    char low[WEFT_NUMBER_TEXT], high[WEFT_NUMBER_TEXT];
    const bool own = tiles->own_scales, from_zero = l->scale.low == 0;
    weft_format(l->scale.low, 3, low);
    weft_format(l->scale.high, 3, high);
    number_at(canvas, l->legend, 0, !own || from_zero ? low : "lowest");
    number_at(canvas, l->legend, 1, own ? "highest of each" : high);
    if (tiles->map == WEFT_MAP_DIVERGING) number_at(canvas, l->legend, 0.5, "0");
}

static void draw_legend(const weft_canvas *canvas, const weft_tiles *tiles,
                        const weft_tiles_layout *l)
{
    enum { SHADES = LEGEND_WIDTH };
    float ramp[SHADES];
    for (int i = 0; i < SHADES; i++)
        ramp[i] = (float)i / (SHADES - 1);
    const weft_raster bar = {
        .heat = {SHADES, 1, ramp}, .map = tiles->map, .scale = {.low = 0, .high = 1}};
    cairo_save(canvas->cr);
    cairo_translate(canvas->cr, l->legend.left, l->legend.top);
    cairo_scale(canvas->cr, 1, LEGEND_BAR);
    weft_raster_draw(canvas, &bar, (weft_box){0, 0, SHADES, 1});
    cairo_restore(canvas->cr);
    frame(canvas, l->legend, WEFT_MARK_NONE);
    name_ends(canvas, tiles, l);
    if (!l->scale.missing) return;
    const weft_box swatch = {l->legend.left + LEGEND_WIDTH + 24, l->legend.top - 1, 12, 12};
    const weft_label label = {.x = swatch.left + swatch.width + 6,
                              .y = l->legend.top + LEGEND_BAR - 1,
                              .size = caption_size,
                              .colour = canvas->palette->soft};
    weft_raster_missing(canvas, swatch);
    frame(canvas, swatch, WEFT_MARK_NONE);
    weft_label_draw(canvas->cr, &label, "not a finite number");
}

void weft_tiles_draw(const weft_canvas *canvas, const weft_tiles *tiles)
{
    const weft_tiles_layout l = weft_tiles_place(tiles);
    weft_heading_draw(canvas, tiles->title, tiles->subtitle, l.width);
    for (int i = 0; i < tiles->count; i++)
        draw_tile(canvas, tiles, &l, i);
    if (l.legend.width > 0) draw_legend(canvas, tiles, &l);
    const weft_box room = {l.left, l.top, l.width - 2 * WEFT_MARGIN, l.high};
    if (tiles->count < 1) note(canvas, room, "no data");
}

static void draw(const weft_canvas *canvas, const void *data)
{
    weft_tiles_draw(canvas, data);
}

weft_figure weft_tiles_figure(const weft_tiles *tiles)
{
    const weft_tiles_layout l = weft_tiles_place(tiles);
    return (weft_figure){draw, tiles, l.width, l.height};
}
