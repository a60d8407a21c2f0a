#include "core/made_up.h"

#include <stdlib.h>

#include "core/checked.h"

static void draw(weft_made_up *m, int64_t bytes)
{
    uint32_t state = 1;
    for (int64_t i = 0; i < bytes; i++) {
        state = state * 1664525u + 1013904223u;
        m->samples[i] = (uint8_t)(state >> 24);
    }
    for (int64_t i = 0; i < m->data.count; i++)
        m->classes[i] = (int32_t)(i % m->data.class_count);
}

weft_dataset weft_made_up_outline(const weft_graph *graph, int64_t count)
{
    static const int32_t classes = 0; /* says that there are some */
    return (weft_dataset){.name = "made-up samples",
                          .shape = weft_graph_input(graph),
                          .count = count,
                          .dtype = WEFT_U8,
                          .classes = &classes,
                          .class_count = (int32_t)weft_shape_count(weft_graph_output(graph))};
}

weft_status weft_made_up_new(const weft_graph *graph, int64_t count, weft_made_up *out)
{
    int64_t bytes = 0;
    *out = (weft_made_up){.data = weft_made_up_outline(graph, count)};
    if (!weft_mul_i64(count, weft_shape_count(out->data.shape), &bytes) &&
        (uint64_t)bytes <= SIZE_MAX / 2) {
        out->samples = malloc((size_t)bytes);
        out->classes = calloc((size_t)count, sizeof *out->classes);
    }
    if (!out->samples || !out->classes)
        return weft_fail(WEFT_ERR_MEMORY,
                         "out of memory for %lld samples; a smaller batch needs less",
                         (long long)count);
    out->data.samples = out->samples;
    out->data.classes = out->classes;
    draw(out, bytes);
    return WEFT_OK;
}

void weft_made_up_free(weft_made_up *m)
{
    free(m->samples);
    free(m->classes);
    *m = (weft_made_up){.samples = NULL};
}
