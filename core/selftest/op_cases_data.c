#include "core/selftest/op_cases.h"

/* Ops at both ends of a step: samples in, losses, updates. */

/* What augmentation a variant asks for. */
static weft_augment augment_of(int variant)
{
    static const weft_augment list[] = {
        {0}, {.shift = 2}, {.flip = true}, {.erase = 0.7f}, {2, true, 0.5f}};
    return list[variant];
}

/* Variants: five augmentations of bytes, then of floats. Shapes without h are features, which have
 * one common mean and are never augmented. n of k samples are taken. */
void op_build_gather(const op_shape *s, int variant, op_case *out)
{
    const weft_dtype dtype = variant < 5 ? WEFT_U8 : WEFT_F32;
    const bool features = s->h == 0;
    out->op.with.gather.seed = 0xfeedface12345678ULL;
    if (!features) out->op.with.gather.augment = augment_of(variant % 5);

    out->op.in[0] =
        features ? op_tensor(dtype, s->k, s->c, 0, 0) : op_tensor(dtype, s->k, s->h, s->w, s->c);
    out->in[0] = OP_FILL_BYTES;
    out->op.in[1] = op_tensor(WEFT_I32, s->n + 5, 0, 0, 0);
    out->in[1] = OP_FILL_INDEX;
    out->limit = s->k;
    out->op.in[2] = OP_F32(2, features ? 1 : s->c, 0, 0);
    out->values.first = 3;
    op_set_out(out, op_image(s), 0);
    out->deaf = 1; /* the NaN may sit in a sample that is not taken */
}

/* Variants: classes, one float a row, targets. */
void op_build_gather_rows(const op_shape *s, int variant, op_case *out)
{
    const weft_dtype dtype = variant == 0 ? WEFT_I32 : WEFT_F32;
    const int32_t width = variant == 2 ? s->c : 0;
    out->op.in[0] = op_tensor(dtype, s->k, width, 0, 0);
    out->op.in[1] = op_tensor(WEFT_I32, s->n + 5, 0, 0, 0);
    out->in[1] = OP_FILL_INDEX;
    out->limit = s->k;
    out->values.first = 4;
    op_set_out(out, op_tensor(dtype, s->n, width, 0, 0), 0);
    out->exact = true;
    out->deaf = 1;
}

static void losses(const op_shape *s, bool gradient, op_case *out)
{
    out->op.in[0] = OP_F32(s->n, s->c, 0, 0);
    if (gradient) op_set_out(out, out->op.in[0], 0);
    out->op.out[1] = OP_F32(WEFT_SLOTS, 2, 0, 0);
    out->op.mode[1] = WEFT_OUT_INOUT;
    out->out[1] = OP_FILL_SMALL;
}

/* Variants: with gradient, without, then both with smoothed labels. */
void op_build_softmax_xent(const op_shape *s, int variant, op_case *out)
{
    losses(s, variant % 2 == 0, out);
    out->op.in[1] = op_tensor(WEFT_I32, s->n, 0, 0, 0);
    out->in[1] = OP_FILL_INDEX;
    out->limit = s->c;
    out->op.with.loss.label_smoothing = variant < 2 ? 0.0f : 0.1f;
    out->zeros = s->c == 1 ? 1 : 0.5; /* one class: no loss and no gradient */
}

void op_build_mse(const op_shape *s, int variant, op_case *out)
{
    losses(s, variant == 0, out);
    out->op.in[1] = OP_F32(s->n, s->c, 0, 0);
}

/* The arena is cut into ranges with gaps between them, of different decay and rate. */
static void ranges(const op_shape *s, int32_t count, weft_update *update)
{
    const int64_t part = s->n / count;
    update->range_count = count;
    for (int32_t i = 0; i < count; i++) {
        const int64_t length = part > 4 ? part - 3 : part;
        update->range[i] =
            (weft_range){i * part, length, i == 0 ? 0.3f : 0.0f, i == 1 ? 0.25f : 1.0f};
    }
}

static void update(const op_shape *s, int slots, op_case *out)
{
    out->op.in[0] = OP_F32(s->n, 0, 0, 0);
    for (int i = 0; i <= slots; i++) {
        out->op.out[i] = OP_F32(s->n, 0, 0, 0);
        out->op.mode[i] = WEFT_OUT_INOUT;
    }
}

/* Variants: plain, momentum, Nesterov; then four ranges in place of one. */
void op_build_sgd(const op_shape *s, int variant, op_case *out)
{
    const int kind = variant % 3;
    out->op.with.update.momentum = kind == 0 ? 0.0f : 0.9f;
    out->op.with.update.nesterov = kind == 2;
    update(s, kind == 0 ? 0 : 1, out);
    ranges(s, variant < 3 || s->n < 8 ? 1 : 4, &out->op.with.update);
}

/* Variants: Adam, AdamW; then with ranges. */
void op_build_adam(const op_shape *s, int variant, op_case *out)
{
    weft_update *with = &out->op.with.update;
    with->beta1 = 0.9f;
    with->beta2 = 0.99f;
    with->eps = 1e-6f;
    with->decoupled = variant % 2 == 1;
    update(s, 2, out);
    out->out[2] = OP_FILL_POSITIVE;
    ranges(s, variant < 2 || s->n < 8 ? 1 : 3, with);
}

/* Variants: one row, three, and one for each element up to 64; then with numbers that are not
 * finite. A NaN is counted, it does not come out. */
void op_build_inspect(const op_shape *s, int variant, op_case *out)
{
    static const int32_t most[] = {1, 3, 64};
    out->op.in[0] = op_image(s);
    const int64_t count = op_count(&out->op.in[0]);
    const int32_t wanted = most[variant % 3], rows = count < wanted ? (int32_t)count : wanted;
    if (variant >= 3) out->in[0] = OP_FILL_WILD;
    op_set_out(out, OP_F32(rows, WEFT_INSPECT_COLUMNS, 0, 0), 0);
    out->terms = count / rows;
    out->deaf = 1;
}
