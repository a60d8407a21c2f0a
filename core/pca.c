#include "core/pca.h"

#include <math.h>
#include <stdlib.h>

#include "core/checked.h"
#include "core/rng.h"

/* A few more vectors than are wanted: the first two settle as fast as the ninth variance is
 * smaller than theirs. */
enum { BLOCK = 8, STEPS_MAX = 300, SWEEPS_MAX = 60 };

/* A component counts as found when the scatter matrix moves it out of its line by no more than this
 * share of the largest variance. Rounding alone is near 1e-15. */
static const double SETTLED = 1e-11;

typedef struct pca {
    const float *rows;
    int64_t count, width;
    double *mean;    /* width */
    double *basis;   /* width x BLOCK, columns orthonormal or zero */
    double *product; /* width x BLOCK: scatter matrix times basis */
    double total;    /* sum of squares of the centred rows */
    double value[BLOCK];
} pca;

static weft_status check(const pca *p)
{
    if (p->count < 2) return weft_fail(WEFT_ERR_USAGE, "pca: two rows at least are wanted");
    for (int64_t i = 0; i < p->count * p->width; i++) {
        if (!isfinite(p->rows[i])) {
            return weft_fail(WEFT_ERR_FORMAT, "pca: row %lld holds a number that is not finite",
                             (long long)(i / p->width));
        }
    }
    return WEFT_OK;
}

static weft_status allocate(pca *p)
{
    int64_t all = 0;
    if (weft_mul_i64(p->width, BLOCK, &all) || all > INT64_MAX / (int64_t)sizeof(double)) {
        return weft_fail(WEFT_ERR_MEMORY, "pca: %lld columns are too many", (long long)p->width);
    }
    p->mean = calloc((size_t)p->width, sizeof *p->mean);
    p->basis = calloc((size_t)all, sizeof *p->basis);
    p->product = calloc((size_t)all, sizeof *p->product);
    if (p->mean && p->basis && p->product) return WEFT_OK;
    return weft_fail(WEFT_ERR_MEMORY, "pca: no memory for %lld columns", (long long)p->width);
}

static void centre(pca *p)
{
    for (int64_t i = 0; i < p->count; i++) {
        for (int64_t j = 0; j < p->width; j++)
            p->mean[j] += (double)p->rows[i * p->width + j] / (double)p->count;
    }
    for (int64_t i = 0; i < p->count; i++) {
        for (int64_t j = 0; j < p->width; j++) {
            const double d = (double)p->rows[i * p->width + j] - p->mean[j];
            p->total += d * d;
        }
    }
}

/* The basis' coordinates of a row. */
static void project(const pca *p, int64_t i, double to[BLOCK])
{
    for (int k = 0; k < BLOCK; k++)
        to[k] = 0;
    for (int64_t j = 0; j < p->width; j++) {
        const double d = (double)p->rows[i * p->width + j] - p->mean[j];
        for (int k = 0; k < BLOCK; k++)
            to[k] += d * p->basis[j * BLOCK + k];
    }
}

/* product = X^T (X basis), X being the centred rows. */
static void multiply(pca *p)
{
    double at[BLOCK];
    for (int64_t j = 0; j < p->width * BLOCK; j++)
        p->product[j] = 0;
    for (int64_t i = 0; i < p->count; i++) {
        project(p, i, at);
        for (int64_t j = 0; j < p->width; j++) {
            const double d = (double)p->rows[i * p->width + j] - p->mean[j];
            for (int k = 0; k < BLOCK; k++)
                p->product[j * BLOCK + k] += d * at[k];
        }
    }
}

static double dot(const double *a, int ka, const double *b, int kb, int64_t width)
{
    double sum = 0;
    for (int64_t j = 0; j < width; j++)
        sum += a[j * BLOCK + ka] * b[j * BLOCK + kb];
    return sum;
}

static void scale(double *a, int k, double factor, int64_t width)
{
    for (int64_t j = 0; j < width; j++)
        a[j * BLOCK + k] *= factor;
}

/* Gram and Schmidt, twice for the sake of rounding. A column that holds nothing new, by a share of
 * 1e-12 of what it was, becomes zero. */
static void orthonormalise(double *a, int64_t width)
{
    for (int k = 0; k < BLOCK; k++) {
        const double before = sqrt(dot(a, k, a, k, width));
        for (int pass = 0; pass < 2; pass++) {
            for (int l = 0; l < k; l++) {
                const double share = dot(a, l, a, k, width);
                for (int64_t j = 0; j < width; j++)
                    a[j * BLOCK + k] -= share * a[j * BLOCK + l];
            }
        }
        const double length = sqrt(dot(a, k, a, k, width));
        scale(a, k, length > 1e-12 * before ? 1 / length : 0, width);
    }
}

/* Jacobi's rotation of rows and columns r and s that makes m[r][s] zero; turn gathers them. */
static void rotate(double m[BLOCK][BLOCK], double turn[BLOCK][BLOCK], int r, int s)
{
    const double theta = (m[s][s] - m[r][r]) / (2 * m[r][s]);
    const double t = (theta < 0 ? -1 : 1) / (fabs(theta) + hypot(theta, 1));
    const double c = 1 / hypot(t, 1), d = t * c;
    for (int k = 0; k < BLOCK; k++) {
        const double a = m[k][r], b = m[k][s];
        m[k][r] = c * a - d * b;
        m[k][s] = d * a + c * b;
    }
    for (int k = 0; k < BLOCK; k++) {
        const double a = m[r][k], b = m[s][k], u = turn[k][r], v = turn[k][s];
        m[r][k] = c * a - d * b;
        m[s][k] = d * a + c * b;
        turn[k][r] = c * u - d * v;
        turn[k][s] = d * u + c * v;
    }
}

