/* Steps: an op as kernel launches with their arguments set. */
#include "backends/opencl/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/opencl/tuned.h"
#include "core/posix.h"

#define OP_ENTRY(name, inputs, outputs) [WEFT_OP_##name] = {cl_supports_##name, cl_op_##name},
static const cl_op_functions functions[] = {WEFT_OP_LIST(OP_ENTRY) WEFT_FUSED_LIST(OP_ENTRY)};

static weft_status ask(const cl_device *device, const weft_op *op, const char *settings,
                       weft_support *support)
{
    *support = (weft_support){0};
    const char *before = cl_choice_try(device->choices, settings);
    const weft_status status = functions[op->kind].supports(device, op, support);
    cl_choice_try(device->choices, before);
    return status;
}

/* A stored choice may turn out not to build, so there is scratch for the prior too. */
weft_status cl_supports(weft_device *device_, const weft_op *op, weft_support *support)
{
    cl_device *device = (cl_device *)device_;
    *support = (weft_support){0};
    if ((unsigned)op->kind >= WEFT_KIND_COUNT) {
        return weft_fail(WEFT_ERR_UNSUPPORTED, "op %d: there is no such kind", (int)op->kind);
    }
    const char *tried = cl_choice_tried(device->choices);
    if (tried) return ask(device, op, tried, support);

    const weft_status status = ask(device, op, "", support);
    const char *stored = cl_choice_use(device, op);
    weft_support with;
    if (!*stored || ask(device, op, stored, &with) != WEFT_OK) return status;
    if (status == WEFT_OK && support->scratch_bytes > with.scratch_bytes)
        with.scratch_bytes = support->scratch_bytes;
    *support = with;
    return WEFT_OK;
}

weft_status cl_accept(weft_support *support, const char *variant, size_t scratch_bytes)
{
    snprintf(support->variant, sizeof support->variant, "%s", variant);
    support->scratch_bytes = scratch_bytes;
    return WEFT_OK;
}

static weft_status fill_step(cl_device *device, const weft_op *op, const char *settings,
                             cl_step *step)
{
    const char *before = cl_choice_try(device->choices, settings);
    const weft_status status =
        functions[op->kind].prepare(device, &step->op, *settings ? settings : NULL, step);
    cl_choice_try(device->choices, before);
    return status == WEFT_OK ? WEFT_OK
                             : weft_fail_in(status, "%s", weft_op_describe(op->kind)->name);
}

static weft_status prepare_with(cl_device *device, const weft_op *op, const char *settings,
                                bool trial, weft_step **out)
{
    weft_support support;
    *out = NULL;
    WEFT_TRY(ask(device, op, settings, &support));
    cl_step *step = calloc(1, sizeof *step);
    if (!step)
        return weft_fail(WEFT_ERR_MEMORY, "%s: out of memory", weft_op_describe(op->kind)->name);
    step->base.device = &device->base;
    step->op = *op;
    step->trial = trial;
    step->scratch_bytes = support.scratch_bytes;
    memcpy(step->variant, support.variant, sizeof step->variant);

    const weft_status status = fill_step(device, op, settings, step);
    if (status != WEFT_OK) {
        cl_release(&step->base);
        return status;
    }
    *out = &step->base;
    return WEFT_OK;
}

weft_status cl_prepare(weft_device *device_, const weft_op *op, const char *choice, weft_step **out)
{
    cl_device *device = (cl_device *)device_;
    *out = NULL;
    WEFT_TRY(cl_stick(device, WEFT_OK));
    if ((unsigned)op->kind >= WEFT_KIND_COUNT) {
        return weft_fail(WEFT_ERR_UNSUPPORTED, "op %d: there is no such kind", (int)op->kind);
    }
    if (choice) return prepare_with(device, op, choice, true, out);

    const char *stored = cl_choice_use(device, op);
    const weft_status status = prepare_with(device, op, stored, false, out);
    if (status == WEFT_OK || !*stored || status == WEFT_ERR_MEMORY) return status;
    cl_choice_drop(device, op, weft_error());
    return prepare_with(device, op, "", false, out);
}

