/* The op that a key describes: what a key leaves out gets its default. */
#include <stdlib.h>
#include <string.h>

#include "core/op_key.h"
#include "core/status.h"

/* The words of a key behind its kind; each is "name=value" or a name alone. */
typedef struct reader {
    const weft_key *key;
    weft_op *op;
    bool failed; /* a word is missing or no number */
} reader;

/* The value of a word, NULL when the key has none of this name; of a word alone, "". */
static const char *find(const reader *r, const char *name)
{
    const size_t length = strlen(name);
    for (const char *at = strchr(r->key->text, ' '); at; at = strchr(at + 1, ' ')) {
        if (strncmp(at + 1, name, length) != 0) continue;
        const char end = at[1 + length];
        if (end == '=') return at + length + 2;
        if (end == ' ' || end == '\0') return at + 1 + length;
    }
    return NULL;
}

/* `count` numbers, each but the last with its separator behind it. */
static void read_numbers(reader *r, const char *name, const char *separators, int32_t *to,
                         int count)
{
    const char *at = find(r, name);
    for (int i = 0; i < count; i++) {
        char *end = NULL;
        const long value = at ? strtol(at, &end, 10) : 0;
        const bool fits = at && end != at && value >= 0 && value <= INT32_MAX;
        if (!fits || (i + 1 < count && *end != separators[i])) {
            r->failed = true;
            return;
        }
        to[i] = (int32_t)value;
        at = end + 1;
    }
}

static int32_t read_number(reader *r, const char *name)
{
    int32_t value = 0;
    read_numbers(r, name, "", &value, 1);
    return value;
}

static void read_window(reader *r, const char *name, weft_window *to)
{
    int32_t n[8] = {0};
    read_numbers(r, name, "x/x+,,,", n, 8);
    *to = (weft_window){.dilation = {1, 1}, .groups = 1};
    memcpy(to->kernel, n, sizeof to->kernel);
    memcpy(to->stride, n + 2, sizeof to->stride);
    memcpy(to->pad, n + 4, sizeof to->pad);
}

#define ACT_NAME(name, value, gradient, saves, a, key) [WEFT_ACT_##name] = #name,
static const char *const names[] = {WEFT_ACTIVATION_LIST(ACT_NAME)};
#define ACT_DEFAULT(name, value, gradient, saves, a, key) [WEFT_ACT_##name] = a,
static const char *const defaults[] = {WEFT_ACTIVATION_LIST(ACT_DEFAULT)};

static void read_activation(reader *r, weft_fused *to)
{
    const char *name = find(r, "act");
    for (int i = 0; name && i < WEFT_ACTIVATION_COUNT; i++) {
        const size_t length = strlen(names[i]);
        if (strncmp(name, names[i], length) != 0 || name[length] != ' ') continue;
        to->activated = true;
        to->activation = (weft_act){(weft_activation)i, strtof(defaults[i], NULL)};
    }
}

static void read_parts(reader *r, weft_fused *to)
{
    to->normed = find(r, "norm") != NULL;
    to->batchnorm = (weft_batchnorm){1e-5f, 0.1f, to->normed};
    to->pooled = find(r, "pool") != NULL;
    to->dropped = find(r, "drop") != NULL;
    if (to->pooled) read_window(r, "pool", &to->pool);
    if (to->dropped) to->dropout = (weft_dropout){.rate = 0.5f, .seed = 1};
    read_activation(r, to);
}

/* ---- shapes ---- */

static weft_tensor vector(int32_t count)
{
    return (weft_tensor){.shape = {1, {count}}};
}

static weft_tensor matrix(int32_t rows, int32_t columns)
{
    return (weft_tensor){.shape = {2, {rows, columns}}};
}

static weft_tensor image(const reader *r, const int32_t dim[3])
{
    return (weft_tensor){.shape = {4, {r->key->batch, dim[0], dim[1], dim[2]}}};
}

static weft_tensor filter(const weft_window *w, int32_t channels, int32_t filters)
{
    return (weft_tensor){.shape = {4, {w->kernel[0], w->kernel[1], channels, filters}}};
}

static void read_convolution(reader *r, const weft_window *w)
{
    weft_op *op = r->op;
    int32_t in[3] = {0}, out[3] = {0};
    read_numbers(r, "in", "xx", in, 3);
    read_numbers(r, "out", "xx", out, 3);
    op->in[0] = image(r, in);
    op->out[0] = image(r, out);
    if (op->kind == WEFT_OP_conv2d_weight_grad) {
        op->in[1] = op->out[0];
        op->out[0] = filter(w, in[2], out[2]);
    } else if (op->kind == WEFT_OP_conv2d_data_grad) {
        op->in[1] = filter(w, out[2], in[2]);
    } else {
        op->in[1] = filter(w, in[2], out[2]);
    }
    for (int i = 2; i < WEFT_MAX_IN; i++)
        op->in[i] = vector(out[2]);
    for (int i = 1; i < WEFT_MAX_OUT; i++)
        op->out[i] = vector(out[2]);
}

