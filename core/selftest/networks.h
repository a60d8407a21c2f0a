/* Small networks at odd sizes. Between them, their plans hold every fused op. */
#ifndef WEFT_CORE_SELFTEST_NETWORKS_H
#define WEFT_CORE_SELFTEST_NETWORKS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct op_network {
    const char *name, *text;
    int32_t batch;
    bool quick; /* few, but with every fused op between them */
} op_network;

int op_network_count(void);
const op_network *op_network_at(int index);

#endif
