/* Dropout, forward and backward alike, and with the gradient of the activation before it.
 *
 *   d = 0 where draw(row0 + r, e) < threshold, else x[r][e] * scale
 *   y[r][e] (+)= d, or GRADIENT(s = saved[r][e], dy = d) when GRADED
 *
 * The draw is word e mod 4 of Philox block {e / 4, row0 + r, step, tag} (core/rng.h).
 *
 * GRADED     0 or 1
 * GRADIENT   expression in s, dy and the parameter a (core/activation.h)
 * ADD        0 or 1
 * Work is counted in blocks of a row: 64 elements on the vector family, 4 on the tile family. A
 * group makes `each` blocks.
 */
#include "common.cl"
#include "philox.cl"

#ifndef GRADED
#define GRADED   1
#define GRADIENT s <= 0 ? REAL(0) : dy
#endif

#define BLOCK (VECTOR ? 64 : 4)

#if VECTOR
typedef uint16 wide_word;
#else
typedef uint wide_word;
#endif

/* n of LANES values with a word for each. */
void drop(const wide_word word, const uint threshold, const real scale, const real a,
          const __global real *saved, const __global real *x, __global real *y, const int n)
{
    const wide v = load_wide(x, n) * scale;
    const wide dy = word < threshold ? REAL(0) : v;
#if GRADED
    const wide s = load_wide(saved, n);
    put_wide(GRADIENT, y, n);
#else
    put_wide(dy, y, n);
#endif
}

KERNEL void dropout(const long rows, const long columns, const long each, const uint step,
                    const uint row0, const int seed_low, const int seed_high, const int tag,
                    const int threshold, const real scale, const real a,
                    const __global real *restrict saved, const long saved_at,
                    const __global real *restrict x, const long x_at, __global real *restrict y,
                    const long y_at)
{
    const long blocks = (columns + BLOCK - 1) / BLOCK;
    const long begin = (long)get_group_id(0) * each, end = min(begin + each, rows * blocks);
    const uint2 key = (uint2)((uint)seed_low, (uint)seed_high);
    saved += saved_at;
    x += x_at;
    y += y_at;
    for (long i = begin + get_local_id(0); i < end; i += WG) {
        const long row = i / blocks, e = rest(i, row, blocks) * (long)BLOCK;
        const long at = row * columns + e;
        const int n = (int)min((long)BLOCK, columns - e);
        const uint4 counter = (uint4)((uint)(e / 4), row0 + (uint)row, step, (uint)tag);
        wide_word words[4];
#if VECTOR
        philox16(counter, key, words);
#else
        const uint4 drawn = philox(counter, key);
        words[0] = drawn.x;
        words[1] = drawn.y;
        words[2] = drawn.z;
        words[3] = drawn.w;
#endif
#pragma unroll
        for (int j = 0; j < 4; j++) {
            if (j * LANES >= n) continue;
            const long here = at + j * LANES;
            drop(words[j], (uint)threshold, scale, a, saved + here, x + here, y + here,
                 min(LANES, n - j * LANES));
        }
    }
}
