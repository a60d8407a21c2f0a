#include "backends/opencl/internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { MAX_PLATFORMS = 32, MAX_DEVICES = 64 };

void cl_platform_text(cl_platform_id platform, cl_platform_info what, char *text, size_t bytes)
{
    char whole[1024] = "";
    if (clGetPlatformInfo(platform, what, sizeof whole - 1, whole, NULL) != CL_SUCCESS) {
        whole[0] = '\0';
    }
    snprintf(text, bytes, "%.*s", (int)(bytes - 1), whole);
}

void cl_device_text(cl_device_id device, cl_device_info what, char *text, size_t bytes)
{
    char whole[1024] = "";
    if (clGetDeviceInfo(device, what, sizeof whole - 1, whole, NULL) != CL_SUCCESS) {
        whole[0] = '\0';
    }
    const char *start = whole;
    while (isspace((unsigned char)*start)) {
        start++;
    }
    snprintf(text, bytes, "%.*s", (int)(bytes - 1), start);
}

static bool contains(const char *text, const char *part)
{
    const size_t length = strlen(part);
    for (; *text; text++) {
        size_t i = 0;
        while (i < length && tolower((unsigned char)text[i]) == part[i]) {
            i++;
        }
        if (i == length) return true;
    }
    return false;
}

/* Software rasterisers and interpreters: right answers, but nobody wants them by accident. */
static bool is_emulated(const char *name, const char *platform)
{
    static const char *const parts[] = {"llvmpipe", "softpipe", "swiftshader", "oclgrind"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (contains(name, parts[i]) || contains(platform, parts[i])) return true;
    }
    return false;
}

static weft_device_type type_of(cl_device_id id)
{
    cl_device_type type = 0;
    (void)clGetDeviceInfo(id, CL_DEVICE_TYPE, sizeof type, &type, NULL);
    if (type & CL_DEVICE_TYPE_CPU) return WEFT_DEVICE_CPU;
    if (type & CL_DEVICE_TYPE_GPU) return WEFT_DEVICE_GPU;
    return type & CL_DEVICE_TYPE_ACCELERATOR ? WEFT_DEVICE_ACCELERATOR : WEFT_DEVICE_CPU;
}

static cl_uint device_uint(cl_device_id id, cl_device_info what)
{
    cl_uint value = 0;
    (void)clGetDeviceInfo(id, what, sizeof value, &value, NULL);
    return value;
}

static uint64_t device_ulong(cl_device_id id, cl_device_info what)
{
    cl_ulong value = 0;
    (void)clGetDeviceInfo(id, what, sizeof value, &value, NULL);
    return value;
}

static void describe(const cl_found *found, weft_device_info *info)
{
    size_t max_group = 0;
    *info = (weft_device_info){0};
    cl_device_text(found->id, CL_DEVICE_NAME, info->name, sizeof info->name);
    cl_platform_text(found->platform, CL_PLATFORM_NAME, info->platform, sizeof info->platform);
    cl_device_text(found->id, CL_DRIVER_VERSION, info->driver, sizeof info->driver);
    info->type = type_of(found->id);
    info->family = info->type == WEFT_DEVICE_CPU ? WEFT_FAMILY_VECTOR : WEFT_FAMILY_TILE;
    info->emulated = is_emulated(info->name, info->platform);
    info->compute_units = (int32_t)device_uint(found->id, CL_DEVICE_MAX_COMPUTE_UNITS);
    info->clock_mhz = (int32_t)device_uint(found->id, CL_DEVICE_MAX_CLOCK_FREQUENCY);
    info->memory_bytes = device_ulong(found->id, CL_DEVICE_GLOBAL_MEM_SIZE);
    info->max_alloc_bytes = device_ulong(found->id, CL_DEVICE_MAX_MEM_ALLOC_SIZE);
    info->vendor_id = device_uint(found->id, CL_DEVICE_VENDOR_ID);
    cl_device_text(found->id, CL_DEVICE_VERSION, info->version, sizeof info->version);
    (void)clGetDeviceInfo(found->id, CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof max_group, &max_group,
                          NULL);
    info->max_group = max_group;
    info->local_bytes = device_ulong(found->id, CL_DEVICE_LOCAL_MEM_SIZE);
    info->host_memory = device_uint(found->id, CL_DEVICE_HOST_UNIFIED_MEMORY) != CL_FALSE;
    info->programs = cl_sources_hash();
}

/* The devices of one platform that can be used now. A driver that fails to list its devices gets
 * one place without a device, so that asking for that place tells why. */
static int list_devices(cl_platform_id platform, cl_found *found)
{
    cl_device_id devices[MAX_DEVICES];
    cl_uint count = 0;
    const cl_int listed =
        clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, MAX_DEVICES, devices, &count);
    if (listed == CL_DEVICE_NOT_FOUND) return 0;
    if (listed != CL_SUCCESS) {
        found[0] = (cl_found){.platform = platform, .error = listed};
        return 1;
    }
    if (count > MAX_DEVICES) count = MAX_DEVICES;

    int usable = 0;
    for (cl_uint i = 0; i < count; i++) {
        cl_bool available = CL_FALSE;
        const cl_int error =
            clGetDeviceInfo(devices[i], CL_DEVICE_AVAILABLE, sizeof available, &available, NULL);
        if (error != CL_SUCCESS || !available) continue;
        found[usable++] = (cl_found){.platform = platform, .id = devices[i]};
    }
    return usable;
}

/* Walk over all devices of all platforms; where `found` is given, stop at number `wanted`. Returns
 * how many were seen before that. No platform at all is no failure. */
static int walk(int wanted, cl_found *found)
{
    cl_platform_id platforms[MAX_PLATFORMS];
    cl_uint platform_count = 0;
    if (clGetPlatformIDs(MAX_PLATFORMS, platforms, &platform_count) != CL_SUCCESS) return 0;
    if (platform_count > MAX_PLATFORMS) platform_count = MAX_PLATFORMS;

    int seen = 0;
    for (cl_uint p = 0; p < platform_count; p++) {
        cl_found devices[MAX_DEVICES];
        const int count = list_devices(platforms[p], devices);
        if (found && wanted >= seen && wanted < seen + count) {
            *found = devices[wanted - seen];
            return wanted;
        }
        seen += count;
    }
    return seen;
}

weft_status cl_device_count(int *count)
{
    *count = walk(-1, NULL);
    return WEFT_OK;
}

static weft_status broken(const cl_found *found)
{
    char name[WEFT_NAME_MAX];
    cl_platform_text(found->platform, CL_PLATFORM_NAME, name, sizeof name);
    return weft_fail_in(cl_fail(found->error, "clGetDeviceIDs"),
                        "the driver of platform %s cannot list its devices", name);
}

weft_status cl_device_find(int index, cl_found *found, weft_device_info *info)
{
    *found = (cl_found){0};
    *info = (weft_device_info){0};
    const int seen = index < 0 ? 0 : walk(index, found);
    if (found->error != CL_SUCCESS) return broken(found);
    if (!found->id) {
        return weft_fail(WEFT_ERR_USAGE,
                         "opencl:%d: no such device, OpenCL offers %d (from opencl:0)", index,
                         index < 0 ? walk(-1, NULL) : seen);
    }
    describe(found, info);
    return WEFT_OK;
}

weft_status cl_device_info_of(int index, weft_device_info *info)
{
    cl_found found;
    return cl_device_find(index, &found, info);
}
