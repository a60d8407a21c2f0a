#include "tests/layer_table.h"

#include <stddef.h>

/* An image of 6x5x2 through a convolution, so that something is trained before the layer, and a
 * dense layer of three classes behind it. */
#define BEFORE "input shape=6x5x2\nconv2d filters=4 kernel=3 padding=same name=first\n"
#define AFTER  "flatten\ndense units=3\n"

enum { FIRST = 3 * 3 * 2 * 4 + 4 };

static const layer_row rows[] = {
    {"input", "input shape=5 name=it\ndense units=3\n", "it", {1, {5}}, 18},
    {"conv2d",
     BEFORE "conv2d filters=5 kernel=3x2 stride=2x1 padding=1 name=it\n" AFTER,
     "it",
     {3, {3, 6, 5}},
     FIRST + 3 * 2 * 4 * 5 + 5 + 90 * 3 + 3},
    {"conv2d",
     BEFORE "conv2d filters=3 kernel=3 stride=2 padding=same bias=no name=it\n" AFTER,
     "it",
     {3, {3, 3, 3}},
     FIRST + 3 * 3 * 4 * 3 + 27 * 3 + 3},
    {"batchnorm",
     BEFORE "batchnorm name=it\n" AFTER,
     "it",
     {3, {6, 5, 4}},
     FIRST + 8 + 120 * 3 + 3},
    {"relu", BEFORE "relu name=it\n" AFTER, "it", {3, {6, 5, 4}}, FIRST + 363},
    {"leaky_relu",
     BEFORE "leaky_relu slope=0.2 name=it\n" AFTER,
     "it",
     {3, {6, 5, 4}},
     FIRST + 363},
    {"elu", BEFORE "elu alpha=0.7 name=it\n" AFTER, "it", {3, {6, 5, 4}}, FIRST + 363},
    {"gelu", BEFORE "gelu name=it\n" AFTER, "it", {3, {6, 5, 4}}, FIRST + 363},
    {"silu", BEFORE "silu name=it\n" AFTER, "it", {3, {6, 5, 4}}, FIRST + 363},
    {"sigmoid", BEFORE "sigmoid name=it\n" AFTER, "it", {3, {6, 5, 4}}, FIRST + 363},
    {"tanh", BEFORE "tanh name=it\n" AFTER, "it", {3, {6, 5, 4}}, FIRST + 363},
    {"maxpool", BEFORE "maxpool size=2 name=it\n" AFTER, "it", {3, {3, 2, 4}}, FIRST + 24 * 3 + 3},
    {"maxpool",
     BEFORE "maxpool size=3 stride=2 padding=same name=it\n" AFTER,
     "it",
     {3, {3, 3, 4}},
     FIRST + 36 * 3 + 3},
    {"avgpool",
     BEFORE "avgpool size=2x3 stride=2 name=it\n" AFTER,
     "it",
     {3, {3, 2, 4}},
     FIRST + 24 * 3 + 3},
    {"global_avgpool",
     BEFORE "global_avgpool name=it\n" AFTER,
     "it",
     {3, {1, 1, 4}},
     FIRST + 4 * 3 + 3},
    {"flatten", BEFORE "flatten name=it\ndense units=3\n", "it", {1, {120}}, FIRST + 363},
    {"dense",
     BEFORE "flatten\ndense units=7 bias=no name=it\nbatchnorm\ndense units=3\n",
     "it",
     {1, {7}},
     FIRST + 840 + 14 + 24},
    {"dropout", BEFORE "dropout rate=0.4 name=it\n" AFTER, "it", {3, {6, 5, 4}}, FIRST + 363},
    {"add",
     BEFORE "conv2d filters=4 kernel=1 name=other\nadd from=first,other name=it\nrelu\n" AFTER,
     "it",
     {3, {6, 5, 4}},
     FIRST + 20 + 363},
};

const layer_row *layer_row_at(int index)
{
    return index < (int)(sizeof rows / sizeof *rows) ? &rows[index] : NULL;
}
