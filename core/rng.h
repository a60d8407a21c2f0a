/* Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC
 * 2011).
 *
 * A draw is a pure function of (seed, purpose, when, who, element): every backend draws the same
 * numbers in any order and a resumed run needs no state. cl/philox.cl holds the same function for
 * devices.
 *
 *   key     = the 64-bit seed: {low word, high word}
 *   counter = {element / 4, sample or row, step or epoch, purpose << 24 | layer}
 *   word    = element mod 4
 */
#ifndef WEFT_CORE_RNG_H
#define WEFT_CORE_RNG_H

#include <stdint.h>

#include "core/export.h"

/* What a draw is for; part of the counter, so that no two uses share numbers. */
typedef enum weft_purpose {
    WEFT_RNG_INIT = 1,    /* row 0, when 0, layer = line, element = index in PyTorch's order */
    WEFT_RNG_SHUFFLE = 2, /* row 0, when = epoch (0 for the held-out split), layer 0 */
    WEFT_RNG_AUGMENT = 3, /* row = sample id, when = epoch, layer 0, elements 0..7 */
    WEFT_RNG_DROPOUT = 4  /* row in the global batch, when = step, layer = line */
} weft_purpose;

typedef struct weft_words {
    uint32_t word[4];
} weft_words;

/* The block function: ten rounds over a counter with a key. */
WEFT_API weft_words weft_philox(const uint32_t counter[4], const uint32_t key[2]);

/* One 32-bit word by the rule at the head of this file. */
WEFT_API uint32_t weft_draw(uint64_t seed, weft_purpose purpose, uint32_t layer, uint32_t when,
                            uint32_t row, uint32_t element);

/* The four words of elements 4 block .. 4 block + 3 by that rule. */
WEFT_API weft_words weft_draw_block(uint64_t seed, weft_purpose purpose, uint32_t layer,
                                    uint32_t when, uint32_t row, uint32_t block);

/* Two words to one standard normal number (Box and Muller, 1958): sqrt(-2 ln u1) cos(2 pi u2),
 * u = (word + 0.5) / 2^32. */
WEFT_API double weft_normal(uint32_t word1, uint32_t word2);

/* order[i] = a permutation of what order held, by Fisher and Yates from the last element down:
 * swap i with draw(element i) * (i + 1) >> 32. */
WEFT_API void weft_shuffle(uint64_t seed, uint32_t epoch, int32_t *order, int32_t count);

/* Dropout drops where a word is below this: (uint32)(rate * 2^32), 0 <= rate < 1. */
static inline uint32_t weft_rate_threshold(float rate)
{
    return (uint32_t)((double)rate * 4294967296.0);
}

#endif
