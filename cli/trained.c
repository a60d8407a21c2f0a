#include "cli/trained.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "cli/run_files.h"
#include "cli/select.h"
#include "core/posix.h"

static weft_status no_memory(void)
{
    return weft_fail(WEFT_ERR_MEMORY, "out of memory for a path");
}

char *cli_checkpoint_path(const char *run, const char *which)
{
    char name[64];
    snprintf(name, sizeof name, "checkpoints/%.20s.safetensors", which);
    return weft_path_join(run, name);
}

static bool is_word(const char *text, const char *word)
{
    return text && strcmp(text, word) == 0;
}

/* A folder that is a run has its configuration from the first moment. */
static weft_status no_checkpoint(const char *run, const cli_trained *wanted)
{
    char *config = weft_path_join(run, "config.json");
    if (!config) return no_memory();
    const bool is_run = weft_path_exists(config);
    free(config);
    if (is_run && is_word(wanted->which, "last"))
        return cli_run_unfinished(run, wanted->path, "is missing");
    return weft_fail(
        is_run ? WEFT_ERR_FORMAT : WEFT_ERR_IO, "%s has no checkpoint \"%s\": %s is missing; %s",
        run, wanted->which, wanted->path,
        is_run ? "was an epoch of it finished, with validation?" : "is it the folder of a run?");
}

static weft_status find_in_run(const char *run, const char *wanted, cli_trained *out)
{
    const bool best = is_word(wanted, "best");
    if (wanted && !best && !is_word(wanted, "last")) {
        out->which = "file";
        out->path = weft_path_join("", wanted);
        return out->path ? WEFT_OK : no_memory();
    }
    out->which = best ? "best" : "last";
    out->path = cli_checkpoint_path(run, out->which);
    if (!out->path) return no_memory();
    if (weft_path_exists(out->path)) return WEFT_OK;
    return no_checkpoint(run, out);
}

static weft_status find_checkpoint(const char *word, const char *wanted, cli_trained *out)
{
    if (weft_is_folder(word)) return find_in_run(word, wanted, out);
    if (!weft_path_exists(word)) {
        return weft_fail(WEFT_ERR_IO, "%s: no such run folder or checkpoint file", word);
    }
    if (wanted) {
        return weft_fail(WEFT_ERR_USAGE, "%s is a file: --checkpoint goes with a run folder", word);
    }
    out->which = "file";
    out->path = weft_path_join("", word);
    return out->path ? WEFT_OK : no_memory();
}

weft_status cli_network_of(const weft_meta *meta, const char *path, weft_graph **out)
{
    const char *text = weft_meta_get(meta, "network");
    *out = NULL;
    if (!text) {
        return weft_fail(WEFT_ERR_FORMAT, "%s: holds no network text: not a checkpoint of weft",
                         path);
    }
    WEFT_TRY(weft_graph_parse(text, strlen(text), path, out));
    const weft_status status = weft_checkpoint_claim(path, *out);
    if (status == WEFT_OK) return WEFT_OK;
    weft_graph_free(*out);
    *out = NULL;
    return status;
}

static weft_status read_all(const char *word, const char *wanted, cli_trained *out)
{
    WEFT_TRY(find_checkpoint(word, wanted, out));
    WEFT_TRY(weft_checkpoint_meta(out->path, &out->meta));
    WEFT_TRY(cli_network_of(out->meta, out->path, &out->graph));
    WEFT_TRY(weft_meta_get_normalize(out->meta, &out->norm));
    WEFT_TRY(weft_meta_get_names(out->meta, &out->names, &out->name_count));
    if (out->name_count <= cli_trained_outputs(out)) return WEFT_OK; /* the rest has numbers */
    return weft_fail(WEFT_ERR_FORMAT, "%s: names %d classes, but its network has %d outputs",
                     out->path, (int)out->name_count, (int)cli_trained_outputs(out));
}

weft_status cli_trained_open(const char *word, const char *checkpoint, cli_trained *out)
{
    *out = (cli_trained){0};
    const weft_status status = read_all(word, checkpoint, out);
    if (status != WEFT_OK) cli_trained_free(out);
    return status;
}

weft_status cli_trained_read(const cli_args *args, cli_trained *out)
{
    return cli_trained_open(args->word[0], cli_text(args, CLI_OPT_CHECKPOINT), out);
}

void cli_trained_free(cli_trained *trained)
{
    weft_names_free(trained->names, trained->name_count);
    weft_graph_free(trained->graph);
    weft_meta_free(trained->meta);
    free(trained->path);
    *trained = (cli_trained){0};
}

weft_status cli_trained_model(const cli_trained *trained, weft_device *device, weft_log log,
                              weft_model **out)
{
    weft_model *model = NULL;
    *out = NULL;
    WEFT_TRY(weft_model_new(trained->graph, device, &(weft_model_desc){.log = log}, &model));
    const weft_status status =
        weft_checkpoint_load(model, trained->path, &(weft_load_desc){.optim = false});
    if (status != WEFT_OK) {
        weft_model_free(model);
        return status;
    }
    *out = model;
    return WEFT_OK;
}

const char *cli_class_name(const cli_trained *trained, int32_t index, char text[24])
{
    if (index >= 0 && index < trained->name_count) return trained->names[index];
    snprintf(text, 24, "%d", (int)index);
    return text;
}

int32_t cli_trained_outputs(const cli_trained *trained)
{
    return (int32_t)weft_shape_count(weft_graph_output(trained->graph));
}

const char *cli_trained_title(const cli_trained *trained)
{
    const char *name = weft_meta_get(trained->meta, "model");
    return name ? name : "network";
}

void cli_trained_print(const cli_trained *trained, const weft_device_entry *entry)
{
    char device[CLI_DEVICE_TEXT];
    const char *epoch = weft_meta_get(trained->meta, "epoch");
    printf("checkpoint  %s (%s%s", trained->path, trained->which,
           epoch ? ", epochs finished: " : "");
    cli_put_column(stdout, epoch ? epoch : "", 0);
    printf(")\ndevice      %s: ", cli_device_words(entry));
    cli_put_column(stdout, cli_device_print(entry, device), 0);
    putchar('\n');
}
