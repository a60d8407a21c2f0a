#define _POSIX_C_SOURCE 200809L
#include "cli/training.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/models.h"
#include "cli/output.h"
#include "cli/run_files.h"
#include "cli/trained.h"
#include "core/config.h"
#include "core/number.h"
#include "core/posix.h"

/* ---- the configuration file ---- */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text && *text ? text : NULL;
}

/* The value of a key that is one of an option's words; left alone when it has none. */
static weft_status read_choice(const char *path, const json_t *config, cli_option_id id, int *out)
{
    const cli_option *option = &cli_options[id];
    const json_t *value = json_object_get(config, option->name);
    const char *text = json_string_value(value);
    if (!value || json_is_null(value)) return WEFT_OK;
    const int index = text ? cli_choice_index(option->value, text) : -1;
    if (index < 0) {
        return weft_fail(WEFT_ERR_FORMAT, "%s: \"%s\" is %s%s%s, which is none of %s", path,
                         option->name, text ? "\"" : "", text ? text : "not a text",
                         text ? "\"" : "", option->value);
    }
    *out = index;
    return WEFT_OK;
}

static weft_status read_config(const char *path, cli_training *t)
{
    WEFT_TRY(cli_json_file(path, "config.json", &t->config));
    const weft_status status = weft_config_read(t->config, &t->options);
    if (status != WEFT_OK) return weft_fail_in(status, "%s", path);

    int family = WEFT_FAMILY_AUTO, gemm = WEFT_GEMM_AUTO;
    WEFT_TRY(read_choice(path, t->config, CLI_OPT_FAMILY, &family));
    WEFT_TRY(read_choice(path, t->config, CLI_OPT_GEMM, &gemm));
    t->family = (weft_family)family;
    t->gemm = (weft_gemm_route)gemm;
    t->augment_given = json_object_get(t->config, "augment") != NULL;
    t->model = text_of(t->config, "model");
    t->data = text_of(t->config, "data");
    t->data_dir = text_of(t->config, "data_dir");
    t->init = text_of(t->config, "init");
    t->init_partial = text_of(t->config, "init_partial");
    t->recorded = (cli_recorded){.name = text_of(t->config, "device_name"),
                                 .platform = text_of(t->config, "platform"),
                                 .driver = text_of(t->config, "driver")};
    return WEFT_OK;
}

/* ---- the command line over it ---- */

static weft_status read_betas(const char *text, weft_optimizer *out)
{
    char first[32];
    double beta1 = -1, beta2 = -1;
    const char *comma = strchr(text, ',');
    const size_t length = comma ? (size_t)(comma - text) : 0;
    bool fine = comma && length < sizeof first;
    if (fine) {
        memcpy(first, text, length);
        first[length] = '\0';
        fine = weft_parse_double(first, &beta1) && weft_parse_double(comma + 1, &beta2);
    }
    if (!fine) return weft_fail(WEFT_ERR_USAGE, "--betas takes two numbers, as 0.9,0.999");
    if (!(beta1 > 0 && beta1 < 1 && beta2 > 0 && beta2 < 1)) {
        return weft_fail(WEFT_ERR_USAGE,
                         "--betas %s is out of range: each lies above 0 and below 1", text);
    }
    out->beta1 = (float)beta1;
    out->beta2 = (float)beta2;
    return WEFT_OK;
}

static void take_integer(const cli_args *args, cli_option_id id, int64_t *out)
{
    *out = cli_integer(args, id, *out);
}

/* A count where 0 means none, which the library calls WEFT_NONE. */
static void take_count(const cli_args *args, cli_option_id id, int64_t *out)
{
    if (cli_given(args, id))
        *out = args->value[id].integer > 0 ? args->value[id].integer : WEFT_NONE;
}

static void take_real(const cli_args *args, cli_option_id id, float *out)
{
    if (cli_given(args, id)) *out = (float)args->value[id].real;
}

static void take_text(const cli_args *args, cli_option_id id, const char **out)
{
    if (cli_given(args, id)) *out = cli_text(args, id);
}

