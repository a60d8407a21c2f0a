#include "core/rng.h"

#include <math.h>

enum { ROUNDS = 10 };

weft_words weft_philox(const uint32_t counter[4], const uint32_t key[2])
{
    weft_words x = {{counter[0], counter[1], counter[2], counter[3]}};
    uint32_t key0 = key[0], key1 = key[1];

    for (int round = 0; round < ROUNDS; round++) {
        const uint64_t left = (uint64_t)0xD2511F53u * x.word[0];
        const uint64_t right = (uint64_t)0xCD9E8D57u * x.word[2];
        x = (weft_words){{(uint32_t)(right >> 32) ^ x.word[1] ^ key0, (uint32_t)right,
                          (uint32_t)(left >> 32) ^ x.word[3] ^ key1, (uint32_t)left}};
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
    return x;
}

weft_words weft_draw_block(uint64_t seed, weft_purpose purpose, uint32_t layer, uint32_t when,
                           uint32_t row, uint32_t block)
{
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    const uint32_t counter[4] = {block, row, when, (uint32_t)purpose << 24 | layer};
    return weft_philox(counter, key);
}

uint32_t weft_draw(uint64_t seed, weft_purpose purpose, uint32_t layer, uint32_t when, uint32_t row,
                   uint32_t element)
{
    return weft_draw_block(seed, purpose, layer, when, row, element / 4).word[element % 4];
}

double weft_normal(uint32_t word1, uint32_t word2)
{
    const double scale = 1.0 / 4294967296.0, two_pi = 6.28318530717958647692;
    const double u1 = ((double)word1 + 0.5) * scale;
    const double u2 = ((double)word2 + 0.5) * scale;
    return sqrt(-2.0 * log(u1)) * cos(two_pi * u2);
}

void weft_shuffle(uint64_t seed, uint32_t epoch, int32_t *order, int32_t count)
{
    for (int32_t i = count - 1; i > 0; i--) {
        const uint64_t draw = weft_draw(seed, WEFT_RNG_SHUFFLE, 0, epoch, 0, (uint32_t)i);
        const int32_t j = (int32_t)(draw * ((uint64_t)i + 1) >> 32);
        const int32_t held = order[i];
        order[i] = order[j];
        order[j] = held;
    }
}
