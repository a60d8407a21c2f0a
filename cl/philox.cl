/* Philox4x32-10, the same function as core/rng.h, for one counter and for 16 that differ in their
 * first word. */

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
/* Blocks counter.x .. counter.x + 15: word w of block b goes to words[4 * b + w]. */
void philox16(const uint4 counter, const uint2 key, uint16 words[4])
{
    uint16 a = counter.x + (uint16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    uint16 b = counter.y, c = counter.z, d = counter.w;
    PHILOX_ROUNDS(uint16, convert_ulong16, convert_uint16, a, b, c, d, key)
    words[0] = (uint16)(a.s0, b.s0, c.s0, d.s0, a.s1, b.s1, c.s1, d.s1, a.s2, b.s2, c.s2, d.s2,
                        a.s3, b.s3, c.s3, d.s3);
    words[1] = (uint16)(a.s4, b.s4, c.s4, d.s4, a.s5, b.s5, c.s5, d.s5, a.s6, b.s6, c.s6, d.s6,
                        a.s7, b.s7, c.s7, d.s7);
    words[2] = (uint16)(a.s8, b.s8, c.s8, d.s8, a.s9, b.s9, c.s9, d.s9, a.sa, b.sa, c.sa, d.sa,
                        a.sb, b.sb, c.sb, d.sb);
    words[3] = (uint16)(a.sc, b.sc, c.sc, d.sc, a.sd, b.sd, c.sd, d.sd, a.se, b.se, c.se, d.se,
                        a.sf, b.sf, c.sf, d.sf);
}
#endif
