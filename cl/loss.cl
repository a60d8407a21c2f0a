/* Losses: a kernel that works on the rows, then one that adds their results in order.
 *
 *   softmax_xent   dlogits[r] = (softmax(logits[r]) - target) * loss_scale,
 *                  target = (1 - smoothing) * onehot + smoothing / T
 *                  result[r] = {-sum of target * log(softmax), 1 when the class is the maximum}
 *   mse            dy[r][t] = 2 * (y - t) / T * loss_scale, result[r] = {mean of (y - t)^2, 0}
 *   add_results    slots[slot] = {sum, sum} over the rows
 *
 * A group works on `each` rows; on the tile family a work-item has a row.
 */
#include "common.cl"

/* Place of the first maximum; -1 when there is a NaN among the numbers. */
int first_maximum(const __global real *x, const int count)
{
    int best = 0;
    for (int t = 0; t < count; t++) {
        if (isnan(x[t])) return -1;
        if (x[t] > x[best]) best = t;
    }
    return best;
}

/* One row: T numbers, LANES at a time. A class that does not exist gives NaN, as a NaN does. */
void xent_row(const int count, const int class, const real smoothing, const real loss_scale,
              const int wants_gradient, const __global real *x, __global real *dx,
              __global real *result)
{
    const int best = first_maximum(x, count);
    const bool known = class >= 0 && class < count;
    const real top = best >= 0 && known ? x[best] : NAN, at_class = known ? x[class] : NAN;
    real sum = 0.0f, distance = 0.0f;
    for (int t = 0; t < count; t += LANES) {
        const int n = min(LANES, count - t);
        const wide d = load_wide(x + t, n) - top;
        sum += sum_lanes(exp(d), n);
        distance += sum_lanes(d, n);
    }
    const real log_sum = log(sum), low = smoothing / (real)count;
    const real off = smoothing > 0.0f ? distance - (real)count * log_sum : 0.0f;
    result[0] = -(1.0f - smoothing) * (at_class - top - log_sum) - low * off;
    result[1] = known && best == class ? 1.0f : 0.0f;
    if (!wants_gradient) return;

    const real scale = 1.0f / sum;
    for (int t = 0; t < count; t += LANES) {
        const int n = min(LANES, count - t);
        const wide d = load_wide(x + t, n) - top;
        store_wide((exp(d) * scale - low) * loss_scale, dx + t, n);
    }
    if (known) dx[class] = (exp(at_class - top) * scale - low - (1.0f - smoothing)) * loss_scale;
}

KERNEL void softmax_xent(const int rows, const int count, const long each, const real smoothing,
                         const real loss_scale, const int wants_gradient,
                         const __global real *restrict x, const long x_at,
                         const __global int *restrict classes, const long classes_at,
                         __global real *restrict dx, const long dx_at,
                         __global real *restrict results, const long results_at)
{
    const long begin = (long)get_group_id(0) * each, end = min(begin + each, (long)rows);
    for (long r = begin + get_local_id(0); r < end; r += WG) {
        xent_row(count, classes[classes_at + r], smoothing, loss_scale, wants_gradient,
                 x + x_at + r * count, dx + dx_at + r * count, results + results_at + 2 * r);
    }
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

KERNEL void mse(const int rows, const int count, const long each, const real loss_scale,
                const int wants_gradient, const __global real *restrict y, const long y_at,
                const __global real *restrict target, const long target_at,
                __global real *restrict dy, const long dy_at, __global real *restrict results,
                const long results_at)
{
    const long begin = (long)get_group_id(0) * each, end = min(begin + each, (long)rows);
    for (long r = begin + get_local_id(0); r < end; r += WG) {
        mse_row(count, loss_scale, wants_gradient, y + y_at + r * count,
                target + target_at + r * count, dy + dy_at + r * count,
                results + results_at + 2 * r);
    }
}

/* One group. Each work-item adds a stretch of rows, the first one then the stretches. */
KERNEL void add_results(const int rows, const int slot, const __global real *restrict results,
                        const long results_at, __global real *restrict slots, const long slots_at)
{
    __local real part[2 * WG];
    const int i = get_local_id(0);
    real loss = 0.0f, correct = 0.0f;
    for (long r = (long)i * rows / WG; r < (long)(i + 1) * rows / WG; r++) {
        loss += results[results_at + 2 * r];
        correct += results[results_at + 2 * r + 1];
    }
    part[2 * i] = loss;
    part[2 * i + 1] = correct;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (i != 0) return;

    for (int j = 1; j < WG; j++) {
        loss += part[2 * j];
        correct += part[2 * j + 1];
    }
    slots[slots_at + 2 * slot] = loss;
    slots[slots_at + 2 * slot + 1] = correct;
}
