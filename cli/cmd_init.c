/* weft init: the initial weights of a network as a checkpoint. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "backends/backends.h"
#include "cli/models.h"
#include "cli/options.h"
#include "cli/output.h"
#include "core/checkpoint.h"
#include "core/posix.h"

/* No data was seen yet: samples are taken as they are, bytes as 0 to 1. */
static weft_normalize plain_normalize(const weft_graph *graph)
{
    const weft_shape shape = weft_graph_input(graph);
    const int32_t last = shape.rank > 1 ? shape.dim[shape.rank - 1] : 1;
    weft_normalize norm = {.channels = last <= WEFT_MAX_CHANNELS ? last : 1};
    for (int32_t i = 0; i < norm.channels; i++) {
        norm.std[i] = 1.0f;
    }
    return norm;
}

static weft_status fill_meta(weft_meta *meta, const weft_graph *graph, const char *model,
                             uint64_t seed)
{
    const weft_normalize norm = plain_normalize(graph);
    char *title = cli_model_title(model);
    if (!title) return weft_fail(WEFT_ERR_MEMORY, "out of memory for a name");
    weft_status status = weft_meta_set(meta, "model", title);
    free(title);
    if (status == WEFT_OK) status = weft_meta_set(meta, "network", weft_graph_text(graph));
    if (status == WEFT_OK) status = weft_meta_set_normalize(meta, &norm);
    if (status == WEFT_OK) status = weft_meta_format(meta, "seed", "%" PRIu64, seed);
    return status;
}

static weft_status save(const cli_args *args, const weft_graph *graph, weft_device *device)
{
    const uint64_t seed = (uint64_t)cli_integer(args, CLI_OPT_SEED, 0);
    weft_model *model = NULL;
    weft_meta *meta = NULL;
    weft_status status = weft_model_new(graph, device, &(weft_model_desc){.seed = seed}, &model);
    if (status == WEFT_OK) status = weft_model_init(model);
    if (status == WEFT_OK) status = weft_meta_new(&meta);
    if (status == WEFT_OK) status = fill_meta(meta, graph, args->word[0], seed);
    if (status == WEFT_OK) {
        status = weft_checkpoint_save(model, meta, cli_text(args, CLI_OPT_OUT), false);
    }
    weft_meta_free(meta);
    weft_model_free(model);
    return status;
}

static weft_status check_out(const cli_args *args)
{
    const char *path = cli_text(args, CLI_OPT_OUT);
    if (!path) return weft_fail(WEFT_ERR_USAGE, "weft init needs a file to write: -o FILE");
    if (weft_is_folder(path))
        return weft_fail(WEFT_ERR_USAGE, "-o %s is a folder, not a file", path);
    if (weft_path_exists(path) && !cli_given(args, CLI_OPT_OVERWRITE)) {
        return weft_fail(WEFT_ERR_USAGE, "%s exists: choose another name, or --overwrite", path);
    }
    return WEFT_OK;
}

/* Initial weights are drawn on the host, so any device would write the same bytes. */
static weft_status run(const cli_args *args)
{
    weft_graph *graph = NULL;
    weft_device *device = NULL;
    const weft_backend *cpu = weft_backend_cpu();
    WEFT_TRY(check_out(args));
    WEFT_TRY(cli_model_load(args->word[0], &graph));
    weft_status status = cpu->open(0, &(weft_open_desc){0}, &device);
    if (status == WEFT_OK) status = save(args, graph, device);
    if (status == WEFT_OK) {
        printf("%s: %lld parameters\n", cli_text(args, CLI_OPT_OUT),
               (long long)weft_graph_parameters(graph));
    }
    cpu->close(device);
    weft_graph_free(graph);
    return status;
}

int cli_run_init(const cli_args *args)
{
    return cli_exit_code(run(args));
}
