/* What training sees of samples: the rows of a device's own gather op. */
#ifndef WEFT_CORE_GATHERED_H
#define WEFT_CORE_GATHERED_H

#include "core/backend.h"
#include "core/data.h"

/* Sample `id` as epochs 0 .. epochs - 1 of a training gather it: augmented by draws that depend on
 * seed, sample and epoch, then normalised. values: epochs x shape floats. */
weft_status weft_gather_epochs(weft_device *device, const weft_dataset *data,
                               const weft_normalize *norm, const weft_gather *with, int32_t id,
                               int32_t epochs, float *values);

/* The bytes that were normalised: the nearest whole numbers from 0 to 255. count: pixels times
 * channels. */
void weft_denormalize(const weft_normalize *norm, const float *values, int64_t count,
                      uint8_t *bytes);

#endif
