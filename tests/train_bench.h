/* A small training for the suites of the driver: made-up pictures of four classes, a tiny network,
 * a device, and a scratch folder that goes away with it. */
#ifndef WEFT_TESTS_TRAIN_BENCH_H
#define WEFT_TESTS_TRAIN_BENCH_H

#include "core/train.h"
#include "tests/suite.h"

enum { BENCH_SIDE = 6, BENCH_CLASSES = 4, BENCH_COUNT = 150, BENCH_TEST = 37, BENCH_LOG = 256 };

/* Convolution, batchnorm, pooling, dropout, dense; and the same without dropout. */
extern const char BENCH_NETWORK[];
extern const char BENCH_PLAIN[];

/* What a run said, step by step. */
typedef struct bench_log {
    int steps, epochs, ends;
    double loss[BENCH_LOG];
    weft_step_report last;
    weft_epoch_report epoch[16];
    int stop_step, stop_epoch; /* asks for a stop at this one; 0: never */
    char warning[1024];
} bench_log;

typedef struct train_bench {
    weft_registry *registry;
    const weft_device_entry *entry;
    weft_device *device;
    weft_graph *graph;
    weft_dataset data, test;
    uint8_t *samples;
    int32_t *classes;
    char folder[512]; /* scratch */
    bench_log log;
} train_bench;

/* Devices to run on: "cpu", then every OpenCL device's id that is fit for a test. Index past the
 * end: NULL. The CPU backend comes first and is always there; when it stays alone, stdout says so.
 */
const char *bench_device(int index);

void bench_open(train_bench *b, const char *device, const char *network);
void bench_close(train_bench *b);

/* 3 epochs of batches of 16 with 22 samples held out: 8 steps each, no files. The observer fills
 * b->log. */
weft_train_desc bench_desc(train_bench *b);

/* New, run, free. */
weft_status bench_train(train_bench *b, const weft_train_desc *desc, weft_train_result *result);

/* A path in the scratch folder, in one of a few buffers that take turns. */
const char *bench_path(const train_bench *b, const char *name);
const char *bench_file(const train_bench *b, const char *run, const char *name);

/* Whole file with a zero byte behind; the test fails when it cannot be read. */
char *bench_read(const char *path, size_t *count);
void bench_write(const char *path, const void *bytes, size_t count);
bool bench_exists(const char *path);
bool bench_same(const char *a, const char *b);

/* Copy what is on disk of a run into a new folder, as if the process had died now. */
void bench_snapshot(const char *from, const char *to);
void bench_remove(const char *folder);

/* metrics.csv without seconds and images per second. */
char *bench_metrics(const char *path);

#endif
