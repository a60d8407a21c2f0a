/* How the vector family makes a convolution: tiles, weights as the kernel reads them, and which
 * settings are worth trying. */
#include <stdio.h>
#include <string.h>

#include "backends/opencl/tile.h"
#include "backends/opencl/tuning.h"

enum {
    MOST_SUMS = 64,           /* vectors of a tile: beyond it programs grow, nothing gets faster */
    MANY_WEIGHTS = 128 << 10, /* floats that no longer stay in a cache beside the images */
    MOST_TAPS = 4,            /* vectors of a window row, */
    MOST_ROW = 16 << 10       /* and floats of the row that it is added to */
};

/* What a tile is cut out of: pixels in steps, beside vectors of outputs. */
typedef struct space {
    int32_t pixels, step, vectors;
    bool whole; /* all vectors belong to a tile */
} space;

/* Few outputs leave most of a vector empty; the taps and outputs of a window row fill it better.
 * Part of the result, so by the shape alone. */
static bool by_taps(const cl_conv *conv)
{
    const int64_t vectors = cl_divide_up((int64_t)conv->s * conv->k, 16);
    const int64_t row = ((int64_t)conv->w * conv->sw + conv->s + conv->q) * conv->k;
    return conv->transposed && conv->k < 16 && vectors < conv->s && vectors <= MOST_TAPS &&
           row <= MOST_ROW;
}

static space space_of(const cl_conv *conv)
{
    if (by_taps(conv)) {
        const int32_t vectors = (int32_t)cl_divide_up((int64_t)conv->s * conv->k, 16);
        return (space){conv->w, 1, vectors, true};
    }
    return (space){conv->q, conv->transposed ? conv->sw : 1, (int32_t)cl_divide_up(conv->k, 16),
                   false};
}

/* Does a tile of `width` pixels from column q on have taps outside of x? */
static bool at_edge(const cl_conv *conv, int32_t q, int32_t width)
{
    const int32_t last = q + width - 1;
    if (conv->transposed) {
        return q + conv->pl < conv->s - 1 || (last + conv->pl) / conv->sw >= conv->w;
    }
    return q * conv->sw < conv->pl || last * conv->sw + conv->s - 1 - conv->pl >= conv->w;
}

/* Tiles head .. rest - 1 are full and touch no border. */
static void find_inner_tiles(const cl_conv *conv, cl_conv_way *way)
{
    const int32_t width = way->tile.count;
    const int32_t full = conv->q / width, tiles = (int32_t)cl_divide_up(conv->q, width);
    way->head = 0;
    while (way->head < full && at_edge(conv, way->head * width, width))
        way->head++;
    way->rest = way->head;
    while (way->rest < full && !at_edge(conv, way->rest * width, width))
        way->rest++;
    if (way->head == full) way->head = way->rest = tiles;
}

/* A group should have some 250,000 operations, about two microseconds of one core. */
static int32_t rows_of_group(const cl_conv *conv, int32_t vectors)
{
    const bool taps = by_taps(conv);
    const int64_t steps = (int64_t)conv->r * conv->c * (taps ? conv->w : conv->q * conv->s);
    const int64_t skipped = conv->transposed ? conv->sh * (taps ? 1 : conv->sw) : 1;
    const int64_t row = cl_divide_up(32 * steps * vectors, skipped);
    const int64_t chunks = cl_divide_up(conv->p, cl_divide_up(250000, row));
    return (int32_t)cl_divide_up(conv->p, chunks);
}

/* Each group reads its block of weights and an image; which of them may stay in the cache? */
static bool images_first(const cl_conv *conv, const cl_conv_way *way)
{
    const int64_t taps = (int64_t)conv->r * conv->s * conv->c;
    return taps * way->k_padded > MANY_WEIGHTS &&
           (int64_t)conv->h * conv->w * conv->c < taps * 16 * way->tile.vectors;
}

