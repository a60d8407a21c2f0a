#include "cli/energy.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/gpus.h"
#include "core/number.h"
#include "core/posix.h"

enum { LINE = 64, AMD = 0x1002, SENSORS = 32 };

static const char *system_folder(void)
{
    const char *named = getenv("WEFT_SYSFS");
    return named && *named ? named : "/sys";
}

/* The first line of a small file; false when it cannot be read. */
static bool read_line(const char *path, char line[LINE])
{
    FILE *file = fopen(path, "r");
    if (!file) return false;
    const bool found = fgets(line, LINE, file) != NULL;
    fclose(file);
    if (found) line[strcspn(line, "\r\n")] = '\0';
    return found;
}

/* NAN when there is no number. */
static double read_number(const char *path)
{
    char line[LINE];
    double value;
    return read_line(path, line) && weft_parse_double(line, &value) ? value : (double)NAN;
}

/* ---- the processor ---- */

static double read_package(int index, const char *name)
{
    char path[CLI_ENERGY_PATH];
    (void)snprintf(path, sizeof path, "%.400s/class/powercap/intel-rapl:%d/%s", system_folder(),
                   index, name);
    return read_number(path);
}

static bool is_package(int index)
{
    char path[CLI_ENERGY_PATH], name[LINE];
    (void)snprintf(path, sizeof path, "%.400s/class/powercap/intel-rapl:%d/name", system_folder(),
                   index);
    return read_line(path, name) && strncmp(name, "package", strlen("package")) == 0;
}

/* All packages or none: part of the energy would be no answer. */
static int start_packages(cli_energy *e)
{
    int count = 0;
    while (count < CLI_PACKAGES && is_package(count)) {
        e->package[count].last = read_package(count, "energy_uj");
        e->package[count].range = read_package(count, "max_energy_range_uj");
        if (isnan(e->package[count].last) || isnan(e->package[count].range)) return 0;
        count++;
    }
    return count;
}

static void sample_packages(cli_energy *e)
{
    for (int i = 0; i < e->packages; i++) {
        const double now = read_package(i, "energy_uj");
        const double more = now - e->package[i].last;
        e->microjoules += more < 0 ? more + e->package[i].range : more;
        e->package[i].last = now;
    }
}

/* ---- a graphics card ---- */

static const cli_gpu *only_amd(const cli_gpu *gpus, int count)
{
    const cli_gpu *found = NULL;
    for (int i = 0; i < count; i++) {
        if (gpus[i].vendor != AMD) continue;
        if (found) return NULL;
        found = &gpus[i];
    }
    return found;
}

static void find_sensor(cli_energy *e)
{
    cli_gpu gpus[CLI_GPUS_MAX] = {{.vendor = 0}};
    const cli_gpu *gpu = only_amd(gpus, cli_gpus_read(system_folder(), gpus));
    for (int i = 0; gpu && i < SENSORS; i++) {
        (void)snprintf(e->sensor, sizeof e->sensor,
                       "%.400s/class/drm/%s/device/hwmon/hwmon%d/power1_average", system_folder(),
                       gpu->card, i);
        e->power = read_number(e->sensor);
        if (!isnan(e->power)) return;
    }
    e->sensor[0] = '\0';
}

/* Power times time, by the trapezoid between two samples. */
static void sample_sensor(cli_energy *e)
{
    const double now = weft_clock(), power = read_number(e->sensor);
    e->microjoules += (power + e->power) / 2 * (now - e->time);
    e->power = power;
    e->time = now;
}

/* ---- either ---- */

void cli_energy_start(cli_energy *energy, const weft_device_entry *entry)
{
    *energy = (cli_energy){.time = weft_clock(), .microjoules = (double)NAN};
    const weft_device_info *info = &entry->info;
    if (info->type == WEFT_DEVICE_CPU) energy->packages = start_packages(energy);
    if (info->type == WEFT_DEVICE_GPU && cli_gpu_vendor(info) == AMD) find_sensor(energy);
    if (energy->packages > 0 || *energy->sensor) energy->microjoules = 0;
}

void cli_energy_sample(cli_energy *energy)
{
    sample_packages(energy);
    if (*energy->sensor) sample_sensor(energy);
}

double cli_energy_joules(const cli_energy *energy)
{
    return energy->microjoules * 1e-6;
}
