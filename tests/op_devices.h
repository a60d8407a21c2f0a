/* The devices and settings that a device suite runs on, named by its environment:
 *
 *   WEFT_TEST_BACKEND   cpu, opencl or null; unset: cpu
 *   WEFT_TEST_SETTING   how OpenCL devices are opened: auto, vector, tile, clblast; unset: in
 *                       each family and, for all shapes, with clblast
 *   WEFT_TEST_SHAPES    least, tiny, fast or all; unset: fast
 *   WEFT_TEST_CASE      number of a case, as a failure prints it, or two: 120-150; unset: all
 */
#ifndef WEFT_TESTS_OP_DEVICES_H
#define WEFT_TESTS_OP_DEVICES_H

#include "core/backend.h"
#include "core/selftest/op_table.h"

enum { OP_MAX_DEVICES = 16 };

/* A device opened with one of the settings under which its results may differ. */
typedef struct op_device {
    weft_device *device;
    char name[WEFT_NAME_MAX + 32]; /* "opencl:0 vector (name)" */
    const char *setting;           /* as WEFT_TEST_SETTING names it */
    bool products_only;            /* opened for another route of matrix products */
} op_device;

/* Open everything; returns how many. Says so on stdout when a driver or a device is missing. */
int op_devices_open(op_device list[OP_MAX_DEVICES]);
void op_devices_close(op_device *list, int count);

op_level op_wanted_level(void);

/* Whether a case of the op table is wanted. */
bool op_wanted_case(int index);

#endif
