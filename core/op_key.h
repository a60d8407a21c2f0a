/* What an op is to the tuner. */
#ifndef WEFT_CORE_OP_KEY_H
#define WEFT_CORE_OP_KEY_H

#include "core/op.h"

enum { WEFT_KEY_MAX = 256 };

/* One line without a bar: kind, extents, window and modes without the batch; and the batch. */
typedef struct weft_key {
    char text[WEFT_KEY_MAX];
    int32_t batch;
} weft_key;

/* False for a kind that no backend has settings for. */
WEFT_API bool weft_op_key(const weft_op *op, weft_key *out);

/* An op of that key, with shapes only; what a key leaves out (eps, rates) has its default. False
 * when the text is no key. The extents are checked, but may be larger than any memory. */
WEFT_API bool weft_op_from_key(const weft_key *key, weft_op *out);

#endif
