/* Energy that a device uses, where the system tells it and it can only be this device's: the
 * counters of the processor's packages for devices that compute on the processor (Linux powercap,
 * RAPL), the power sensor of the graphics card for the only AMD GPU here (hwmon of amdgpu). The
 * packages' counters count everything that the processor does meanwhile. */
#ifndef WEFT_CLI_ENERGY_H
#define WEFT_CLI_ENERGY_H

#include "core/backend.h"

enum { CLI_PACKAGES = 8, CLI_ENERGY_PATH = 512 };

typedef struct cli_energy {
    int packages;
    struct {
        double last, range; /* microjoules: of the counter, and where it starts anew */
    } package[CLI_PACKAGES];
    char sensor[CLI_ENERGY_PATH]; /* file of microwatts; "" when there is none */
    double power, time;           /* at the last sample: microwatts, clock */
    double microjoules;           /* so far; NAN: nobody tells */
} cli_energy;

/* Begin to count. WEFT_SYSFS stands in the place of /sys, for tests. */
void cli_energy_start(cli_energy *energy, const weft_device_entry *entry);

/* Take a sample; at least one in some minutes, for counters start anew, and for a sensor one a
 * second is wanted. */
void cli_energy_sample(cli_energy *energy);

/* Since the start; NAN where the system does not tell. */
double cli_energy_joules(const cli_energy *energy);

#endif
