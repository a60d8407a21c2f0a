/* Losses: a kernel that works on the rows, then one that adds their results in order; for a few
 * rows one group does both.
 *
 *   softmax_xent   dlogits[r] = (softmax(logits[r]) - target) * loss_scale,
 *                  target = (1 - smoothing) * onehot + smoothing / T
 *                  result[r] = {-sum of target * log(softmax), 1 when the class is the maximum}
 *   mse            dy[r][t] = 2 * (y - t) / T * loss_scale, result[r] = {mean of (y - t)^2, 0}
 *   add_results    slots[slot] = {sum, sum} over the rows
 *   ..._alone      the first and the last in one group
 *
 * A group works on `each` rows; on the tile family a work-item has a row.
 */
#include "common.cl"

#if VECTOR
#define LANE (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
#else
#define LANE 0
#endif

/* The sum and the maximum of all lanes, by halves. They are written out because Oclgrind takes the
 * lanes of v.lo and v.hi for uninitialised ones. */
#if VECTOR
#define LOW_8(v)  (float8)(v.s0, v.s1, v.s2, v.s3, v.s4, v.s5, v.s6, v.s7)
#define HIGH_8(v) (float8)(v.s8, v.s9, v.sa, v.sb, v.sc, v.sd, v.se, v.sf)
#define LOW_4(v)  (float4)(v.s0, v.s1, v.s2, v.s3)
#define HIGH_4(v) (float4)(v.s4, v.s5, v.s6, v.s7)
#define LOW_2(v)  (float2)(v.s0, v.s1)
#define HIGH_2(v) (float2)(v.s2, v.s3)
#endif

real sum_all(const wide v)
{
#if VECTOR
    const float8 a = LOW_8(v) + HIGH_8(v);
    const float4 b = LOW_4(a) + HIGH_4(a);
    const float2 c = LOW_2(b) + HIGH_2(b);
    return c.s0 + c.s1;
#else
    return v;
#endif
}

real max_all(const wide v)
{
#if VECTOR
    const float8 a = fmax(LOW_8(v), HIGH_8(v));
    const float4 b = fmax(LOW_4(a), HIGH_4(a));
    const float2 c = fmax(LOW_2(b), HIGH_2(b));
    return fmax(c.s0, c.s1);
#else
    return v;
#endif
}

/* LANES numbers of which n are wanted, where `left` may be read. */
wide load_some(const __global real *p, const int n, const long left)
{
    return load_wide(p, left >= LANES ? LANES : n);
}

/* The maximum; NaN when there is one among the numbers. */
real maximum(const __global real *x, const int count, const long left)
{
    wide top = -INFINITY, bad = 0.0f;
    for (int t = 0; t < count; t += LANES) {
        const wide v = load_some(x + t, count - t, left - t);
        const wide_int there = LANE < count - t;
        bad = there && isnan(v) ? v : bad;
        top = there && v > top ? v : top;
    }
    return max_all(top) + sum_all(bad);
}

/* How many of the first `count` numbers equal v. */
real count_equal(const __global real *x, const int count, const long left, const real v)
{
    wide hits = 0.0f;
    for (int t = 0; t < count; t += LANES) {
        const wide_int there = LANE < count - t;
        hits += there && load_some(x + t, count - t, left - t) == v ? REAL(1) : REAL(0);
    }
    return sum_all(hits);
}

/* One row: T numbers, LANES at a time. A class that does not exist gives NaN, as a NaN does. What
 * is `left` of x may be read: the rows behind this one, which spares a careful read of its end. */
void xent_row(const int count, const int class, const real smoothing, const real loss_scale,
              const int wants_gradient, const __global real *x, const long left,
              __global real *dx, __global real *result)
{
    const bool known = class >= 0 && class < count;
    const real top = known ? maximum(x, count, left) : NAN, at_class = known ? x[class] : NAN;
    wide sums = 0.0f, distances = 0.0f, e = 0.0f;
    for (int t = 0; t < count; t += LANES) {
        const wide_int there = LANE < count - t;
        const wide d = load_some(x + t, count - t, left - t) - top;
        e = exp(d);
        sums += there ? e : 0.0f;
        distances += there ? d : 0.0f;
        if (wants_gradient && count > LANES) store_wide(e, dx + t, count - t);
    }
    const real sum = sum_all(sums), log_sum = log(sum), low = smoothing / (real)count;
    const real off = smoothing > 0.0f ? sum_all(distances) - (real)count * log_sum : 0.0f;
    result[0] = -(1.0f - smoothing) * (at_class - top - log_sum) - low * off;
    result[1] = at_class == top && count_equal(x, class, left, top) == 0.0f ? 1.0f : 0.0f;
    if (!wants_gradient) return;

    const real scale = 1.0f / sum;
    for (int t = 0; t < count; t += LANES) {
        if (count > LANES) e = load_wide(dx + t, count - t);
        store_wide((e * scale - low) * loss_scale, dx + t, count - t);
    }
    if (known) dx[class] = (exp(at_class - top) * scale - low - (1.0f - smoothing)) * loss_scale;
}

