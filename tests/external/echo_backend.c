#include "echo_backend.h"

static weft_backend echo;
static long steps;

static weft_status device_info(int index, weft_device_info *info)
{
    return weft_backend_cpu()->device_info(index, info);
}

/* The device must name us, so that buffers and steps come back to our functions. */
static weft_status open_device(int index, const weft_open_desc *desc, weft_device **out)
{
    WEFT_TRY(weft_backend_cpu()->open(index, desc, out));
    (*out)->backend = &echo;
    return WEFT_OK;
}

static weft_status enqueue(weft_step *step, const weft_values *values)
{
    steps++;
    return weft_backend_cpu()->enqueue(step, values);
}

const weft_backend *echo_backend(void)
{
    echo = *weft_backend_cpu();
    echo.name = "echo";
    echo.device_info = device_info;
    echo.open = open_device;
    echo.enqueue = enqueue;
    return &echo;
}

long echo_steps(void)
{
    return steps;
}
