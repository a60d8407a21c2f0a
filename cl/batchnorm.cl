/* Batch normalisation over the rows of x: rows x channels.
 *
 *   stats_slice   part[s] = mean and M2 (sum of squared distances from it) of slice s
 *   stats_merge   the slices merged in order, by Chan, Golub, LeVeque: "Updating formulae and a
 *                 pairwise algorithm for computing sample variances" (1979); running statistics
 *   apply         y = gamma * (x - mean) * inv_std + beta
 *   sums_slice    part[s] = sum of dy, sum of dy * (x - mean) over slice s
 *   sums_merge    dbeta, dgamma = inv_std * the second sum
 *   gradient      dx (+)= gamma * inv_std * (dy - dbeta / rows - xhat * dgamma / rows),
 *                 or gamma * inv_std * dy when RUNNING
 *
 * RUNNING   see spread.cl
 * ADD       0 or 1 (gradient)
 * Slice s of `slices` has the rows s * rows / slices to (s + 1) * rows / slices.
 */
#include "common.cl"
#include "spread.cl"

/* Rows of which sums are taken at a time: they stay in the nearest cache from one pass, or one
 * block of channels, to the next. */
#define TILE 16

#if !RUNNING
/* count, mean and M2 of a += those of b. */
void merge(real *count_a, wide *mean_a, wide *m2_a, const real count_b, const wide mean_b,
           const wide m2_b)
{
    const real count = *count_a + count_b;
    const real share = count_b / count;
    const wide delta = mean_b - *mean_a;
    *mean_a += delta * share;
    *m2_a += m2_b + delta * delta * (*count_a * share);
    *count_a = count;
}

void stats_columns(const long rows, const int channels, const __global real *x,
                   __global real *part, const int n)
{
    real count = 0.0f;
    wide mean = (wide)(0.0f), m2 = (wide)(0.0f);
    for (long r0 = 0; r0 < rows; r0 += TILE) {
        const int here = (int)min((long)TILE, rows - r0);
        const __global real *tile = x + r0 * channels;
        wide sum = (wide)(0.0f), squares = (wide)(0.0f);
        for (int r = 0; r < here; r++) {
            sum += load_wide(tile + r * channels, n);
        }
        const wide middle = sum / (real)here;
        for (int r = 0; r < here; r++) {
            const wide d = load_wide(tile + r * channels, n) - middle;
            squares = MAC(d, d, squares);
        }
        merge(&count, &mean, &m2, (real)here, middle, squares);
    }
    store_wide(mean, part, n);
    store_wide(m2, part + channels, n);
}

KERNEL void stats_slice(const long rows, const int slices, const int channels,
                        const __global real *restrict x, const long x_at,
                        __global real *restrict part, const long part_at)
{
    const long s = get_group_id(0);
    const long begin = s * rows / slices, end = (s + 1) * rows / slices;
    x += x_at + begin * channels;
    part += part_at + 2 * s * channels;
    for (int c = get_local_id(0) * LANES; c < channels; c += WG * LANES) {
        const int n = min(LANES, channels - c);
        if (n == LANES) {
            stats_columns(end - begin, channels, x + c, part + c, LANES);
        } else {
            stats_columns(end - begin, channels, x + c, part + c, n);
        }
    }
}

