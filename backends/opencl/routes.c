/* By which algorithms a device computes: what its results depend on beside shapes. */
#include <stdio.h>
#include <string.h>

#include "backends/opencl/gemm.h"
#include "backends/opencl/internal.h"

void cl_routes_take(cl_device *device, const char *routes)
{
    if (!routes) return;
    if (strstr(routes, "family=vector")) device->info.family = WEFT_FAMILY_VECTOR;
    if (strstr(routes, "family=tile")) device->info.family = WEFT_FAMILY_TILE;
    if (strstr(routes, "gemm=own")) device->gemm = WEFT_GEMM_OWN;
    if (strstr(routes, "gemm=clblast")) device->gemm = WEFT_GEMM_CLBLAST;
    if (strstr(routes, "mac=fma")) device->limits.fast_fma = true;
    if (strstr(routes, "mac=plain")) device->limits.fast_fma = false;
}

weft_status cl_routes_tell(cl_device *device)
{
    bool clblast = false;
    WEFT_TRY(cl_route_clblast(device, &clblast));
    snprintf(device->base.routes, sizeof device->base.routes, "family=%s gemm=%s mac=%s",
             device->info.family == WEFT_FAMILY_TILE ? "tile" : "vector",
             clblast ? "clblast" : "own", device->limits.fast_fma ? "fma" : "plain");
    return WEFT_OK;
}
