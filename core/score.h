/* Figures of a classification, from what a network put out and the true classes. Plain arrays in,
 * plain structs out.
 *
 * logits: count x class_count floats, row by row; classes: count numbers in 0 .. class_count - 1.
 * A row with a NaN says nothing: it has no predicted class and is right about none. */
#ifndef WEFT_CORE_SCORE_H
#define WEFT_CORE_SCORE_H

#include <stdint.h>

#include "core/export.h"
#include "core/status.h"

/* The first of the largest logits, -1 when one is a NaN: what the loss op counts as the answer. */
WEFT_API int32_t weft_predicted_class(const float *row, int32_t class_count);

/* confusion: class_count x class_count counts, row = true class, column = predicted class. Rows of
 * logits that say nothing are left out; their number is returned. */
WEFT_API int64_t weft_confusion(const float *logits, const int32_t *classes, int64_t count,
                                int32_t class_count, int64_t *confusion);

typedef struct weft_class_score {
    double precision; /* hits / samples given this class; NAN where nothing was */
    double recall;    /* hits / samples of this class; NAN where there are none */
    double f1;        /* 2 hits / (given + of this class); NAN where both are 0 */
    int64_t count;    /* samples of this class: its support */
} weft_class_score;

/* Figures of each class; confusion as weft_confusion filled it from the same classes. */
WEFT_API void weft_class_scores(const int64_t *confusion, const int32_t *classes, int64_t count,
                                int32_t class_count, weft_class_score *scores);

/* Means over the classes: each counting once, and each counting as often as it has samples (that
 * recall is the accuracy). An undefined figure counts as 0. Conventions and order of the sums are
 * those of scikit-learn's classification_report, so that printed digits are the same. */
typedef struct weft_class_means {
    weft_class_score macro, weighted; /* count: all samples */
} weft_class_means;
WEFT_API weft_class_means weft_class_scores_mean(const weft_class_score *scores,
                                                 int32_t class_count);

/* Share of the samples whose class is among the k largest logits; of equal logits the first counts
 * as larger, so that k = 1 gives the accuracy. */
WEFT_API double weft_top_accuracy(const float *logits, const int32_t *classes, int64_t count,
                                  int32_t class_count, int32_t k);

/* Two classes that are taken for each other, one way. */
typedef struct weft_confused_pair {
    int64_t count; /* samples of `class` that were given `predicted` */
    int32_t class, predicted;
} weft_confused_pair;

/* The `most` largest counts beside the diagonal, the first of equals first; returns how many there
 * are. */
WEFT_API int32_t weft_confused_pairs(const int64_t *confusion, int32_t class_count,
                                     weft_confused_pair *pairs, int32_t most);

/* How far a network's probabilities are what they say (Guo, Pleiss, Sun, Weinberger 2017, "On
 * Calibration of Modern Neural Networks", equations 1 to 3). Bin i holds the samples whose
 * confidence, the largest probability, is in (i / bins, (i + 1) / bins]. */
enum { WEFT_CALIBRATION_BINS = 15 };
typedef struct weft_calibration {
    int64_t samples; /* in all bins: those with a probability */
    int64_t count[WEFT_CALIBRATION_BINS];
    double confidence[WEFT_CALIBRATION_BINS]; /* mean of the bin; NAN where it is empty */
    double accuracy[WEFT_CALIBRATION_BINS];   /* share of hits; NAN where it is empty */
    double error; /* expected calibration error: the mean over samples of |accuracy - confidence| of
                     their bin; NAN without samples */
} weft_calibration;
WEFT_API void weft_calibration_measure(const float *logits, const int32_t *classes, int64_t count,
                                       int32_t class_count, weft_calibration *out);

/* A sample and what was said about it. Probabilities are NAN where the logits give none. */
typedef struct weft_sample_score {
    int64_t index;            /* of the row */
    int32_t class, predicted; /* the true class; -1: nothing was said */
    double probability;       /* of the predicted class */
    double class_probability; /* of the true class */
    double loss;              /* cross-entropy in nats: -ln(class_probability) */
} weft_sample_score;

/* What was said about sample `index`. */
WEFT_API weft_sample_score weft_score_sample(const float *logits, const int32_t *classes,
                                             int64_t index, int32_t class_count);

typedef enum weft_sample_choice {
    WEFT_WORST_ERRORS, /* wrong, the largest loss first; what has none counts as infinite */
    WEFT_SURE_ERRORS,  /* wrong, the largest probability first */
    WEFT_UNSURE_HITS   /* right, the smallest probability first */
} weft_sample_choice;

/* The first `most` samples of a choice, of equals the first first. *out: *found of them, NULL when
 * there are none; free() it. *all: how many the choice has; may be NULL. WEFT_ERR_MEMORY. */
WEFT_API weft_status weft_samples_choose(const float *logits, const int32_t *classes, int64_t count,
                                         int32_t class_count, weft_sample_choice choice,
                                         int64_t most, weft_sample_score **out, int64_t *found,
                                         int64_t *all);

#endif
