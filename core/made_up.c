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

weft_status weft_made_up_new(const weft_graph *graph, int64_t count, weft_made_up *out)
{
    const weft_shape shape = weft_graph_input(graph);
    int64_t bytes = 0;
    *out = (weft_made_up){.samples = NULL};
    if (!weft_mul_i64(count, weft_shape_count(shape), &bytes) && (uint64_t)bytes <= SIZE_MAX / 2) {
        out->samples = malloc((size_t)bytes);
        out->classes = calloc((size_t)count, sizeof *out->classes);
    }
    if (!out->samples || !out->classes)
        return weft_fail(WEFT_ERR_MEMORY,
                         "out of memory for %lld samples; a smaller batch needs less",
                         (long long)count);
    out->data = (weft_dataset){.name = "made-up samples",
                               .shape = shape,
                               .count = count,
                               .dtype = WEFT_U8,
                               .samples = out->samples,
                               .classes = out->classes,
                               .class_count = (int32_t)weft_shape_count(weft_graph_output(graph))};
    draw(out, bytes);
    return WEFT_OK;
}

void weft_made_up_free(weft_made_up *m)
{
    free(m->samples);
    free(m->classes);
    *m = (weft_made_up){.samples = NULL};
}
