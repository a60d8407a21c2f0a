#include "datasets/sha256.h"

#include <string.h>

static const uint32_t round_constant[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static inline uint32_t turn(uint32_t x, int bits)
{
    return x >> bits | x << (32 - bits);
}

static void expand(const uint8_t *block, uint32_t w[64])
{
    for (int i = 0; i < 16; i++) {
        const uint8_t *b = block + (ptrdiff_t)4 * i;
        w[i] = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    }
    for (int i = 16; i < 64; i++) {
        const uint32_t a = w[i - 15], b = w[i - 2];
        const uint32_t s0 = turn(a, 7) ^ turn(a, 18) ^ a >> 3;
        const uint32_t s1 = turn(b, 17) ^ turn(b, 19) ^ b >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
}

/* One round. Instead of moving a..h down one place, the caller names them one place further on. */
#define ROUND(a, b, c, d, e, f, g, h, r)                                                         \
    do {                                                                                         \
        const uint32_t t1 = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + (g ^ (e & (f ^ g))) + \
                            round_constant[r] + w[r];                                            \
        d += t1;                                                                                 \
        h = t1 + (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) | (c & (a | b)));           \
    } while (0)

static void compress(uint32_t state[8], const uint8_t *block)
{
    uint32_t w[64];
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];

    expand(block, w);
    for (int r = 0; r < 64; r += 8) {
        ROUND(a, b, c, d, e, f, g, h, r);
        ROUND(h, a, b, c, d, e, f, g, r + 1);
        ROUND(g, h, a, b, c, d, e, f, r + 2);
        ROUND(f, g, h, a, b, c, d, e, r + 3);
        ROUND(e, f, g, h, a, b, c, d, r + 4);
        ROUND(d, e, f, g, h, a, b, c, r + 5);
        ROUND(c, d, e, f, g, h, a, b, r + 6);
        ROUND(b, c, d, e, f, g, h, a, r + 7);
    }
    const uint32_t add[8] = {a, b, c, d, e, f, g, h};
    for (int i = 0; i < 8; i++)
        state[i] += add[i];
}
#undef ROUND

void weft_sha256_start(weft_sha256 *sha)
{
    static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(sha->state, start, sizeof start);
    sha->bytes = 0;
}

void weft_sha256_add(weft_sha256 *sha, const void *bytes, size_t count)
{
    const uint8_t *b = bytes;
    while (count > 0) {
        const size_t at = (size_t)(sha->bytes % 64);
        const size_t n = count < 64 - at ? count : 64 - at;
        if (n == 64) {
            compress(sha->state, b);
        } else {
            memcpy(sha->block + at, b, n);
            if (at + n == 64) compress(sha->state, sha->block);
        }
        sha->bytes += n;
        b += n;
        count -= n;
    }
}

void weft_sha256_end(weft_sha256 *sha, char hex[65])
{
    static const char digit[] = "0123456789abcdef";
    static const uint8_t pad[64] = {0x80};
    const uint64_t bits = sha->bytes * 8;
    uint8_t length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (uint8_t)(bits >> (56 - 8 * i));

    weft_sha256_add(sha, pad, (size_t)(sha->bytes % 64 < 56 ? 56 : 120) - sha->bytes % 64);
    weft_sha256_add(sha, length, sizeof length);
    for (int i = 0; i < 64; i++)
        hex[i] = digit[sha->state[i / 8] >> (28 - i % 8 * 4) & 15];
    hex[64] = 0;
}
