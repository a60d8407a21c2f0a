/* What is not finite among a tensor's numbers, and how large the others are. */
#include <math.h>

#include "backends/cpu/ops.h"

typedef struct finding {
    int64_t nans, infinities, finite;
    weft_real low, high;
    double sum;
} finding;

static void look(finding *f, weft_real v)
{
    if (isnan(v)) {
        f->nans++;
    } else if (isinf(v)) {
        f->infinities++;
    } else {
        if (f->finite == 0 || v < f->low) f->low = v;
        if (f->finite == 0 || v > f->high) f->high = v;
        f->finite++;
        f->sum += (double)v;
    }
}

WEFT_CPU_OP(inspect)
{
    (void)values;
    const weft_real *const x = weft_cpu_real(&op->in[0]);
    weft_real *const y = weft_cpu_real(&op->out[0]);
    const int64_t count = weft_shape_count(op->in[0].shape), rows = weft_cpu_rows(&op->out[0]);
    WEFT_PARALLEL(threads)
    for (int64_t s = 0; s < rows; s++) {
        const int64_t begin = s * count / rows, end = (s + 1) * count / rows;
        finding f = {0};
        for (int64_t i = begin; i < end; i++)
            look(&f, x[i]);
        weft_real *const row = y + s * WEFT_INSPECT_COLUMNS;
        row[0] = REAL(f.nans);
        row[1] = REAL(f.infinities);
        row[2] = f.low;
        row[3] = f.high;
        row[4] = REAL(f.sum / (double)(end - begin));
    }
}
