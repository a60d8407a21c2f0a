#include <stdlib.h>
#include <string.h>

#include "core/run_private.h"

static const char LOCK[] = ".lock";

/* Everything that a run writes, pictures of the program included. */
static const char *const FILES[] = {
    "summary.json",
    "config.json",
    "env.json",
    "metrics.csv",
    "steps.csv",
    "events.jsonl",
    "curves.svg",
    "curves.png",
    "report.html",
    "checkpoints/last.safetensors",
    "checkpoints/prev.safetensors",
    "checkpoints/best.safetensors",
    "checkpoints/new.safetensors",
};
enum { FILE_COUNT = sizeof FILES / sizeof FILES[0] };

/* Folders in it; and files of the second, whose names tell where each of them begins. */
static const char *const FOLDERS[] = {"checkpoints", "tensorboard"};
enum { FOLDER_COUNT = sizeof FOLDERS / sizeof FOLDERS[0] };
static const char TENSORBOARD[] = "tensorboard", TENSORBOARD_FILES[] = "events.out.tfevents.*";

weft_status weft_run_no_memory(void)
{
    return weft_fail(WEFT_ERR_MEMORY, "no memory for the files of a run");
}

/* Sets *out when the folder has something of this name. */
static weft_status look_for(const char *folder, const char *name, bool *out)
{
    char *path = weft_path_join(folder, name);
    if (!path) return weft_run_no_memory();
    *out = *out || weft_path_exists(path);
    free(path);
    return WEFT_OK;
}

static weft_status holds_run(const char *folder, bool *holds)
{
    *holds = false;
    for (int i = 0; i < FOLDER_COUNT; i++)
        WEFT_TRY(look_for(folder, FOLDERS[i], holds));
    for (int i = 0; i < FILE_COUNT; i++)
        WEFT_TRY(look_for(folder, FILES[i], holds));
    return WEFT_OK;
}

weft_status weft_run_refuse(const char *folder, bool overwrite)
{
    if (weft_path_exists(folder) && !weft_is_folder(folder))
        return weft_fail(WEFT_ERR_IO, "%s is a file: name a folder for the run", folder);
    bool holds;
    WEFT_TRY(holds_run(folder, &holds));
    if (overwrite || !holds) return WEFT_OK;
    return weft_fail(WEFT_ERR_USAGE,
                     "%s holds a run already: choose another folder, continue it with --resume, or "
                     "replace it with --overwrite",
                     folder);
}

char *weft_run_path(const weft_run *run, const char *name)
{
    return weft_path_join(run->folder, name);
}

weft_status weft_run_drop(const weft_run *run, const char *name)
{
    char *path = weft_run_path(run, name);
    if (!path) return weft_run_no_memory();
    const weft_status status = weft_remove(path);
    free(path);
    return status;
}

static weft_status refuse_kind(const char *path, bool is_folder)
{
    if (!weft_is_strange(path, is_folder)) return WEFT_OK;
    return weft_fail(WEFT_ERR_IO,
                     "%s is a link or no plain file: a run writes into its own folder alone, "
                     "remove it",
                     path);
}

weft_status weft_run_refuse_strange(const char *path)
{
    return refuse_kind(path, false);
}

static weft_status refuse_strange(const char *folder, const char *name, bool is_folder)
{
    char *path = weft_path_join(folder, name);
    if (!path) return weft_run_no_memory();
    const weft_status status = refuse_kind(path, is_folder);
    free(path);
    return status;
}

static weft_status refuse_strange_file(void *user, const char *path, const char *name)
{
    (void)path;
    return refuse_strange(user, name, false);
}

static weft_status for_tensorboard(const char *folder, weft_visit *visit)
{
    char *path = weft_path_join(folder, TENSORBOARD);
    if (!path) return weft_run_no_memory();
    const weft_status status = weft_folder_each(path, TENSORBOARD_FILES, visit, path);
    free(path);
    return status;
}

/* A run folder may come from anybody: nothing in it may lead a write elsewhere. The folder itself
 * may be a link, for it was named by the user. */
static weft_status check_names(const char *folder)
{
    WEFT_TRY(refuse_strange(folder, LOCK, false));
    for (int i = 0; i < FOLDER_COUNT; i++)
        WEFT_TRY(refuse_strange(folder, FOLDERS[i], true));
    for (int i = 0; i < FILE_COUNT; i++)
        WEFT_TRY(refuse_strange(folder, FILES[i], false));
    return for_tensorboard(folder, refuse_strange_file);
}

/* Who holds the lock is the only one who writes here. */
static weft_status drop_leftovers(const weft_run *run)
{
    char *checkpoints = weft_run_path(run, "checkpoints");
    if (!checkpoints) return weft_run_no_memory();
    weft_status status = weft_drop_temporaries(run->folder);
    if (status == WEFT_OK) status = weft_drop_temporaries(checkpoints);
    free(checkpoints);
    return status;
}

