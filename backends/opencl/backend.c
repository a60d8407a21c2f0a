#include "backends/backends.h"
#include "backends/opencl/internal.h"

const weft_backend *weft_backend_opencl(void)
{
    static const weft_backend backend = {
        .version = WEFT_BACKEND_VERSION,
        .name = "opencl",
        .device_count = cl_device_count,
        .device_info = cl_device_info_of,
        .open = cl_open,
        .close = cl_close,
        .buffer_new = cl_buffer_new,
        .buffer_free = cl_buffer_free,
        .buffer_share = cl_buffer_share,
        .write = cl_write,
        .read = cl_read,
        .copy = cl_copy,
        .fill = cl_fill,
        .read_async = cl_read_async,
        .ticket_done = cl_ticket_done,
        .ticket_wait = cl_ticket_wait,
        .flush = cl_flush,
        .supports = cl_supports,
        .prepare = cl_prepare,
        .enqueue = cl_enqueue,
        .release = cl_release,
        .finish = cl_finish,
        .step_info = cl_step_info,
        .candidates = cl_candidates,
        .store = cl_store,
        .stored = cl_stored,
        .speed = cl_speed,
    };
    return &backend;
}
