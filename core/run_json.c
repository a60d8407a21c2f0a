/* config.json, env.json and summary.json. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/config.h"
#include "core/run_private.h"

enum { JSON_STYLE = JSON_INDENT(2) | JSON_REAL_PRECISION(9), SUMMARY_LIMIT = 1 << 20 };

#if defined(__clang__)
static const char COMPILER[] = "clang " __clang_version__;
#elif defined(__GNUC__)
static const char COMPILER[] = "gcc " __VERSION__;
#else
static const char COMPILER[] = "unknown";
#endif

int weft_run_number(json_t *object, const char *key, double value)
{
    return json_object_set_new(object, key, isfinite(value) ? json_real(value) : json_null());
}

static int loss_number(json_t *object, const char *key, double value)
{
    return weft_run_number(object, key, (double)(float)value);
}

static int text(json_t *object, const char *key, const char *value)
{
    return json_object_set_new(object, key, value ? json_string(value) : json_null());
}

static int whole(json_t *object, const char *key, int64_t value)
{
    return json_object_set_new(object, key, json_integer((json_int_t)value));
}

weft_status weft_run_write_json(const weft_run *run, const char *name, const json_t *object)
{
    weft_status status = WEFT_ERR_MEMORY;
    char *path = weft_run_path(run, name);
    char *dump = json_dumps(object, JSON_STYLE);
    const size_t length = dump ? strlen(dump) : 0;
    if (path && dump) {
        dump[length] = '\n'; /* in place of the zero byte, which is not written */
        status = weft_write_file(path, dump, length + 1);
    } else {
        weft_run_no_memory();
    }
    free(dump);
    free(path);
    return status;
}

/* What config.json and env.json say of the device. */
static int device_json(json_t *object, const weft_device_entry *device)
{
    const weft_device_info *info = device ? &device->info : NULL;
    int bad = text(object, "device", device ? device->id : "custom");
    bad |= text(object, "device_name", info ? info->name : NULL);
    bad |= text(object, "platform", info ? info->platform : NULL);
    bad |= text(object, "driver", info ? info->driver : NULL);
    return bad;
}

static int config_json(json_t *object, const weft_train_desc *desc, const char *routes)
{
    int bad = text(object, "model", desc->model_name);
    bad |= text(object, "data", desc->data_spec);
    bad |= text(object, "data_dir", desc->data_dir);
    bad |= text(object, "init", desc->init);
    bad |= text(object, "init_partial", desc->init_partial);
    bad |= text(object, "family", desc->family ? desc->family : "auto");
    bad |= text(object, "gemm", desc->gemm ? desc->gemm : "auto");
    bad |= device_json(object, desc->device_entry);
    bad |= text(object, "routes", routes);
    return bad;
}

weft_status weft_run_write_config(const weft_run *run, const weft_train_desc *desc,
                                  const char *routes, const weft_train_options *options)
{
    weft_status status = WEFT_ERR_MEMORY;
    json_t *object = json_object();
    if (object && config_json(object, desc, routes) == 0)
        status = weft_config_write(options, object);
    else
        weft_run_no_memory();
    if (status == WEFT_OK) status = weft_run_write_json(run, "config.json", object);
    json_decref(object);
    return status;
}

static int env_json(json_t *object, const weft_device_entry *device)
{
    static const char *const TYPES[] = {"cpu", "gpu", "accelerator"};
    char date[32];
    weft_utc(date);
    int bad = device_json(object, device);
    bad |= text(object, "type", device ? TYPES[device->info.type] : NULL);
    bad |= whole(object, "compute_units", device ? device->info.compute_units : 0);
    bad |= whole(object, "threads", weft_cpu_count());
    bad |= text(object, "weft", WEFT_VERSION);
    bad |= text(object, "compiler", COMPILER);
    bad |= text(object, "date", date);
    return bad;
}

weft_status weft_run_write_env(const weft_run *run, const weft_device_entry *device)
{
    weft_status status = WEFT_ERR_MEMORY;
    json_t *object = json_object();
    if (object && env_json(object, device) == 0)
        status = weft_run_write_json(run, "env.json", object);
    else
        weft_run_no_memory();
    json_decref(object);
    return status;
}

/* ---- the summary ---- */

static const char *const OUTCOMES[] = {"finished", "stopped", "diverged"};

static int facts_json(json_t *object, const weft_run_facts *facts, const weft_train_result *r)
{
    int bad = text(object, "outcome", OUTCOMES[r->outcome]);
    bad |= text(object, "model", facts->model);
    bad |= text(object, "data", facts->data);
    bad |= text(object, "device", facts->device);
    bad |= whole(object, "seed", (int64_t)facts->seed);
    bad |= whole(object, "epochs", r->epochs);
    bad |= whole(object, "steps", (int64_t)r->steps);
    bad |= whole(object, "parameters", facts->parameters);
    return bad;
}

static int figures_json(json_t *object, const weft_train_result *r)
{
    int bad = weft_run_number(object, "seconds", r->seconds);
    bad |= weft_run_number(object, "images_per_second", r->images_per_second);
    bad |= loss_number(object, "train_loss", r->train_loss);
    bad |= loss_number(object, "train_accuracy", r->train_accuracy);
    bad |= loss_number(object, "val_loss", r->val_loss);
    bad |= loss_number(object, "val_accuracy", r->val_accuracy);
    bad |= loss_number(object, "test_loss", r->test_loss);
    bad |= loss_number(object, "test_accuracy", r->test_accuracy);
    bad |= json_object_set_new(object, "best_epoch",
                               r->best_epoch > 0 ? json_integer(r->best_epoch) : json_null());
    return bad;
}

/* What the run cost besides its time. */
static int costs_json(json_t *object, const weft_train_result *r)
{
    const int64_t peak = weft_peak_memory();
    int bad = weft_run_number(object, "start_seconds", r->start_seconds);
    bad |= weft_run_number(object, "compile_seconds", r->compile_seconds);
    bad |= json_object_set_new(object, "device_bytes",
                               r->device_bytes > 0 ? json_integer(r->device_bytes) : json_null());
    bad |= json_object_set_new(object, "peak_memory_bytes",
                               peak > 0 ? json_integer(peak) : json_null());
    return bad;
}

weft_status weft_run_write_summary(const weft_run *run, const weft_run_facts *facts,
                                   const weft_train_result *result)
{
    weft_status status = WEFT_ERR_MEMORY;
    json_t *object = json_object();
    if (object && facts_json(object, facts, result) == 0 && figures_json(object, result) == 0 &&
        costs_json(object, result) == 0)
        status = weft_run_write_json(run, "summary.json", object);
    else
        weft_run_no_memory();
    json_decref(object);
    return status;
}

bool weft_run_is_finished(const weft_run *run)
{
    char *path = weft_run_path(run, "summary.json"), *bytes = NULL;
    size_t count = 0;
    json_t *summary = NULL;
    if (path && weft_path_exists(path) &&
        weft_read_file(path, SUMMARY_LIMIT, &bytes, &count) == WEFT_OK)
        summary = json_loadb(bytes, count, 0, NULL);
    const char *outcome = json_string_value(json_object_get(summary, "outcome"));
    const bool finished = outcome && strcmp(outcome, OUTCOMES[WEFT_FINISHED]) == 0;
    json_decref(summary);
    free(bytes);
    free(path);
    return finished;
}
