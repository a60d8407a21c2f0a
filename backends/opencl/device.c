#include "backends/opencl/internal.h"

#include <stdlib.h>
#include <string.h>

#include "backends/backends.h"
#include "backends/opencl/tuned.h"

static char *copy_text(const char *text)
{
    if (!text) return NULL;
    const size_t bytes = strlen(text) + 1;
    char *copy = malloc(bytes);
    return copy ? memcpy(copy, text, bytes) : NULL;
}

static weft_status read_limits(cl_device *device)
{
    cl_limits *limits = &device->limits;
    cl_ulong local = 0;
    cl_uint width = 0;
    cl_bool little = CL_TRUE;
    CL_TRY(clGetDeviceInfo, (device->id, CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof limits->max_group,
                             &limits->max_group, NULL));
    CL_TRY(clGetDeviceInfo, (device->id, CL_DEVICE_LOCAL_MEM_SIZE, sizeof local, &local, NULL));
    CL_TRY(clGetDeviceInfo,
           (device->id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, sizeof width, &width, NULL));
    CL_TRY(clGetDeviceInfo, (device->id, CL_DEVICE_ENDIAN_LITTLE, sizeof little, &little, NULL));
    limits->local_bytes = (size_t)local;
    limits->native_floats = (int32_t)width;
    limits->registers = width >= 16 ? 32 : 16;
    limits->little_endian = little;
    return WEFT_OK;
}

static weft_status copy_desc(cl_device *device, const weft_open_desc *desc)
{
    device->cache_dir = copy_text(desc->cache_dir);
    device->dump_dir = copy_text(desc->dump_dir);
    if ((desc->cache_dir && !device->cache_dir) || (desc->dump_dir && !device->dump_dir)) {
        return weft_fail(WEFT_ERR_MEMORY, "opening %s: out of memory", device->info.name);
    }
    device->gemm = desc->gemm;
    device->log = desc->log;
    device->profile = desc->profile;
    if (desc->family != WEFT_FAMILY_AUTO) device->info.family = desc->family;
    return WEFT_OK;
}

static weft_status make_context(cl_device *device)
{
    const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM,
                                                (cl_context_properties)device->platform, 0};
    const cl_command_queue_properties profile = device->profile ? CL_QUEUE_PROFILING_ENABLE : 0;

    cl_int error = CL_SUCCESS;
    device->context = clCreateContext(properties, 1, &device->id, NULL, NULL, &error);
    if (error != CL_SUCCESS) return cl_fail(error, "clCreateContext");
    device->queue = clCreateCommandQueue(device->context, device->id, profile, &error);
    if (error != CL_SUCCESS) return cl_fail(error, "clCreateCommandQueue");
    device->nothing = clCreateBuffer(device->context, CL_MEM_READ_WRITE, 256, NULL, &error);
    if (error != CL_SUCCESS) return cl_fail(error, "clCreateBuffer");
    return WEFT_OK;
}

static weft_status start(cl_device *device, const weft_open_desc *desc)
{
    WEFT_TRY(copy_desc(device, desc));
    WEFT_TRY(read_limits(device));
    WEFT_TRY(make_context(device));
    WEFT_TRY(cl_cache_new(device, &device->cache));
    WEFT_TRY(cl_choices_new(device, &device->choices));
    WEFT_TRY(cl_probe(device));
    cl_routes_take(device, desc->routes);
    return cl_routes_tell(device);
}

weft_status cl_open(int index, const weft_open_desc *desc, weft_device **out)
{
    static const weft_open_desc defaults = {0};
    *out = NULL;

    cl_found found;
    weft_device_info info;
    WEFT_TRY(cl_device_find(index, &found, &info));

    cl_device *device = calloc(1, sizeof *device);
    if (!device) return weft_fail(WEFT_ERR_MEMORY, "opening opencl:%d: out of memory", index);
    device->base.backend = weft_backend_opencl();
    device->info = info;
    device->platform = found.platform;
    device->id = found.id;
    device->next_ticket = 1;

    const weft_status status = start(device, desc ? desc : &defaults);
    if (status != WEFT_OK) {
        cl_close(&device->base);
        return weft_fail_in(status, "opencl:%d (%s)", index, info.name);
    }
    *out = &device->base;
    return WEFT_OK;
}

/* Everything that was made in the context goes before it, in the reverse order of making: a driver
 * has been seen to corrupt its heap otherwise. */
void cl_close(weft_device *device_)
{
    if (!device_) return;
    cl_device *device = (cl_device *)device_;

    if (device->queue) {
        (void)clFinish(device->queue);
        if (device->failed == WEFT_OK && device->cache) cl_cache_save(device);
    }
    for (int i = 0; i < CL_TICKETS; i++) {
        if (device->ticket[i]) clReleaseEvent(device->ticket[i]);
    }
    cl_choices_free(device->choices);
    cl_cache_free(device->cache);
    if (device->nothing) clReleaseMemObject(device->nothing);
    if (device->queue) clReleaseCommandQueue(device->queue);
    if (device->context) clReleaseContext(device->context);
    free(device->cache_dir);
    free(device->dump_dir);
    free(device);
}