/* Rows begin to end - 1 of `rows`. */
void xent_rows(const int rows, const int count, const long begin, const long end,
               const real smoothing, const real loss_scale, const int wants_gradient,
               const __global real *x, const __global int *classes, __global real *dx,
               __global real *results)
{
    for (long r = begin + get_local_id(0); r < end; r += WG) {
        xent_row(count, classes[r], smoothing, loss_scale, wants_gradient, x + r * count,
                 (rows - r) * count, dx + r * count, results + 2 * r);
    }
}

/* One group. Each work-item adds a stretch of rows, the first one then the stretches. */
void add_stretches(const int rows, const __global real *results, __local real *part,
                   __global real *slot)
{
    const int i = get_local_id(0);
    real loss = 0.0f, correct = 0.0f;
    for (long r = (long)i * rows / WG; r < (long)(i + 1) * rows / WG; r++) {
        loss += results[2 * r];
        correct += results[2 * r + 1];
    }
    part[2 * i] = loss;
    part[2 * i + 1] = correct;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (i != 0) return;

    for (int j = 1; j < WG; j++) {
        loss += part[2 * j];
        correct += part[2 * j + 1];
    }
    slot[0] = loss;
    slot[1] = correct;
}

KERNEL void softmax_xent(const int rows, const int count, const long each, const real smoothing,
                         const real loss_scale, const int wants_gradient,
                         const __global real *restrict x, const long x_at,
                         const __global int *restrict classes, const long classes_at,
                         __global real *restrict dx, const long dx_at,
                         __global real *restrict results, const long results_at)
{
    const long begin = (long)get_group_id(0) * each, end = min(begin + each, (long)rows);
    xent_rows(rows, count, begin, end, smoothing, loss_scale, wants_gradient, x + x_at,
              classes + classes_at, dx + dx_at, results + results_at);
}

KERNEL void softmax_xent_alone(const int rows, const int count, const int slot,
                               const real smoothing, const real loss_scale,
                               const int wants_gradient, const __global real *restrict x,
                               const long x_at, const __global int *restrict classes,
                               const long classes_at, __global real *restrict dx,
                               const long dx_at, __global real *restrict results,
                               const long results_at, __global real *restrict slots,
                               const long slots_at)
{
    __local real part[2 * WG];
    xent_rows(rows, count, 0, rows, smoothing, loss_scale, wants_gradient, x + x_at,
              classes + classes_at, dx + dx_at, results + results_at);
    barrier(CLK_GLOBAL_MEM_FENCE);
    add_stretches(rows, results + results_at, part, slots + slots_at + 2 * slot);
}

void mse_row(const int count, const real loss_scale, const int wants_gradient,
             const __global real *y, const __global real *target, __global real *dy,
             __global real *result)
{
    const real slope = 2.0f / (real)count * loss_scale;
    real sum = 0.0f;
    for (int t = 0; t < count; t += LANES) {
        const int n = min(LANES, count - t);
        const wide d = load_wide(y + t, n) - load_wide(target + t, n);
        sum += sum_lanes(d * d, n);
        if (wants_gradient) store_wide(d * slope, dy + t, n);
    }
    result[0] = sum / (real)count;
    result[1] = 0.0f;
}

/* Rows begin to end - 1. */
void mse_rows(const int count, const long begin, const long end, const real loss_scale,
              const int wants_gradient, const __global real *y, const __global real *target,
              __global real *dy, __global real *results)
{
    for (long r = begin + get_local_id(0); r < end; r += WG) {
        mse_row(count, loss_scale, wants_gradient, y + r * count, target + r * count,
                dy + r * count, results + 2 * r);
    }
}

KERNEL void mse(const int rows, const int count, const long each, const real loss_scale,
                const int wants_gradient, const __global real *restrict y, const long y_at,
                const __global real *restrict target, const long target_at,
                __global real *restrict dy, const long dy_at, __global real *restrict results,
                const long results_at)
{
    const long begin = (long)get_group_id(0) * each, end = min(begin + each, (long)rows);
    mse_rows(count, begin, end, loss_scale, wants_gradient, y + y_at, target + target_at,
             dy + dy_at, results + results_at);
}

KERNEL void mse_alone(const int rows, const int count, const int slot, const real loss_scale,
                      const int wants_gradient, const __global real *restrict y, const long y_at,
                      const __global real *restrict target, const long target_at,
                      __global real *restrict dy, const long dy_at,
                      __global real *restrict results, const long results_at,
                      __global real *restrict slots, const long slots_at)
{
    __local real part[2 * WG];
    mse_rows(count, 0, rows, loss_scale, wants_gradient, y + y_at, target + target_at, dy + dy_at,
             results + results_at);
    barrier(CLK_GLOBAL_MEM_FENCE);
    add_stretches(rows, results + results_at, part, slots + slots_at + 2 * slot);
}

KERNEL void add_results(const int rows, const int slot, const __global real *restrict results,
                        const long results_at, __global real *restrict slots, const long slots_at)
{
    __local real part[2 * WG];
    add_stretches(rows, results + results_at, part, slots + slots_at + 2 * slot);
}
