/* Batch normalisation, activation and pooling in one pass, and their gradients; channels last.
 *
 *   v = gamma * (x - mean) * inv_std + beta
 *
 *   forward      y = VALUE(v), or the maximum of that over windows of R x S when POOLED: then
 *                where = r * S + s of the first maximum (a NaN counts as one), peak = x there
 *   sums_slice   part[s] = sum of dv, sum of dv * (x - mean) over slice s, dv = GRADIENT(v, dy);
 *                sums_merge of batchnorm.cl ends it
 *   gradient     dx (+)= gamma * inv_std * (dv - dbeta / n - xhat * dgamma / n), n pixels of x,
 *                or gamma * inv_std * dv when RUNNING; dy counts as 0 off the maximum of a window
 *
 * POOLED R S  1: windows of R x S lie side by side; what is left over at the far edges is in none
 * VALUE       the activation, in v and the parameter a (core/activation.h)
 * GRADIENT    its gradient in s, dy and a
 * SAVED       what s is: v or VALUE
 * RUNNING     see spread.cl
 * ADD         0 or 1 (gradient)
 * BLOCKS      blocks of LANES channels of a pixel worked on side by side: what lies side by side in
 *             memory is then read in one go, and their sums do not wait for each other
 * TAIL        0: channels are a multiple of BLOCKS * LANES, and there is less to compile; 1: any
 * Work is cut into lines: a row of windows, or RUN pixels when not POOLED. On the vector family a
 * group makes `each` lines, on the tile family `each` numbers of `count`.
 */
#include "common.cl"
#include "bytes.cl"
#include "spread.cl"

#ifndef POOLED
#define POOLED 1
#define R      2
#define S      2
#endif
#ifndef VALUE
#define VALUE    v < 0 ? REAL(0) : v
#define GRADIENT s <= 0 ? REAL(0) : dy
#define SAVED    VALUE
#endif

#ifndef BLOCKS
#define BLOCKS 1
#endif
#ifndef TAIL
#define TAIL 1
#endif
/* Small windows lie open in the code, in turns of a loop the others. */
#if R * S <= 9
#define UNROLL_WINDOW _Pragma("unroll")
#else
#define UNROLL_WINDOW
#endif

#define RUN  16 /* the host cuts the same */
#define TILE 16 /* rows whose sums are taken for themselves, which keeps rounding small */

/* lines and windows: of an image, and of a line, counting those that stand over the edge where the
 * work is on x. */
typedef struct extents {
    long pixels;       /* of all images of x */
    int h, w, p, q, c; /* POOLED: x is h x w, y is p x q */
    int lines, windows;
} extents;

/* Some pixels beside each other: first `whole` windows (single pixels when not POOLED), then `rest`
 * columns of `rows` pixels that are in no window. x and y: where they start. */
typedef struct strip {
    long x, y;
    int whole, rest, rows;
} strip;

#if POOLED
/* Windows [column, column + count) of a line; count reaches the end, or is one. */
strip strip_at(const extents e, const long line, const int column, const int count)
{
    const long image = line / e.lines;
    const int row = rest(line, image, e.lines), width = e.w - column * S;
    strip t;
    t.x = ((image * e.h + (long)row * R) * e.w + column * S) * e.c;
    t.y = ((image * e.p + row) * e.q + column) * e.c;
    t.whole = row < e.p ? clamp(e.q - column, 0, count) : 0;
    t.rows = min(R, e.h - row * R);
    t.rest = min(count * S, width) - t.whole * S;
    return t;
}
#else
strip strip_at(const extents e, const long line, const int column, const int count)
{
    const long first = line * e.windows + column;
    const strip t = {first * e.c, first * e.c, (int)min((long)count, e.pixels - first), 0, 1};
    return t;
}
#endif

/* Runs ONE(strip, c, blocks, lanes) for all work of a group: `lanes` channels of each block, the
 * first of them from c. */
#if VECTOR
#define FOR_STRIPS(ONE)                                                              \
    const long begin = (long)get_group_id(0) * each, end = min(begin + each, count); \
    for (long line = begin; line < end; line++) {                                    \
        const strip t = strip_at(e, line, 0, e.windows);                             \
        int c = 0;                                                                   \
        for (; c + BLOCKS * LANES <= e.c; c += BLOCKS * LANES) ONE(t, c, BLOCKS, LANES); \
        if (TAIL) {                                                                  \
            for (; c < e.c; c += LANES) ONE(t, c, 1, min(LANES, e.c - c));           \
        }                                                                            \
    }
