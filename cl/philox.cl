/* Philox4x32-10, the same function as core/rng.h, for one counter and for 16 that differ in their
 * first word or their first two. */

/* Products of 32 bits each are made in 64 bits: mul_hi of a vector is slow on some drivers. */
#define PHILOX_ROUNDS(word, WIDEN, NARROW, c0, c1, c2, c3, key)    \
    for (int round = 0; round < 10; round++) {                     \
        const word high0 = NARROW((WIDEN(c0) * 0xD2511F53ul) >> 32); \
        const word high1 = NARROW((WIDEN(c2) * 0xCD9E8D57ul) >> 32); \
        const word low0 = c0 * 0xD2511F53u;                        \
        const word low1 = c2 * 0xCD9E8D57u;                        \
        c0 = high1 ^ c1 ^ (key.x + (uint)round * 0x9E3779B9u);     \
        c1 = low1;                                                 \
        c2 = high0 ^ c3 ^ (key.y + (uint)round * 0xBB67AE85u);     \
        c3 = low0;                                                 \
    }

uint4 philox(const uint4 counter, const uint2 key)
{
    uint c0 = counter.x, c1 = counter.y, c2 = counter.z, c3 = counter.w;
    PHILOX_ROUNDS(uint, (ulong), (uint), c0, c1, c2, c3, key)
    return (uint4)(c0, c1, c2, c3);
}

#if VECTOR
/* 16 counters {a[b], b[b], c, d}: word w of block b goes to words[4 * b + w]. */
void philox_each(uint16 a, uint16 b, const uint third, const uint fourth, const uint2 key,
                 uint16 words[4])
{
    uint16 c = third, d = fourth;
    PHILOX_ROUNDS(uint16, convert_ulong16, convert_uint16, a, b, c, d, key)
    const uint16 low = (uint16)(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const uint16 pair = (uint16)(0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23);
    const uint16 ab0 = shuffle2(a, b, low), ab1 = shuffle2(a, b, low + 8);
    const uint16 cd0 = shuffle2(c, d, low), cd1 = shuffle2(c, d, low + 8);
    words[0] = shuffle2(ab0, cd0, pair);
    words[1] = shuffle2(ab0, cd0, pair + 8);
    words[2] = shuffle2(ab1, cd1, pair);
    words[3] = shuffle2(ab1, cd1, pair + 8);
}

/* Blocks counter.x .. counter.x + 15, in the same order. */
void philox16(const uint4 counter, const uint2 key, uint16 words[4])
{
    const uint16 next = (uint16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    philox_each(counter.x + next, counter.y, counter.z, counter.w, key, words);
}
#endif
