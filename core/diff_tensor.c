/* Tensors of two files, joined by name and compared piece by piece: no tensor is held whole. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/checked.h"
#include "core/diff_private.h"

enum { PIECE = 16384 }; /* elements or bytes at a time */

/* ---- two floats ---- */

/* Floats in their order as whole numbers: neighbours are one apart, and so are -0 and +0. */
static int64_t place(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 31 ? -1 - (int64_t)(bits & 0x7fffffffu) : (int64_t)bits;
}

static uint32_t places_between(float a, float b)
{
    const int64_t apart = place(a) - place(b);
    return (uint32_t)(apart < 0 ? -apart : apart);
}

/* Sums over the elements that are finite in both. */
typedef struct sums {
    double difference, a, b;
    bool torn; /* somewhere only one of the two is a finite number, or they are other infinities */
} sums;

static void keep_largest(weft_diff_tensor *t, double size, int64_t index, float a, float b)
{
    if (t->index >= 0 && !(size > t->largest)) return;
    t->largest = size;
    t->index = index;
    t->value_a = a;
    t->value_b = b;
}

static void add_different(weft_diff_tensor *t, sums *s, int64_t index, float a, float b)
{
    const bool nan = isnan(a) || isnan(b);
    const double apart = nan ? (double)INFINITY : fabs((double)a - (double)b);
    t->differ++;
    t->nan_a += isnan(a) != 0;
    t->nan_b += isnan(b) != 0;
    keep_largest(t, apart, index, a, b);
    if (!isfinite(apart)) s->torn = true;
    if (nan) return;
    if (places_between(a, b) > t->ulp) t->ulp = places_between(a, b);
    if (isfinite(apart)) s->difference += apart * apart;
}

static void add_pair(weft_diff_tensor *t, sums *s, int64_t index, float a, float b)
{
    if (isfinite(a) && isfinite(b)) {
        s->a += (double)a * (double)a;
        s->b += (double)b * (double)b;
    }
    const bool same = isnan(a) ? isnan(b) : !isnan(b) && place(a) == place(b);
    if (!same) add_different(t, s, index, a, b);
}

/* ---- two tensors ---- */

static weft_status compare_floats(weft_st_file *const file[2], weft_diff_tensor *t)
{
    static const size_t size = sizeof(float);
    float a[PIECE], b[PIECE];
    sums s = {0};
    for (int64_t first = 0; first < t->count; first += PIECE) {
        const int64_t left = t->count - first;
        const size_t count = (size_t)(left < PIECE ? left : PIECE);
        WEFT_TRY(weft_st_read_bytes(file[0], t->a, (uint64_t)first * size, a, count * size));
        WEFT_TRY(weft_st_read_bytes(file[1], t->b, (uint64_t)first * size, b, count * size));
        weft_st_decode(a, count);
        weft_st_decode(b, count);
        for (size_t i = 0; i < count; i++)
            add_pair(t, &s, first + (int64_t)i, a[i], b[i]);
    }
    const double square = fmax(s.a, s.b);
    if (s.torn)
        t->nmse = (double)INFINITY;
    else
        t->nmse = s.difference == 0 ? 0 : s.difference / square;
    return WEFT_OK;
}

/* Of other types only whether they are the same bytes. */
static weft_status compare_bytes(weft_st_file *const file[2], weft_diff_tensor *t)
{
    unsigned char a[PIECE], b[PIECE];
    const uint64_t bytes = t->a->end - t->a->begin, each = bytes / (uint64_t)t->count;
    uint64_t last = UINT64_MAX; /* element that was counted last */
    for (uint64_t first = 0; first < bytes; first += PIECE) {
        const size_t count = (size_t)(bytes - first < PIECE ? bytes - first : PIECE);
        WEFT_TRY(weft_st_read_bytes(file[0], t->a, first, a, count));
        WEFT_TRY(weft_st_read_bytes(file[1], t->b, first, b, count));
        for (size_t i = 0; i < count; i++) {
            const uint64_t element = (first + i) / each;
            if (a[i] == b[i] || element == last) continue;
            t->differ++;
            if (t->index < 0) t->index = (int64_t)element;
            last = element;
        }
    }
    if (t->differ > 0) t->nmse = (double)INFINITY;
    return WEFT_OK;
}

static bool same_shape(const weft_st_entry *a, const weft_st_entry *b)
{
    if (a->rank != b->rank || strcmp(a->dtype, b->dtype) != 0) return false;
    return memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim) == 0;
}

static int64_t element_count(const weft_st_entry *entry)
{
    int64_t count = 1;
    for (int i = 0; i < entry->rank; i++)
        count *= entry->dim[i];
    return count;
}

static weft_status compare(weft_st_file *const file[2], weft_diff_tensor *t)
{
    t->index = -1;
    t->state = !t->b                     ? WEFT_DIFF_ONLY_A
               : !t->a                   ? WEFT_DIFF_ONLY_B
               : !same_shape(t->a, t->b) ? WEFT_DIFF_SHAPE
                                         : WEFT_DIFF_EQUAL;
    if (t->state != WEFT_DIFF_EQUAL) return WEFT_OK;
    t->count = element_count(t->a);
    if (t->count == 0) return WEFT_OK;
    const bool floats = strcmp(t->a->dtype, "F32") == 0;
    WEFT_TRY(floats ? compare_floats(file, t) : compare_bytes(file, t));
    if (t->differ > 0) t->state = WEFT_DIFF_VALUES;
    return WEFT_OK;
}

/* ---- all of them ---- */

static int by_name(const void *a_, const void *b_)
{
    const weft_st_entry *const *a = a_, *const *b = b_;
    return strcmp((*a)->name, (*b)->name);
}

static weft_status sorted(const weft_st_file *file, const weft_st_entry ***out)
{
    const int count = weft_st_count(file);
    const weft_st_entry **list = calloc((size_t)count + 1, sizeof *list);
    *out = list;
    if (!list) return weft_diff_no_memory();
    for (int i = 0; i < count; i++)
        list[i] = weft_st_at(file, i);
    qsort(list, (size_t)count, sizeof *list, by_name);
    return WEFT_OK;
}

/* Both lists end with NULL. */
static weft_status join(weft_diff *diff, const weft_st_entry **a, const weft_st_entry **b)
{
    while (*a || *b) {
        const int order = !*a ? 1 : !*b ? -1 : strcmp((*a)->name, (*b)->name);
        weft_diff_tensor *t = &diff->tensor[diff->tensor_count++];
        if (order <= 0) t->a = *a++;
        if (order >= 0) t->b = *b++;
        WEFT_TRY(compare(diff->file, t));
    }
    return WEFT_OK;
}

weft_status weft_diff_tensors(weft_diff *diff)
{
    const size_t most = (size_t)weft_st_count(diff->file[0]) + (size_t)weft_st_count(diff->file[1]);
    const weft_st_entry **a = NULL, **b = NULL;
    diff->tensor = calloc(most + 1, sizeof *diff->tensor);
    if (!diff->tensor) return weft_diff_no_memory();
    weft_status status = sorted(diff->file[0], &a);
    if (status == WEFT_OK) status = sorted(diff->file[1], &b);
    if (status == WEFT_OK) status = join(diff, a, b);
    free(a);
    free(b);
    return status;
}
