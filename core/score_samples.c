/* Figures of single samples: their probabilities, and what follows from those. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "core/checked.h"
#include "core/score.h"

/* Logits of a row against the largest, as in weft_softmax: probability i is exp(row[i] - largest)
 * / sum. */
typedef struct softmax {
    double largest, sum;
} softmax;

static softmax softmax_of(const float *row, int32_t class_count)
{
    softmax s = {.largest = -(double)INFINITY};
    for (int32_t i = 0; i < class_count; i++)
        s.largest = fmax(s.largest, (double)row[i]);
    for (int32_t i = 0; i < class_count; i++)
        s.sum += exp((double)row[i] - s.largest);
    return s;
}

static double probability_of(softmax s, const float *row, int32_t class)
{
    return class < 0 ? (double)NAN : exp((double)row[class] - s.largest) / s.sum;
}

/* ---- calibration ---- */

static int bin_of(double confidence)
{
    int bin = 0;
    while (bin < WEFT_CALIBRATION_BINS - 1 &&
           confidence > (double)(bin + 1) / WEFT_CALIBRATION_BINS)
        bin++;
    return bin;
}

/* Sums into means, bin by bin. */
static void finish(weft_calibration *c)
{
    double gaps = 0;
    for (int i = 0; i < WEFT_CALIBRATION_BINS; i++) {
        const double count = (double)c->count[i];
        if (c->count[i] > 0) gaps += fabs(c->accuracy[i] - c->confidence[i]);
        c->confidence[i] = c->count[i] > 0 ? c->confidence[i] / count : (double)NAN;
        c->accuracy[i] = c->count[i] > 0 ? c->accuracy[i] / count : (double)NAN;
        c->samples += c->count[i];
    }
    c->error = c->samples > 0 ? gaps / (double)c->samples : (double)NAN;
}

void weft_calibration_measure(const float *logits, const int32_t *classes, int64_t count,
                              int32_t class_count, weft_calibration *out)
{
    *out = (weft_calibration){0};
    for (int64_t i = 0; i < count; i++) {
        const float *row = logits + i * class_count;
        const int32_t predicted = weft_predicted_class(row, class_count);
        const double confidence = probability_of(softmax_of(row, class_count), row, predicted);
        if (isnan(confidence)) continue;
        const int bin = bin_of(confidence);
        out->count[bin]++;
        out->confidence[bin] += confidence;
        out->accuracy[bin] += predicted == classes[i];
    }
    finish(out);
}

/* ---- samples worth a look ---- */

/* A NaN among the logits makes the sum one, and everything that is divided by it. */
weft_sample_score weft_score_sample(const float *logits, const int32_t *classes, int64_t index,
                                    int32_t class_count)
{
    const float *row = logits + index * class_count;
    const int32_t class = classes[index], predicted = weft_predicted_class(row, class_count);
    const softmax s = softmax_of(row, class_count);
    return (weft_sample_score){.index = index,
                               .class = class,
                               .predicted = predicted,
                               .probability = probability_of(s, row, predicted),
                               .class_probability = probability_of(s, row, class),
                               .loss = s.largest + log(s.sum) - (double)row[class]};
}

/* What a sample is sorted by, the smallest first. */
typedef double sort_key(const weft_sample_score *s);

static double loss_key(const weft_sample_score *s)
{
    return isnan(s->loss) ? -(double)INFINITY : -s->loss;
}

static double sureness_key(const weft_sample_score *s)
{
    return isnan(s->probability) ? 0 : -s->probability;
}

static double doubt_key(const weft_sample_score *s)
{
    return isnan(s->probability) ? 0 : s->probability;
}

static int compare(sort_key *key, const weft_sample_score *a, const weft_sample_score *b)
{
    const double key_a = key(a), key_b = key(b);
    if (key_a < key_b) return -1;
    if (key_a > key_b) return 1;
    return (a->index > b->index) - (a->index < b->index);
}

static int by_loss(const void *a, const void *b)
{
    return compare(loss_key, a, b);
}

static int by_sureness(const void *a, const void *b)
{
    return compare(sureness_key, a, b);
}

static int by_doubt(const void *a, const void *b)
{
    return compare(doubt_key, a, b);
}

static int (*const orders[])(const void *, const void *) = {
    [WEFT_WORST_ERRORS] = by_loss, [WEFT_SURE_ERRORS] = by_sureness, [WEFT_UNSURE_HITS] = by_doubt};

static bool chosen(const float *row, int32_t class, int32_t class_count, weft_sample_choice choice)
{
    return (weft_predicted_class(row, class_count) == class) == (choice == WEFT_UNSURE_HITS);
}

static int64_t count_chosen(const float *logits, const int32_t *classes, int64_t count,
                            int32_t class_count, weft_sample_choice choice)
{
    int64_t all = 0;
    for (int64_t i = 0; i < count; i++)
        all += chosen(logits + i * class_count, classes[i], class_count, choice);
    return all;
}

weft_status weft_samples_choose(const float *logits, const int32_t *classes, int64_t count,
                                int32_t class_count, weft_sample_choice choice, int64_t most,
                                weft_sample_score **out, int64_t *found, int64_t *all)
{
    const int64_t total = count_chosen(logits, classes, count, class_count, choice);
    weft_sample_score *list = NULL;
    size_t bytes;
    *out = NULL;
    *found = 0;
    if (all) *all = total;
    if (total == 0 || most < 1) return WEFT_OK;
    if (!weft_mul_size((size_t)total, sizeof *list, &bytes)) list = malloc(bytes);
    if (!list)
        return weft_fail(WEFT_ERR_MEMORY, "out of memory to sort %lld samples", (long long)total);

    int64_t at = 0;
    for (int64_t i = 0; i < count; i++)
        if (chosen(logits + i * class_count, classes[i], class_count, choice))
            list[at++] = weft_score_sample(logits, classes, i, class_count);
    qsort(list, (size_t)total, sizeof *list, orders[choice]);
    *found = most < total ? most : total;
    *out = list;
    return WEFT_OK;
}
