/* TFRecord files (https://www.tensorflow.org/tutorials/load_data/tfrecord): each record is
 *
 *   length u64, mask(crc32c(length)) u32, data, mask(crc32c(data)) u32      little-endian
 *
 * where mask(c) = (c rotated right by 15 bits) + 0xa282ead8. */
#ifndef WEFT_REPORT_TFRECORD_H
#define WEFT_REPORT_TFRECORD_H

#include <stdio.h>

#include "report/wire.h"

/* CRC-32C (Castagnoli; RFC 3720, B.4). */
uint32_t weft_crc32c(const void *bytes, size_t count);
uint32_t weft_crc32c_masked(const void *bytes, size_t count);

/* Put `data` as one record behind what `out` holds. */
void weft_tfrecord_put(weft_wire *out, const weft_wire *data);

/* Read the next record's data into `data`, which is cleared first. False at the end of the file, at
 * a record that is torn or damaged, and where there is no memory for it. */
bool weft_tfrecord_get(FILE *file, weft_wire *data);

/* Bytes that a record with so much data takes. */
enum { WEFT_TFRECORD_FRAME = 16 };

#endif
