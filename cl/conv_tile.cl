/* Convolution for GPUs: products of matrices by the tiles of tile.cl, whose left matrix is read
 * from the images while it is multiplied and stands nowhere.
 *
 *   conv_tile       y as in conv.cl, w not exchanged; TRANSPOSED reads w[r][s][k][c]
 *                   rows: pixels of y, columns: k, steps: taps (r, s), in each c
 *   conv_grad_tile  part as in conv_grad.cl
 *                   rows: r, s, c, columns: k, steps: pixels of y
 *
 * When TRANSPOSED with a stride, a pixel meets only every SH-th row and SW-th column of the window.
 * Pixels that meet the same ones are a phase, and are multiplied together: get_group_id(1).
 *
 * H W C P Q K R S SH SW PT PL TRANSPOSED   see conv_window.cl
 * IM IN TM TN KT A_VEC B_VEC Y_VEC         see tile.cl
 * FEW           1: taps and channels are one row of steps, for fewer channels than a tile has
 *               steps; 0: each tap has tiles of its own
 * GRAD          1: conv_grad_tile, 0: conv_tile
 * BIAS ADD      0 or 1
 */
#ifndef GRAD
#define GRAD 0
#define FEW  0
#define BIAS 0
#endif

#include "conv_window.cl"

#define A_ALONG (!GRAD)
#define B_ALONG (!GRAD && TRANSPOSED)

#include "tile.cl"

#define COLUMNS ((K + BN - 1) / BN)

#if GRAD

#define ROWS (R * S * C)

/* Row i of the left matrix: a channel of a tap. */
typedef struct tap {
    int r, s, at; /* from a window's first pixel in x */
} tap;

UNFOLD void find_tap(tap *t, const int i)
{
    t->r = i / (S * C);
    t->s = i / C % S;
    t->at = (t->r * W + t->s) * C + i % C;
}

/* Steps are pixels, counted from the first one of an image x begins with. */
UNFOLD void fetch_a(float *to, __global const float *x, const tap taps[A_TIMES], const int i0,
                    const int l0, const int end)
{
#pragma unroll
    for (int t = 0; t < A_TIMES; t++) {
        const int l = l0 + A_STEP(t), n = l / (P * Q), p = l / Q - n * P, q = l % Q;
        const int row = p * SH - PT, column = q * SW - PL;
        const int h = row + taps[t].r, w = column + taps[t].s;
        const int there = h >= 0 && h < H && w >= 0 && w < W && l < end && i0 + A_AT(t) < ROWS;
        fetch(to + t * A_VEC, x + ((n * H + row) * W + column) * C + taps[t].at, A_VEC,
              there && is_in_tile(t, BM, A_VEC));
    }
}

UNFOLD void fetch_b(float *to, __global const float *dy, const int j0, const int l0, const int end)
{
#pragma unroll
    for (int t = 0; t < B_TIMES; t++) {
        const int j = j0 + B_AT(t), l = l0 + B_STEP(t);
        fetch(to + t * B_VEC, dy + (long)l * K + j, B_VEC,
              j < K && l < end && is_in_tile(t, BN, B_VEC));
    }
}

/* Slice z of `slices` has the pixels z * pixels / slices to (z + 1) * pixels / slices; the first
 * group makes slice `first`. */
