/* Dropout, forward and backward alike.
 *
 *   y[r][e] (+)= 0 where draw(row0 + r, e) < threshold, else x[r][e] * scale
 *
 * The draw is word e mod 4 of Philox block {e / 4, row0 + r, step, tag} (core/rng.h).
 * ADD   0 or 1
 * Work is counted in blocks of a row: 64 elements on the vector family, 4 on the tile family. A
 * group makes `each` blocks.
 */
#include "common.cl"
#include "philox.cl"

#define BLOCK (VECTOR ? 64 : 4)

#if VECTOR
/* n of the 64 elements behind x, with one word for each. */
void drop_block(const uint16 words[4], const uint threshold, const real scale,
                const __global real *x, __global real *y, const int n)
{
    for (int i = 0; i < 4 && 16 * i < n; i++) {
        const int here = min(16, n - 16 * i);
        const wide v = load_wide(x + 16 * i, here) * scale;
        put_wide(words[i] < threshold ? (wide)(0.0f) : v, y + 16 * i, here);
    }
}
#endif

KERNEL void dropout(const long rows, const long columns, const long each, const uint step,
                    const uint row0, const int seed_low, const int seed_high, const int tag,
                    const int threshold, const real scale, const __global real *restrict x,
                    const long x_at, __global real *restrict y, const long y_at)
{
    const long blocks = (columns + BLOCK - 1) / BLOCK;
    const long begin = (long)get_group_id(0) * each, end = min(begin + each, rows * blocks);
    const uint2 key = (uint2)((uint)seed_low, (uint)seed_high);
    for (long i = begin + get_local_id(0); i < end; i += WG) {
        const long row = i / blocks, e = rest(i, row, blocks) * (long)BLOCK;
        const long at = row * columns + e;
        const int n = (int)min((long)BLOCK, columns - e);
        const uint4 counter = (uint4)((uint)(e / 4), row0 + (uint)row, step, (uint)tag);
#if VECTOR
        uint16 words[4];
        philox16(counter, key, words);
        drop_block(words, (uint)threshold, scale, x + x_at + at, y + y_at + at, n);
#else
        const uint4 drawn = philox(counter, key);
        const uint word[4] = {drawn.x, drawn.y, drawn.z, drawn.w};
        for (int j = 0; j < n; j++) {
            const real v = word[j] < (uint)threshold ? 0.0f : x[x_at + at + j] * scale;
            PUT(y + y_at + at + j, v);
        }
#endif
    }
}
