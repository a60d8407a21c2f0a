/* How fast a network runs on a device: training and prediction, and every step of their plans.
 *
 * Operations are nominal: those of the convolutions and matrix products of the plan before any op
 * is fused, 2 N P Q K R S C and 2 m n k, padding included; everything else counts as nothing. So a
 * faster way to compute the same shows as more operations a second, never as fewer operations. */
#ifndef WEFT_CORE_BENCH_H
#define WEFT_CORE_BENCH_H

#include "core/data.h"
#include "core/model.h"
#include "core/plan.h"

/* What pointers point to is borrowed until the bench is freed. */
typedef struct weft_bench_desc {
    const weft_graph *graph;
    const weft_dataset *data;              /* NULL: made-up pictures of the network's input shape */
    int32_t batch;                         /* 0: 64 */
    weft_augment augment;                  /* of training steps */
    double block_seconds;                  /* of a timed block; 0: 0.3; steps have five of them */
    int32_t blocks;                        /* 0: 7 of each kind */
    const weft_device_entry *device_entry; /* a batch must fit its memory; NULL: unchecked */
    double open_seconds; /* what opening the device took: the start-up begins with it */
    weft_log log;
} weft_bench_desc;

typedef struct weft_bench_rate {
    double median, best; /* images per second, of the timed blocks */
    int64_t operations;  /* per image, nominal */
    double gflops;       /* at the median */
    double share;        /* of the device's multiply-adds, measured a moment before */
    double host_share;   /* processor time of the enqueuing thread / time of the step */
    weft_plan_totals plan;
} weft_bench_rate;

typedef struct weft_bench_result {
    weft_speed speed;
    double start_seconds; /* from opening the device to the end of the first training step, without
                             the reading of data */
    weft_bench_rate train, predict;
    double latency; /* seconds from enqueuing a batch of one to its outputs on the host; median */
    weft_model_memory memory;
    int64_t peak_memory; /* bytes of the process before the measuring; 0: unknown */
} weft_bench_result;

/* A network ready to be measured: data on the device, plans prepared, each run once. Everything
 * that a device can refuse has happened when weft_bench_new returns. WEFT_ERR_SHAPE or
 * WEFT_ERR_USAGE when the data does not fit the network or the batch. */
typedef struct weft_bench weft_bench;
WEFT_API weft_status weft_bench_new(weft_device *device, const weft_bench_desc *desc,
                                    weft_bench **out);
WEFT_API void weft_bench_free(weft_bench *bench);

/* Measure the device's speed, training, prediction and latency; takes about six seconds. */
WEFT_API weft_status weft_bench_run(weft_bench *bench, weft_bench_result *result);

/* One step of a plan: what it is and what it costs. */
enum { WEFT_BENCH_SHAPE = 96, WEFT_BENCH_FROM = 96 };
typedef struct weft_bench_step {
    weft_phase phase;
    const char *op;                   /* kind */
    const char *role;                 /* what a backward step is when its kind does not say: "data
                                         gradient", "weight gradient", "backward"; else "" */
    char from[WEFT_BENCH_FROM];       /* what was fused into it: "conv2d+batchnorm_stats", or "" */
    char layer[WEFT_TENSOR_NAME_MAX]; /* name of the layer; "" for the update */
    char variant[WEFT_VARIANT_MAX];
    char shape[WEFT_BENCH_SHAPE]; /* convolution: N x P x Q x K, then R x S x C; product: m x n x
                                     k; else the first output's */
    int32_t launches;
    int64_t operations, bytes; /* as weft_op_operations and weft_op_bytes say */
    double seconds;            /* median */
    double gflops, gbytes;     /* per second */
    double share; /* of the roofline: the time that operations and bytes take at the device's speed,
                     whichever is longer, over the time taken; above 1 where a cache is faster than
                     memory. NAN where it cannot be told */
} weft_bench_step;

/* Time every step of the training or prediction plan, on a device that was opened for profiling.
 * speed: of the device. *steps is the caller's to free(). */
WEFT_API weft_status weft_bench_steps(weft_bench *bench, weft_mode mode, const weft_speed *speed,
                                      weft_bench_step **steps, int32_t *count);

#endif
