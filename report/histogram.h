/* How numbers are spread: buckets of equal width between the least and the greatest. */
#ifndef WEFT_REPORT_HISTOGRAM_H
#define WEFT_REPORT_HISTOGRAM_H

#include <stdint.h>

enum { WEFT_BUCKETS = 30 };

/* Bucket i holds low + i w <= x < low + (i + 1) w with w = (high - low) / WEFT_BUCKETS; the last
 * one holds `high` too. Where all numbers are equal, the first bucket holds all of them. */
typedef struct weft_histogram {
    int64_t count;    /* finite numbers; the others are left out */
    double low, high; /* 0 where count is 0 */
    double sum, sum_squares;
    int64_t bucket[WEFT_BUCKETS];
} weft_histogram;

weft_histogram weft_histogram_of(const float *values, int64_t count);

/* The upper edge of a bucket. */
double weft_histogram_edge(const weft_histogram *histogram, int bucket);

#endif
