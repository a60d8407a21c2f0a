#include "report/histogram.h"

#include <math.h>

static void measure(weft_histogram *h, const float *values, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        const double x = (double)values[i];
        if (!isfinite(x)) continue;
        if (h->count == 0 || x < h->low) h->low = x;
        if (h->count == 0 || x > h->high) h->high = x;
        h->count++;
        h->sum += x;
        h->sum_squares += x * x;
    }
}

static int bucket_of(const weft_histogram *h, double x)
{
    if (h->high <= h->low) return 0;
    const int bucket = (int)((x - h->low) / (h->high - h->low) * WEFT_BUCKETS);
    return bucket < WEFT_BUCKETS ? bucket : WEFT_BUCKETS - 1;
}

weft_histogram weft_histogram_of(const float *values, int64_t count)
{
    weft_histogram h = {0};
    measure(&h, values, count);
    for (int64_t i = 0; i < count; i++)
        if (isfinite(values[i])) h.bucket[bucket_of(&h, (double)values[i])]++;
    return h;
}

double weft_histogram_edge(const weft_histogram *h, int bucket)
{
    if (bucket == WEFT_BUCKETS - 1) return h->high;
    return h->low + (h->high - h->low) * (bucket + 1) / WEFT_BUCKETS;
}
