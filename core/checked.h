/* Checked arithmetic on sizes: the only way a size is computed. True means that it did not fit. */
#ifndef WEFT_CORE_CHECKED_H
#define WEFT_CORE_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool weft_mul_i64(int64_t a, int64_t b, int64_t *out)
{
    if (a < 0 || b < 0 || (b != 0 && a > INT64_MAX / b)) return true;
    *out = a * b;
    return false;
}

static inline bool weft_add_i64(int64_t a, int64_t b, int64_t *out)
{
    if (a < 0 || b < 0 || a > INT64_MAX - b) return true;
    *out = a + b;
    return false;
}

static inline bool weft_mul_size(size_t a, size_t b, size_t *out)
{
    if (b != 0 && a > SIZE_MAX / b) return true;
    *out = a * b;
    return false;
}

static inline bool weft_add_size(size_t a, size_t b, size_t *out)
{
    if (a > SIZE_MAX - b) return true;
    *out = a + b;
    return false;
}

/* a rounded up to a multiple of step, step > 0. */
static inline bool weft_round_i64(int64_t a, int64_t step, int64_t *out)
{
    if (weft_add_i64(a, step - 1, out)) return true;
    *out -= *out % step;
    return false;
}

#endif
