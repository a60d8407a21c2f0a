/* Which device a command runs on. */
#ifndef WEFT_CLI_SELECT_H
#define WEFT_CLI_SELECT_H

#include "cli/options.h"
#include "core/backend.h"
#include "core/thread.h"

/* What a run was made on, as its config.json says, and the routes taken there, as its checkpoint
 * says; strings may be NULL. */
typedef struct cli_recorded {
    const char *name, *platform, *driver, *routes;
} cli_recorded;

/* Make everything the command needs on an open device; on failure nothing of it is left. */
typedef weft_status cli_attempt(weft_device *device, const weft_device_entry *entry, void *user);

typedef struct cli_choice {
    weft_registry *registry;
    weft_device *device;
    const weft_device_entry *entry; /* in the registry */
} cli_choice;

/* What the user wants of a device; strings are borrowed. */
typedef struct cli_wish {
    const char *device; /* --device, or NULL */
    weft_family family;
    weft_gemm_route gemm;
    int32_t threads;
    const char *dump_dir;
    bool profile;          /* device times of steps */
    cli_recorded recorded; /* looked for when device is NULL */
    weft_log log;
} cli_wish;

/* The wish that the device options state. */
cli_wish cli_wish_of(const cli_args *args, weft_log log);

/* Registry of the built-in backends, scanned; of the cpu backend alone when that is what is wanted,
 * so that no driver is loaded for nothing. */
weft_status cli_registry(const char *wanted, const weft_log *log, weft_registry **out);

/* Begin to load the drivers that `wanted` (or WEFT_DEVICE) may need while the caller does something
 * else: they take a while. Join the thread before a device is looked for; NULL when there is none.
 */
weft_thread *cli_load_drivers(const char *wanted);

/* Open the device that the wish names, or the recorded one, or WEFT_DEVICE, or what auto takes, and
 * make the attempt there (NULL: opening it is all). A device that was named is the only one tried;
 * auto goes on to the next one when one fails, and each failure is one warning. */
weft_status cli_select(const cli_wish *wish, cli_attempt *attempt, void *user, cli_choice *out);

/* The device that cli_select would try first, without opening it. Free the registry whatever is
 * returned. */
weft_status cli_select_entry(const cli_wish *wish, weft_registry **registry,
                             const weft_device_entry **entry);

/* After everything that was made on the device is gone. */
void cli_choice_free(cli_choice *choice);

/* As --family and --gemm take them. */
const char *cli_family_text(weft_family family);
const char *cli_gemm_text(weft_gemm_route route);

/* "GPU", "accelerator", "CPU through OpenCL" or "CPU backend". */
const char *cli_device_words(const weft_device_entry *entry);

/* "NAME (PLATFORM)", or the name alone where the platform says nothing more. */
enum { CLI_DEVICE_TEXT = 2 * WEFT_NAME_MAX + 8 };
const char *cli_device_print(const weft_device_entry *entry, char text[CLI_DEVICE_TEXT]);

#endif
