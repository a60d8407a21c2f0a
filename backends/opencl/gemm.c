/* Products as launches: register tiles for CPUs, local-memory tiles for GPUs, or CLBlast. */
#include "backends/opencl/gemm.h"

#include <stdio.h>

#include "backends/opencl/conv.h"
#include "backends/opencl/tuning.h"
#include "core/rng.h"

enum { AFTER_ARGS = 9, PRODUCT_ARGS = 10 };

#define EXPRESSION(name, value, gradient, saves, default_a, key) "(" #value ")",
static const char *const values[] = {WEFT_ACTIVATION_LIST(EXPRESSION)};

#define SAVES_in                                            1
#define SAVES_out                                           2
#define SAVES(name, value, gradient, saves, default_a, key) SAVES_##saves,
static const int saves[] = {WEFT_ACTIVATION_LIST(SAVES)};

static const weft_tensor absent = {.shape = {0}};

static bool there(const weft_tensor *tensor)
{
    return tensor && tensor->shape.rank > 0;
}

static bool is_vector(const cl_device *device)
{
    return device->info.family == WEFT_FAMILY_VECTOR;
}

/* ---- the parts of a split product ---- */

static int32_t sum_chunk(const cl_device *device)
{
    return is_vector(device) ? 1024 : cl_group_size(device);
}

/* GPU kernels leave what follows, and the column sums, to launches of their own. */
static bool is_split(const cl_device *device, const cl_product *p, const cl_gemm_way *way)
{
    return way->slices > 1 || (!is_vector(device) && p->after);
}

/* With column sums a part of the vector family has one more row. */
static int64_t part_rows(const cl_device *device, const cl_product *p)
{
    return p->gemm.m + (is_vector(device) && there(p->sums) ? 1 : 0);
}

static int64_t part_floats(const cl_device *device, const cl_product *p, const cl_gemm_way *way)
{
    return is_split(device, p, way) ? part_rows(device, p) * p->gemm.n * way->slices : 0;
}

weft_status cl_product_supports(const cl_device *device, const weft_op *op, const cl_product *p,
                                weft_support *support)
{
    cl_gemm_way way;
    WEFT_TRY(cl_gemm_choose(device, &p->gemm, cl_settings(device, op, NULL), &way));
    char variant[WEFT_VARIANT_MAX];
    if (way.is_thin)
        snprintf(variant, sizeof variant, "vector thin %d, %d slices", (int)way.thin,
                 (int)way.slices);
    else if (is_vector(device))
        snprintf(variant, sizeof variant, "vector %dx%d, %d slices", (int)way.high,
                 (int)way.vectors, (int)way.slices);
    else
        snprintf(variant, sizeof variant, "tile %dx%d, %d slices",
                 (int)(way.items[0] * way.each[0]), (int)(way.items[1] * way.each[1]),
                 (int)way.slices);
    return cl_accept(support, variant, (size_t)part_floats(device, p, &way) * sizeof(float));
}

/* ---- what follows ---- */

static void define_after(cl_defines *defines, const cl_product *p)
{
    const weft_fused *f = p->after;
    cl_define(defines, "AFTER", "%d", f != NULL);
    if (!f) return;
    cl_define(defines, "VALUE", "%s", f->activated ? values[f->activation.kind] : "(v)");
    cl_define(defines, "SAVED", "%d", there(p->saved) ? saves[f->activation.kind] : 0);
    cl_define(defines, "DROPPED", "%d", f->dropped);
}

/* The arguments of dense_after.cl; returns how many. */
static int after_arguments(const cl_product *p, cl_arg *to)
{
    if (!p->after) return 0;
    const weft_dropout drop = p->after->dropout;
    const uint32_t tag = (uint32_t)WEFT_RNG_DROPOUT << 24 | (uint32_t)drop.layer;
    const cl_arg args[AFTER_ARGS] = {
        CL_VAL(CL_VALUE_STEP_LOW),
        CL_VAL(CL_VALUE_ROW0),
        CL_I((int32_t)(uint32_t)drop.seed),
        CL_I((int32_t)(uint32_t)(drop.seed >> 32)),
        CL_I((int32_t)tag),
        CL_I((int32_t)weft_rate_threshold(drop.rate)),
        CL_F(1.0f / (1.0f - drop.rate)),
        CL_F(p->after->activation.a),
        CL_T(p->saved),
    };
    for (int i = 0; i < AFTER_ARGS; i++)
        to[i] = args[i];
    return AFTER_ARGS;
}

