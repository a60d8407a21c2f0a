/* gather, gather_rows: a batch from the data set, by the list of samples. */
#include "backends/opencl/cl.h"

/* Height, width and channels of a sample. Features are one line of one channel. */
typedef struct extents {
    int32_t height, width, channels;
} extents;

static extents extents_of(const weft_op *op)
{
    const weft_shape *shape = &op->out[0].shape;
    const int32_t channels = op->in[2].shape.dim[1];
    const int32_t height = shape->rank == 4 ? shape->dim[1] : 1;
    const int64_t sample = weft_shape_count(*shape) / shape->dim[0];
    return (extents){height, (int32_t)(sample / channels / height), channels};
}

weft_status cl_supports_gather(const cl_device *device, const weft_op *op, weft_support *support)
{
    (void)device;
    const weft_dtype dtype = op->in[0].dtype;
    if (dtype != WEFT_U8 && dtype != WEFT_F32) {
        return weft_fail(WEFT_ERR_UNSUPPORTED, "gather: images are bytes or float32");
    }
    return cl_accept(support, dtype == WEFT_U8 ? "bytes" : "floats", 0);
}

/* The draw is erased below this; a rate of 1 erases always. */
static int64_t erase_limit(float rate)
{
    return (int64_t)((double)rate * 4294967296.0);
}

weft_status cl_op_gather(cl_device *device, const weft_op *op, const char *choice, cl_step *step)
{
    (void)choice;
    const weft_gather with = op->with.gather;
    const weft_augment augment = with.augment;
    const extents size = extents_of(op);
    const int32_t rows = op->out[0].shape.dim[0];

    cl_defines defines = {0};
    cl_define_family(device, &defines);
    cl_define(&defines, "BYTES", "%d", op->in[0].dtype == WEFT_U8);
    cl_define(&defines, "AUGMENT", "%d", augment.shift > 0 || augment.flip || augment.erase > 0.0f);

    const int64_t lines = (int64_t)rows * size.height;
    const int64_t weight = (int64_t)size.width * size.channels;
    const bool vector = device->info.family == WEFT_FAMILY_VECTOR;
    int64_t each;
    const cl_grid grid = vector ? cl_cut(device, lines, weight, &each)
                                : cl_cut(device, lines * size.width, size.channels, &each);
    const cl_spec spec = {"gather.cl", "gather", defines.text};
    return CL_LAUNCH(step, &spec, &grid, CL_I(rows), CL_I(size.height), CL_I(size.width),
                     CL_I(size.channels), CL_I((int32_t)weft_shape_count(op->in[1].shape)),
                     CL_I(op->in[0].shape.dim[0]), CL_L(each), CL_VAL(CL_VALUE_FIRST),
                     CL_VAL(CL_VALUE_EPOCH), CL_I((int32_t)(uint32_t)with.seed),
                     CL_I((int32_t)(uint32_t)(with.seed >> 32)), CL_I(augment.shift),
                     CL_I(augment.flip), CL_L(erase_limit(augment.erase)), CL_T(&op->in[0]),
                     CL_T(&op->in[1]), CL_T(&op->in[2]), CL_T(&op->out[0]));
}

weft_status cl_supports_gather_rows(const cl_device *device, const weft_op *op,
                                    weft_support *support)
{
    (void)device;
    if (weft_dtype_bytes(op->in[0].dtype) != 4) {
        return weft_fail(WEFT_ERR_UNSUPPORTED, "gather_rows: only of float32 and int32");
    }
    return cl_accept(support, "rows", 0);
}

weft_status cl_op_gather_rows(cl_device *device, const weft_op *op, const char *choice,
                              cl_step *step)
{
    enum { NOT_A_NUMBER = 0x7fc00000, NO_CLASS = -1 };
    (void)choice;
    cl_defines defines = {0};
    cl_define_family(device, &defines);
    const int64_t count = weft_shape_count(op->out[0].shape);
    const int32_t columns = (int32_t)(count / op->out[0].shape.dim[0]);
    const int32_t missing = op->in[0].dtype == WEFT_F32 ? NOT_A_NUMBER : NO_CLASS;
    int64_t each;
    const cl_grid grid = cl_cut(device, count, 1, &each);
    const cl_spec spec = {"rows.cl", "gather_rows", defines.text};
    return CL_LAUNCH(step, &spec, &grid, CL_L(count), CL_L(each), CL_I(columns),
                     CL_I((int32_t)weft_shape_count(op->in[1].shape)), CL_I(op->in[0].shape.dim[0]),
                     CL_I(missing), CL_VAL(CL_VALUE_FIRST), CL_T(&op->in[0]), CL_T(&op->in[1]),
                     CL_T(&op->out[0]));
}
