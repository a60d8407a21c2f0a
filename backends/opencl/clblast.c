/* The CLBlast route: products handed to the library, on any device. */
#include "backends/opencl/gemm.h"

#include <stdlib.h>

#include "backends/opencl/conv.h"

#ifdef WEFT_CLBLAST
#include <clblast_c.h>

weft_status cl_route_clblast(const cl_device *device, bool *use)
{
    *use = device->gemm == WEFT_GEMM_CLBLAST ||
           (device->gemm == WEFT_GEMM_AUTO && device->info.type == WEFT_DEVICE_GPU);
    return WEFT_OK;
}

/* One product with its matrices. The buffers are borrowed from the op's tensors. */
typedef struct call {
    weft_gemm gemm;
    cl_mem a, b, c;
    size_t a_at, b_at, c_at;
    float beta;
} call;

static weft_status multiply(cl_device *device, void *state, cl_event *event)
{
    const call *s = state;
    const weft_gemm *g = &s->gemm;
    const size_t m = (size_t)g->m, n = (size_t)g->n, k = (size_t)g->k;
    const CLBlastStatusCode code =
        CLBlastSgemm(CLBlastLayoutRowMajor, g->trans_a ? CLBlastTransposeYes : CLBlastTransposeNo,
                     g->trans_b ? CLBlastTransposeYes : CLBlastTransposeNo, m, n, k, 1.0f, s->a,
                     s->a_at, g->trans_a ? m : k, s->b, s->b_at, g->trans_b ? k : n, s->beta, s->c,
                     s->c_at, n, &device->queue, event);
    if (code == CLBlastSuccess) return WEFT_OK;
    return weft_fail(WEFT_ERR_DEVICE, "CLBlastSgemm failed with code %d; try --gemm own",
                     (int)code);
}

weft_status cl_clblast_add(cl_step *step, const weft_gemm *gemm, const weft_tensor *a,
                           const weft_tensor *b, const weft_tensor *bias, const weft_tensor *c,
                           bool add)
{
    const bool biased = bias && bias->shape.rank > 0;
    if (biased) WEFT_TRY(cl_sum_add(step, gemm->m, gemm->n, 0, NULL, bias, c, add));

    call *state = malloc(sizeof *state);
    if (!state) return weft_fail(WEFT_ERR_MEMORY, "out of memory");
    *state = (call){.gemm = *gemm,
                    .a = cl_tensor_mem(a),
                    .b = cl_tensor_mem(b),
                    .c = cl_tensor_mem(c),
                    .a_at = (size_t)a->offset,
                    .b_at = (size_t)b->offset,
                    .c_at = (size_t)c->offset,
                    .beta = add || biased ? 1.0f : 0.0f};
    return cl_call_add(step, multiply, state, 1);
}

#else

weft_status cl_route_clblast(const cl_device *device, bool *use)
{
    *use = false;
    if (device->gemm != WEFT_GEMM_CLBLAST) return WEFT_OK;
    return weft_fail(WEFT_ERR_UNSUPPORTED,
                     "this build has no CLBlast (WEFT_CLBLAST=OFF); use --gemm own");
}

weft_status cl_clblast_add(cl_step *step, const weft_gemm *gemm, const weft_tensor *a,
                           const weft_tensor *b, const weft_tensor *bias, const weft_tensor *c,
                           bool add)
{
    (void)step, (void)gemm, (void)a, (void)b, (void)bias, (void)c, (void)add;
    return weft_fail(WEFT_ERR_UNSUPPORTED, "this build has no CLBlast");
}

#endif