void cl_release(weft_step *step_)
{
    if (!step_) return;
    cl_step *step = (cl_step *)step_;
    for (int i = 0; i < step->launch_count; i++) {
        cl_launch *launch = &step->launch[i];
        if (launch->event) clReleaseEvent(launch->event);
        if (launch->kernel) clReleaseKernel(launch->kernel);
        free(launch->state);
    }
    free(step);
}

/* ---- filling a step ---- */

static weft_status set_tensor(cl_launch *launch, const cl_device *device, const weft_tensor *tensor,
                              cl_uint *index)
{
    const bool there = tensor && tensor->shape.rank > 0 && tensor->buffer;
    const cl_mem mem = there ? cl_tensor_mem(tensor) : device->nothing;
    const cl_long offset = there ? tensor->offset : 0;
    CL_TRY(clSetKernelArg, (launch->kernel, (*index)++, sizeof mem, &mem));
    CL_TRY(clSetKernelArg, (launch->kernel, (*index)++, sizeof offset, &offset));
    return WEFT_OK;
}

static weft_status set_argument(cl_launch *launch, const cl_device *device, const cl_arg *arg,
                                cl_uint *index)
{
    const cl_long wide = arg->kind == CL_ARG_LONG ? arg->as.l : 0;
    switch (arg->kind) {
    case CL_ARG_INT:
        CL_TRY(clSetKernelArg, (launch->kernel, (*index)++, sizeof arg->as.i, &arg->as.i));
        break;
    case CL_ARG_LONG:
        CL_TRY(clSetKernelArg, (launch->kernel, (*index)++, sizeof wide, &wide));
        break;
    case CL_ARG_FLOAT:
        CL_TRY(clSetKernelArg, (launch->kernel, (*index)++, sizeof arg->as.f, &arg->as.f));
        break;
    case CL_ARG_TENSOR:
        return set_tensor(launch, device, arg->as.tensor, index);
    case CL_ARG_VALUE:
        if (launch->value_count == CL_MAX_VALUES) {
            return weft_fail(WEFT_ERR_DEVICE, "a launch has more than %d values", CL_MAX_VALUES);
        }
        launch->value[launch->value_count].index = (*index)++;
        launch->value[launch->value_count++].value = arg->as.value;
        break;
    }
    return WEFT_OK;
}

static weft_status set_arguments(cl_launch *launch, const cl_device *device, const cl_spec *spec,
                                 const cl_arg *args, int count)
{
    cl_uint index = 0, wanted = 0;
    for (int i = 0; i < count; i++) {
        const weft_status status = set_argument(launch, device, &args[i], &index);
        if (status != WEFT_OK) {
            return weft_fail_in(status, "kernel %s (cl/%s), argument %u", spec->entry, spec->source,
                                (unsigned)index);
        }
    }
    CL_TRY(clGetKernelInfo, (launch->kernel, CL_KERNEL_NUM_ARGS, sizeof wanted, &wanted, NULL));
    if (index == wanted) return WEFT_OK;
    return weft_fail(WEFT_ERR_DEVICE, "kernel %s (cl/%s) takes %u arguments, got %u", spec->entry,
                     spec->source, (unsigned)wanted, (unsigned)index);
}

static weft_status next_launch(cl_step *step, cl_launch **out)
{
    if (step->launch_count == CL_MAX_LAUNCHES) {
        return weft_fail(WEFT_ERR_DEVICE, "more than %d launches", CL_MAX_LAUNCHES);
    }
    *out = &step->launch[step->launch_count++];
    return WEFT_OK;
}

