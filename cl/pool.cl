/* Pooling over windows of R x S, channels last.
 *
 *   maxpool        y[n][p][q][c] = max over r, s of x[n][p SH + r - PT][q SW + s - PL][c]
 *                  where = r * S + s of the first maximum; a NaN counts as one
 *   avgpool        the mean of the same, padding counted as zeros
 *   maxpool_grad   dx[n][h][w][c] (+)= sum of dy[n][p][q][c] over the windows whose maximum is here
 *   avgpool_grad   dx[n][h][w][c] (+)= sum of dy[n][p][q][c] / (R S) over the windows that cover it
 *
 * R S SH SW PT PL   window, stride, padding at the top and at the left
 * ADD               0 or 1 (gradients)
 * On the vector family a group makes `each` rows of pixels, on the tile family `each` numbers.
 */
#include "common.cl"
#include "bytes.cl"

#ifndef R
#define R 2
#define S 2
#define SH 2
#define SW 2
#define PT 0
#define PL 0
#endif

typedef struct extents {
    int h, w, p, q, c; /* of x: h x w x c, of y: p x q x c */
} extents;

/* The taps of a window that lie inside the image, [r0, r1) x [s0, s1), and where tap (0, 0) is. */
typedef struct window {
    int r0, r1, s0, s1;
    long corner;
} window;

window window_at(const extents e, const int p, const int q)
{
    const int top = p * SH - PT, left = q * SW - PL;
    const window t = {max(0, -top), min(R, e.h - top), max(0, -left), min(S, e.w - left),
                      ((long)top * e.w + left) * e.c};
    return t;
}

/* Most windows lie inside as a whole: their loops have constant bounds and are unrolled. */
int is_whole(const window t)
{
    return t.r0 == 0 && t.r1 == R && t.s0 == 0 && t.s1 == S;
}

/* One output of a pooling; x points at the image's channel c, y and where at their place. */
void max_taps(const extents e, const window t, const __global real *x, __global real *y,
              __global uchar *where, const int wants_where, const int n)
{
    const __global real *corner = x + t.corner;
    wide best = load_wide(corner + ((long)t.r0 * e.w + t.s0) * e.c, n);
    wide_int place = (wide_int)(t.r0 * S + t.s0);
    for (int r = t.r0; r < t.r1; r++) {
        for (int s = t.s0; s < t.s1; s++) {
            const wide v = load_wide(corner + ((long)r * e.w + s) * e.c, n);
            /* Not below or equal, so a NaN wins; nothing beats a NaN that came first. */
            const wide_int wins = !(v <= best) & (best == best);
            best = wins ? v : best;
            place = wins ? (wide_int)(r * S + s) : place;
        }
    }
    store_wide(best, y, n);
    if (wants_where) store_bytes(TO_BYTE(place), where, n);
}

void max_one(const extents e, const int p, const int q, const __global real *x, __global real *y,
             __global uchar *where, const int wants_where, const int n)
{
    const window t = window_at(e, p, q);
    const window whole = {0, R, 0, S, t.corner};
    if (n == LANES && is_whole(t)) {
        max_taps(e, whole, x, y, where, wants_where, LANES);
    } else {
        max_taps(e, t, x, y, where, wants_where, n);
    }
}

void average_taps(const extents e, const window t, const __global real *x, __global real *y,
                  const int n)
{
    wide sum = (wide)(0.0f);
    for (int r = t.r0; r < t.r1; r++) {
        for (int s = t.s0; s < t.s1; s++) {
            sum += load_wide(x + t.corner + ((long)r * e.w + s) * e.c, n);
        }
    }
    store_wide(sum / (real)(R * S), y, n);
}

static void average_one(const extents e, const int p, const int q, const __global real *x,
                 __global real *y, const int n)
{
    const window t = window_at(e, p, q);
    const window whole = {0, R, 0, S, t.corner};
    if (n == LANES && is_whole(t)) {
        average_taps(e, whole, x, y, LANES);
    } else {
        average_taps(e, t, x, y, n);
    }
}

/* The windows that cover a row or column: from (at + pad - size + stride) / stride, not below 0. */
int first_window(const int at, const int size, const int stride)
{
    return at < size ? 0 : (at - size) / stride + 1;
}

void max_grad_one(const extents e, const int h, const int w, const __global real *dy,
                  const __global uchar *where, __global real *dx, const int n)
{
    wide sum = (wide)(0.0f);
    const int p1 = min((h + PT) / SH, e.p - 1), q1 = min((w + PL) / SW, e.q - 1);
    for (int p = first_window(h + PT, R, SH); p <= p1; p++) {
        for (int q = first_window(w + PL, S, SW); q <= q1; q++) {
            const int here = (h + PT - p * SH) * S + (w + PL - q * SW);
            const long at = ((long)p * e.q + q) * e.c;
            const wide_int place = TO_INT(load_bytes(where + at, n));
            sum += place == here ? load_wide(dy + at, n) : (wide)(0.0f);
        }
    }
    put_wide(sum, dx, n);
}