/* wants_running: the running statistics are there. */
KERNEL void stats_merge(const long rows, const int slices, const int channels, const real eps,
                        const real momentum, const int wants_running,
                        const __global real *restrict part, const long part_at,
                        __global real *restrict mean, const long mean_at,
                        __global real *restrict inv_std, const long inv_std_at,
                        __global real *restrict running_mean, const long running_mean_at,
                        __global real *restrict running_var, const long running_var_at)
{
    const int c = (int)(get_group_id(0) * WG + get_local_id(0)) * LANES;
    const int n = min(LANES, channels - c);
    if (n <= 0) return;

    real count = 0.0f;
    wide middle = (wide)(0.0f), m2 = (wide)(0.0f);
    part += part_at + c;
    for (long s = 0; s < slices; s++) {
        const real here = (real)((s + 1) * rows / slices - s * rows / slices);
        merge(&count, &middle, &m2, here, load_wide(part + 2 * s * channels, n),
              load_wide(part + (2 * s + 1) * channels, n));
    }
    store_wide(middle, mean + mean_at + c, n);
    store_wide((wide)(1.0f) / sqrt(m2 / (real)rows + eps), inv_std + inv_std_at + c, n);
    if (!wants_running) return;

    running_mean += running_mean_at + c;
    running_var += running_var_at + c;
    const wide variance = m2 / (real)max(rows - 1, 1L);
    store_wide((1.0f - momentum) * load_wide(running_mean, n) + momentum * middle, running_mean, n);
    store_wide((1.0f - momentum) * load_wide(running_var, n) + momentum * variance, running_var, n);
}
#endif

/* The constants of a block of channels. */
typedef struct affine {
    wide mean, inv_std, gamma, beta;
} affine;

void normalize_rows(const long rows, const int channels, const affine k, const __global real *x,
                    __global real *y, const int n)
{
    const wide scale = k.gamma * k.inv_std;
    for (long r = 0; r < rows; r++) {
        store_wide(MAC(load_wide(x + r * channels, n) - k.mean, scale, k.beta), y + r * channels,
                   n);
    }
}

/* A group of the vector family makes `each` rows, one of the tile family `each` numbers. */
#if VECTOR
#define FOR_BLOCKS(ONE)                                                            \
    const long begin = (long)get_group_id(0) * each, end = min(begin + each, rows); \
    for (long r = begin; r < end; r += TILE) {                                     \
        const long count = min((long)TILE, end - r);                               \
        int c = 0;                                                                 \
        for (; c + LANES <= channels; c += LANES) ONE(count, c, r * channels + c, LANES); \
        if (c < channels) ONE(count, c, r * channels + c, channels - c);           \
    }
#else
#define FOR_BLOCKS(ONE)                                                            \
    const long begin = (long)get_group_id(0) * each;                               \
    const long end = min(begin + each, rows * channels);                           \
    for (long i = begin + get_local_id(0); i < end; i += WG) {                     \
        const int c = rest(i, i / channels, channels);                             \
        ONE(1, c, i, 1);                                                           \
    }
#endif

KERNEL void apply(const long rows, const int channels, const long each, const real eps,
                  const __global real *restrict x, const long x_at,
                  const __global real *restrict mean, const long mean_at,
                  const __global real *restrict spread, const long spread_at,
                  const __global real *restrict gamma, const long gamma_at,
                  const __global real *restrict beta, const long beta_at,
                  __global real *restrict y, const long y_at)
{
#define ONE(count, c, at, n)                                                              \
    {                                                                                     \
        const affine k = {load_wide(mean + mean_at + (c), n),                             \
                          load_inv_std(spread + spread_at + (c), eps, n),                 \
                          load_wide(gamma + gamma_at + (c), n),                           \
                          load_wide(beta + beta_at + (c), n)};                            \
        normalize_rows(count, channels, k, x + x_at + (at), y + y_at + (at), n);          \
    }
    FOR_BLOCKS(ONE)
#undef ONE
}

void sums_columns(const long rows, const int channels, const __global real *x,
                  const __global real *dy, const wide mean, __global real *part, const int n)
{
    wide sum = (wide)(0.0f), product = (wide)(0.0f);
    for (long r0 = 0; r0 < rows; r0 += TILE) {
        const long end = min(r0 + TILE, rows);
        wide tile_sum = (wide)(0.0f), tile_product = (wide)(0.0f);
        for (long r = r0; r < end; r++) {
            const wide g = load_wide(dy + r * channels, n);
            tile_sum += g;
            tile_product = MAC(g, load_wide(x + r * channels, n) - mean, tile_product);
        }
        sum += tile_sum;
        product += tile_product;
    }
    store_wide(sum, part, n);
    store_wide(product, part + channels, n);
}

