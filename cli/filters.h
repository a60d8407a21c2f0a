/* The convolutions of a network and their weights. */
#ifndef WEFT_CLI_FILTERS_H
#define WEFT_CLI_FILTERS_H

#include "core/model.h"
#include "report/layer_tiles.h"

/* Most filters, or feature maps, in a picture of a layer. */
enum { CLI_LAYER_TILES = 256 };

/* The convolution of this name, the first one for NULL; NULL when there is none. */
const weft_node *cli_convolution(const weft_graph *graph, const char *name);
bool cli_is_convolution(const weft_node *node);

/* Its weights as files hold them. *values is what out points at: free() it. */
weft_status cli_filters_read(weft_model *model, const weft_node *node, float **values,
                             weft_filters *out);

#endif
