/* A network as its text describes it: layers with names, inputs and shapes. Immutable once parsed.
 */
#ifndef WEFT_CORE_GRAPH_H
#define WEFT_CORE_GRAPH_H

#include "core/layer.h"

enum { WEFT_NETWORK_TEXT_MAX = 1 << 20, WEFT_LAYERS_MAX = 4096, WEFT_LAYER_NAME_MAX = 64 };

typedef struct weft_graph weft_graph;

typedef struct weft_node {
    const weft_layer_def *def;
    char name[WEFT_LAYER_NAME_MAX];
    int32_t text_line; /* line of the text, from 1 */
    void *config;      /* owned */
    int input_count;
    int32_t input[WEFT_LAYER_MAX_IN]; /* indices of earlier nodes */
    weft_layer_needs needs;
} weft_node;

/* Parse a network text of `length` bytes; `file` names it in messages ("file:line: what, cure").
 * WEFT_ERR_FORMAT: unknown layer or key (with the nearest name), bad value, duplicate name, too
 * long, binary. WEFT_ERR_SHAPE: shapes that do not fit, both named. */
WEFT_API weft_status weft_graph_parse(const char *text, size_t length, const char *file,
                                      weft_graph **out);

/* Read and parse a file. WEFT_ERR_IO when it cannot be read. */
WEFT_API weft_status weft_graph_load(const char *path, weft_graph **out);
WEFT_API void weft_graph_free(weft_graph *graph);

WEFT_API int32_t weft_graph_count(const weft_graph *graph);
WEFT_API const weft_node *weft_graph_node(const weft_graph *graph, int32_t index);

/* Index of the layer of this name, or -1. */
WEFT_API int32_t weft_graph_find(const weft_graph *graph, const char *name);
WEFT_API weft_shape weft_graph_input(const weft_graph *graph);   /* of one sample */
WEFT_API weft_shape weft_graph_output(const weft_graph *graph);  /* of one sample */
WEFT_API const char *weft_graph_text(const weft_graph *graph);   /* as it was parsed, zero-ended */
WEFT_API int64_t weft_graph_parameters(const weft_graph *graph); /* trained numbers */

#endif