static bool possible(const space *in, cl_tile tile)
{
    return tile.count > 0 && tile.count <= in->pixels &&
           (tile.count % in->step == 0 || tile.count == in->pixels) && tile.vectors > 0 &&
           tile.vectors <= in->vectors && in->vectors % tile.vectors == 0 &&
           (!in->whole || tile.vectors == in->vectors) &&
           (int64_t)tile.count * tile.vectors <= MOST_SUMS;
}

/* The tile that the device and the shape suggest. */
static cl_tile prior_of(const cl_device *device, const space *in)
{
    if (!in->whole) return cl_tile_choose(device, in->pixels, 16 * in->vectors, in->step);
    const int32_t room = (cl_tile_budget(device) - 1) / in->vectors - 1;
    const int32_t tiles = (int32_t)cl_divide_up(in->pixels, room < 1 ? 1 : room);
    return (cl_tile){(int32_t)cl_divide_up(in->pixels, tiles), in->vectors};
}

weft_status cl_conv_choose(const cl_device *device, const weft_op *op, const cl_conv *conv,
                           const char *choice, cl_conv_way *out)
{
    const char *settings = cl_settings(device, op, choice);
    const space in = space_of(conv);
    const cl_tile prior = prior_of(device, &in);
    const cl_tile tile = {cl_setting(settings, "TX", prior.count),
                          cl_setting(settings, "NV", prior.vectors)};
    const bool fits = possible(&in, tile);
    const int32_t rows = cl_setting(settings, "ROWS", fits ? rows_of_group(conv, tile.vectors) : 1);
    if (!fits || rows < 1 || rows > conv->p) {
        return weft_fail(WEFT_ERR_UNSUPPORTED, "%s: TX=%d NV=%d ROWS=%d do not fit its shape",
                         weft_op_describe(op->kind)->name, (int)tile.count, (int)tile.vectors,
                         (int)rows);
    }
    *out = (cl_conv_way){.tile = tile, .k_padded = 16 * in.vectors, .rows = rows};
    out->taps = in.whole;
    out->packed = conv->transposed || out->k_padded != conv->k;
    out->images_first = images_first(conv, out);
    if (!out->taps) find_inner_tiles(conv, out);
    return WEFT_OK;
}

int64_t cl_conv_packed_floats(const cl_conv *conv, const cl_conv_way *way)
{
    const int64_t taps = (int64_t)conv->r * (way->taps ? 1 : conv->s);
    return way->packed ? taps * conv->c * way->k_padded : 0;
}

/* Weights with their last axis padded, and exchanged with the one before it for the gradient; there
 * the outputs may be those of a whole window row. */
static weft_status add_pack(cl_step *step, const cl_conv *conv, const cl_conv_way *way,
                            const weft_tensor *packed)
{
    const cl_device *device = cl_step_device(step);
    cl_defines defines = {.used = 0};
    cl_define_family(device, &defines);
    cl_define(&defines, "C", "%d", (int)conv->c);
    cl_define(&defines, "K", "%d", (int)(way->taps ? conv->s * conv->k : conv->k));
    cl_define(&defines, "KP", "%d", (int)way->k_padded);
    cl_define(&defines, "TRANSPOSED", "%d", conv->transposed);
    const cl_spec spec = {"conv_pack.cl", "conv_pack", defines.text};
    const cl_grid grid = {{way->k_padded / 16, (int64_t)conv->r * (way->taps ? 1 : conv->s)}, {1}};
    return CL_LAUNCH(step, &spec, &grid, CL_T(&step->op.in[1]), CL_T(packed));
}

weft_status cl_conv_weights(cl_step *step, const cl_conv *conv, const cl_conv_way *way,
                            weft_tensor *out)
{
    *out = step->op.in[1];
    if (!way->packed) return WEFT_OK;
    *out = cl_scratch(&step->op, 0, cl_conv_packed_floats(conv, way));
    return add_pack(step, conv, way, out);
}

