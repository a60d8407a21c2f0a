/* A bench from the inside: bench_setup.c makes it, bench.c times batches, bench_steps.c the steps
 * of a plan. */
#ifndef WEFT_CORE_BENCH_PRIVATE_H
#define WEFT_CORE_BENCH_PRIVATE_H

#include "core/bench.h"
#include "core/made_up.h"
#include "core/trainer_ring.h"

/* One kind of batch, with the reads of its results that are under way. */
typedef struct weft_bench_pass {
    weft_plan *plan;
    weft_phase last;
    bool trains;
    int32_t count; /* batches in the data */
    uint64_t step; /* enqueued so far */
    uint64_t done; /* of those, known to have ended */
    size_t result_bytes;
    float *results; /* WEFT_IN_FLIGHT of them */
    weft_ticket ticket[WEFT_IN_FLIGHT];
    double host; /* processor seconds spent on enqueuing */
} weft_bench_pass;

struct weft_bench {
    weft_device *device;
    weft_bench_desc desc; /* defaults filled in */
    weft_optimizer optimizer;
    weft_dataset data;
    weft_made_up made_up; /* empty when there is data */
    weft_source *source;
    weft_model *model;
    weft_bench_pass train, predict, one;
    int64_t train_operations, predict_operations; /* of a batch, nominal */
    double start_seconds;
};

/* bench.c: enqueue a batch and the read of its result; waits only for the batch WEFT_IN_FLIGHT
 * before it. */
weft_status weft_bench_batch(weft_bench *b, weft_bench_pass *pass);

/* Wait for the last one. */
weft_status weft_bench_drain(weft_bench *b, weft_bench_pass *pass);

/* The middle of count numbers, which are sorted. */
double weft_bench_median(double *numbers, int32_t count);

#endif