void average_grad_one(const extents e, const int h, const int w, const __global real *dy,
                      __global real *dx, const int n)
{
    wide sum = (wide)(0.0f);
    const int p1 = min((h + PT) / SH, e.p - 1), q1 = min((w + PL) / SW, e.q - 1);
    for (int p = first_window(h + PT, R, SH); p <= p1; p++) {
        for (int q = first_window(w + PL, S, SW); q <= q1; q++) {
            sum += load_wide(dy + ((long)p * e.q + q) * e.c, n);
        }
    }
    put_wide(sum / (real)(R * S), dx, n);
}

/* Runs ONE(row, column, image, c, lanes, place) for every output place of a group: `image` counts
 * images, `place` is the output's index. HEIGHT and WIDTH are the output's extents. */
#if VECTOR
#define FOR_PLACES(HEIGHT, WIDTH, ONE)                                                \
    const long begin = (long)get_group_id(0) * each;                                  \
    const long end = min(begin + each, (long)images * (HEIGHT));                      \
    for (long line = begin; line < end; line++) {                                     \
        const long image = line / (HEIGHT);                                           \
        const int row = rest(line, image, HEIGHT);                                    \
        for (int column = 0; column < (WIDTH); column++) {                            \
            const long place = (line * (WIDTH) + column) * e.c;                       \
            int c = 0;                                                                \
            for (; c + LANES <= e.c; c += LANES) ONE(row, column, image, c, LANES, place + c); \
            if (c < e.c) ONE(row, column, image, c, e.c - c, place + c);              \
        }                                                                             \
    }
#else
#define FOR_PLACES(HEIGHT, WIDTH, ONE)                                                \
    const long begin = (long)get_group_id(0) * each;                                  \
    const long end = min(begin + each, (long)images * (HEIGHT) * (WIDTH) * e.c);      \
    for (long place = begin + get_local_id(0); place < end; place += WG) {            \
        const long pixel = place / e.c, line = pixel / (WIDTH), image = line / (HEIGHT); \
        const int c = rest(place, pixel, e.c);                                        \
        const int column = rest(pixel, line, WIDTH), row = rest(line, image, HEIGHT); \
        ONE(row, column, image, c, 1, place);                                         \
    }
#endif

KERNEL void maxpool(const int images, const int h, const int w, const int p, const int q,
                    const int channels, const long each, const int wants_where,
                    const __global real *restrict x, const long x_at,
                    __global real *restrict y, const long y_at,
                    __global uchar *restrict where, const long where_at)
{
    const extents e = {h, w, p, q, channels};
    const long size = (long)h * w * channels;
#define ONE(row, column, image, c, n, place)                                              \
    max_one(e, row, column, x + x_at + (image) * size + (c), y + y_at + (place),          \
            where + where_at + (place), wants_where, n)
    FOR_PLACES(p, q, ONE)
#undef ONE
}

KERNEL void avgpool(const int images, const int h, const int w, const int p, const int q,
                    const int channels, const long each, const __global real *restrict x,
                    const long x_at, __global real *restrict y, const long y_at)
{
    const extents e = {h, w, p, q, channels};
    const long size = (long)h * w * channels;
#define ONE(row, column, image, c, n, place) \
    average_one(e, row, column, x + x_at + (image) * size + (c), y + y_at + (place), n)
    FOR_PLACES(p, q, ONE)
#undef ONE
}

KERNEL void maxpool_grad(const int images, const int h, const int w, const int p, const int q,
                         const int channels, const long each, const __global real *restrict dy,
                         const long dy_at, const __global uchar *restrict where,
                         const long where_at, __global real *restrict dx, const long dx_at)
{
    const extents e = {h, w, p, q, channels};
    const long size = (long)p * q * channels;
#define ONE(row, column, image, c, n, place)                            \
    max_grad_one(e, row, column, dy + dy_at + (image) * size + (c),     \
                 where + where_at + (image) * size + (c), dx + dx_at + (place), n)
    FOR_PLACES(h, w, ONE)
#undef ONE
}

KERNEL void avgpool_grad(const int images, const int h, const int w, const int p, const int q,
                         const int channels, const long each, const __global real *restrict dy,
                         const long dy_at, __global real *restrict dx, const long dx_at)
{
    const extents e = {h, w, p, q, channels};
    const long size = (long)p * q * channels;
#define ONE(row, column, image, c, n, place) \
    average_grad_one(e, row, column, dy + dy_at + (image) * size + (c), dx + dx_at + (place), n)
    FOR_PLACES(h, w, ONE)
#undef ONE
}
