/* The backends that come with Weft. */
#ifndef WEFT_BACKENDS_BACKENDS_H
#define WEFT_BACKENDS_BACKENDS_H

#include "core/backend.h"

/* Register opencl (where built in), then cpu. */
WEFT_API weft_status weft_register_builtin(weft_registry *registry);

/* The definition of every op in portable C; one device, always there. */
WEFT_API const weft_backend *weft_backend_cpu(void);

/* Every device of every OpenCL platform; NULL in a build with -DWEFT_OPENCL=OFF. */
WEFT_API const weft_backend *weft_backend_opencl(void);

#endif