/* ---- launches ---- */

static void define_result(const cl_device *device, const cl_product *p, cl_defines *defines)
{
    cl_define_family(device, defines);
    cl_define(defines, "BIAS", "%d", there(p->bias));
    cl_define(defines, "ADD", "%d", p->add);
    cl_define(defines, "SUMS", "%d", is_vector(device) && there(p->sums));
    define_after(defines, p);
}

static void define_vector(const cl_gemm_way *way, cl_defines *defines)
{
    cl_define(defines, "TM", "%d", (int)way->high);
    cl_define(defines, "NV", "%d", (int)way->vectors);
    cl_define(defines, "KB", "%d", (int)way->deep);
    cl_define(defines, "THIN", "%d", (int)way->thin);
}

static void define_tile(const cl_gemm_way *way, cl_defines *defines)
{
    cl_define(defines, "IM", "%d", (int)way->items[0]);
    cl_define(defines, "IN", "%d", (int)way->items[1]);
    cl_define(defines, "TM", "%d", (int)way->each[0]);
    cl_define(defines, "TN", "%d", (int)way->each[1]);
    cl_define(defines, "KT", "%d", (int)way->deep);
    cl_define(defines, "A_VEC", "%d", (int)way->vec_a);
    cl_define(defines, "B_VEC", "%d", (int)way->vec_b);
    cl_define(defines, "Y_VEC", "%d", (int)way->vec_c);
}

/* What the launches of a product have in common. */
typedef struct launching {
    cl_step *step;
    const cl_product *product;
    const cl_gemm_way *way;
    const char *defines;
    const weft_tensor *c, *sums; /* the results, or the slices' parts of them */
} launching;

static weft_status launch_thin(const launching *l)
{
    const cl_product *p = l->product;
    const weft_gemm *g = &p->gemm;
    const cl_spec spec = {"gemm.cl", "gemm_thin", l->defines};
    const cl_grid grid = {{l->way->panels, l->way->slices}, {1}};
    cl_arg args[PRODUCT_ARGS + AFTER_ARGS] = {CL_I(g->m),           CL_I(g->n), CL_I(g->k),
                                              CL_I(l->way->slices), CL_T(p->a), CL_T(p->b),
                                              CL_T(p->bias),        CL_T(l->c)};
    return cl_launch_add(l->step, &spec, &grid, args, 8 + after_arguments(p, args + 8));
}

static weft_status launch_vector(const launching *l)
{
    const cl_product *p = l->product;
    const cl_gemm_way *way = l->way;
    const weft_gemm *g = &p->gemm;
    const cl_spec spec = {"gemm.cl", "gemm", l->defines};
    const cl_grid grid = {{way->panels, way->chunks, way->slices}, {1}};
    cl_arg args[PRODUCT_ARGS + AFTER_ARGS] = {
        CL_I(g->m), CL_I(g->n), CL_I(g->k),    CL_I(way->rows), CL_I(way->slices),
        CL_T(p->a), CL_T(p->b), CL_T(p->bias), CL_T(l->c),      CL_T(l->sums)};
    return cl_launch_add(l->step, &spec, &grid, args, 10 + after_arguments(p, args + 10));
}

static weft_status launch_tile(const launching *l)
{
    const cl_product *p = l->product;
    const cl_gemm_way *way = l->way;
    const weft_gemm *g = &p->gemm;
    const cl_spec spec = {"gemm_tile.cl", "gemm_tile", l->defines};
    const cl_grid grid = {{way->panels * way->chunks, way->slices},
                          {way->items[0] * way->items[1]}};
    return CL_LAUNCH(l->step, &spec, &grid, CL_I(g->m), CL_I(g->n), CL_I(g->k), CL_I(way->slices),
                     CL_T(p->a), CL_T(p->b), CL_T(p->bias), CL_T(l->c));
}

