/* Which of the built instruction sets this machine runs. */
#include "backends/cpu/cpu.h"

const weft_cpu_table *weft_cpu_table_base(void);
const weft_cpu_table *weft_cpu_table_v3(void);
const weft_cpu_table *weft_cpu_table_v4(void);

#ifdef WEFT_CPU_HAVE_v3
static int has_v3(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}
#endif

#ifdef WEFT_CPU_HAVE_v4
static int has_v4(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}
#endif

const weft_cpu_table *weft_cpu_table_best(void)
{
#ifdef WEFT_CPU_HAVE_v4
    if (has_v4()) return weft_cpu_table_v4();
#endif
#ifdef WEFT_CPU_HAVE_v3
    if (has_v3()) return weft_cpu_table_v3();
#endif
    return weft_cpu_table_base();
}