#else
#define FOR_STRIPS(ONE)                                                              \
    const long begin = (long)get_group_id(0) * each, end = min(begin + each, count); \
    for (long place = begin + get_local_id(0); place < end; place += WG) {           \
        const long window = place / e.c, line = window / e.windows;                  \
        const int c = rest(place, window, e.c);                                      \
        const strip t = strip_at(e, line, rest(window, line, e.windows), 1);         \
        ONE(t, c, 1, 1);                                                             \
    }
#endif

/* The constants of a block of channels. */
typedef struct normal {
    wide mean, scale, beta;
} normal;

INLINE void load_normals(normal *k, const int blocks, const real eps, const __global real *mean,
                         const __global real *spread, const __global real *gamma,
                         const __global real *beta, const int n)
{
#pragma unroll
    for (int b = 0; b < blocks; b++) {
        const int c = b * LANES;
        k[b].mean = load_wide(mean + c, n);
        k[b].scale = load_inv_std(spread + c, eps, n) * load_wide(gamma + c, n);
        k[b].beta = load_wide(beta + c, n);
    }
}

wide normalize(const normal k, const wide x)
{
    return MAC(x - k.mean, k.scale, k.beta);
}

wide activate(const wide v, const real a)
{
    return VALUE;
}

wide activate_grad(const wide v, const wide dy, const real a)
{
    const wide s = SAVED;
    return GRADIENT;
}

/* ---- forward ---- */

enum { WANTS_WHERE = 1, WANTS_PEAK = 2 };

#if POOLED
INLINE void forward_window(const extents e, const normal k, const real a, const int wants,
                           const __global real *x, __global real *y, __global uchar *where,
                           __global real *peak, const int n)
{
    wide best_x = load_wide(x, n), best = activate(normalize(k, best_x), a);
    wide_int place = (wide_int)(0);
    UNROLL_WINDOW
    for (int i = 1; i < R * S; i++) {
        const wide here = load_wide(x + ((long)(i / S) * e.w + i % S) * e.c, n);
        const wide value = activate(normalize(k, here), a);
        /* Not below or equal, so a NaN wins; nothing beats a NaN that came first. */
        const wide_int wins = !(value <= best) & (best == best);
        best = wins ? value : best;
        best_x = wins ? here : best_x;
        place = wins ? (wide_int)(i) : place;
    }
    store_wide(best, y, n);
    if (wants & WANTS_WHERE) store_bytes(TO_BYTE(place), where, n);
    if (wants & WANTS_PEAK) store_wide(best_x, peak, n);
}
#define STEP S
#else
INLINE void forward_window(const extents e, const normal k, const real a, const int wants,
                           const __global real *x, __global real *y, __global uchar *where,
                           __global real *peak, const int n)
{
    store_wide(activate(normalize(k, load_wide(x, n)), a), y, n);
}
#define STEP 1
#endif

INLINE void forward_strip(const extents e, const normal *k, const real a, const int wants,
                          const int count, const int blocks, const __global real *x,
                          __global real *y, __global uchar *where, __global real *peak,
                          const int n)
{
    for (int i = 0; i < count; i++) {
#pragma unroll
        for (int b = 0; b < blocks; b++) {
            const long c = b * LANES, at = (long)i * e.c + c;
            forward_window(e, k[b], a, wants, x + (long)i * STEP * e.c + c, y + at, where + at,
                           peak + at, n);
        }
    }
}

