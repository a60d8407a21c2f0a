/* What is not finite among a tensor's numbers, and how large the others are.
 *
 *   y[s] = {NaN, infinities, least, largest, sum / elements} of slice s; the last three of its
 *          finite numbers, least and largest 0 where there is none
 *
 * Slice s of `slices` has the elements s * count / slices to (s + 1) * count / slices. A group
 * looks at one slice.
 */
#include "common.cl"

#define COLUMNS 5

#if VECTOR
#define LANE (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
#else
#define LANE 0
#endif

#define INT(x) ((wide_int)(x))

/* What a work-item has seen, one finding a lane. */
typedef struct finding {
    wide_int nans, infinities;
    wide low, high, sum;
} finding;

void look(finding *f, const __global real *x, const int n, const real scale)
{
    const wide v = load_wide(x, n);
    const wide_int there = LANE < INT(n), finite = there && isfinite(v);
    f->nans += there && isnan(v) ? INT(1) : INT(0);
    f->infinities += there && isinf(v) ? INT(1) : INT(0);
    f->low = finite && v < f->low ? v : f->low;
    f->high = finite && v > f->high ? v : f->high;
    f->sum += finite ? v * scale : REAL(0);
}

/* One row of COLUMNS numbers taken into another. */
void merge(real *row, const real nans, const real infinities, const real low, const real high,
           const real sum)
{
    row[0] += nans;
    row[1] += infinities;
    row[2] = low < row[2] ? low : row[2];
    row[3] = high > row[3] ? high : row[3];
    row[4] += sum;
}

/* The lanes of a finding, from the first to the last. */
void merge_lanes(const finding *f, real *row)
{
#if VECTOR
    int nans[LANES], infinities[LANES];
    real low[LANES], high[LANES], sum[LANES];
    vstore16(f->nans, 0, nans);
    vstore16(f->infinities, 0, infinities);
    vstore16(f->low, 0, low);
    vstore16(f->high, 0, high);
    vstore16(f->sum, 0, sum);
    for (int i = 0; i < LANES; i++) {
        merge(row, (real)nans[i], (real)infinities[i], low[i], high[i], sum[i]);
    }
#else
    merge(row, (real)f->nans, (real)f->infinities, f->low, f->high, f->sum);
#endif
}

KERNEL void inspect(const long count, const int slices, const __global real *restrict x,
                    const long x_at, __global real *restrict y, const long y_at)
{
    __local real part[COLUMNS * WG];
    const int item = get_local_id(0);
    const long s = get_group_id(0);
    const long begin = s * count / slices, end = (s + 1) * count / slices;
    const real scale = 1.0f / (real)(end - begin);
    finding f = {INT(0), INT(0), REAL(INFINITY), REAL(-INFINITY), REAL(0)};
    for (long i = begin + item * LANES; i < end; i += WG * LANES) {
        look(&f, x + x_at + i, (int)min((long)LANES, end - i), scale);
    }
    real row[COLUMNS] = {0.0f, 0.0f, INFINITY, -INFINITY, 0.0f};
    merge_lanes(&f, row);
    for (int k = 0; k < COLUMNS; k++) {
        part[item * COLUMNS + k] = row[k];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    if (item != 0) return;

    for (int j = 1; j < WG; j++) {
        const __local real *other = part + j * COLUMNS;
        merge(row, other[0], other[1], other[2], other[3], other[4]);
    }
    const bool none = row[2] > row[3];
    row[2] = none ? 0.0f : row[2];
    row[3] = none ? 0.0f : row[3];
    for (int k = 0; k < COLUMNS; k++) {
        y[y_at + s * COLUMNS + k] = row[k];
    }
}
