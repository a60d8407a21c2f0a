/* What every kernel starts from.
 *
 * VECTOR       1: a group is one work-item that works on LANES = 16 channels at a time (CPUs);
 *              0: a group is WG work-items that work on one channel each (GPUs)
 * WG           work-items of a group
 * ADD          1: the output is added to, 0: it is set
 * MAC(a, b, c) a * b + c in the way that is fast on this device
 */
#ifndef VECTOR
#define VECTOR 1
#endif
#ifndef WG
#define WG 1
#endif
#ifndef ADD
#define ADD 0
#endif
#ifndef MAC
#define MAC(a, b, c) ((a) * (b) + (c))
#endif

typedef float real;

#if VECTOR
#define LANES 16
typedef float16 wide;
typedef int16 wide_int;
#define KERNEL __kernel __attribute__((reqd_work_group_size(WG, 1, 1), vec_type_hint(float16)))
#else
#define LANES 1
typedef float wide;
typedef int wide_int;
#define KERNEL __kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
#endif

#define REAL(x) ((wide)(x))

/* Functions with constant arguments, such as a tile's size: they must end up in the kernel. */
#ifndef INLINE
#define INLINE static inline __attribute__((always_inline, unused))
#endif

/* i mod size, where i / size is known already; the result is below 2^31. */
int rest(const long i, const long quotient, const long size)
{
    return (int)((uint)i - (uint)quotient * (uint)size);
}

/* Cut the place in a row of `count` off an index: the index becomes the row. */
INLINE int take(long *index, const int count)
{
    const long row = *index / count;
    const int place = rest(*index, row, count);
    *index = row;
    return place;
}

#if VECTOR
/* Numbers that stand anywhere: some drivers take vload16 and vstore16 to pieces. */
typedef struct __attribute__((packed)) loose {
    float16 v;
} loose;
#endif

/* The first n of LANES numbers; the others are 0. */
wide load_wide(const __global real *p, const int n)
{
#if VECTOR
    if (n >= LANES) return ((const __global loose *)p)->v;
    real part[LANES];
    for (int i = 0; i < LANES; i++) {
        part[i] = i < n ? p[i] : 0.0f;
    }
    return vload16(0, part);
#else
    return *p;
#endif
}

/* Store the first n of LANES numbers. */
void store_wide(const wide v, __global real *p, const int n)
{
#if VECTOR
    if (n >= LANES) {
        ((__global loose *)p)->v = v;
        return;
    }
    real part[LANES];
    vstore16(v, 0, part);
    for (int i = 0; i < n; i++) {
        p[i] = part[i];
    }
#else
    *p = v;
#endif
}

/* Set or add the first n of LANES numbers. */
void put_wide(const wide v, __global real *p, const int n)
{
#if ADD
    store_wide(load_wide(p, n) + v, p, n);
#else
    store_wide(v, p, n);
#endif
}

/* The sum of the first n lanes, from the first to the last. */
real sum_lanes(const wide v, const int n)
{
#if VECTOR
    real part[LANES], sum = 0.0f;
    vstore16(v, 0, part);
    for (int i = 0; i < n; i++) {
        sum += part[i];
    }
    return sum;
#else
    return v;
#endif
}
