/* A network trained twice on one device from one seed, with plans fused and unfused: both must end
 * with the same numbers but for rounding. */
#ifndef WEFT_TESTS_OP_TWIN_H
#define WEFT_TESTS_OP_TWIN_H

#include "core/model.h"

typedef struct twin_case {
    const char *name; /* of a file in models/, unless there is a text */
    const char *text;
    int32_t batch;
    const char *freeze;
    bool still; /* nothing in it can be fused */
    bool large; /* many programs, of kinds that the others have too */
} twin_case;

int twin_count(void);
twin_case twin_at(int index);

/* Train, evaluate and predict with both; fails the test beyond the bounds. models: the folder of
 * the networks. Returns the number of fused ops in the training plan. */
int twin_check(weft_device *device, const char *name, const char *models, const twin_case *c);

#endif
