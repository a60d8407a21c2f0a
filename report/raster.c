#include "report/raster.h"

#include <math.h>

/* A matrix over a picture is laid on the more thickly the higher its numbers are: these shares of
 * the map's low and high end, the rest is the picture in grey. */
static const double thin = 0.25, thick = 0.75;

/* The pattern of missing numbers: about three fields a pixel each way. */
static const weft_rgb missing[2] = {{118, 118, 118}, {238, 238, 238}};

int weft_raster_width(const weft_raster *raster)
{
    if (raster->picture.pixels) return raster->picture.width;
    return raster->heat.values ? raster->heat.width : 0;
}

int weft_raster_height(const weft_raster *raster)
{
    if (raster->picture.pixels) return raster->picture.height;
    return raster->heat.values ? raster->heat.height : 0;
}

weft_box weft_raster_fit(const weft_raster *raster, double left, double top, double side)
{
    const double width = weft_raster_width(raster), height = weft_raster_height(raster);
    const double longer = fmax(width, height);
    if (longer < 1) return (weft_box){left, top, side, side};
    const double scale = longer <= side ? floor(side / longer) : side / longer;
    const double w = width * scale, h = height * scale;
    return (weft_box){left + floor((side - w) / 2), top + floor((side - h) / 2), w, h};
}

/* ---- one point ---- */

static weft_rgb pixel_at(const weft_picture *p, int x, int y)
{
    const uint8_t *at = p->pixels + ((int64_t)y * p->width + x) * p->channels;
    return p->channels == 3 ? (weft_rgb){at[0], at[1], at[2]} : (weft_rgb){at[0], at[0], at[0]};
}

static double value_at(const weft_matrix *m, int x, int y)
{
    return (double)m->values[(int64_t)y * m->width + x];
}

static int nearest(double place, int count)
{
    const int at = (int)floor(place + 0.5);
    return at < 0 ? 0 : at < count ? at : count - 1;
}

/* Between the centres of four numbers; one of them that is missing counts as the nearest. */
static double smooth(const weft_matrix *m, double x, double y)
{
    const double centre = value_at(m, nearest(x, m->width), nearest(y, m->height));
    double sum = 0;
    if (!isfinite(centre)) return centre;
    for (int i = 0; i < 4; i++) {
        const double at_x = floor(x) + (i & 1), at_y = floor(y) + (i >> 1);
        const double value = value_at(m, nearest(at_x, m->width), nearest(at_y, m->height));
        sum += (1 - fabs(x - at_x)) * (1 - fabs(y - at_y)) * (isfinite(value) ? value : centre);
    }
    return sum;
}

static weft_rgb pattern(int factor, int x, int y)
{
    const int field = (factor + 2) / 3;
    return missing[(x / field + y / field) % 2];
}

static uint8_t mix(double grey, uint8_t colour, double part)
{
    return (uint8_t)(grey + (colour - grey) * part + 0.5);
}

static weft_rgb lay_over(weft_rgb picture, weft_rgb heat, double share)
{
    const double grey = 0.299 * picture.red + 0.587 * picture.green + 0.114 * picture.blue;
    const double part = thin + (thick - thin) * fmin(fmax(share, 0), 1);
    return (weft_rgb){mix(grey, heat.red, part), mix(grey, heat.green, part),
                      mix(grey, heat.blue, part)};
}

/* ---- a surface of them ---- */

/* x and y count points, of which each pixel has factor x factor. */
static weft_rgb point(const weft_raster *r, int factor, int x, int y)
{
    const weft_matrix *m = &r->heat;
    const bool over = r->picture.pixels != NULL;
    if (over && !m->values) return pixel_at(&r->picture, x / factor, y / factor);
    double value;
    if (over) {
        const double to_x = (double)m->width / (r->picture.width * factor);
        const double to_y = (double)m->height / (r->picture.height * factor);
        value = smooth(m, (x + 0.5) * to_x - 0.5, (y + 0.5) * to_y - 0.5);
    } else {
        value = value_at(m, x / factor, y / factor);
    }
    if (!isfinite(value)) return pattern(factor, x, y);
    const double share = weft_scale_share(&r->scale, value);
    const weft_rgb heat = weft_colour_map_at(r->map, share);
    return over ? lay_over(pixel_at(&r->picture, x / factor, y / factor), heat, share) : heat;
}