KERNEL void sums_slice(const long rows, const int slices, const int channels,
                       const __global real *restrict x, const long x_at,
                       const __global real *restrict mean, const long mean_at,
                       const __global real *restrict dy, const long dy_at,
                       __global real *restrict part, const long part_at)
{
    const long s = get_group_id(0);
    const long begin = s * rows / slices, end = (s + 1) * rows / slices;
    x += x_at + begin * channels;
    dy += dy_at + begin * channels;
    part += part_at + 2 * s * channels;
    for (int c = get_local_id(0) * LANES; c < channels; c += WG * LANES) {
        const int n = min(LANES, channels - c);
        const wide middle = load_wide(mean + mean_at + c, n);
        if (n == LANES) {
            sums_columns(end - begin, channels, x + c, dy + c, middle, part + c, LANES);
        } else {
            sums_columns(end - begin, channels, x + c, dy + c, middle, part + c, n);
        }
    }
}

/* wants: bit 0 dgamma, bit 1 dbeta. */
KERNEL void sums_merge(const int slices, const int channels, const real eps, const int wants,
                       const __global real *restrict part, const long part_at,
                       const __global real *restrict spread, const long spread_at,
                       __global real *restrict dgamma, const long dgamma_at,
                       __global real *restrict dbeta, const long dbeta_at)
{
    const int c = (int)(get_group_id(0) * WG + get_local_id(0)) * LANES;
    const int n = min(LANES, channels - c);
    if (n <= 0) return;

    wide sum = (wide)(0.0f), product = (wide)(0.0f);
    part += part_at + c;
    for (long s = 0; s < slices; s++) {
        sum += load_wide(part + 2 * s * channels, n);
        product += load_wide(part + (2 * s + 1) * channels, n);
    }
    product *= load_inv_std(spread + spread_at + c, eps, n);
    if (wants & 1) store_wide(product, dgamma + dgamma_at + c, n);
    if (wants & 2) store_wide(sum, dbeta + dbeta_at + c, n);
}

/* dx = scale * (dy - base - (x - mean) * slope) */
typedef struct slope {
    wide scale, base, mean, slope;
} slope;

void gradient_rows(const long rows, const int channels, const slope k, const __global real *dy,
                   const __global real *x, __global real *dx, const int n)
{
    for (long r = 0; r < rows; r++) {
        wide g = load_wide(dy + r * channels, n);
#if !RUNNING
        g = g - k.base - (load_wide(x + r * channels, n) - k.mean) * k.slope;
#endif
        put_wide(g * k.scale, dx + r * channels, n);
    }
}

KERNEL void gradient(const long rows, const int channels, const long each, const real eps,
                     const __global real *restrict dy, const long dy_at,
                     const __global real *restrict spread, const long spread_at,
                     const __global real *restrict gamma, const long gamma_at,
                     const __global real *restrict x, const long x_at,
                     const __global real *restrict mean, const long mean_at,
                     const __global real *restrict dgamma, const long dgamma_at,
                     const __global real *restrict dbeta, const long dbeta_at,
                     __global real *restrict dx, const long dx_at)
{
#if RUNNING
#define SLOPE(c, n) {inv_std * load_wide(gamma + gamma_at + (c), n), inv_std, inv_std, inv_std}
#else
    const real share = 1.0f / (real)rows;
#define SLOPE(c, n)                                                                  \
    {inv_std * load_wide(gamma + gamma_at + (c), n),                                 \
     share * load_wide(dbeta + dbeta_at + (c), n), load_wide(mean + mean_at + (c), n), \
     share * inv_std * load_wide(dgamma + dgamma_at + (c), n)}
#endif
#define ONE(count, c, at, n)                                                         \
    {                                                                                \
        const wide inv_std = load_inv_std(spread + spread_at + (c), eps, n);         \
        const slope k = SLOPE(c, n);                                                 \
        gradient_rows(count, channels, k, dy + dy_at + (at), x + x_at + (at),        \
                      dx + dx_at + (at), n);                                         \
    }
    FOR_BLOCKS(ONE)
#undef ONE
}
