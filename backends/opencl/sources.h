/* The files of cl/, embedded by cl/embed.cmake. */
#ifndef WEFT_BACKENDS_OPENCL_SOURCES_H
#define WEFT_BACKENDS_OPENCL_SOURCES_H

#include <stddef.h>

typedef struct cl_source {
    const char *name;
    const unsigned char *text; /* not ended by a zero byte */
    size_t length;
} cl_source;

extern const cl_source cl_sources[];
extern const int cl_source_count;

#endif
