/* The table of functions of one build. */
#include "backends/cpu/ops.h"

#define TABLE_ENTRY(name, inputs, outputs) [WEFT_OP_##name] = WEFT_CPU_NAME(name),

const weft_cpu_table *WEFT_CPU_NAME(table)(void)
{
    static const weft_cpu_table table = {WEFT_CPU_ISA,
                                         {WEFT_OP_LIST(TABLE_ENTRY)},
                                         WEFT_CPU_NAME(speed_sums),
                                         WEFT_CPU_NAME(speed_copy)};
    return &table;
}
