/* The CPU backend: one device, whose queue is empty by the time a call returns. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/backends.h"
#include "backends/cpu/device.h"
#include "core/posix.h"

enum { LINE_MAX_BYTES = 256, THREADS_MAX = 1024 };

/* The text behind "key : " in one of Linux's lists, without blanks at its ends; false when there is
 * no such file or line. */
static bool read_fact(const char *path, const char *key, char text[LINE_MAX_BYTES])
{
    char line[LINE_MAX_BYTES];
    bool found = false;
    FILE *const file = fopen(path, "r");
    if (!file) return false;
    while (!found && fgets(line, sizeof line, file)) {
        const char *value = strchr(line, ':');
        if (!value || strncmp(line, key, strlen(key)) != 0) continue;
        do
            value++;
        while (isspace((unsigned char)*value));
        snprintf(text, LINE_MAX_BYTES, "%s", value);
        size_t length = strlen(text);
        while (length > 0 && isspace((unsigned char)text[length - 1]))
            text[--length] = 0;
        found = length > 0;
    }
    fclose(file);
    return found;
}

static weft_status device_count(int *count)
{
    *count = 1;
    return WEFT_OK;
}

static weft_status check_index(int index)
{
    if (index == 0) return WEFT_OK;
    return weft_fail(WEFT_ERR_USAGE, "cpu: there is no device %d; the only one is 0", index);
}

static weft_status device_info(int index, weft_device_info *info)
{
    char fact[LINE_MAX_BYTES];
    *info = (weft_device_info){.type = WEFT_DEVICE_CPU, .compute_units = weft_cpu_count()};
    WEFT_TRY(check_index(index));
    const bool named = read_fact("/proc/cpuinfo", "model name", fact);
    snprintf(info->name, sizeof info->name, "%.*s", WEFT_NAME_MAX - 1, named ? fact : "CPU");
    snprintf(info->platform, sizeof info->platform, "Weft CPU backend");
    snprintf(info->driver, sizeof info->driver, "%s %s", WEFT_VERSION, weft_cpu_table_best()->name);
    if (read_fact("/proc/cpuinfo", "cpu MHz", fact))
        info->clock_mhz = (int32_t)strtol(fact, NULL, 10);
    if (read_fact("/proc/meminfo", "MemTotal", fact))
        info->memory_bytes = (uint64_t)strtoull(fact, NULL, 10) * 1024;
    info->max_alloc_bytes = info->memory_bytes > 0 ? info->memory_bytes : SIZE_MAX;
    return WEFT_OK;
}

static weft_status open_device(int index, const weft_open_desc *desc, weft_device **out)
{
    *out = NULL;
    WEFT_TRY(check_index(index));
    if (desc->threads < 0 || desc->threads > THREADS_MAX)
        return weft_fail(WEFT_ERR_USAGE, "cpu: %d threads; 0 (all) to %d are allowed",
                         (int)desc->threads, THREADS_MAX);
    weft_cpu_device *const device = calloc(1, sizeof *device);
    if (!device) return weft_fail(WEFT_ERR_MEMORY, "cpu: no memory for a device");
    *device = (weft_cpu_device){.base = {.backend = weft_backend_cpu()},
                                .table = weft_cpu_table_named(desc->routes ? desc->routes : ""),
                                .threads = desc->threads > 0 ? desc->threads : weft_cpu_count(),
                                .profile = desc->profile};
    snprintf(device->base.routes, sizeof device->base.routes, "%s", device->table->name);
    *out = &device->base;
    return WEFT_OK;
}

static void close_device(weft_device *device)
{
    free(device);
}

static weft_status ticket_done(weft_device *device, weft_ticket ticket, bool *done)
{
    const weft_ticket last = ((const weft_cpu_device *)(const void *)device)->ticket;
    *done = ticket > 0 && ticket <= last;
    if (*done) return WEFT_OK;
    return weft_fail(WEFT_ERR_USAGE, "cpu: no ticket %llu was given; the last is %llu",
                     (unsigned long long)ticket, (unsigned long long)last);
}

static weft_status ticket_wait(weft_device *device, weft_ticket ticket)
{
    bool done = false;
    return ticket_done(device, ticket, &done);
}

static weft_status nothing_to_wait_for(weft_device *device)
{
    (void)device;
    return WEFT_OK;
}

static weft_status supports(weft_device *device, const weft_op *op, weft_support *support)
{
    const weft_cpu_table *const table = ((const weft_cpu_device *)(const void *)device)->table;
    *support = (weft_support){.scratch_bytes = 0};
    WEFT_TRY(weft_cpu_supports(op, &support->scratch_bytes));
    snprintf(support->variant, sizeof support->variant, "%s", table->name);
    return WEFT_OK;
}

/* Every op has one kernel here. */
static weft_status no_candidates(weft_device *device, const weft_op *op, weft_choice *list,
                                 int *count)
{
    (void)device, (void)op, (void)list;
    *count = 0;
    return WEFT_OK;
}

static weft_status nothing_to_store(weft_device *device, const weft_op *op, const char *choice)
{
    (void)device, (void)op, (void)choice;
    return WEFT_OK;
}

static weft_status nothing_stored(weft_device *device, int index, weft_key *key,
                                  weft_choice *choice, bool *found)
{
    (void)device, (void)index, (void)key, (void)choice;
    *found = false;
    return WEFT_OK;
}

const weft_backend *weft_backend_cpu(void)
{
    static const weft_backend backend = {
        .version = WEFT_BACKEND_VERSION,
        .name = "cpu",
        .device_count = device_count,
        .device_info = device_info,
        .open = open_device,
        .close = close_device,
        .buffer_new = weft_cpu_buffer_new,
        .buffer_free = weft_cpu_buffer_free,
        .buffer_share = weft_cpu_buffer_share,
        .write = weft_cpu_write,
        .read = weft_cpu_read,
        .copy = weft_cpu_buffer_copy,
        .fill = weft_cpu_fill,
        .read_async = weft_cpu_read_async,
        .ticket_done = ticket_done,
        .ticket_wait = ticket_wait,
        .flush = nothing_to_wait_for,
        .supports = supports,
        .prepare = weft_cpu_prepare,
        .enqueue = weft_cpu_enqueue,
        .release = weft_cpu_release,
        .finish = nothing_to_wait_for,
        .step_info = weft_cpu_step_info,
        .candidates = no_candidates,
        .store = nothing_to_store,
        .stored = nothing_stored,
        .speed = weft_cpu_speed,
    };
    return &backend;
}
