/* Networks for the suites that explain: a model with parameters of all sizes on a device, and a
 * sample of noise. */
#ifndef WEFT_TESTS_EXPLAIN_NET_H
#define WEFT_TESTS_EXPLAIN_NET_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/explain.h"
#include "core/selftest/op_data.h"
#include "tests/suite.h"

/* text: NULL for a built-in network of this name. layer: where the evidence is looked at; NULL: the
 * network's own choice. output: which is explained. */
typedef struct net_row {
    const char *name, *text, *layer;
    int32_t output;
} net_row;

#define NET_PLAIN                                                 \
    "input shape=8x7x2\n"                                         \
    "conv2d filters=4 kernel=3 padding=same name=conv1\n"         \
    "batchnorm name=bn1\n"                                        \
    "relu name=act1\n"                                            \
    "maxpool size=2 name=pool1\n"                                 \
    "conv2d filters=5 kernel=3 padding=same bias=no name=conv2\n" \
    "batchnorm name=bn2\n"                                        \
    "gelu name=act2\n"                                            \
    "flatten name=flat\n"                                         \
    "dense units=6 name=fc1\n"                                    \
    "relu name=act3\n"                                            \
    "dropout rate=0.5 name=drop\n"                                \
    "dense units=4 name=fc2\n"

/* A dropout whose input other layers read too; two branches that change the size. */
#define NET_RESIDUAL                                                         \
    "input shape=8x8x3\n"                                                    \
    "conv2d filters=4 kernel=3 padding=same bias=no name=stem\n"             \
    "batchnorm name=stem_bn\n"                                               \
    "relu name=stem_out\n"                                                   \
    "dropout rate=0.3 name=drop\n"                                           \
    "conv2d filters=4 kernel=3 padding=same name=conv1\n"                    \
    "batchnorm name=bn1\n"                                                   \
    "add from=bn1,stem_out name=sum1\n"                                      \
    "relu name=out1\n"                                                       \
    "conv2d from=out1 filters=6 kernel=3 stride=2 padding=same name=conv2\n" \
    "conv2d from=out1 filters=6 kernel=1 stride=2 name=skip2\n"              \
    "add from=conv2,skip2 name=sum2\n"                                       \
    "elu name=out2\n"                                                        \
    "avgpool size=2 name=pool\n"                                             \
    "global_avgpool\n"                                                       \
    "flatten name=flat\n"                                                    \
    "dense units=3 name=fc\n"

typedef struct net {
    weft_graph *graph;
    weft_device *device;
    weft_model *model;
    weft_normalize norm;
    uint8_t *sample;
} net;

/* Numbers in -1 .. 1 by parameter and element. */
static inline float net_noise(int32_t parameter, int64_t element)
{
    return (float)(2 * op_uniform(100 + (uint64_t)parameter, element) - 1);
}

/* Batchnorm and biases away from where they start; a variance is never negative. */
static inline void net_stir(weft_model *model)
{
    for (int32_t i = 0; i < weft_model_parameter_count(model); i++) {
        const weft_parameter *p = weft_model_parameter(model, i);
        const int64_t count = weft_shape_count(p->shape);
        if (p->shape.rank > 1) continue;
        const bool around_one = p->init == WEFT_INIT_ONE;
        float *values = malloc((size_t)count * sizeof *values);
        ck_assert_ptr_nonnull(values);
        for (int64_t e = 0; e < count; e++)
            values[e] = around_one ? 1 + 0.5f * net_noise(i, e) : 0.3f * net_noise(i, e);
        ck_weft(weft_model_write(model, i, -1, values));
        free(values);
    }
}

static inline void net_fill_sample(net *n)
{
    const weft_shape shape = weft_graph_input(n->graph);
    const int64_t count = weft_shape_count(shape);
    n->norm.channels = shape.rank == 3 ? shape.dim[2] : 1;
    for (int i = 0; i < n->norm.channels; i++) {
        n->norm.mean[i] = 0.4f + 0.1f * (float)i;
        n->norm.std[i] = 0.3f + 0.05f * (float)i;
    }
    n->sample = malloc((size_t)count);
    ck_assert_ptr_nonnull(n->sample);
    for (int64_t i = 0; i < count; i++)
        n->sample[i] = (uint8_t)(256 * op_uniform(7, i));
}

static inline void net_open(const net_row *row, weft_device *device, net *n)
{
    char path[512];
    *n = (net){.device = device};
    (void)snprintf(path, sizeof path, WEFT_SOURCE_DIR "/models/%s.net", row->name);
    if (row->text)
        ck_weft(weft_graph_parse(row->text, strlen(row->text), row->name, &n->graph));
    else
        ck_weft(weft_graph_load(path, &n->graph));
    ck_weft(weft_model_new(n->graph, device, &(weft_model_desc){.seed = 9}, &n->model));
    ck_weft(weft_model_init(n->model));
    net_stir(n->model);
    net_fill_sample(n);
}

static inline void net_close(net *n)
{
    weft_model_free(n->model);
    weft_graph_free(n->graph);
    free(n->sample);
}

/* No number is off by more than this share of the largest one, which is not zero. */
static inline void ck_net_near(const char *what, const float *is, const double *should,
                               int64_t count, double bound)
{
    double most = 0;
    for (int64_t i = 0; i < count; i++)
        most = fmax(most, fabs(should[i]));
    ck_assert_msg(most > 0, "%s: nothing but zeros", what);
    for (int64_t i = 0; i < count; i++) {
        ck_assert_msg(fabs((double)is[i] - should[i]) <= bound * most,
                      "%s: element %lld is %.9g, should be %.9g (largest %g)", what, (long long)i,
                      (double)is[i], should[i], most);
    }
}

#endif