KERNEL void forward(const long count, const long each, const long pixels, const int h, const int w,
                    const int p, const int q, const int channels, const int lines,
                    const int windows, const real eps, const real a, const int wants,
                    const __global real *restrict x, const long x_at,
                    const __global real *restrict mean, const long mean_at,
                    const __global real *restrict spread, const long spread_at,
                    const __global real *restrict gamma, const long gamma_at,
                    const __global real *restrict beta, const long beta_at,
                    __global real *restrict y, const long y_at,
                    __global uchar *restrict where, const long where_at,
                    __global real *restrict peak, const long peak_at)
{
    const extents e = {pixels, h, w, p, q, channels, lines, windows};
#define ONE(t, c, blocks, n)                                                               \
    {                                                                                      \
        normal k[BLOCKS];                                                                  \
        load_normals(k, blocks, eps, mean + mean_at + (c), spread + spread_at + (c),       \
                     gamma + gamma_at + (c), beta + beta_at + (c), n);                     \
        forward_strip(e, k, a, wants, t.whole, blocks, x + x_at + t.x + (c),               \
                      y + y_at + t.y + (c), where + where_at + t.y + (c),                  \
                      peak + peak_at + t.y + (c), n);                                      \
    }
    FOR_STRIPS(ONE)
#undef ONE
}

/* ---- backward ---- */

typedef struct pair {
    wide sum, product;
} pair;

INLINE void sums_pixel(const normal *k, const real a, pair *sums, const int blocks,
                       const __global real *x, const __global real *dy, const int n)
{
#pragma unroll
    for (int b = 0; b < blocks; b++) {
        const wide here = load_wide(x + b * LANES, n);
        const wide g = activate_grad(normalize(k[b], here), load_wide(dy + b * LANES, n), a);
        sums[b].sum += g;
        sums[b].product = MAC(g, here - k[b].mean, sums[b].product);
    }
}

INLINE void sums_columns(const long rows, const int channels, const normal *k, const real a,
                         const int blocks, const __global real *x, const __global real *dy,
                         __global real *part, const int n)
{
    pair all[BLOCKS], tile[BLOCKS];
#pragma unroll
    for (int b = 0; b < blocks; b++) all[b].sum = all[b].product = (wide)(0.0f);
    for (long r0 = 0; r0 < rows; r0 += TILE) {
        const long end = min(r0 + TILE, rows);
#pragma unroll
        for (int b = 0; b < blocks; b++) tile[b].sum = tile[b].product = (wide)(0.0f);
        for (long r = r0; r < end; r++) {
            sums_pixel(k, a, tile, blocks, x + r * channels, dy + r * channels, n);
        }
#pragma unroll
        for (int b = 0; b < blocks; b++) {
            all[b].sum += tile[b].sum;
            all[b].product += tile[b].product;
        }
    }
#pragma unroll
    for (int b = 0; b < blocks; b++) {
        store_wide(all[b].sum, part + b * LANES, n);
        store_wide(all[b].product, part + channels + b * LANES, n);
    }
}

KERNEL void sums_slice(const long rows, const int slices, const int channels, const real eps,
                       const real a, const __global real *restrict x, const long x_at,
                       const __global real *restrict mean, const long mean_at,
                       const __global real *restrict spread, const long spread_at,
                       const __global real *restrict gamma, const long gamma_at,
                       const __global real *restrict beta, const long beta_at,
                       const __global real *restrict dy, const long dy_at,
                       __global real *restrict part, const long part_at)
{
    const long s = get_group_id(0);
    const long begin = s * rows / slices, end = (s + 1) * rows / slices;
    x += x_at + begin * channels;
    dy += dy_at + begin * channels;
    part += part_at + 2 * s * channels;
#define ONE(c, blocks, n)                                                            \
    {                                                                                \
        normal k[BLOCKS];                                                            \
        load_normals(k, blocks, eps, mean + mean_at + (c), spread + spread_at + (c), \
                     gamma + gamma_at + (c), beta + beta_at + (c), n);               \
        sums_columns(end - begin, channels, k, a, blocks, x + (c), dy + (c), part + (c), n); \
    }
    int c = get_local_id(0) * LANES;
    for (; c + BLOCKS * LANES <= channels; c += WG * BLOCKS * LANES) ONE(c, BLOCKS, LANES);
    if (TAIL) {
        for (; c < channels; c += WG * LANES) ONE(c, 1, min(LANES, channels - c));
    }
#undef ONE
}

/* dx = scale * dv + base + (x - mean) * tilt */
typedef struct slope {
    wide base, tilt;
} slope;