static weft_status take_optimizer(const cli_args *args, weft_optimizer *out)
{
    if (cli_given(args, CLI_OPT_OPTIMIZER)) {
        WEFT_TRY(weft_optimizer_parse(cli_text(args, CLI_OPT_OPTIMIZER), &out->kind));
        out->momentum = out->kind == WEFT_SGD ? 0.9f : 0.0f;
    }
    take_real(args, CLI_OPT_LR, &out->lr);
    take_real(args, CLI_OPT_MOMENTUM, &out->momentum);
    take_real(args, CLI_OPT_EPS, &out->eps);
    take_real(args, CLI_OPT_WEIGHT_DECAY, &out->weight_decay);
    if (cli_given(args, CLI_OPT_NESTEROV)) out->nesterov = true;
    if (cli_given(args, CLI_OPT_BETAS)) WEFT_TRY(read_betas(cli_text(args, CLI_OPT_BETAS), out));
    return WEFT_OK;
}

/* The tutorial's settings; what stands beside --recipe is taken after it. */
static void take_recipe(const cli_args *args, cli_training *t)
{
    if (cli_integer(args, CLI_OPT_RECIPE, 0) == 0) return;
    t->options.optimizer = (weft_optimizer){.kind = WEFT_ADAM, .lr = 1e-3f};
    t->options.schedule = WEFT_CONSTANT;
    t->options.batch_size = 64;
    t->options.epochs = 10;
    t->options.label_smoothing = 0;
    t->options.augment = (weft_augment){.flip = true};
    t->augment_given = true;
}

/* Mean and deviation belong to the samples that are trained on: other samples, other figures. */
static void forget_normalize(const cli_args *args, weft_train_options *o)
{
    static const cli_option_id samples[] = {CLI_OPT_DATA, CLI_OPT_DATA_DIR, CLI_OPT_LIMIT,
                                            CLI_OPT_VAL_COUNT, CLI_OPT_SEED};
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        if (cli_given(args, samples[i])) o->fixed_normalize = false;
    }
}

static weft_status take_options(const cli_args *args, cli_training *t)
{
    weft_train_options *o = &t->options;
    take_recipe(args, t);
    take_integer(args, CLI_OPT_EPOCHS, &o->epochs);
    take_integer(args, CLI_OPT_BATCH_SIZE, &o->batch_size);
    take_integer(args, CLI_OPT_LIMIT, &o->limit);
    take_integer(args, CLI_OPT_MAX_STEPS, &o->max_steps);
    take_integer(args, CLI_OPT_SAVE_EVERY, &o->save_every);
    take_integer(args, CLI_OPT_PATIENCE, &o->patience);
    take_count(args, CLI_OPT_VAL_COUNT, &o->val_count);
    take_count(args, CLI_OPT_LOG_EVERY, &o->log_every);
    take_real(args, CLI_OPT_LABEL_SMOOTHING, &o->label_smoothing);
    take_text(args, CLI_OPT_FREEZE, &o->freeze);
    if (cli_given(args, CLI_OPT_SEED)) o->seed = (uint64_t)args->value[CLI_OPT_SEED].integer;
    if (cli_given(args, CLI_OPT_NO_SHUFFLE)) o->no_shuffle = true;
    if (cli_given(args, CLI_OPT_NO_FUSION)) o->no_fusion = true;
    if (cli_given(args, CLI_OPT_SCHEDULE)) {
        WEFT_TRY(weft_schedule_parse(cli_text(args, CLI_OPT_SCHEDULE), &o->schedule));
    }
    if (cli_given(args, CLI_OPT_LOSS)) {
        WEFT_TRY(weft_loss_parse(cli_text(args, CLI_OPT_LOSS), &o->loss));
    }
    if (cli_given(args, CLI_OPT_AUGMENT)) {
        WEFT_TRY(weft_augment_parse(cli_text(args, CLI_OPT_AUGMENT), &o->augment));
        t->augment_given = true;
    }
    forget_normalize(args, o);
    return take_optimizer(args, &o->optimizer);
}

