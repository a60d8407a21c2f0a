/* Matrix products by register tiles: TILE_ROWS x PANEL sums stay in vector registers while the
 * depth runs. Every sum runs over the depth in order, so the division into tiles and threads does
 * not change a result. */
#include "backends/cpu/matmul.h"

#include "backends/cpu/scratch.h"

/* Tiles fit the registers: 32 of them with AVX-512 and on Arm, 16 else. */
#if defined(__AVX512F__) || defined(__aarch64__)
#define TILE_HEIGHTS(X, vectors) \
    X(1, vectors)                \
    X(2, vectors)                \
    X(3, vectors)                \
    X(4, vectors)                \
    X(5, vectors)                \
    X(6, vectors)                \
    X(7, vectors)                \
    X(8, vectors)                \
    X(9, vectors) X(10, vectors) X(11, vectors) X(12, vectors) X(13, vectors) X(14, vectors)
enum { TILE_ROWS = 14 };
#else
#define TILE_HEIGHTS(X, vectors) \
    X(1, vectors) X(2, vectors) X(3, vectors) X(4, vectors) X(5, vectors) X(6, vectors)
enum { TILE_ROWS = 6 };
#endif

enum {
    PANEL = 2 * WEFT_LANES, /* columns of a panel of B */
    PIXELS = 28             /* rows of A in a block of a transposed product */
};

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define UNROLL _Pragma("GCC unroll 16")
#else
#define UNROLL
#endif

/* One tile: c[i] = start[i] + sum over d of a(i, d) * b[d]. Sums start from zero, so that a long
 * depth is summed in blocks, which rounds less. Element (i, d) of A is
 * a[i * a_row + d * a_depth]; rows of b are PANEL apart. */
typedef struct tile_job {
    int64_t depth;
    const weft_real *a;
    int64_t a_depth; /* of a transposed product */
    const weft_real *b;
    const weft_real *start;
    int64_t start_row;
    weft_real *c;
    int64_t c_row;
} tile_job;

WEFT_ALWAYS_INLINE void tile(const tile_job *job, const int rows, const int vectors,
                             const int64_t a_row, const int64_t a_depth)
{
    const weft_vec zero = {0};
    weft_vec sum[TILE_ROWS][2];
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < vectors; v++) sum[i][v] = zero;

    const weft_real *a = job->a, *b = job->b;
    for (int64_t d = job->depth; d > 0; d--) {
        weft_vec w[2];
        UNROLL for (int v = 0; v < vectors; v++) w[v] =
            weft_vec_load(b + (ptrdiff_t)v * WEFT_LANES);
        UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < vectors; v++) sum[i][v] +=
            a[i * a_row] * w[v];
        a += a_depth;
        b += PANEL;
    }

    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < vectors; v++)
    {
        const ptrdiff_t lane = (ptrdiff_t)v * WEFT_LANES;
        const weft_real *const start = job->start + i * job->start_row + lane;
        weft_vec_store(job->c + i * job->c_row + lane, weft_vec_load(start) + sum[i][v]);
    }
}

#define TILE_DEFINE(rows, vectors)                                 \
    static void tile_##rows##_##vectors(const tile_job *job)       \
    {                                                              \
        tile(job, rows, vectors, WEFT_PACK_STEP, 1);               \
    }                                                              \
    static void transposed_##rows##_##vectors(const tile_job *job) \
    {                                                              \
        tile(job, rows, vectors, 1, WEFT_PACK_STEP);               \
    }
TILE_HEIGHTS(TILE_DEFINE, 1)
TILE_HEIGHTS(TILE_DEFINE, 2)

typedef void (*tile_run)(const tile_job *job);
#define TILE_ENTRY(rows, vectors)       [rows - 1] = tile_##rows##_##vectors,
#define TRANSPOSED_ENTRY(rows, vectors) [rows - 1] = transposed_##rows##_##vectors,
static const tile_run tile_table[2][TILE_ROWS] = {{TILE_HEIGHTS(TILE_ENTRY, 1)},
                                                  {TILE_HEIGHTS(TILE_ENTRY, 2)}};
static const tile_run transposed_table[2][TILE_ROWS] = {{TILE_HEIGHTS(TRANSPOSED_ENTRY, 1)},
                                                        {TILE_HEIGHTS(TRANSPOSED_ENTRY, 2)}};

/* The first of the rows, columns or pixels of part i when `count` of them go into `parts`. */
static int64_t part(int64_t i, int64_t parts, int64_t count)
{
    return i * count / parts;
}

/* B[from .. to) x [column .. column + width) to out, rows PANEL apart, zeros behind. b is the
 * first element of row `from`. */
