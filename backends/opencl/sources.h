/* The files of cl/, embedded by scripts/embed.cmake. */
#ifndef WEFT_BACKENDS_OPENCL_SOURCES_H
#define WEFT_BACKENDS_OPENCL_SOURCES_H

#include <stddef.h>

typedef struct cl_source {
    const char *name; /* NULL ends the table */
    const unsigned char *text;
    size_t length;
} cl_source;

extern const cl_source cl_sources[];

#endif
