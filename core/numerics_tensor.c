/* One tensor's numbers, by the inspect op: the device sends back a few rows, not the tensor. */
#include <math.h>

#include "core/numerics_private.h"

enum { SLICE_LEAST = 4096 }; /* elements of a row, where there are as many */

static int32_t slices_of(const weft_tensor *tensor)
{
    const int64_t slices = weft_shape_count(tensor->shape) / SLICE_LEAST;
    return slices < 1 ? 1 : slices > WEFT_INSPECT_SLICES ? WEFT_INSPECT_SLICES : (int32_t)slices;
}

weft_status weft_inspect_prepare(const weft_model *model, const weft_tensor *tensor, int place,
                                 weft_step **out)
{
    weft_op op = {.kind = WEFT_OP_inspect, .layer = -1, .in = {*tensor}, .mode = {WEFT_OUT_SET}};
    op.out[0] = (weft_tensor){.buffer = model->numerics->rows,
                              .offset = (int64_t)place * WEFT_INSPECT_ROOM,
                              .shape = {2, {slices_of(tensor), WEFT_INSPECT_COLUMNS}}};
    return model->device->backend->prepare(model->device, &op, NULL, out);
}

/* Take a row in, which stands for `elements`; *sum is of the finite ones. */
static void add_row(weft_numbers *n, const float *row, int64_t elements, double *sum)
{
    const int64_t before = n->count - n->nan - n->infinite;
    const int64_t nan = (int64_t)row[0], infinite = (int64_t)row[1];
    n->count += elements;
    n->nan += nan;
    n->infinite += infinite;
    if (nan + infinite == elements) return;
    n->least = before == 0 ? (double)row[2] : fmin(n->least, (double)row[2]);
    n->largest = before == 0 ? (double)row[3] : fmax(n->largest, (double)row[3]);
    *sum += (double)row[4] * (double)elements;
}

weft_numbers weft_inspect_result(const weft_model *model, const weft_tensor *tensor, int place)
{
    const float *rows = model->numerics->host + (int64_t)place * WEFT_INSPECT_ROOM;
    const int64_t count = weft_shape_count(tensor->shape), slices = slices_of(tensor);
    weft_numbers n = {0};
    double sum = 0;
    for (int64_t s = 0; s < slices; s++)
        add_row(&n, rows + s * WEFT_INSPECT_COLUMNS, (s + 1) * count / slices - s * count / slices,
                &sum);
    const int64_t finite = n.count - n.nan - n.infinite;
    if (finite > 0) n.mean = sum / (double)finite;
    return n;
}

weft_status weft_inspect_now(weft_model *model, const weft_tensor *tensor, weft_numbers *out)
{
    const weft_backend *be = model->device->backend;
    const size_t at = (size_t)WEFT_INSPECT_ASIDE * WEFT_INSPECT_ROOM;
    struct weft_numerics *watch = model->numerics;
    weft_step *step = NULL;
    *out = (weft_numbers){0};
    WEFT_TRY(weft_inspect_prepare(model, tensor, WEFT_INSPECT_ASIDE, &step));
    weft_status status = be->enqueue(step, &(weft_values){0});
    if (status == WEFT_OK)
        status = be->read(watch->rows, at * sizeof(float), watch->host + at,
                          WEFT_INSPECT_ROOM * sizeof(float));
    be->release(step);
    if (status == WEFT_OK) *out = weft_inspect_result(model, tensor, WEFT_INSPECT_ASIDE);
    return status;
}