weft_status cl_launch_add(cl_step *step, const cl_spec *spec, const cl_grid *grid,
                          const cl_arg *args, int count)
{
    cl_device *device = cl_step_device(step);
    cl_launch *launch = NULL;
    WEFT_TRY(next_launch(step, &launch));
    for (int d = 0; d < 3; d++) {
        const int64_t groups = grid->groups[d] > 0 ? grid->groups[d] : 1;
        launch->local[d] = grid->local[d] > 0 ? (size_t)grid->local[d] : 1;
        launch->global[d] = (size_t)groups * launch->local[d];
    }
    WEFT_TRY(cl_program_get(device, spec, &launch->kernel, step->trial ? NULL : &launch->entry));
    return set_arguments(launch, device, spec, args, count);
}

weft_status cl_call_add(cl_step *step,
                        weft_status (*call)(cl_device *device, void *state, cl_event *event),
                        void *state, int32_t launches)
{
    cl_launch *launch = NULL;
    const weft_status status = next_launch(step, &launch);
    if (status != WEFT_OK) {
        free(state);
        return status;
    }
    launch->call = call;
    launch->state = state;
    launch->call_launches = launches;
    return WEFT_OK;
}

weft_tensor cl_scratch(const weft_op *op, int64_t at, int64_t count)
{
    weft_tensor view = op->scratch;
    view.dtype = WEFT_F32;
    view.offset = op->scratch.offset / (int64_t)sizeof(float) + at;
    view.shape = (weft_shape){1, {(int32_t)count}};
    return view;
}

/* Below some work a group costs more to hand out than to run; above some number of groups nothing
 * is gained. An even number lets two processors end together. */
cl_grid cl_cut(const cl_device *device, int64_t count, int64_t weight, int64_t *each)
{
    const int32_t local = cl_group_size(device);
    const bool vector = device->info.family == WEFT_FAMILY_VECTOR;
    const int64_t least = vector ? 2048 : 4 * (int64_t)local;
    const int64_t most = vector ? 64 : (int64_t)1 << 16;

    int64_t groups = cl_divide_up(count * (weight > 0 ? weight : 1), least);
    if (groups > most) groups = most;
    if (groups > 1) groups += groups % 2;
    if (groups > count) groups = count;
    *each = cl_divide_up(count, groups > 0 ? groups : 1);
    return (cl_grid){{cl_divide_up(count, *each)}, {local}};
}

int32_t cl_slices(const cl_device *device, int64_t rows, int64_t least)
{
    const int64_t most = device->info.family == WEFT_FAMILY_VECTOR ? 16 : 256;
    const int64_t slices = cl_divide_up(rows, least);
    return (int32_t)(slices < most ? slices : most);
}

cl_grid cl_column_grid(const cl_device *device, int32_t columns)
{
    const int32_t local = cl_group_size(device);
    const int32_t lanes = device->info.family == WEFT_FAMILY_VECTOR ? 16 : 1;
    return (cl_grid){{cl_divide_up(columns, (int64_t)local * lanes)}, {local}};
}

/* ---- running a step ---- */

typedef union word {
    cl_ulong ulong_value;
    cl_uint uint_value;
    cl_int int_value;
    cl_float float_value;
} word;

/* The bytes of a value as its argument has them. */
static size_t value_of(cl_value value, const weft_values *values, word *out)
{
    switch (value) {
    case CL_VALUE_STEP:
        out->ulong_value = values->step;
        return sizeof out->ulong_value;
    case CL_VALUE_STEP_LOW:
        out->uint_value = (cl_uint)(values->step & UINT32_MAX);
        return sizeof out->uint_value;
    case CL_VALUE_SLOT:
        out->int_value = (cl_int)(values->step % WEFT_SLOTS);
        return sizeof out->int_value;
    case CL_VALUE_EPOCH:
        out->uint_value = values->epoch;
        return sizeof out->uint_value;
    case CL_VALUE_FIRST:
        out->int_value = values->first;
        return sizeof out->int_value;
    case CL_VALUE_ROW0:
        out->uint_value = values->row0;
        return sizeof out->uint_value;
    case CL_VALUE_LR:
        out->float_value = values->lr;
        break;
    case CL_VALUE_CORRECTION1:
        out->float_value = values->correction1;
        break;
    case CL_VALUE_CORRECTION2:
        out->float_value = values->correction2;
        break;
    case CL_VALUE_GRAD_SCALE:
        out->float_value = values->grad_scale;
        break;
    case CL_VALUE_LOSS_SCALE:
        out->float_value = values->loss_scale;
        break;
    }
    return sizeof out->float_value;
}

