/* Dense layers with what follows them, and the gradients that go together. */
#include "backends/opencl/dropout.h"
#include "backends/opencl/gemm.h"
#include "backends/opencl/rows.h"

/* A product that CLBlast makes has no room for anything else. */
static weft_status refuse_clblast(const cl_device *device, const weft_op *op)
{
    bool clblast = false;
    WEFT_TRY(cl_route_clblast(device, &clblast));
    if (!clblast) return WEFT_OK;
    return weft_fail(WEFT_ERR_UNSUPPORTED, "%s: CLBlast makes products alone; try --gemm own",
                     weft_op_describe(op->kind)->name);
}

/* ---- dense_block ---- */

static cl_product block_of(const weft_op *op)
{
    const weft_fused *f = &op->with.fused;
    return (cl_product){.gemm = f->gemm,
                        .a = &op->in[0],
                        .b = &op->in[1],
                        .bias = &op->in[2],
                        .c = &op->out[0],
                        .after = f,
                        .saved = &op->out[1]};
}

weft_status cl_supports_dense_block(const cl_device *device, const weft_op *op,
                                    weft_support *support)
{
    const cl_product p = block_of(op);
    WEFT_TRY(refuse_clblast(device, op));
    return cl_product_supports(device, op, &p, support);
}

weft_status cl_op_dense_block(cl_device *device, const weft_op *op, const char *choice,
                              cl_step *step)
{
    (void)device;
    const cl_product p = block_of(op);
    return cl_product_add(step, &p, choice);
}

/* ---- dense_weight_grad ---- */

static cl_product weights_of(const weft_op *op)
{
    return (cl_product){.gemm = op->with.fused.gemm,
                        .a = &op->in[0],
                        .b = &op->in[1],
                        .c = &op->out[0],
                        .add = op->mode[0] == WEFT_OUT_ADD,
                        .sums = &op->out[1]};
}

/* On GPUs the sums of the rows are launches of their own. */
weft_status cl_supports_dense_weight_grad(const cl_device *device, const weft_op *op,
                                          weft_support *support)
{
    const cl_product p = weights_of(op);
    WEFT_TRY(refuse_clblast(device, op));
    WEFT_TRY(cl_product_supports(device, op, &p, support));
    if (device->info.family != WEFT_FAMILY_VECTOR) {
        const int64_t floats = cl_rows_scratch(device, p.gemm.k, p.gemm.n);
        support->scratch_bytes += (size_t)floats * sizeof(float);
    }
    return WEFT_OK;
}

weft_status cl_op_dense_weight_grad(cl_device *device, const weft_op *op, const char *choice,
                                    cl_step *step)
{
    const cl_product p = weights_of(op);
    const int64_t rows = p.gemm.k, floats = cl_rows_scratch(device, rows, p.gemm.n);
    const int64_t all = (int64_t)(step->scratch_bytes / sizeof(float));
    WEFT_TRY(cl_product_add(step, &p, choice));
    if (device->info.family == WEFT_FAMILY_VECTOR) return WEFT_OK;
    return cl_rows_add(step, rows, p.gemm.n, p.b, all - floats, p.sums);
}

/* ---- dropout_act_grad ---- */

#define GRADIENT(name, value, gradient, saves, default_a, key) #gradient,
static const char *const gradients[] = {WEFT_ACTIVATION_LIST(GRADIENT)};

weft_status cl_supports_dropout_act_grad(const cl_device *device, const weft_op *op,
                                         weft_support *support)
{
    (void)device, (void)op;
    return cl_accept(support, "philox", 0);
}

weft_status cl_op_dropout_act_grad(cl_device *device, const weft_op *op, const char *choice,
                                   cl_step *step)
{
    (void)device, (void)choice;
    const weft_act act = op->with.fused.activation;
    return cl_dropout_add(step, &op->with.fused.dropout, &op->in[1], gradients[act.kind], act.a,
                          &op->in[0]);
}