TILE_KERNEL void conv_grad_tile(const long pixels, const int slices, const int first,
                                __global const float *restrict x, const long x_at,
                                __global const float *restrict dy, const long dy_at,
                                __global float *restrict part, const long part_at)
{
    __local float a_tile[KT * A_ROW] __attribute__((aligned(16)));
    __local float b_tile[KT * B_ROW] __attribute__((aligned(16)));
    const int j0 = get_group_id(0) % COLUMNS * BN, i0 = get_group_id(0) / COLUMNS * BM;
    const long z = first + get_group_id(1);
    const long from = pixels * z / slices, image = from / (P * Q) * (P * Q);
    const int start = (int)(from - image), end = (int)(pixels * (z + 1) / slices - image);
    float sum[TM][TN], a_next[A_SHARE], b_next[B_SHARE];
    tap taps[A_TIMES];
    x += x_at + image / (P * Q) * (H * W * C);
    dy += dy_at + image * K;

#pragma unroll
    for (int t = 0; t < A_TIMES; t++)
        find_tap(&taps[t], i0 + A_AT(t));
    clear(sum);
    fetch_a(a_next, x, taps, i0, start, end);
    fetch_b(b_next, dy, j0, start, end);
    for (int l0 = start; l0 < end; l0 += KT) {
        keep_a(a_tile, a_next);
        keep_b(b_tile, b_next);
        barrier(CLK_LOCAL_MEM_FENCE);
        fetch_a(a_next, x, taps, i0, l0 + KT, end);
        fetch_b(b_next, dy, j0, l0 + KT, end);
        multiply(sum, a_tile, b_tile);
        barrier(CLK_LOCAL_MEM_FENCE);
    }

    part += part_at + z * (ROWS * K) + j0;
#pragma unroll
    for (int u = 0; u < TM; u++) {
        const int i = i0 + row_of(u);
        if (i < ROWS) put_row(sum[u], part + i * K, K - j0, part, 0, 0);
    }
}

#else

/* A phase: pixels (p0 + i * DOWN, q0 + j * RIGHT), i < rows, j < columns, which meet the taps
 * (r0 + u * DOWN, s0 + v * RIGHT), u < taps_down, v < taps_right. Tap (u, v) of pixel (i, j) reads
 * x at (h0 + i * STEP_H + u * TURN, w0 + j * STEP_W + v * TURN). */
typedef struct phase {
    int p0, q0, rows, columns, r0, s0, taps_down, taps_right, h0, w0;
} phase;

#if TRANSPOSED
#define DOWN   SH
#define RIGHT  SW
#define STEP_H 1
#define STEP_W 1
#define TURN   (-1)
#define PHASES (SH * SW)
#else
#define DOWN   1
#define RIGHT  1
#define STEP_H SH
#define STEP_W SW
#define TURN   1
#define PHASES 1
#endif

#if TRANSPOSED && PHASES > 1
/* How many of 0 .. count - 1 are first, first + step, ... */
UNFOLD int every(const int count, const int first, const int step)
{
    return first < count ? (count - first - 1) / step + 1 : 0;
}

UNFOLD void find_phase(phase *f, const int index)
{
    f->r0 = index / SW;
    f->s0 = index % SW;
    f->p0 = (SH + f->r0 - PT % SH) % SH;
    f->q0 = (SW + f->s0 - PL % SW) % SW;
    f->rows = every(P, f->p0, SH);
    f->columns = every(Q, f->q0, SW);
    f->taps_down = every(R, f->r0, SH);
    f->taps_right = every(S, f->s0, SW);
    f->h0 = (f->p0 + PT - f->r0) / SH;
    f->w0 = (f->q0 + PL - f->s0) / SW;
}
#else
UNFOLD void find_phase(phase *f, const int index)
{
    const phase all = {0, 0, P, Q, 0, 0, R, S, TRANSPOSED ? PT : -PT, TRANSPOSED ? PL : -PL};
    *f = all;
}
#endif

/* A pixel as the left matrix has it: where its first tap reads. */
typedef struct pixel {
    int h, w, at;
} pixel;

/* Pixel i of the phase, counted from image 0, or one that reads nothing. */
UNFOLD void find_pixel(pixel *p, const phase *f, const int i, const int count)
{
    const int row = i / max(f->columns, 1), n = row / max(f->rows, 1);
    const int h = f->h0 + (row - n * f->rows) * STEP_H;
    p->w = f->w0 + (i - row * f->columns) * STEP_W;
    p->h = i < count ? h : 2 * (H + R);
    p->at = ((n * H + h) * W + p->w) * C;
}

/* Where a tile of steps is: a tap and its channels from c on. When FEW, c counts all steps. */
typedef struct place {
    int u, v, c;
} place;

/* Tiles of steps that a pixel of the phase needs. */
UNFOLD int count_tiles(const phase *f)
{
    if (FEW) return (R * S * C + KT - 1) / KT;
    return f->taps_down * f->taps_right * ((C + KT - 1) / KT);
}

UNFOLD void advance(place *s, const phase *f)
{
    s->c += KT;
    if (FEW || s->c < C) return;
    s->c = 0;
    if (++s->v < f->taps_right) return;
    s->v = 0;
    s->u++;
}

