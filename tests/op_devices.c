#include "tests/op_devices.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/backends.h"
#include "tests/null_backend.h"

static const char *wish(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value && *value ? value : otherwise;
}

op_level op_wanted_level(void)
{
    const char *shapes = wish("WEFT_TEST_SHAPES", "fast");
    if (strcmp(shapes, "least") == 0) return OP_LEAST;
    if (strcmp(shapes, "tiny") == 0) return OP_TINY;
    return strcmp(shapes, "all") == 0 ? OP_ALL : OP_FAST;
}

bool op_wanted_case(int index)
{
    int first = 0, last = INT_MAX;
    const int read = sscanf(wish("WEFT_TEST_CASE", ""), "%d-%d", &first, &last);
    if (read == 1) last = first;
    return index >= first && index <= last;
}

/* Open a device with some settings and put it on the list. */
static int open_one(const weft_backend *backend, int index, const weft_open_desc *desc,
                    const char *setting, op_device *to)
{
    weft_device_info info = {0};
    if (backend->device_info(index, &info) != WEFT_OK ||
        backend->open(index, desc, &to->device) != WEFT_OK) {
        printf("skipped: %s:%d %s: %s\n", backend->name, index, setting, weft_error());
        return 0;
    }
    to->setting = setting;
    snprintf(to->name, sizeof to->name, "%s:%d %s (%s)", backend->name, index, setting, info.name);
    return 1;
}

/* Both kernel families run on every device; CLBlast only where the whole suite is wanted, because
 * it compiles for long. */
/* Without a cache of ours: keeping a kernel takes some drivers longer than making it. */
static int open_opencl(const weft_backend *backend, int index, op_device *list, int room)
{
    static const struct {
        const char *name;
        weft_open_desc desc;
    } settings[] = {
        {"auto", {.gemm = WEFT_GEMM_OWN}},
        {"vector", {.family = WEFT_FAMILY_VECTOR, .gemm = WEFT_GEMM_OWN}},
        {"tile", {.family = WEFT_FAMILY_TILE, .gemm = WEFT_GEMM_OWN}},
#ifdef WEFT_CLBLAST
        {"clblast", {.gemm = WEFT_GEMM_CLBLAST}},
#endif
    };
    const char *only = wish("WEFT_TEST_SETTING", "");
    int count = 0;
    for (size_t i = 0; i < sizeof settings / sizeof *settings && count < room; i++) {
        const bool products = settings[i].desc.gemm == WEFT_GEMM_CLBLAST;
        if (*only ? strcmp(only, settings[i].name) != 0 : i == 0) continue;
        if (products && !*only && op_wanted_level() != OP_ALL) continue;
        list[count].products_only = products;
        count += open_one(backend, index, &settings[i].desc, settings[i].name, &list[count]);
    }
    return count;
}

static const weft_backend *wanted_backend(void)
{
    const char *name = wish("WEFT_TEST_BACKEND", "cpu");
    if (strcmp(name, "opencl") == 0) return weft_backend_opencl();
    if (strcmp(name, "null") == 0) return weft_backend_null();
    return weft_backend_cpu();
}

int op_devices_open(op_device list[OP_MAX_DEVICES])
{
    const weft_backend *backend = wanted_backend();
    const bool opencl = backend && backend == weft_backend_opencl();
    int devices = 0, count = 0;
    memset(list, 0, OP_MAX_DEVICES * sizeof *list);
    if (!backend || backend->device_count(&devices) != WEFT_OK || devices == 0) {
        printf("skipped: no device of this backend%s%s\n", backend ? ": " : "",
               backend ? weft_error() : "");
        return 0;
    }
    for (int i = 0; i < devices && count < OP_MAX_DEVICES; i++) {
        const weft_open_desc desc = {.threads = 2};
        count += opencl ? open_opencl(backend, i, &list[count], OP_MAX_DEVICES - count)
                        : open_one(backend, i, &desc, "", &list[count]);
    }
    return count;
}

void op_devices_close(op_device *list, int count)
{
    for (int i = 0; i < count; i++)
        list[i].device->backend->close(list[i].device);
}