/* Eigenvalues on the diagonal of m, eigenvectors in the columns of turn. */
static void diagonalise(double m[BLOCK][BLOCK], double turn[BLOCK][BLOCK])
{
    for (int r = 0; r < BLOCK; r++) {
        for (int s = 0; s < BLOCK; s++)
            turn[r][s] = r == s;
    }
    bool turned = true;
    for (int sweep = 0; sweep < SWEEPS_MAX && turned; sweep++) {
        turned = false;
        for (int r = 0; r < BLOCK; r++) {
            for (int s = r + 1; s < BLOCK; s++) {
                if (fabs(m[r][s]) <= 1e-17 * sqrt(fabs(m[r][r] * m[s][s]))) continue;
                rotate(m, turn, r, s);
                turned = true;
            }
        }
    }
}

/* Columns of turn in falling order of their eigenvalues. */
static void sort(double m[BLOCK][BLOCK], int order[BLOCK])
{
    for (int k = 0; k < BLOCK; k++) {
        int at = k;
        for (; at > 0 && m[order[at - 1]][order[at - 1]] < m[k][k]; at--)
            order[at] = order[at - 1];
        order[at] = k;
    }
}

/* Rayleigh and Ritz: turn basis and product so that the scatter matrix is diagonal within. */
static void turn_basis(pca *p)
{
    double m[BLOCK][BLOCK], turn[BLOCK][BLOCK], old[BLOCK][2];
    int order[BLOCK];
    for (int r = 0; r < BLOCK; r++) {
        for (int s = 0; s <= r; s++)
            m[r][s] = m[s][r] = dot(p->basis, r, p->product, s, p->width);
    }
    diagonalise(m, turn);
    sort(m, order);
    for (int k = 0; k < BLOCK; k++)
        p->value[k] = m[order[k]][order[k]];
    for (int64_t j = 0; j < p->width; j++) {
        double *basis = p->basis + j * BLOCK, *product = p->product + j * BLOCK;
        for (int k = 0; k < BLOCK; k++) {
            old[k][0] = basis[k];
            old[k][1] = product[k];
        }
        for (int k = 0; k < BLOCK; k++) {
            basis[k] = product[k] = 0;
            for (int l = 0; l < BLOCK; l++) {
                basis[k] += old[l][0] * turn[l][order[k]];
                product[k] += old[l][1] * turn[l][order[k]];
            }
        }
    }
}

static bool is_settled(const pca *p)
{
    for (int k = 0; k < 2; k++) {
        double square = 0;
        for (int64_t j = 0; j < p->width; j++) {
            const double d = p->product[j * BLOCK + k] - p->value[k] * p->basis[j * BLOCK + k];
            square += d * d;
        }
        if (!(sqrt(square) <= SETTLED * p->value[0])) return false;
    }
    return true;
}

static void start(pca *p)
{
    for (int64_t j = 0; j < p->width; j++) {
        for (int k = 0; k < BLOCK; k++) {
            const weft_words w = weft_draw_block(1, WEFT_RNG_INIT, 0, 0, (uint32_t)j, (uint32_t)k);
            p->basis[j * BLOCK + k] = weft_normal(w.word[0], w.word[1]);
        }
    }
    orthonormalise(p->basis, p->width);
}

static void iterate(pca *p)
{
    start(p);
    for (int step = 0; step < STEPS_MAX; step++) {
        multiply(p);
        turn_basis(p);
        if (is_settled(p)) return;
        double *const next = p->product;
        p->product = p->basis;
        p->basis = next;
        orthonormalise(p->basis, p->width);
    }
}

/* Of weights that are equally large, but for rounding, the first one decides. */
static void fix_sign(pca *p, int k)
{
    double most = 0;
    for (int64_t j = 0; j < p->width; j++) {
        const double weight = p->basis[j * BLOCK + k];
        if (fabs(weight) > (1 + 1e-6) * fabs(most)) most = weight;
    }
    if (most < 0) scale(p->basis, k, -1, p->width);
}

static void put_rows(pca *p, float *xy, double explained[2])
{
    double at[BLOCK];
    for (int k = 0; k < 2; k++) {
        fix_sign(p, k);
        if (explained) explained[k] = p->total > 0 ? p->value[k] / p->total : 0;
    }
    for (int64_t i = 0; i < p->count; i++) {
        project(p, i, at);
        for (int k = 0; k < 2; k++)
            xy[2 * i + k] = (float)at[k];
    }
}

weft_status weft_pca(const float *rows, int64_t count, int64_t width, float *xy,
                     double explained[2])
{
    pca p = {.rows = rows, .count = count, .width = width};
    WEFT_TRY(check(&p));
    const weft_status status = allocate(&p);
    if (status == WEFT_OK) {
        centre(&p);
        iterate(&p);
        put_rows(&p, xy, explained);
    }
    free(p.mean);
    free(p.basis);
    free(p.product);
    return status;
}