UNFOLD void fetch_a(float *to, __global const float *x, const pixel pixels[A_TIMES],
                    const place *s, const int more)
{
#pragma unroll
    for (int t = 0; t < A_TIMES; t++) {
        const int l = s->c + A_STEP(t);
        const int u = FEW ? l / (S * C) : s->u, v = FEW ? l / C % S : s->v, c = FEW ? l % C : l;
        const int h = pixels[t].h + TURN * u, w = pixels[t].w + TURN * v;
        const int there = h >= 0 && h < H && w >= 0 && w < W && more && (FEW ? u < R : c < C);
        fetch(to + t * A_VEC, x + pixels[t].at + TURN * (u * W + v) * C + c, A_VEC,
              there && is_in_tile(t, BM, A_VEC));
    }
}

UNFOLD void fetch_b(float *to, __global const float *w, const phase *f, const place *s,
                    const int j0, const int more)
{
    const int tap = FEW ? 0 : ((f->r0 + s->u * DOWN) * S + f->s0 + s->v * RIGHT) * C;
#pragma unroll
    for (int t = 0; t < B_TIMES; t++) {
        const int j = j0 + B_AT(t), l = s->c + B_STEP(t);
        const int at = TRANSPOSED ? tap * K + j * C + l : (tap + l) * K + j;
        fetch(to + t * B_VEC, w + at, B_VEC,
              more && j < K && l < (FEW ? R * S * C : C) && is_in_tile(t, BN, B_VEC));
    }
}

/* Pixel i of the phase in y, counted from image 0. */
UNFOLD int result_of(const phase *f, const int i)
{
    if (PHASES == 1) return i;
    const int row = i / f->columns, n = row / f->rows;
    const int p = f->p0 + (row - n * f->rows) * DOWN, q = f->q0 + (i - row * f->columns) * RIGHT;
    return (n * P + p) * Q + q;
}

TILE_KERNEL void conv_tile(const int batch,
                           __global const float *restrict x, const long x_at,
                           __global const float *restrict w, const long w_at,
                           __global const float *restrict bias, const long bias_at,
                           __global float *restrict y, const long y_at)
{
    __local float a_tile[KT * A_ROW] __attribute__((aligned(16)));
    __local float b_tile[KT * B_ROW] __attribute__((aligned(16)));
    phase f;
    find_phase(&f, get_group_id(1));
    const int area = f.rows * f.columns, j0 = get_group_id(0) % COLUMNS * BN;
    const long i0 = (long)(get_group_id(0) / COLUMNS) * BM;

    /* From here on pixels count from the first image that the group meets. The smaller phases leave
     * some groups without any. */
    const long image = i0 / max(area, 1);
    const int first = (int)(i0 - image * area);
    const int count = (int)min((long)(first + BM), (batch - image) * area);
    const int tiles = count > first ? count_tiles(&f) : 0;
    float sum[TM][TN], a_next[A_SHARE], b_next[B_SHARE];
    pixel pixels[A_TIMES];
    place s = {0, 0, 0};
    x += x_at + image * (H * W * C);
    w += w_at;

#pragma unroll
    for (int t = 0; t < A_TIMES; t++)
        find_pixel(&pixels[t], &f, first + A_AT(t), count);
    clear(sum);
    fetch_a(a_next, x, pixels, &s, tiles > 0);
    fetch_b(b_next, w, &f, &s, j0, tiles > 0);
    for (int i = 1; i <= tiles; i++) {
        keep_a(a_tile, a_next);
        keep_b(b_tile, b_next);
        barrier(CLK_LOCAL_MEM_FENCE);
        advance(&s, &f);
        fetch_a(a_next, x, pixels, &s, i < tiles);
        fetch_b(b_next, w, &f, &s, j0, i < tiles);
        multiply(sum, a_tile, b_tile);
        barrier(CLK_LOCAL_MEM_FENCE);
    }

    y += y_at + image * (P * Q * K) + j0;
#pragma unroll
    for (int u = 0; u < TM; u++) {
        const int i = first + row_of(u);
        if (i < count)
            put_row(sum[u], y + result_of(&f, i) * K, K - j0, bias + bias_at + j0, BIAS, ADD);
    }
}

#endif