static void pack_block(const weft_matmul *job, const weft_real *b, int64_t rows, int64_t column,
                       weft_real *out)
{
    const int64_t width = weft_cpu_min(job->columns - column, PANEL);
    const int64_t b_row = job->b_row, b_column = job->b_column;
    b += column * b_column;
    if (width < PANEL) memset(out, 0, (size_t)(rows * PANEL) * sizeof *out);
    if (b_column == 1 && width == PANEL) {
        for (int64_t i = 0; i < rows; i++)
            memcpy(out + i * PANEL, b + i * b_row, PANEL * sizeof *out);
    } else if (b_row == 1) {
        for (int64_t j = 0; j < width; j++)
            for (int64_t i = 0; i < rows; i++)
                out[i * PANEL + j] = b[i + j * b_column];
    } else {
        for (int64_t i = 0; i < rows; i++)
            for (int64_t j = 0; j < width; j++)
                out[i * PANEL + j] = b[i * b_row + j * b_column];
    }
}

void weft_cpu_pack_panels(const weft_matmul *job, int64_t from, int64_t to, int threads)
{
    enum { BLOCK = 64 }; /* rows of a piece of work */
    const int64_t panels = weft_cpu_pieces(job->columns, PANEL);
    const int64_t blocks = weft_cpu_pieces(to - from, BLOCK);
    WEFT_PARALLEL(threads)
    for (int64_t unit = 0; unit < panels * blocks; unit++) {
        const int64_t panel = unit / blocks, first = unit % blocks * BLOCK;
        const int64_t rows = weft_cpu_min(to - from - first, BLOCK);
        pack_block(job, job->b + first * job->b_row, rows, panel * PANEL,
                   job->scratch + (panel * job->depth + from + first) * PANEL);
    }
}

static void copy_block(int64_t rows, int64_t columns, const weft_real *from, int64_t from_row,
                       weft_real *to, int64_t to_row)
{
    for (int64_t i = 0; i < rows; i++)
        memcpy(to + i * to_row, from + i * from_row, (size_t)columns * sizeof *to);
}

/* Run a tile of `rows` x `width`; one that is narrower than its vectors goes through a copy. What
 * it starts from is c itself, or one row that is as wide as a panel. */
static void run_tile(const tile_run table[2][TILE_ROWS], tile_job job, int64_t rows, int64_t width)
{
    const int vectors = width > WEFT_LANES ? 2 : 1;
    const tile_run run = table[vectors - 1][rows - 1];
    if (width == (int64_t)vectors * WEFT_LANES) {
        run(&job);
        return;
    }
    weft_real edge[TILE_ROWS * PANEL] = {0};
    weft_real *const c = job.c;
    const int64_t c_row = job.c_row;
    if (job.start_row > 0) {
        copy_block(rows, width, job.start, job.start_row, edge, PANEL);
        job.start = edge;
        job.start_row = PANEL;
    }
    job.c = edge;
    job.c_row = PANEL;
    run(&job);
    copy_block(rows, width, edge, PANEL, c, c_row);
}

/* Which tiles and panels a thread takes at once. */
typedef struct unit_span {
    int64_t tile, tile_end, panel, panel_end;
} unit_span;

static void multiply_panel(const weft_matmul *job, const weft_real *packed, int64_t row,
                           int64_t rows, int64_t panel, int64_t from, int64_t to)
{
    const int64_t column = panel * PANEL, width = weft_cpu_min(job->columns - column, PANEL);
    weft_real bias[PANEL] = {0};
    tile_job tile_ = {.depth = to - from,
                      .a = packed,
                      .b = job->scratch + (panel * job->depth + from) * PANEL,
                      .c = job->c + row * job->columns + column,
                      .c_row = job->columns};
    if (from > 0 || job->add) {
        tile_.start = tile_.c;
        tile_.start_row = tile_.c_row;
    } else {
        if (job->bias) memcpy(bias, job->bias + column, (size_t)width * sizeof *bias);
        tile_.start = bias;
    }
    run_tile(tile_table, tile_, rows, width);
}

static void multiply_unit(const weft_matmul *job, const unit_span *span)
{
    weft_real packed[TILE_ROWS * WEFT_PACK_STEP];
    const int64_t tiles = weft_cpu_pieces(job->rows, TILE_ROWS);
    for (int64_t from = 0; from < job->depth; from += WEFT_PACK_DEPTH) {
        const int64_t to = weft_cpu_min(from + WEFT_PACK_DEPTH, job->depth);
        for (int64_t t = span->tile; t < span->tile_end; t++) {
            const int64_t row = part(t, tiles, job->rows);
            const int64_t rows = part(t + 1, tiles, job->rows) - row;
            job->pack(job->source, row, rows, from, to, packed);
            for (int64_t p = span->panel; p < span->panel_end; p++)
                multiply_panel(job, packed, row, rows, p, from, to);
        }
    }
}

