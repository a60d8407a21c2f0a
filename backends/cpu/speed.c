/* What the processor reaches at best. The best of several runs counts: other work on the machine
 * only ever makes them longer. */
#include <stdlib.h>

#include "backends/cpu/device.h"
#include "core/posix.h"

enum { FEWEST_ROUNDS = 1024, MOST_ROUNDS = 1 << 28, LEAST_TRIES = 3 };

static const double run_seconds = 5e-3; /* well above the cost of waking threads */
static const double budget = 0.15;      /* seconds for each of the two */
static const int64_t copy_count = (int64_t)16 << 20;

/* Operations a second of one run, in units of 1e9. */
static double run_sums(const weft_cpu_device *device, int64_t rounds, double *seconds)
{
    float result = 0;
    const double start = weft_clock();
    const double operations = device->table->speed_sums(device->threads, rounds, &result);
    *seconds = weft_clock() - start;
    return *seconds > 0 ? operations / *seconds * 1e-9 : 0;
}

static double best_sums(const weft_cpu_device *device)
{
    const double end = weft_clock() + budget;
    double best = 0, seconds = 0;
    int64_t rounds = FEWEST_ROUNDS;
    while (run_sums(device, rounds, &seconds) >= 0 && seconds < run_seconds && rounds < MOST_ROUNDS)
        rounds *= 2;
    for (int i = 0; i < LEAST_TRIES || weft_clock() < end; i++) {
        const double reached = run_sums(device, rounds, &seconds);
        if (reached > best) best = reached;
    }
    return best;
}

/* The first run touches memory that is not there yet, and does not count. */
static double best_copy(const weft_cpu_device *device, const float *x, float *y)
{
    const double end = weft_clock() + budget;
    double best = 0;
    for (int i = 0; i <= LEAST_TRIES || weft_clock() < end; i++) {
        const double start = weft_clock();
        device->table->speed_copy(device->threads, copy_count, x, y);
        const double seconds = weft_clock() - start;
        const double reached = 2.0 * (double)copy_count * sizeof(float) / seconds * 1e-9;
        if (i > 0 && seconds > 0 && reached > best) best = reached;
    }
    return best;
}

static weft_status speed_of_memory(const weft_cpu_device *device, double *gbytes)
{
    const size_t count = (size_t)copy_count;
    float *x = malloc(count * sizeof *x), *y = malloc(count * sizeof *y);
    const bool enough = x && y;
    if (enough) {
        for (size_t i = 0; i < count; i++)
            x[i] = 1.0f;
        *gbytes = best_copy(device, x, y);
    }
    free(x);
    free(y);
    if (enough) return WEFT_OK;
    return weft_fail(WEFT_ERR_MEMORY, "cpu: no memory to measure its speed");
}

weft_status weft_cpu_speed(weft_device *device, weft_speed *out)
{
    const weft_cpu_device *own = (const weft_cpu_device *)(const void *)device;
    *out = (weft_speed){.gflops = best_sums(own)};
    return speed_of_memory(own, &out->gbytes);
}