static weft_status launch_product(const launching *l)
{
    if (!is_vector(cl_step_device(l->step))) return launch_tile(l);
    return l->way->is_thin ? launch_thin(l) : launch_vector(l);
}

/* Add up the parts, with all that a split product has left out. */
static weft_status launch_sum(const launching *l)
{
    enum { MOST = 8 + AFTER_ARGS };
    const cl_product *p = l->product;
    const cl_device *device = cl_step_device(l->step);
    const int64_t rows = part_rows(device, p);
    cl_defines defines = {.used = 0};
    define_result(device, p, &defines);
    cl_define(&defines, "CHUNK", "%d", (int)sum_chunk(device));
    cl_arg args[MOST] = {CL_I(p->gemm.n), CL_I(l->way->slices), CL_L(rows * p->gemm.n),
                         CL_T(l->c),      CL_T(p->bias),        CL_T(p->c)};
    int count = 6;
    if (is_vector(device) && there(p->sums)) args[count++] = CL_T(p->sums);
    count += after_arguments(p, args + count);
    const cl_spec spec = {"gemm_sum.cl", "gemm_sum", defines.text};
    const cl_grid grid = {{cl_divide_up(p->gemm.n, sum_chunk(device)), rows},
                          {cl_group_size(device)}};
    return cl_launch_add(l->step, &spec, &grid, args, count);
}

static weft_status launch_all(cl_step *step, const cl_product *p, const cl_gemm_way *way)
{
    const cl_device *device = cl_step_device(step);
    cl_defines defines = {.used = 0};
    define_result(device, p, &defines);
    cl_define(&defines, "TRANS_A", "%d", p->gemm.trans_a);
    cl_define(&defines, "TRANS_B", "%d", p->gemm.trans_b);
    (is_vector(device) ? define_vector : define_tile)(way, &defines);
    launching l = {.step = step,
                   .product = p,
                   .way = way,
                   .defines = defines.text,
                   .c = p->c,
                   .sums = p->sums};
    const int64_t floats = part_floats(device, p, way);
    if (floats == 0) return launch_product(&l);

    const weft_tensor part = cl_scratch(&step->op, 0, floats);
    const weft_tensor sums = cl_scratch(&step->op, (int64_t)p->gemm.m * p->gemm.n, p->gemm.n);
    l.c = &part;
    l.sums = &sums;
    WEFT_TRY(launch_product(&l));
    return launch_sum(&l);
}

weft_status cl_product_add(cl_step *step, const cl_product *product, const char *choice)
{
    const cl_device *device = cl_step_device(step);
    cl_product p = *product;
    if (!p.bias) p.bias = &absent;
    if (!p.sums) p.sums = &absent;
    if (!p.saved) p.saved = &absent;
    cl_gemm_way way;
    WEFT_TRY(cl_gemm_choose(device, &p.gemm, cl_settings(device, &step->op, choice), &way));

    return launch_all(step, &p, &way);
}

/* ---- the op ---- */

static cl_product product_of(const weft_op *op)
{
    return (cl_product){.gemm = op->with.gemm,
                        .a = &op->in[0],
                        .b = &op->in[1],
                        .bias = &op->in[2],
                        .c = &op->out[0],
                        .add = op->mode[0] == WEFT_OUT_ADD};
}

weft_status cl_supports_gemm(const cl_device *device, const weft_op *op, weft_support *support)
{
    bool clblast = false;
    WEFT_TRY(cl_route_clblast(device, &clblast));
    if (clblast) return cl_accept(support, "clblast", 0);
    const cl_product p = product_of(op);
    return cl_product_supports(device, op, &p, support);
}

weft_status cl_op_gemm(cl_device *device, const weft_op *op, const char *choice, cl_step *step)
{
    const cl_product p = product_of(op);
    bool clblast = false;
    WEFT_TRY(cl_route_clblast(device, &clblast));
    if (clblast) return cl_clblast_add(step, &p.gemm, p.a, p.b, p.bias, p.c, p.add);
    return cl_product_add(step, &p, choice);
}
