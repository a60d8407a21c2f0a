/* Writes the programs of a network's training and prediction as a GPU of a given name would get
 * them: dump_programs NETWORK DEVICE FOLDER. They are prepared on whatever device there is, with
 * the tile family, the name's rows of the tuning table and the limits that GPUs share.
 *
 * Exit codes: 0 done, 1 failed, 77 no OpenCL device. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/backends.h"
#include "backends/opencl/cl.h"
#include "core/data.h"
#include "core/model.h"

enum { BATCH = 64, NOTHING = 77 };

typedef struct made_up {
    weft_dataset data;
    uint8_t *samples;
    int32_t *classes;
} made_up;

static weft_status make_up(const weft_graph *graph, made_up *out)
{
    const weft_shape shape = weft_graph_input(graph);
    const size_t pixels = (size_t)weft_shape_count(shape);
    out->samples = calloc(BATCH, pixels);
    out->classes = calloc(BATCH, sizeof *out->classes);
    if (!out->samples || !out->classes) return weft_fail(WEFT_ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < BATCH * pixels; i++)
        out->samples[i] = (uint8_t)(i * 37);
    out->data = (weft_dataset){.name = "made-up samples",
                               .shape = shape,
                               .count = BATCH,
                               .dtype = WEFT_U8,
                               .samples = out->samples,
                               .classes = out->classes,
                               .class_count = (int32_t)weft_shape_count(weft_graph_output(graph))};
    return WEFT_OK;
}

static weft_status add_plan(weft_model *model, const weft_source *source, weft_mode mode)
{
    weft_plan *plan = NULL;
    const weft_plan_desc desc = {.mode = mode, .batch = BATCH, .source = source};
    return weft_plan_new(model, &desc, &plan);
}

static weft_status prepare(weft_model *model, const weft_source *source)
{
    WEFT_TRY(add_plan(model, source, WEFT_MODE_TRAIN));
    WEFT_TRY(add_plan(model, source, WEFT_MODE_EVAL));
    WEFT_TRY(add_plan(model, source, WEFT_MODE_PREDICT));
    return weft_model_prepare(model, NULL, NULL);
}

static weft_status dump(weft_device *device, const weft_graph *graph)
{
    made_up m = {.samples = NULL};
    weft_source *source = NULL;
    weft_model *model = NULL;
    weft_normalize norm;
    const weft_optimizer adam = {.kind = WEFT_ADAM};
    const weft_model_desc desc = {.optimizer = &adam, .augment = {.flip = true}};

    weft_status status = make_up(graph, &m);
    if (status == WEFT_OK) status = weft_normalize_measure(&m.data, NULL, BATCH, &norm);
    if (status == WEFT_OK) status = weft_source_new(device, &m.data, &norm, BATCH, &source);
    if (status == WEFT_OK) status = weft_model_new(graph, device, &desc, &model);
    if (status == WEFT_OK) status = prepare(model, source);

    weft_model_free(model);
    weft_source_free(source);
    free(m.samples);
    free(m.classes);
    return status;
}

/* What every GPU has at least that runs these kernels well. */
static void pretend(weft_device *device_, const char *name)
{
    cl_device *device = (cl_device *)device_;
    snprintf(device->info.name, sizeof device->info.name, "%s", name);
    snprintf(device->info.platform, sizeof device->info.platform, "%s", "offline");
    device->info.type = WEFT_DEVICE_GPU;
    device->limits.max_group = 256;
    device->limits.local_bytes = 32768;
    device->limits.native_floats = 1;
    device->limits.fast_fma = true;
}

static int failed(void)
{
    fprintf(stderr, "%s\n", weft_error());
    return EXIT_FAILURE;
}

int main(int count, char **args)
{
    if (count != 4) {
        fprintf(stderr, "usage: dump_programs NETWORK DEVICE FOLDER\n");
        return EXIT_FAILURE;
    }
    const weft_backend *backend = weft_backend_opencl();
    const weft_open_desc desc = {
        .family = WEFT_FAMILY_TILE, .gemm = WEFT_GEMM_OWN, .dump_dir = args[3]};
    weft_device *device = NULL;
    weft_graph *graph = NULL;
    int devices = 0;
    if (!backend || backend->device_count(&devices) != WEFT_OK || devices == 0) {
        printf("skipped: no OpenCL device\n");
        return NOTHING;
    }
    if (weft_graph_load(args[1], &graph) != WEFT_OK) return failed();
    weft_status status = backend->open(0, &desc, &device);
    if (status == WEFT_OK) {
        pretend(device, args[2]);
        status = dump(device, graph);
    }
    backend->close(device);
    weft_graph_free(graph);
    return status == WEFT_OK ? EXIT_SUCCESS : failed();
}
