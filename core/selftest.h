/* Qualification of a device: is what it computes what the CPU backend computes?
 *
 * A selftest has parts: one for each kind of op, one for the settings that a tuner stored, a short
 * training, a probe of the memory. Each part opens what it needs and leaves nothing behind, so that
 * a program can run every part in a process of its own and survive a driver that does not. */
#ifndef WEFT_CORE_SELFTEST_H
#define WEFT_CORE_SELFTEST_H

#include "core/backend.h"
#include "core/graph.h"

/* A network whose steps are tried too; borrowed. */
typedef struct weft_selftest_model {
    const weft_graph *graph;
    const char *name;
    int32_t batch;
} weft_selftest_model;

/* Progress: so many cases of the part are done. */
typedef void weft_selftest_progress(void *user, int done, int total);

typedef struct weft_selftest_desc {
    weft_device *device;          /* under test */
    const weft_device_info *info; /* of it */
    weft_device *reference;       /* of the CPU backend, which defines every op; may be the same */
    bool quick;                   /* small shapes and small networks only */
    const weft_selftest_model *models;
    int model_count;
    weft_selftest_progress *progress; /* may be NULL */
    void *user;
} weft_selftest_desc;

enum { WEFT_SELFTEST_VARIANTS = 8, WEFT_SELFTEST_TEXT = 512 };

typedef enum weft_verdict {
    WEFT_VERDICT_NONE, /* nothing to try: the device takes no such op */
    WEFT_VERDICT_PASSED,
    WEFT_VERDICT_FAILED
} weft_verdict;

/* What came of a part. Errors are those of the case that came nearest to its bound, or passed it
 * furthest. */
typedef struct weft_selftest_row {
    weft_verdict verdict;
    int cases, failed;
    double nmse;  /* normalised mean square error against the reference */
    double bound; /* the most that rounding explains */
    double ulp;   /* largest difference in units of the last place; of the larger of the element
                     and the output's root mean square */
    char variant[WEFT_SELFTEST_VARIANTS][WEFT_VARIANT_MAX]; /* kernels that were tried */
    int variant_count;
    char failure[WEFT_SELFTEST_TEXT]; /* of the first case that failed: op, shape, variant, output,
                                         first differing index, both values */
    char note[WEFT_SELFTEST_TEXT];    /* what else there is to say */
} weft_selftest_row;

/* The short training: after so few steps the losses of two devices differ by rounding alone. */
enum { WEFT_SELFTEST_STEPS = 5 };
extern const double weft_selftest_loss_bound; /* relative */

/* Parts in the order in which they should run: kinds of ops first. */
int weft_selftest_count(void);

/* "conv2d", "training"; borrowed for ever. */
const char *weft_selftest_name(int part);

/* Index of the part of this name, or -1. */
int weft_selftest_find(const char *name);

/* Run one part. What the device computes wrongly, or refuses to do, is in the row; a status other
 * than WEFT_OK says that there is no verdict: out of memory, the reference fails. */
weft_status weft_selftest_run(const weft_selftest_desc *desc, int part, weft_selftest_row *row);

#endif
