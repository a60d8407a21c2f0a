/* What a batch normalisation is given of a channel's spread.
 *
 * RUNNING   1: `spread` is a variance, and mean and spread are constants; 0: spread is inv_std
 */
#ifndef LANES
#include "common.cl"
#endif

#ifndef RUNNING
#define RUNNING 0
#endif

wide load_inv_std(const __global real *spread, const real eps, const int n)
{
#if RUNNING
    return (wide)(1.0f) / sqrt(load_wide(spread, n) + eps);
#else
    return load_wide(spread, n);
#endif
}
