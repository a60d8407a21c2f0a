/* The contents of a case's tensors in host memory, and how results compare. */
#ifndef WEFT_CORE_SELFTEST_OP_DATA_H
#define WEFT_CORE_SELFTEST_OP_DATA_H

#include "core/selftest/op_table.h"
#include "core/status.h"

/* Contents as a device holds them: f32, u8 or i32. Absent tensors are NULL; everything is owned. */
typedef struct op_data {
    void *in[WEFT_MAX_IN];
    void *out[WEFT_MAX_OUT]; /* before the op where it is added to or updated */
} op_data;

typedef enum op_numbers {
    OP_FLOATS,
    OP_INTEGERS /* floats that are small whole numbers: sums of them are exact */
} op_numbers;

/* Draw the contents. Outputs that are set start as NaN, so that what is not written shows. Free
 * them after a failure too. */
weft_status op_data_new(const op_case *c, op_numbers numbers, uint64_t seed, op_data *out);
void op_data_free(op_data *data);

/* How an output of a device compares with the reference. */
typedef struct op_match {
    double error;              /* normalised mean square error over elements that are not NaN */
    double difference, square; /* what it is the ratio of, summed up */
    double ulp;       /* largest difference, in units of the last place of the larger of the
                         reference's element and its root mean square */
    int64_t worst;    /* element of the largest difference */
    int64_t nan_lost; /* elements that are NaN in the reference only */
    int64_t nan_more; /* elements that are NaN on the device only */
    int64_t differs;  /* elements that are not equal (after rounding the reference) */
    int64_t zeros;    /* zeros of the reference */
    int64_t nans;     /* NaN of the reference */
} op_match;

/* What the reference's f32 tensors hold. */
typedef enum op_width { OP_SINGLE, OP_DOUBLE } op_width;
op_match op_compare(const weft_tensor *tensor, const void *device, const void *reference,
                    op_width width);

/* The error that a verdict goes by: infinite where one side alone is not a number, and where the
 * mean square error itself is none. */
double op_match_error(const op_match *match);

/* What a bound against exact numbers becomes when both sides round: (x + y)^2 <= 2 x^2 + 2 y^2. */
enum { OP_BOTH_SIDES = 4 };

/* Mean square of the elements that are not NaN. */
double op_mean_square(const weft_tensor *tensor, const void *contents, op_width width);

/* The first element whose squared difference from the reference is above `most`, or that is NaN or
 * infinite in one of them only; -1: none. */
int64_t op_first_beyond(const weft_tensor *tensor, const void *device, const void *reference,
                        op_width width, double most);

/* An element of a tensor's contents as a number. */
double op_value_at(const weft_tensor *tensor, const void *contents, int64_t i, op_width width);

/* A deterministic number below `limit`, from a seed and an index. */
uint32_t op_random(uint64_t seed, int64_t index, uint32_t limit);

/* The same in [0, 1). */
double op_uniform(uint64_t seed, int64_t index);

#endif
