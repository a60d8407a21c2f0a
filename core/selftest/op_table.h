/* One table of op cases: every op over shapes of 1, primes, one past a tile, a batch of 1 and a
 * prime batch, set and added, with and without what is optional. The loops of test_ops*.c run over
 * it. To add an op: a builder in op_cases_*.c and a line in op_table.c. */
#ifndef WEFT_CORE_SELFTEST_OP_TABLE_H
#define WEFT_CORE_SELFTEST_OP_TABLE_H

#include <stdbool.h>

#include "core/op.h"

/* Where a case is worth its time: under an interpreter, before a commit, in the whole suite. */
typedef enum op_level { OP_LEAST, OP_TINY, OP_FAST, OP_ALL } op_level;

/* How the contents of a tensor are drawn. */
typedef enum op_fill {
    OP_FILL_PLAIN,    /* f32 in (-1, 1), i32 in -8 .. 8 */
    OP_FILL_POSITIVE, /* f32 in (0.25, 1.25): variances, deviations, second moments */
    OP_FILL_BYTES,    /* u8 0 .. 255, or the same as f32 */
    OP_FILL_INDEX,    /* i32 in 0 .. limit - 1 */
    OP_FILL_WHERE,    /* u8 positions in a window that lie inside the image */
    OP_FILL_SMALL,    /* f32 in (-1e-3, 1e-3): slots of other steps */
    OP_FILL_WILD      /* f32 in (-1, 1), each fifth of them NaN or infinite */
} op_fill;

enum { OP_NAME_MAX = 256 };

/* An op without buffers, and how to try it. */
typedef struct op_case {
    weft_op op;
    weft_values values;
    op_fill in[WEFT_MAX_IN];
    op_fill out[WEFT_MAX_OUT]; /* what added and updated outputs hold before */
    int32_t limit;             /* of OP_FILL_INDEX */
    op_level level;
    double bound;    /* normalised mean square error of each output against double */
    int64_t terms;   /* of the longest sum in it, which widens the bound; 0: no sums */
    bool exact;      /* results on small integers are exact */
    bool whole;      /* tried on whole numbers only: it chooses by sign or size */
    double zeros;    /* share of an output that may be zero before the case is mistrusted */
    unsigned deaf;   /* bit i: a NaN in input i need not reach an output */
    unsigned padded; /* bit i: input i meets padding, which may be skipped or multiplied as 0 */
    char name[OP_NAME_MAX];
} op_case;

/* Numbers of random sign, summed one after the other in float, differ from their exact sum by
 * u^2 / 6 a term in normalised mean square, u = 2^-24; four times that is allowed. */
#define OP_SUM_ERROR (4 * 0x1p-48 / 6)

/* Per-step values of a case whose batch is n. */
weft_values op_values(int32_t n);

/* Fill in its name: "conv2d 2x5x4x3 3x3x3x5 set 2x5x4x5" and what is to stand behind it. */
void op_case_name(op_case *c, const char *behind);

int op_case_count(void);

/* Build a case; index from 0. */
void op_case_at(int index, op_case *out);

/* The bound of a kind's row, without sums. */
double op_kind_bound(weft_op_kind kind);

/* Whether the table has a row for an op. */
bool op_kind_has_case(weft_op_kind kind);

/* Elements and bytes of a tensor, 0 when it is absent. */
static inline int64_t op_count(const weft_tensor *tensor)
{
    return weft_shape_count(tensor->shape);
}

static inline size_t op_bytes(const weft_tensor *tensor)
{
    return (size_t)op_count(tensor) * weft_dtype_bytes(tensor->dtype);
}

#endif
