#include "core/selftest/networks.h"

static const op_network NETWORKS[] = {
    {.name = "odd pool",
     .text = "input shape=7x7x3\nconv2d filters=5 kernel=3 padding=same\nbatchnorm\nelu\n"
             "maxpool size=2\nflatten\ndense units=11 bias=no\ntanh\ndense units=5\n",
     .batch = 7},
    {.name = "pool 3",
     .text = "input shape=11x10x2\nconv2d filters=6 kernel=3 bias=no\nbatchnorm\ngelu\n"
             "maxpool size=3\nconv2d filters=7 kernel=2\nsilu\nflatten\ndense units=9\ngelu\n"
             "dropout rate=0.3\ndense units=5\n",
     .batch = 7},
    {.name = "overlapping pool",
     .text = "input shape=9x9x1\nconv2d filters=4 kernel=3 padding=same\nbatchnorm\nleaky_relu\n"
             "maxpool size=3 stride=2\nflatten\ndense units=5\n",
     .batch = 6},
    {.name = "one sample",
     .text = "input shape=6x7x2\nconv2d filters=4 kernel=3 padding=same\nbatchnorm\nsigmoid\n"
             "maxpool size=2\nconv2d filters=4 kernel=3\ntanh\nflatten\ndense units=8\nrelu\n"
             "dropout rate=0.5\ndense units=5\n",
     .batch = 1},
    {.name = "dropout without activation",
     .text = "input shape=13\ndense units=10\ndropout rate=0.4\ndense units=5 bias=no\n",
     .batch = 7},
    {.name = "rows",
     .text = "input shape=13\ndense units=10\nbatchnorm\nrelu\ndropout rate=0.2\n"
             "dense units=9\nleaky_relu slope=0.2\ndropout rate=0.1\ndense units=5\n",
     .batch = 7,
     .quick = true},
    {.name = "residual",
     .text = "input shape=7x7x2\nconv2d filters=4 kernel=3 padding=same name=a\n"
             "batchnorm name=n\nrelu name=r\nconv2d filters=4 kernel=3 padding=same name=b\n"
             "relu name=s\nadd from=s,r\nmaxpool size=2\nflatten\ndense units=8 name=d\n"
             "tanh name=t\ndense units=8\nsigmoid name=u\nadd from=u,t\ndense units=5\n",
     .batch = 5},
    {.name = "convolution read twice",
     .text = "input shape=5x5x2\nconv2d filters=4 kernel=3 name=a\nbatchnorm name=n\nrelu name=r\n"
             "batchnorm from=a name=m\nelu name=e\nadd from=r,e\nflatten\ndense units=5\n",
     .batch = 4},
    {.name = "seventeen filters",
     .text = "input shape=13x11x3\nconv2d filters=17 kernel=3 padding=same bias=no\nbatchnorm\n"
             "relu\nmaxpool size=2\nconv2d filters=33 kernel=3 padding=same bias=no\nbatchnorm\n"
             "relu\nmaxpool size=2\nflatten\ndense units=31\nrelu\ndropout rate=0.5\n"
             "dense units=10\n",
     .batch = 13,
     .quick = true},
};

int op_network_count(void)
{
    return (int)(sizeof NETWORKS / sizeof NETWORKS[0]);
}

const op_network *op_network_at(int index)
{
    return &NETWORKS[index];
}