static void take_names(const cli_args *args, cli_training *t)
{
    if (args->word_count > 0) t->model = args->word[0];
    take_text(args, CLI_OPT_DATA, &t->data);
    take_text(args, CLI_OPT_DATA_DIR, &t->data_dir);
    take_text(args, CLI_OPT_INIT, &t->init);
    take_text(args, CLI_OPT_INIT_PARTIAL, &t->init_partial);
    t->family = (weft_family)cli_integer(args, CLI_OPT_FAMILY, t->family);
    t->gemm = (weft_gemm_route)cli_integer(args, CLI_OPT_GEMM, t->gemm);
}

/* ---- the network ---- */

/* The routes that the checkpoint was made by; older ones do not say. */
static weft_status take_routes(const weft_meta *meta, cli_training *t)
{
    const char *routes = weft_meta_get(meta, "routes");
    free(t->routes);
    t->routes = routes ? strdup(routes) : NULL;
    if (routes && !t->routes) return weft_fail(WEFT_ERR_MEMORY, "out of memory for a checkpoint");
    t->recorded.routes = t->routes;
    return WEFT_OK;
}

static weft_status network_of_file(const char *path, const char *model, cli_training *t)
{
    weft_meta *meta = NULL;
    WEFT_TRY(weft_checkpoint_meta(path, &meta));
    const char *name = weft_meta_get(meta, "model");
    weft_status status = WEFT_OK;
    if (model && (!name || strcmp(name, weft_path_name(model)) != 0)) {
        status = weft_fail(WEFT_ERR_FORMAT, "%s: holds another network than %s", path, model);
    }
    if (status == WEFT_OK) status = cli_network_of(meta, path, &t->graph);
    if (status == WEFT_OK && t->resume) status = take_routes(meta, t);
    weft_meta_free(meta);
    return status;
}

/* The best epoch's checkpoint is for predictions: a run goes on from its newest one. */
static weft_status no_checkpoint(const char *run)
{
    char *best = cli_checkpoint_path(run, "best");
    const bool has_best = best && weft_path_exists(best);
    free(best);
    if (has_best)
        return weft_fail(WEFT_ERR_IO,
                         "%s has lost its checkpoints last and prev; --init "
                         "%s/checkpoints/best.safetensors starts a new run from the best one",
                         run, run);
    return weft_fail(WEFT_ERR_IO,
                     "%s holds no checkpoint: the run ended before its first one; start it anew "
                     "with --config %s/config.json",
                     run, run);
}

/* The network of a run: its checkpoints know it even when the file is gone or was changed. model:
 * what it has to be called, or NULL. */
static weft_status network_of_run(const char *run, const char *model, cli_training *t)
{
    static const char *const names[] = {"prev", "last"};
    weft_status status = WEFT_OK;
    bool found = false;
    for (size_t i = sizeof names / sizeof *names; i > 0 && !t->graph; i--) {
        char *path = cli_checkpoint_path(run, names[i - 1]);
        if (!path) return weft_fail(WEFT_ERR_MEMORY, "out of memory for a path");
        if (weft_path_exists(path)) {
            found = true;
            status = network_of_file(path, model, t);
        }
        free(path);
    }
    return found ? status : no_checkpoint(run);
}

/* The folder of config.json as a new string. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? weft_path_join("", path) : weft_path_join("", ".");
    if (folder && slash) folder[slash == path ? 1 : slash - path] = '\0';
    return folder;
}

static weft_status load_network(const cli_args *args, cli_training *t)
{
    if (t->resume) return network_of_run(t->resume, NULL, t);
    if (!t->model) {
        return weft_fail(WEFT_ERR_USAGE,
                         "which network? weft train MODEL --data SET; `weft models` "
                         "lists those of the program");
    }
    if (args->word_count == 0) {
        char *folder = folder_of(cli_text(args, CLI_OPT_CONFIG));
        if (!folder) return weft_fail(WEFT_ERR_MEMORY, "out of memory for a path");
        const weft_status status = network_of_run(folder, t->model, t);
        free(folder);
        if (status == WEFT_OK) return WEFT_OK;
    }
    return cli_model_load(t->model, &t->graph);
}

/* ---- all of it ---- */

