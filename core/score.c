#include "core/score.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

int32_t weft_predicted_class(const float *row, int32_t class_count)
{
    int32_t best = 0;
    for (int32_t i = 0; i < class_count; i++) {
        if (isnan(row[i])) return -1;
        if (row[i] > row[best]) best = i;
    }
    return best;
}

int64_t weft_confusion(const float *logits, const int32_t *classes, int64_t count,
                       int32_t class_count, int64_t *confusion)
{
    int64_t left_out = 0;
    memset(confusion, 0, sizeof *confusion * (size_t)class_count * (size_t)class_count);
    for (int64_t i = 0; i < count; i++) {
        const int32_t predicted = weft_predicted_class(logits + i * class_count, class_count);
        if (predicted < 0) {
            left_out++;
        } else {
            confusion[(int64_t)classes[i] * class_count + predicted]++;
        }
    }
    return left_out;
}

static double ratio(int64_t part, int64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : (double)NAN;
}

void weft_class_scores(const int64_t *confusion, const int32_t *classes, int64_t count,
                       int32_t class_count, weft_class_score *scores)
{
    memset(scores, 0, sizeof *scores * (size_t)class_count);
    for (int64_t i = 0; i < count; i++)
        scores[classes[i]].count++;
    for (int32_t c = 0; c < class_count; c++) {
        int64_t given = 0;
        for (int32_t other = 0; other < class_count; other++)
            given += confusion[(int64_t)other * class_count + c];
        const int64_t hits = confusion[(int64_t)c * class_count + c];
        scores[c].precision = ratio(hits, given);
        scores[c].recall = ratio(hits, scores[c].count);
        scores[c].f1 = ratio(2 * hits, scores[c].count + given);
    }
}

/* ---- means ---- */

typedef enum figure { PRECISION, RECALL, F1 } figure;

/* What a class adds to a sum. */
static double term(const weft_class_score *score, figure which, bool weighted)
{
    const double figures[] = {score->precision, score->recall, score->f1};
    const double value = isnan(figures[which]) ? 0 : figures[which];
    return weighted ? value * (double)score->count : value;
}

/* The order of the pairwise summation that numpy uses (Higham 1993, "The accuracy of floating point
 * summation"): halves down to blocks, eight sums side by side in a block. Means of counts are
 * often half-way between two printed digits, and there the last bit decides. */
enum { SIDE_BY_SIDE = 8, BLOCK = 128 };

static double sum_block(const weft_class_score *score, int32_t count, figure which, bool weighted)
{
    double s[SIDE_BY_SIDE], sum = 0;
    int32_t at = 0;
    if (count >= SIDE_BY_SIDE) {
        for (; at < SIDE_BY_SIDE; at++)
            s[at] = term(&score[at], which, weighted);
        for (; at < count - count % SIDE_BY_SIDE; at++)
            s[at % SIDE_BY_SIDE] += term(&score[at], which, weighted);
        sum = ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
    }
    for (; at < count; at++)
        sum += term(&score[at], which, weighted);
    return sum;
}

static double sum_pairwise(const weft_class_score *score, int32_t count, figure which,
                           bool weighted)
{
    if (count <= BLOCK) return sum_block(score, count, which, weighted);
    const int32_t half = count / 2 - count / 2 % SIDE_BY_SIDE;
    return sum_pairwise(score, half, which, weighted) +
           sum_pairwise(score + half, count - half, which, weighted);
}

static weft_class_score mean(const weft_class_score *scores, int32_t class_count, int64_t samples,
                             bool weighted)
{
    const double parts = weighted ? (double)samples : (double)class_count;
    return (weft_class_score){.precision =
                                  sum_pairwise(scores, class_count, PRECISION, weighted) / parts,
                              .recall = sum_pairwise(scores, class_count, RECALL, weighted) / parts,
                              .f1 = sum_pairwise(scores, class_count, F1, weighted) / parts,
                              .count = samples};
}

weft_class_means weft_class_scores_mean(const weft_class_score *scores, int32_t class_count)
{
    int64_t samples = 0;
    for (int32_t i = 0; i < class_count; i++)
        samples += scores[i].count;
    return (weft_class_means){.macro = mean(scores, class_count, samples, false),
                              .weighted = mean(scores, class_count, samples, true)};
}

/* ---- ranks ---- */

/* Whether fewer than k logits stand before that of the class. */
static bool among_largest(const float *row, int32_t class_count, int32_t class, int32_t k)
{
    int32_t before = 0;
    for (int32_t i = 0; i < class_count; i++) {
        if (isnan(row[i])) return false;
        before += row[i] > row[class] || (i < class && !(row[i] < row[class]));
    }
    return before < k;
}

double weft_top_accuracy(const float *logits, const int32_t *classes, int64_t count,
                         int32_t class_count, int32_t k)
{
    int64_t hits = 0;
    for (int64_t i = 0; i < count; i++)
        hits += among_largest(logits + i * class_count, class_count, classes[i], k);
    return ratio(hits, count);
}

int32_t weft_confused_pairs(const int64_t *confusion, int32_t class_count,
                            weft_confused_pair *pairs, int32_t most)
{
    int32_t found = 0;
    for (int64_t i = 0; i < (int64_t)class_count * class_count; i++) {
        const weft_confused_pair p = {confusion[i], (int32_t)(i / class_count),
                                      (int32_t)(i % class_count)};
        if (p.class == p.predicted || p.count == 0) continue;
        int32_t at = found < most ? found++ : most;
        for (; at > 0 && p.count > pairs[at - 1].count; at--)
            if (at < most) pairs[at] = pairs[at - 1];
        if (at < most) pairs[at] = p;
    }
    return found;
}
