/* The order of a tensor's numbers in files (PyTorch's) and on the device. One place for the
 * conversion: conv weight   R x S x C x K      <-> K x C x R x S dense weight  in x out <-> out x
 * in, "in" counted C x H x W when it comes from a flatten per feature   H x W x C order    <-> C x
 * H x W order when it comes from a flatten
 */
#include <string.h>

#include "core/model_private.h"

/* Axes of the device's shape in the order of the file's: out, in, kernel, the rest. */
static int file_axes(const weft_parameter *p, int axes[WEFT_MAX_RANK])
{
    static const weft_axis order[] = {WEFT_AXIS_OUT,    WEFT_AXIS_IN,    WEFT_AXIS_IN_FLAT,
                                      WEFT_AXIS_KERNEL, WEFT_AXIS_PLAIN, WEFT_AXIS_CHANNEL_FLAT};
    int count = 0;
    for (size_t o = 0; o < sizeof order / sizeof *order; o++) {
        for (int a = 0; a < p->shape.rank; a++) {
            if (p->axis[a] == order[o]) axes[count++] = a;
        }
    }
    return count;
}

weft_shape weft_file_shape(const weft_parameter *p)
{
    int axes[WEFT_MAX_RANK] = {0};
    weft_shape shape = {file_axes(p, axes), {0}};
    for (int i = 0; i < shape.rank; i++)
        shape.dim[i] = p->shape.dim[axes[i]];
    return shape;
}

static bool is_flat(const weft_parameter *p, int axis)
{
    const bool flat = p->axis[axis] == WEFT_AXIS_IN_FLAT || p->axis[axis] == WEFT_AXIS_CHANNEL_FLAT;
    return flat && p->flat_from[0] > 0;
}

/* Feature c, h, w of the file is feature h, w, c of the device. */
static int64_t device_feature(const weft_parameter *p, int32_t feature)
{
    const int64_t pixels = (int64_t)p->flat_from[0] * p->flat_from[1];
    return feature % pixels * p->flat_from[2] + feature / pixels;
}

/* Calls for every number: its place in the file and on the device. */
typedef struct walk {
    int axes[WEFT_MAX_RANK];
    int64_t stride[WEFT_MAX_RANK]; /* on the device, of each axis of the file */
    weft_shape file;
} walk;

static walk walk_of(const weft_parameter *p)
{
    walk w = {.file = weft_file_shape(p)};
    int64_t stride[WEFT_MAX_RANK] = {0}, step = 1;
    for (int a = p->shape.rank - 1; a >= 0; a--) {
        stride[a] = step;
        step *= p->shape.dim[a];
    }
    file_axes(p, w.axes);
    for (int i = 0; i < w.file.rank; i++)
        w.stride[i] = stride[w.axes[i]];
    return w;
}

static int64_t device_place(const weft_parameter *p, const walk *w, const int32_t *index)
{
    int64_t place = 0;
    for (int i = 0; i < w->file.rank; i++) {
        const int64_t at = is_flat(p, w->axes[i]) ? device_feature(p, index[i]) : index[i];
        place += at * w->stride[i];
    }
    return place;
}

static void next_index(const walk *w, int32_t *index)
{
    for (int i = w->file.rank - 1; i >= 0; i--) {
        if (++index[i] < w->file.dim[i]) return;
        index[i] = 0;
    }
}

void weft_to_file_order(const weft_parameter *p, const float *device, float *file)
{
    const walk w = walk_of(p);
    const int64_t count = weft_shape_count(p->shape);
    int32_t index[WEFT_MAX_RANK] = {0};
    for (int64_t i = 0; i < count; i++) {
        file[i] = device[device_place(p, &w, index)];
        next_index(&w, index);
    }
}

void weft_to_device_order(const weft_parameter *p, const float *file, float *device)
{
    const walk w = walk_of(p);
    const int64_t count = weft_shape_count(p->shape);
    int32_t index[WEFT_MAX_RANK] = {0};
    for (int64_t i = 0; i < count; i++) {
        device[device_place(p, &w, index)] = file[i];
        next_index(&w, index);
    }
}
