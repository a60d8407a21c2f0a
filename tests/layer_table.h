/* One table of layers: a tiny network around each, and the shapes it must give. To add a layer, add
 * a row; test_layers.c fails for a registered layer that has none. */
#ifndef WEFT_TESTS_LAYER_TABLE_H
#define WEFT_TESTS_LAYER_TABLE_H

#include "core/tensor.h"

typedef struct layer_row {
    const char *layer; /* the layer under test */
    const char *text;  /* the network; it ends in as many numbers as there are classes */
    const char *name;  /* of the line whose output is checked */
    weft_shape out;    /* of that line, without the batch */
    int parameters;    /* trained numbers of the network */
} layer_row;

/* Index from 0; NULL past the end. */
const layer_row *layer_row_at(int index);

#endif
