#include "cli/filters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool cli_is_convolution(const weft_node *node)
{
    return strcmp(node->def->name, "conv2d") == 0;
}

const weft_node *cli_convolution(const weft_graph *graph, const char *name)
{
    for (int32_t n = 0; n < weft_graph_count(graph); n++) {
        const weft_node *node = weft_graph_node(graph, n);
        if (cli_is_convolution(node) && (!name || strcmp(node->name, name) == 0)) return node;
    }
    return NULL;
}

static int32_t weight_of(const weft_model *model, const weft_node *node)
{
    char name[WEFT_TENSOR_NAME_MAX];
    int32_t index = 0;
    (void)snprintf(name, sizeof name, "%s.weight", node->name);
    while (strcmp(weft_model_parameter(model, index)->name, name) != 0)
        index++;
    return index;
}

weft_status cli_filters_read(weft_model *model, const weft_node *node, float **values,
                             weft_filters *out)
{
    const int32_t index = weight_of(model, node);
    const weft_shape shape = weft_model_parameter(model, index)->file_shape;
    const int32_t *dim = shape.dim;
    *values = calloc((size_t)weft_shape_count(shape), sizeof **values);
    if (!*values) return weft_fail(WEFT_ERR_MEMORY, "out of memory for filters");
    *out = (weft_filters){*values, dim[0], dim[1], dim[2], dim[3]};
    const weft_status status = weft_model_read(model, index, -1, *values);
    if (status == WEFT_OK) return WEFT_OK;
    free(*values);
    *values = NULL;
    return status;
}
