#include <math.h>
#include <string.h>

#include "core/train.h"

/* The first of the largest; a NaN is never larger, so a row of NaN counts as class 0. */
static int32_t largest(const float *row, int32_t count)
{
    int32_t best = 0;
    for (int32_t i = 1; i < count; i++)
        if (row[i] > row[best]) best = i;
    return best;
}

void weft_confusion(const float *logits, const int32_t *classes, int64_t count, int32_t class_count,
                    int64_t *confusion)
{
    memset(confusion, 0, sizeof *confusion * (size_t)class_count * (size_t)class_count);
    for (int64_t i = 0; i < count; i++) {
        const int32_t predicted = largest(logits + i * class_count, class_count);
        confusion[(int64_t)classes[i] * class_count + predicted]++;
    }
}

static double ratio(int64_t part, int64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : (double)NAN;
}

void weft_class_scores(const int64_t *confusion, int32_t class_count, weft_class_score *scores)
{
    for (int32_t c = 0; c < class_count; c++) {
        int64_t is = 0, called = 0;
        for (int32_t other = 0; other < class_count; other++) {
            is += confusion[(int64_t)c * class_count + other];
            called += confusion[(int64_t)other * class_count + c];
        }
        const int64_t hits = confusion[(int64_t)c * class_count + c];
        scores[c] = (weft_class_score){.precision = ratio(hits, called),
                                       .recall = ratio(hits, is),
                                       .f1 = ratio(2 * hits, is + called),
                                       .count = is};
    }
}