static weft_status refuse_beside_resume(const cli_args *args)
{
    for (int i = 0; i < CLI_OPTION_COUNT; i++) {
        const bool refused = cli_options[i].recorded || i == CLI_OPT_RECIPE ||
                             i == CLI_OPT_CONFIG || i == CLI_OPT_OUT || i == CLI_OPT_OVERWRITE;
        if (!args->value[i].given || !refused) continue;
        return weft_fail(WEFT_ERR_USAGE,
                         "--resume goes on with the run's own options: leave out "
                         "--%s (or start anew with --config RUN/config.json)",
                         cli_options[i].name);
    }
    if (args->word_count == 0) return WEFT_OK;
    return weft_fail(WEFT_ERR_USAGE, "--resume goes on with the run's own network: leave out %s",
                     args->word[0]);
}

static weft_status read_run(const cli_args *args, cli_training *t)
{
    t->resume = cli_text(args, CLI_OPT_RESUME);
    WEFT_TRY(refuse_beside_resume(args));
    if (!weft_is_folder(t->resume)) {
        return weft_fail(WEFT_ERR_IO, "--resume %s: no such run folder", t->resume);
    }
    char *path = weft_path_join(t->resume, "config.json");
    if (!path) return weft_fail(WEFT_ERR_MEMORY, "out of memory for a path");
    weft_status status =
        weft_path_exists(path)
            ? read_config(path, t)
            : weft_fail(WEFT_ERR_IO, "%s is missing: %s is no run folder", path, t->resume);
    if (status == WEFT_OK && !t->data) {
        status = weft_fail(WEFT_ERR_FORMAT, "%s: \"data\" is missing", path);
    }
    free(path);
    return status;
}

static weft_status read_all(const cli_args *args, cli_training *t)
{
    if (cli_given(args, CLI_OPT_RESUME)) {
        WEFT_TRY(read_run(args, t));
        take_text(args, CLI_OPT_DATA_DIR, &t->data_dir);
    } else {
        if (cli_given(args, CLI_OPT_CONFIG)) {
            WEFT_TRY(read_config(cli_text(args, CLI_OPT_CONFIG), t));
        }
        take_names(args, t);
        WEFT_TRY(take_options(args, t));
    }
    WEFT_TRY(load_network(args, t));
    if (t->data) return WEFT_OK;
    return weft_fail(WEFT_ERR_USAGE, "train on what? --data SET, such as fashion-mnist; `weft "
                                     "datasets` lists them");
}

weft_status cli_training_read(const cli_args *args, cli_training *out)
{
    *out = (cli_training){0};
    const weft_status status = read_all(args, out);
    if (status != WEFT_OK) cli_training_free(out);
    return status;
}

void cli_training_free(cli_training *training)
{
    weft_graph_free(training->graph);
    json_decref(training->config);
    free(training->routes);
    *training = (cli_training){0};
}

/* ---- the run folder's name ---- */

/* Letters, digits, dots and dashes of a text; the rest becomes dashes. */
static void plain(char *text)
{
    for (; *text; text++) {
        const char c = *text;
        const bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '.' || c == '_';
        if (!fine) *text = '-';
    }
}

/* "idx:/data/letters/" to "letters". */
static void data_title(const char *spec, char *text, size_t size)
{
    size_t length = strlen(spec);
    while (length > 1 && spec[length - 1] == '/')
        length--;
    size_t from = length;
    while (from > 0 && spec[from - 1] != '/' && spec[from - 1] != ':')
        from--;
    snprintf(text, size, "%.*s", (int)(length - from < 60 ? length - from : 60), spec + from);
}

char *cli_training_folder(const cli_training *training)
{
    return cli_new_folder("", training->model, training->data);
}

char *cli_new_folder(const char *what, const char *model, const char *spec)
{
    char name[256], data[64], stamp[32], *title = cli_model_title(model);
    char *folder = NULL;
    if (!title) return NULL;
    weft_run_stamp(stamp);
    data_title(spec, data, sizeof data);
    plain(title);
    plain(data);
    for (int i = 1; i < 1000; i++) {
        char number[16] = "";
        if (i > 1) snprintf(number, sizeof number, "-%d", i);
        snprintf(name, sizeof name, "%.20s%.60s-%s-%s%s", what, title, data, stamp, number);
        free(folder);
        folder = weft_path_join("results/runs", name);
        if (!folder || !weft_path_exists(folder)) break;
    }
    free(title);
    return folder;
}
