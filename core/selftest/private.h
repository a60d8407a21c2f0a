/* What the files of the selftest share. */
#ifndef WEFT_CORE_SELFTEST_PRIVATE_H
#define WEFT_CORE_SELFTEST_PRIVATE_H

#include "core/selftest.h"
#include "core/selftest/op_data.h"

/* op_trial.c: run a case on the device and its definition on the reference, twice on drawn
 * numbers and once with NaN in each input, and add what came of it to the row. */
weft_status weft_trial_run(const weft_selftest_desc *desc, const op_case *c,
                           weft_selftest_row *row);

/* training.c: five steps of a small network on the device, the same again, and on the reference. */
weft_status weft_trial_training(const weft_selftest_desc *desc, weft_selftest_row *row);

/* memory.c: how much of the memory that the device reports can be had and keeps what is written. */
weft_status weft_trial_memory(const weft_selftest_desc *desc, weft_selftest_row *row);

/* Count a case that failed; the first one's text stays. */
void weft_trial_fail(weft_selftest_row *row, const char *format, ...) WEFT_PRINTF(2, 3);

/* Keep the errors of a comparison if no other came nearer to its bound. */
void weft_trial_error(weft_selftest_row *row, double nmse, double bound, double ulp);

void weft_trial_progress(const weft_selftest_desc *desc, int done, int total);

#endif