/* Large groups read A and B less often; there must be enough of them for the threads. */
void weft_cpu_multiply(const weft_matmul *job, int threads)
{
    const int64_t tiles = weft_cpu_pieces(job->rows, TILE_ROWS);
    const int64_t panels = weft_cpu_pieces(job->columns, PANEL);
    int64_t by_tile = 8, by_panel = 4;
    while ((by_panel > 1 || by_tile > 1) &&
           weft_cpu_pieces(tiles, by_tile) * weft_cpu_pieces(panels, by_panel) <
               (int64_t)4 * threads) {
        if (by_panel > 1)
            by_panel /= 2;
        else
            by_tile /= 2;
    }
    const int64_t panel_groups = weft_cpu_pieces(panels, by_panel);
    const int64_t units = weft_cpu_pieces(tiles, by_tile) * panel_groups;

    WEFT_PARALLEL_UNEVEN(threads)
    for (int64_t unit = 0; unit < units; unit++) {
        const int64_t tile_ = unit / panel_groups * by_tile;
        const int64_t panel = unit % panel_groups * by_panel;
        multiply_unit(job, &(unit_span){tile_, weft_cpu_min(tile_ + by_tile, tiles), panel,
                                        weft_cpu_min(panel + by_panel, panels)});
    }
}

/* ---- transposed ---- */

/* A part of a transposed product: rows [row, row_end) of A, its columns [from, to), panels. */
typedef struct slice_span {
    int64_t row, row_end, from, to, panel, panel_end;
    weft_real *c;
} slice_span;

static void transposed_panel(const weft_matmul *job, const slice_span *span,
                             const weft_real *packed, int64_t row, int64_t rows, int64_t panel)
{
    weft_real block[PIXELS * PANEL];
    const weft_real zero[PANEL] = {0};
    const int64_t column = panel * PANEL, width = weft_cpu_min(job->columns - column, PANEL);
    const int64_t depth = span->to - span->from, tiles = weft_cpu_pieces(depth, TILE_ROWS);
    const bool set = row == span->row && !(job->add && span->c == job->c);

    pack_block(job, job->b + row * job->b_row, rows, column, block);
    for (int64_t t = 0; t < tiles; t++) {
        const int64_t at = part(t, tiles, depth), height = part(t + 1, tiles, depth) - at;
        weft_real *const c = span->c + (span->from + at) * job->columns + column;
        const tile_job tile_ = {.depth = rows,
                                .a = packed + at,
                                .b = block,
                                .start = set ? zero : c,
                                .start_row = set ? 0 : job->columns,
                                .c = c,
                                .c_row = job->columns};
        run_tile(transposed_table, tile_, height, width);
    }
}

static void transposed_unit(const weft_matmul *job, const slice_span *span)
{
    weft_real packed[PIXELS * WEFT_PACK_STEP];
    for (int64_t row = span->row; row < span->row_end; row += PIXELS) {
        const int64_t rows = weft_cpu_min(span->row_end - row, PIXELS);
        job->pack(job->source, row, rows, span->from, span->to, packed);
        for (int64_t p = span->panel; p < span->panel_end; p++)
            transposed_panel(job, span, packed, row, rows, p);
    }
}

/* C = or += the sum of the slices' partial results, in their order. */
static void add_slices(const weft_matmul *job, int64_t slices, int threads)
{
    const int64_t count = job->depth * job->columns;
    const int64_t pieces = weft_cpu_pieces(count, WEFT_CPU_PIECE / 16);
    WEFT_PARALLEL(threads)
    for (int64_t piece = 0; piece < pieces; piece++) {
        const int64_t from = part(piece, pieces, count), to = part(piece + 1, pieces, count);
        if (!job->add) memset(job->c + from, 0, (size_t)(to - from) * sizeof *job->c);
        for (int64_t s = 0; s < slices; s++) {
            const weft_real *const partial = job->scratch + s * count;
            for (int64_t i = from; i < to; i++)
                job->c[i] += partial[i];
        }
    }
}

void weft_cpu_multiply_transposed(const weft_matmul *job, int64_t slices, int threads)
{
    const int64_t blocks = weft_cpu_pieces(job->depth, WEFT_PACK_DEPTH);
    const int64_t panels = weft_cpu_pieces(job->columns, PANEL);
    int64_t groups = 1; /* of panels */
    while (slices * blocks * groups < (int64_t)4 * threads && groups < panels)
        groups *= 2;
    groups = weft_cpu_min(groups, panels);
    const int64_t units = slices * blocks * groups;

    WEFT_PARALLEL_UNEVEN(threads)
    for (int64_t unit = 0; unit < units; unit++) {
        const int64_t slice = unit / (blocks * groups), block = unit / groups % blocks;
        const int64_t group = unit % groups;
        const slice_span span = {
            .row = part(slice, slices, job->rows),
            .row_end = part(slice + 1, slices, job->rows),
            .from = part(block, blocks, job->depth),
            .to = part(block + 1, blocks, job->depth),
            .panel = part(group, groups, panels),
            .panel_end = part(group + 1, groups, panels),
            .c = slices == 1 ? job->c : job->scratch + slice * job->depth * job->columns,
        };
        transposed_unit(job, &span);
    }
    if (slices > 1) add_slices(job, slices, threads);
}