static void key_window(reader *r)
{
    read_window(r, "window", &r->op->with.window);
    read_convolution(r, &r->op->with.window);
}

static void key_fused_window(reader *r)
{
    read_window(r, "window", &r->op->with.fused.window);
    read_convolution(r, &r->op->with.fused.window);
    read_parts(r, &r->op->with.fused);
}

/* Two digits: whether a, and whether b, is transposed. */
static void read_product(reader *r, weft_gemm *g)
{
    weft_op *op = r->op;
    const int32_t trans = read_number(r, "trans");
    g->trans_a = trans / 10 != 0;
    g->trans_b = trans % 10 != 0;
    g->n = read_number(r, "n");
    g->m = g->trans_a ? read_number(r, "m") : r->key->batch;
    g->k = g->trans_a ? r->key->batch : read_number(r, "k");
    op->in[0] = g->trans_a ? matrix(g->k, g->m) : matrix(g->m, g->k);
    op->in[1] = g->trans_b ? matrix(g->n, g->k) : matrix(g->k, g->n);
    op->in[2] = vector(g->n);
    op->out[0] = matrix(g->m, g->n);
}

static void key_product(reader *r)
{
    read_product(r, &r->op->with.gemm);
}

static void key_dense_block(reader *r)
{
    read_product(r, &r->op->with.fused.gemm);
    read_parts(r, &r->op->with.fused);
    r->op->out[1] = r->op->out[0];
}

static void key_dense_weight_grad(reader *r)
{
    read_product(r, &r->op->with.fused.gemm);
    r->op->out[1] = vector(r->op->with.fused.gemm.n);
}

static void (*const by_kind[WEFT_KIND_COUNT])(reader *r) = {
    [WEFT_OP_conv2d] = key_window,
    [WEFT_OP_conv2d_data_grad] = key_window,
    [WEFT_OP_conv2d_weight_grad] = key_window,
    [WEFT_OP_gemm] = key_product,
    [WEFT_OP_conv2d_stats] = key_fused_window,
    [WEFT_OP_conv2d_block] = key_fused_window,
    [WEFT_OP_dense_block] = key_dense_block,
    [WEFT_OP_dense_weight_grad] = key_dense_weight_grad,
};

static bool find_kind(const weft_key *key, weft_op_kind *out)
{
    const size_t length = strcspn(key->text, " ");
    for (int i = 0; i < WEFT_KIND_COUNT; i++) {
        const char *name = weft_op_describe((weft_op_kind)i)->name;
        if (!by_kind[i] || strlen(name) != length || strncmp(key->text, name, length) != 0)
            continue;
        *out = (weft_op_kind)i;
        return true;
    }
    return false;
}

/* Take away what the key says is not there. */
static void drop_absent(reader *r)
{
    static const weft_tensor absent = {.shape = {0, {0}}};
    static const char modes[] = "-sai";
    const weft_op_info *info = weft_op_describe(r->op->kind);
    const char *given = find(r, "given"), *mode = find(r, "modes");
    r->failed = r->failed || !given || strlen(given) < (size_t)info->inputs || !mode ||
                strlen(mode) != (size_t)info->outputs;
    for (int i = 0; i < WEFT_MAX_IN; i++)
        if (r->failed || i >= info->inputs || given[i] != '1') r->op->in[i] = absent;
    for (int i = 0; i < WEFT_MAX_OUT; i++) {
        const char *found = r->failed || i >= info->outputs ? NULL : strchr(modes, mode[i]);
        r->op->mode[i] = found ? (weft_out_mode)(found - modes) : WEFT_OUT_NONE;
        if (r->op->mode[i] == WEFT_OUT_NONE) r->op->out[i] = absent;
    }
}

static bool shapes_fit(const weft_op *op)
{
    int64_t count = 0;
    for (int i = 0; i < WEFT_MAX_IN; i++)
        if (op->in[i].shape.rank > 0 && weft_shape_check(op->in[i].shape, &count) != WEFT_OK)
            return false;
    for (int i = 0; i < WEFT_MAX_OUT; i++)
        if (op->out[i].shape.rank > 0 && weft_shape_check(op->out[i].shape, &count) != WEFT_OK)
            return false;
    return true;
}

bool weft_op_from_key(const weft_key *key, weft_op *out)
{
    weft_key again;
    reader r = {.key = key, .op = out};
    *out = (weft_op){.layer = -1};
    if (!find_kind(key, &out->kind)) return false;
    by_kind[out->kind](&r);
    drop_absent(&r);
    return !r.failed && shapes_fit(out) && weft_op_key(out, &again) && again.batch == key->batch &&
           strcmp(again.text, key->text) == 0;
}