/* Some drivers compile behind the first launch, in a thread of their own. */
static weft_status await_compiler(cl_device *device, double start)
{
    CL_TRY(clFinish, (device->queue));
    device->base.compile_seconds += weft_clock() - start;
    return WEFT_OK;
}

static weft_status run_kernel(cl_device *device, cl_launch *launch, const weft_values *values,
                              cl_event *event)
{
    for (int i = 0; i < launch->value_count; i++) {
        word value;
        const size_t bytes = value_of(launch->value[i].value, values, &value);
        CL_TRY(clSetKernelArg, (launch->kernel, launch->value[i].index, bytes, &value));
    }
    const bool compiles = launch->entry && cl_entry_compiles(launch->entry);
    const double start = compiles ? weft_clock() : 0;
    CL_TRY(clEnqueueNDRangeKernel,
           (device->queue, launch->kernel, 3, NULL, launch->global, launch->local, 0, NULL, event));
    if (launch->entry) cl_entry_launched(launch->entry);
    return compiles ? await_compiler(device, start) : WEFT_OK;
}

static weft_status run_launch(cl_device *device, cl_launch *launch, const weft_values *values)
{
    cl_event *event = device->profile ? &launch->event : NULL;
    if (launch->event) {
        clReleaseEvent(launch->event);
        launch->event = NULL;
    }
    if (launch->call) return launch->call(device, launch->state, event);
    return run_kernel(device, launch, values, event);
}

weft_status cl_enqueue(weft_step *step_, const weft_values *values)
{
    cl_step *step = (cl_step *)step_;
    cl_device *device = cl_step_device(step);
    WEFT_TRY(cl_stick(device, WEFT_OK));
    for (int i = 0; i < step->launch_count; i++) {
        const weft_status status = run_launch(device, &step->launch[i], values);
        if (status == WEFT_OK) continue;
        const weft_op_info *info = weft_op_describe(step->op.kind);
        return cl_stick(device, weft_fail_in(status, "%s (%s)", info->name, step->variant));
    }
    return WEFT_OK;
}

static weft_status add_time(const cl_launch *launch, uint64_t *sum)
{
    cl_ulong start = 0, end = 0;
    if (!launch->event) return WEFT_OK;
    CL_TRY(clWaitForEvents, (1, &launch->event));
    CL_TRY(clGetEventProfilingInfo,
           (launch->event, CL_PROFILING_COMMAND_START, sizeof start, &start, NULL));
    CL_TRY(clGetEventProfilingInfo,
           (launch->event, CL_PROFILING_COMMAND_END, sizeof end, &end, NULL));
    *sum += end > start ? end - start : 0;
    return WEFT_OK;
}

weft_status cl_step_info(weft_step *step_, weft_step_info *info)
{
    cl_step *step = (cl_step *)step_;
    *info = (weft_step_info){
        .operations = weft_op_operations(&step->op),
        .bytes = weft_op_bytes(&step->op),
        .scratch_bytes = step->scratch_bytes,
    };
    memcpy(info->variant, step->variant, sizeof info->variant);
    for (int i = 0; i < step->launch_count; i++) {
        const cl_launch *launch = &step->launch[i];
        info->launches += launch->call ? launch->call_launches : 1;
        WEFT_TRY(add_time(launch, &info->device_ns));
    }
    return WEFT_OK;
}
