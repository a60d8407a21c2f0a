#include "tests/op_composed.h"

#include <stdlib.h>

#include "backends/backends.h"
#include "core/compose.h"

typedef struct step {
    weft_step base;
    weft_composed *composed;
} step;

static weft_status supports(weft_device *device, const weft_op *op, weft_support *support)
{
    *support = (weft_support){.variant = "composed"};
    return op->kind < WEFT_OP_COUNT ? weft_backend_cpu()->supports(device, op, support) : WEFT_OK;
}

static void release(weft_step *step_)
{
    step *s = (step *)(void *)step_;
    if (!s) return;
    weft_composed_free(s->composed);
    free(s);
}

/* The parts are steps of the CPU backend: it is what the device is while they are drawn up. */
static weft_status compose(weft_device *device, const weft_op *op, weft_composed **out)
{
    const weft_backend *ours = device->backend;
    device->backend = weft_backend_cpu();
    const weft_status status = weft_composed_new(device, op, out);
    device->backend = ours;
    return status;
}

static weft_status prepare(weft_device *device, const weft_op *op, const char *choice,
                           weft_step **out)
{
    (void)choice;
    *out = NULL;
    step *s = calloc(1, sizeof *s);
    if (!s) return weft_fail(WEFT_ERR_MEMORY, "composed: no memory");
    s->base.device = device;
    const weft_status status = compose(device, op, &s->composed);
    if (status == WEFT_OK)
        *out = &s->base;
    else
        free(s);
    return status;
}

static weft_status enqueue(weft_step *step_, const weft_values *values)
{
    const step *s = (step *)(void *)step_;
    return weft_composed_run(s->composed, values);
}

static weft_status step_info(weft_step *step_, weft_step_info *info)
{
    const step *s = (step *)(void *)step_;
    *info = (weft_step_info){.variant = "composed", .launches = weft_composed_count(s->composed)};
    return WEFT_OK;
}

weft_status op_composed_open(weft_device **out)
{
    static weft_backend backend;
    backend = *weft_backend_cpu();
    backend.supports = supports;
    backend.prepare = prepare;
    backend.enqueue = enqueue;
    backend.release = release;
    backend.step_info = step_info;
    WEFT_TRY(weft_backend_cpu()->open(0, &(weft_open_desc){.threads = 1}, out));
    (*out)->backend = &backend;
    return WEFT_OK;
}