void cl_conv_define_way(const cl_device *device, cl_defines *defines, const cl_conv *conv,
                        const cl_conv_way *way, bool biased)
{
    cl_define_family(device, defines);
    cl_conv_define(defines, conv);
    cl_define(defines, "TX", "%d", (int)way->tile.count);
    cl_define(defines, "NV", "%d", (int)way->tile.vectors);
    cl_define(defines, "KP", "%d", (int)way->k_padded);
    cl_define(defines, "ROWS", "%d", (int)way->rows);
    cl_define(defines, "HEAD", "%d", (int)way->head);
    cl_define(defines, "REST", "%d", (int)way->rest);
    cl_define(defines, "BIAS", "%d", biased);
    cl_define(defines, "IMAGES_FIRST", "%d", way->images_first);
}

cl_grid cl_conv_grid(const cl_conv *conv, const cl_conv_way *way, int32_t rows)
{
    const int64_t blocks = way->k_padded / (16 * way->tile.vectors);
    const int64_t chunks = cl_divide_up(rows, way->rows);
    return way->images_first ? (cl_grid){{conv->n, blocks, chunks}, {1}}
                             : (cl_grid){{blocks, chunks, conv->n}, {1}};
}

/* ---- candidates ---- */

void cl_choice_append(weft_choice *list, int *count, int room, const char *text)
{
    for (int i = 0; i < *count; i++) {
        if (strcmp(list[i].text, text) == 0) return;
    }
    if (*count == room) return;
    list[*count] = (weft_choice){.text = ""};
    snprintf(list[*count].text, sizeof list[*count].text, "%s", text);
    (*count)++;
}

typedef struct listing {
    const cl_device *device;
    const weft_op *op;
    const cl_conv *conv;
    weft_choice *list;
    int count, room;
} listing;

/* The settings in full, when they make sense. */
static void append(listing *l, int32_t count, int32_t vectors, int32_t rows)
{
    char text[WEFT_CHOICE_MAX];
    cl_conv_way way;
    if (rows > l->conv->p) rows = l->conv->p;
    const int used = snprintf(text, sizeof text, "TX=%d NV=%d", (int)count, (int)vectors);
    if (l->op->kind != WEFT_OP_conv2d_stats) /* its rows are part of the result */
        snprintf(text + used, sizeof text - (size_t)used, " ROWS=%d", (int)rows);
    if (cl_conv_choose(l->device, l->op, l->conv, text, &way) == WEFT_OK)
        cl_choice_append(l->list, &l->count, l->room, text);
}

/* The whole row in 1, 2, 3 .. equal tiles, from the largest that the registers hold: three. */
static void append_widths(listing *l, int32_t vectors)
{
    const space in = space_of(l->conv);
    const int32_t budget = cl_tile_budget(l->device);
    int taken = 0;
    for (int32_t tiles = 1; tiles <= in.pixels && taken < 3; tiles++) {
        const int32_t width =
            (int32_t)cl_divide_up(cl_divide_up(in.pixels, tiles), in.step) * in.step;
        const int32_t count = width < in.pixels ? width : in.pixels;
        if ((count + 1) * vectors > budget) continue;
        append(l, count, vectors, rows_of_group(l->conv, vectors));
        taken++;
    }
}

weft_status cl_conv_candidates(const cl_device *device, const weft_op *op, weft_choice *list,
                               int *count)
{
    cl_conv conv;
    cl_conv_way way;
    WEFT_TRY(cl_conv_of(op, &conv));
    if (device->info.family != WEFT_FAMILY_VECTOR) {
        return cl_conv_tile_candidates(device, op, list, count);
    }
    if (op->kind == WEFT_OP_conv2d_weight_grad) {
        return cl_conv_grad_candidates(device, op, &conv, list, count);
    }
    WEFT_TRY(cl_conv_choose(device, op, &conv, "", &way));
    listing l = {device, op, &conv, list, 0, *count};
    append(&l, way.tile.count, way.tile.vectors, way.rows);
    append(&l, way.tile.count, way.tile.vectors, 2 * way.rows);
    append(&l, way.tile.count, way.tile.vectors, way.rows / 2);
    for (int32_t vectors = 1; vectors <= 4; vectors++)
        append_widths(&l, vectors);
    *count = l.count;
    return WEFT_OK;
}
