#include <math.h>

#include "core/optimizer.h"

static const double PI = 3.14159265358979323846;

int weft_optimizer_slots(const weft_optimizer *optimizer)
{
    if (!optimizer) return 0;
    if (optimizer->kind != WEFT_SGD) return 2;
    return optimizer->momentum != 0.0f ? 1 : 0;
}

/* From start (share 0) to end (share 1) along half a cosine. */
static double anneal(double start, double end, double share)
{
    return end + (start - end) / 2.0 * (1.0 + cos(PI * share));
}

/* PyTorch's OneCycleLR: the peak lies at 0.3 * total - 1, which is before step 0 in runs of fewer
 * than four steps. */
static double onecycle(double lr, double step, double total)
{
    const double low = lr / 25.0, end = low / 1e4;
    const double peak = 0.3 * total - 1.0, last = total - 1.0;
    if (step <= peak) return anneal(low, lr, step / peak);
    return anneal(lr, end, (step - peak) / (last - peak));
}

static double thirds(double lr, uint64_t step, uint64_t total)
{
    double rate = lr;
    for (uint64_t third = 3 * step / total; third > 0; third--)
        rate *= 0.1;
    return rate;
}

float weft_schedule_rate(weft_schedule_kind kind, float lr, uint64_t step, uint64_t total)
{
    if (total == 0) total = 1;
    if (step >= total) step = total - 1;
    switch (kind) {
    case WEFT_ONECYCLE:
        return (float)onecycle((double)lr, (double)step, (double)total);
    case WEFT_COSINE:
        return (float)anneal((double)lr, 0.0, (double)step / (double)total);
    case WEFT_STEP:
        return (float)thirds((double)lr, step, total);
    case WEFT_CONSTANT:
        break;
    }
    return lr;
}