static weft_status open_locked(const char *folder, weft_run **out)
{
    weft_status status = WEFT_ERR_MEMORY;
    *out = NULL;
    WEFT_TRY(check_names(folder));
    weft_run *run = calloc(1, sizeof *run);
    char *path = NULL;
    if (run) run->folder = weft_path_join(folder, "");
    if (run && run->folder) path = weft_path_join(folder, LOCK);
    if (!path) {
        weft_run_no_memory();
        goto done;
    }
    status = weft_lock_take(path, &run->lock);
    if (status == WEFT_OK) status = drop_leftovers(run);
    if (status != WEFT_OK) goto done;
    *out = run;
    run = NULL;
done:
    free(path);
    weft_run_free(run);
    return status;
}

static weft_status remove_file(void *user, const char *path, const char *name)
{
    (void)user;
    (void)name;
    return weft_remove(path);
}

/* Under the lock, so that of two runs that want the folder one is refused. */
static weft_status take_over(const weft_run *run, bool overwrite)
{
    WEFT_TRY(weft_run_refuse(run->folder, overwrite));
    for (int i = 0; i < FILE_COUNT; i++)
        WEFT_TRY(weft_run_drop(run, FILES[i]));
    WEFT_TRY(for_tensorboard(run->folder, remove_file));

    char *checkpoints = weft_run_path(run, "checkpoints");
    if (!checkpoints) return weft_run_no_memory();
    const weft_status status = weft_make_folders(checkpoints);
    free(checkpoints);
    return status;
}

weft_status weft_run_create(const char *folder, bool overwrite, weft_run **out)
{
    weft_run *run = NULL;
    *out = NULL;
    WEFT_TRY(weft_make_folders(folder));
    WEFT_TRY(open_locked(folder, &run));
    const weft_status status = take_over(run, overwrite);
    if (status == WEFT_OK)
        *out = run;
    else
        weft_run_free(run);
    return status;
}

weft_status weft_run_reopen(const char *folder, weft_run **out)
{
    *out = NULL;
    if (!weft_is_folder(folder))
        return weft_fail(WEFT_ERR_IO, "cannot resume %s: there is no such folder", folder);
    bool has_checkpoints = false;
    WEFT_TRY(look_for(folder, "checkpoints", &has_checkpoints));
    if (!has_checkpoints)
        return weft_fail(WEFT_ERR_IO, "cannot resume %s: it holds no checkpoints", folder);
    return open_locked(folder, out);
}

void weft_run_free(weft_run *run)
{
    if (!run) return;
    weft_run_logs_close(run);
    weft_lock_free(run->lock);
    free(run->folder);
    free(run);
}

/* ---- checkpoints ---- */

static char *checkpoint(const weft_run *run, const char *name)
{
    char *folder = weft_run_path(run, "checkpoints");
    char *path = folder ? weft_path_join(folder, name) : NULL;
    free(folder);
    return path;
}

char *weft_run_checkpoint(const weft_run *run, const char *which)
{
    if (strcmp(which, "prev") == 0) return checkpoint(run, "prev.safetensors");
    if (strcmp(which, "best") == 0) return checkpoint(run, "best.safetensors");
    return checkpoint(run, "last.safetensors");
}

weft_status weft_run_save_best(const weft_run *run, weft_model *model, const weft_meta *meta)
{
    char *path = weft_run_checkpoint(run, "best");
    if (!path) return weft_run_no_memory();
    const weft_status status = weft_checkpoint_save(model, meta, path, true);
    free(path);
    return status;
}

/* The new file is whole and on disk before the old ones change their names. */
static weft_status rotate(const weft_run *run, const char *fresh, const char *last,
                          const char *prev)
{
    if (weft_path_exists(last)) WEFT_TRY(weft_keep_as(last, prev));
    WEFT_TRY(weft_rename(fresh, last));
    char *folder = weft_run_path(run, "checkpoints");
    if (!folder) return weft_run_no_memory();
    const weft_status status = weft_sync_folder(folder);
    free(folder);
    return status;
}

weft_status weft_run_save_last(const weft_run *run, weft_model *model, const weft_meta *meta)
{
    weft_status status = WEFT_ERR_MEMORY;
    char *fresh = checkpoint(run, "new.safetensors");
    char *last = weft_run_checkpoint(run, "last");
    char *prev = weft_run_checkpoint(run, "prev");
    if (fresh && last && prev) {
        status = weft_checkpoint_save(model, meta, fresh, true);
        if (status == WEFT_OK) status = rotate(run, fresh, last, prev);
    } else {
        weft_run_no_memory();
    }
    free(fresh);
    free(last);
    free(prev);
    return status;
}