static void fill(cairo_surface_t *surface, const weft_raster *r, int factor)
{
    unsigned char *bytes = cairo_image_surface_get_data(surface);
    const int width = weft_raster_width(r) * factor, height = weft_raster_height(r) * factor;
    if (!bytes) return; /* without memory; drawing it tells cairo's context so */
    for (int y = 0; y < height; y++) {
        uint32_t *row =
            (uint32_t *)(void *)(bytes + (int64_t)y * cairo_image_surface_get_stride(surface));
        for (int x = 0; x < width; x++) {
            const weft_rgb c = point(r, factor, x, y);
            row[x] = (uint32_t)c.red << 16 | (uint32_t)c.green << 8 | c.blue;
        }
    }
    cairo_surface_mark_dirty(surface);
}

/* The pattern is our own: one that cairo_get_source() makes after a failure is never freed. */
void weft_surface_draw(cairo_t *cr, cairo_surface_t *surface, int width, int height, weft_box box)
{
    cairo_pattern_t *pixels = cairo_pattern_create_for_surface(surface);
    cairo_pattern_set_filter(pixels, box.width < width ? CAIRO_FILTER_GOOD : CAIRO_FILTER_NEAREST);
    cairo_pattern_set_extend(pixels, CAIRO_EXTEND_PAD);
    cairo_save(cr);
    cairo_translate(cr, box.left, box.top);
    cairo_scale(cr, box.width / width, box.height / height);
    cairo_set_source(cr, pixels);
    cairo_pattern_destroy(pixels);
    cairo_rectangle(cr, 0, 0, width, height);
    cairo_fill(cr);
    cairo_restore(cr);
}

/* Two points a unit are enough of an image that is larger than its place. */
static void paint_smaller(cairo_t *cr, cairo_surface_t *surface, int width, int height,
                          weft_box box)
{
    const int less_wide = (int)ceil(2 * box.width), less_high = (int)ceil(2 * box.height);
    cairo_surface_t *smaller = cairo_image_surface_create(CAIRO_FORMAT_RGB24, less_wide, less_high);
    cairo_t *on = cairo_create(smaller);
    weft_surface_draw(on, surface, width, height, (weft_box){0, 0, less_wide, less_high});
    const bool good = cairo_status(on) == CAIRO_STATUS_SUCCESS;
    cairo_destroy(on);
    if (good)
        weft_surface_draw(cr, smaller, less_wide, less_high, box);
    else
        weft_surface_draw(cr, surface, width, height, box); /* which hands the failure to cr */
    cairo_surface_destroy(smaller);
}

/* A viewer of SVG may smooth what it enlarges. So the pixels are enlarged here, and what is left to
 * smooth is a unit wide. */
void weft_raster_draw(const weft_canvas *canvas, const weft_raster *raster, weft_box box)
{
    const int width = weft_raster_width(raster), height = weft_raster_height(raster);
    if (width < 1 || height < 1) return;
    const int factor = box.width > width ? (int)(box.width / width) : 1;
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, width * factor, height * factor);
    fill(surface, raster, factor);
    if (2 * box.width < width)
        paint_smaller(canvas->cr, surface, width, height, box);
    else
        weft_surface_draw(canvas->cr, surface, width * factor, height * factor, box);
    cairo_surface_destroy(surface);
}

void weft_raster_missing(const weft_canvas *canvas, weft_box box)
{
    static const float none[1] = {(float)NAN};
    const weft_raster raster = {.heat = {1, 1, none}};
    weft_raster_draw(canvas, &raster, box);
}
