/* What an instruction set reaches at best: multiply-adds that never leave the registers, and a copy
 * of memory. */
#include "backends/cpu/ops.h"

/* Sums that do not wait for one another; with the two factors they fit sixteen registers. */
enum { CHAINS = 12, SPEED_PIECE = 1 << 16 };

static weft_vec same(weft_real value)
{
    weft_real lanes[WEFT_LANES];
    for (int i = 0; i < WEFT_LANES; i++)
        lanes[i] = value;
    return weft_vec_load(lanes);
}

static weft_real first_lane(weft_vec vec)
{
    weft_real lanes[WEFT_LANES];
    weft_vec_store(lanes, vec);
    return lanes[0];
}

/* The factors are arguments, so that nothing can be computed beforehand. */
static weft_real sums(int64_t rounds, weft_real a, weft_real b)
{
    const weft_vec factor = same(a), term = same(b);
    weft_vec sum[CHAINS];
    for (int i = 0; i < CHAINS; i++)
        sum[i] = same(REAL(i));
    for (int64_t r = 0; r < rounds; r++) {
        for (int i = 0; i < CHAINS; i++)
            sum[i] = sum[i] * factor + term;
    }
    weft_real all = 0;
    for (int i = 0; i < CHAINS; i++)
        all += first_lane(sum[i]);
    return all;
}

/* Each thread does the same work. */
double WEFT_CPU_NAME(speed_sums)(int threads, int64_t rounds, float *result)
{
    volatile weft_real a = REAL(0.5), b = REAL(0.25);
    const weft_real factor = a, term = b;
    weft_real last = 0;
#ifdef _OPENMP
    WEFT_PRAGMA(omp parallel for schedule(static) num_threads(threads) lastprivate(last))
#endif
    for (int t = 0; t < threads; t++)
        last = sums(rounds, factor, term);
    *result = (float)last;
    return 2.0 * CHAINS * WEFT_LANES * (double)rounds * threads;
}

void WEFT_CPU_NAME(speed_copy)(int threads, int64_t count, const float *x, float *y)
{
    const int64_t pieces = weft_cpu_pieces(count, SPEED_PIECE);
    WEFT_PARALLEL(threads)
    for (int64_t p = 0; p < pieces; p++) {
        const int64_t from = p * SPEED_PIECE, end = weft_cpu_min(count, from + SPEED_PIECE);
        for (int64_t i = from; i < end; i++)
            y[i] = x[i];
    }
}
