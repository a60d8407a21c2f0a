/* What follows the product in a dense layer: activation and dropout.
 *
 *   u = VALUE(v);  y = 0 where draw(row0 + row, column) < threshold, else u * scale
 *
 * The draw is that of dropout.cl.
 *
 * AFTER     1: something follows, 0: nothing does
 * VALUE     the activation, in v and the parameter a (core/activation.h)
 * SAVED     what is stored for the gradient: 0 nothing, 1 v, 2 u
 * DROPPED   1: with dropout, 0: y = u
 */
#ifndef LANES
#include "common.cl"
#endif

#ifndef AFTER
#define AFTER 1
#endif
#ifndef VALUE
#define VALUE v < 0 ? REAL(0) : v
#endif
#ifndef SAVED
#define SAVED   2
#define DROPPED 1
#endif

#if VECTOR
typedef uint16 wide_word;
#else
typedef uint wide_word;
#endif

#if AFTER
#include "philox.cl"

#define AFTER_ARGUMENTS                                                               \
    , const uint step, const uint row0, const int seed_low, const int seed_high,      \
        const int tag, const int threshold, const real scale, const real a_parameter, \
        __global real *restrict saved, const long saved_at
#define AFTER_VALUES                                                                 \
    {                                                                                \
        step, row0, (uint)tag, (uint)threshold, (uint2)((uint)seed_low, (uint)seed_high), \
            scale, a_parameter, saved + saved_at                                     \
    }

typedef struct after {
    uint step, row0, tag, threshold;
    uint2 key;
    real scale, a;
    __global real *saved;
} after;

/* The first n of LANES values at place `at`, with a word for each. */
void end_values(const after s, const real a, const wide v, const wide_word word, const long at,
                const int n, __global real *y)
{
    const wide u = VALUE;
    if (SAVED) store_wide(SAVED == 1 ? v : u, s.saved + at, n);
    store_wide(DROPPED ? word < s.threshold ? REAL(0) : u * s.scale : u, y + at, n);
}

#if VECTOR
/* Four vectors of which number q has count[q] values, from place at[q] on. Lane 4 * q + w holds the
 * Philox block and the row of its values 4 * w to 4 * w + 3. */
void end_four(const after s, const wide v[4], const uint16 block, const uint16 row,
              const long at[4], const int count[4], __global real *y)
{
    uint16 words[4] = {0, 0, 0, 0};
    if (DROPPED) philox_each(block, s.row0 + row, s.step, s.tag, s.key, words);
    for (int q = 0; q < 4; q++) {
        if (count[q] > 0) end_values(s, s.a, v[q], words[q], at[q], min(count[q], LANES), y);
    }
}
#else
/* One value. */
void end_one(const after s, const real v, const uint row, const uint column, const long at,
             __global real *y)
{
    uint word = 0;
    if (DROPPED) {
        const uint4 drawn = philox((uint4)(column / 4, s.row0 + row, s.step, s.tag), s.key);
        const uint2 two = column & 2 ? drawn.zw : drawn.xy;
        word = column & 1 ? two.y : two.x;
    }
    end_values(s, s.a, v, word, at, 1, y);
}
#endif
#else
#define AFTER_ARGUMENTS
#endif