/* share: 1 / n; RUNNING needs no slopes. */
INLINE void load_slopes(slope *g, const normal *k, const int blocks, const real eps,
                        const real share, const __global real *spread,
                        const __global real *dgamma, const __global real *dbeta, const int n)
{
#if !RUNNING
#pragma unroll
    for (int b = 0; b < blocks; b++) {
        const int c = b * LANES;
        const wide inv_std = load_inv_std(spread + c, eps, n);
        g[b].base = k[b].scale * load_wide(dbeta + c, n) * -share;
        g[b].tilt = k[b].scale * inv_std * load_wide(dgamma + c, n) * -share;
    }
#endif
}

INLINE void gradient_pixel(const normal k, const slope g, const real a, const wide dy,
                           const __global real *x, __global real *dx, const int n)
{
    const wide here = load_wide(x, n);
    wide sum = activate_grad(normalize(k, here), dy, a) * k.scale;
#if !RUNNING
    sum = MAC(here - k.mean, g.tilt, sum + g.base);
#endif
    put_wide(sum, dx, n);
}

INLINE void gradient_window(const extents e, const normal k, const slope g, const real a,
                            const __global real *dy, const __global real *x,
                            const __global uchar *where, __global real *dx, const int n)
{
    const wide above = load_wide(dy, n);
#if POOLED
    const wide_int place = TO_INT(load_bytes(where, n));
    UNROLL_WINDOW
    for (int i = 0; i < R * S; i++) {
        const long at = ((long)(i / S) * e.w + i % S) * e.c;
        gradient_pixel(k, g, a, place == i ? above : (wide)(0.0f), x + at, dx + at, n);
    }
#else
    gradient_pixel(k, g, a, above, x, dx, n);
#endif
}

INLINE void gradient_strip(const extents e, const normal *k, const slope *g, const real a,
                           const strip t, const int blocks, const __global real *dy,
                           const __global real *x, const __global uchar *where,
                           __global real *dx, const int n)
{
    for (int i = 0; i < t.whole; i++) {
#pragma unroll
        for (int b = 0; b < blocks; b++) {
            const long c = b * LANES, at = (long)i * e.c + c, x_at = (long)i * STEP * e.c + c;
            gradient_window(e, k[b], g[b], a, dy + at, x + x_at, where + at, dx + x_at, n);
        }
    }
#if POOLED
    for (int r = 0; r < t.rows; r++) {
        for (int i = 0; i < t.rest; i++) {
#pragma unroll
            for (int b = 0; b < blocks; b++) {
                const long at = ((long)r * e.w + t.whole * S + i) * e.c + b * LANES;
                gradient_pixel(k[b], g[b], a, (wide)(0.0f), x + at, dx + at, n);
            }
        }
    }
#endif
}

KERNEL void gradient(const long count, const long each, const long pixels, const int h, const int w,
                     const int p, const int q, const int channels, const int lines,
                     const int windows, const real eps, const real a,
                     const __global real *restrict dy, const long dy_at,
                     const __global real *restrict x, const long x_at,
                     const __global uchar *restrict where, const long where_at,
                     const __global real *restrict mean, const long mean_at,
                     const __global real *restrict spread, const long spread_at,
                     const __global real *restrict gamma, const long gamma_at,
                     const __global real *restrict beta, const long beta_at,
                     const __global real *restrict dgamma, const long dgamma_at,
                     const __global real *restrict dbeta, const long dbeta_at,
                     __global real *restrict dx, const long dx_at)
{
    const extents e = {pixels, h, w, p, q, channels, lines, windows};
    const real share = 1.0f / (real)pixels;
#define ONE(t, c, blocks, n)                                                               \
    {                                                                                      \
        normal k[BLOCKS];                                                                  \
        slope g[BLOCKS];                                                                   \
        load_normals(k, blocks, eps, mean + mean_at + (c), spread + spread_at + (c),       \
                     gamma + gamma_at + (c), beta + beta_at + (c), n);                     \
        load_slopes(g, k, blocks, eps, share, spread + spread_at + (c),                    \
                    dgamma + dgamma_at + (c), dbeta + dbeta_at + (c), n);                  \
        gradient_strip(e, k, g, a, t, blocks, dy + dy_at + t.y + (c), x + x_at + t.x + (c), \
                       where + where_at + t.y + (c), dx + dx_at + t.x + (c), n);           \
    }
    FOR_STRIPS(ONE)
#undef ONE
}
