/* weft devices: what there is, what auto takes, and how to get a GPU to work. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/device_twins.h"
#include "cli/gpus.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/qualify.h"
#include "cli/select.h"
#include "cli/verdict.h"

enum { NAME_AT = 44, ID_WIDTH = 12 };

static const char *type_text(const weft_device_entry *entry)
{
    static const char *const names[] = {[WEFT_DEVICE_CPU] = "cpu",
                                        [WEFT_DEVICE_GPU] = "gpu",
                                        [WEFT_DEVICE_ACCELERATOR] = "accelerator"};
    return names[entry->info.type];
}

static const char *family_text(weft_family family)
{
    static const char *const names[] = {
        [WEFT_FAMILY_AUTO] = "-", [WEFT_FAMILY_VECTOR] = "vector", [WEFT_FAMILY_TILE] = "tile"};
    return names[family];
}

static cli_verdict verdict_of(const weft_device_entry *entry)
{
    return cli_verdict_load(entry, WEFT_FAMILY_AUTO, WEFT_GEMM_AUTO);
}

/* Why auto takes the first of its list. */
static const char *why_first(const weft_device_entry *entry)
{
    if (strcmp(entry->backend->name, "cpu") == 0)
        return "no other device to rely on: the CPU backend";
    if (entry->info.type == WEFT_DEVICE_GPU) return "GPUs come first, the widest and fastest one";
    if (entry->info.type == WEFT_DEVICE_ACCELERATOR) return "no GPU: an accelerator";
    return "no GPU or accelerator: the CPU through OpenCL";
}

/* Why auto takes a device or leaves it. first: the one it takes. */
static const char *reason(const weft_device_entry *entry, const weft_device_entry *first,
                          char text[128])
{
    if (entry == first) return why_first(entry);
    if (verdict_of(entry).verdict == WEFT_VERDICT_FAILED)
        return "its selftest failed: taken when named, only";
    if (entry->info.emulated) return "an emulator or software renderer: taken when named, only";
    snprintf(text, 128, "after %.100s, which comes first", first ? first->id : "others");
    return text;
}

/* What auto takes, or NULL. */
static weft_status find_first(const weft_registry *registry, const weft_device_entry **out)
{
    int *order = calloc((size_t)weft_registry_count(registry) + 1, sizeof *order);
    *out = NULL;
    if (!order) return weft_fail(WEFT_ERR_MEMORY, "out of memory for the list of devices");
    int count = weft_registry_auto_order(registry, order);
    cli_qualify_filter(registry, &(cli_wish){.family = WEFT_FAMILY_AUTO, .gemm = WEFT_GEMM_AUTO},
                       order, &count);
    if (count > 0) *out = weft_registry_device(registry, order[0]);
    free(order);
    return WEFT_OK;
}

/* ---- the table ---- */

static void print_device(const weft_registry *registry, int index, const weft_device_entry *first)
{
    const weft_device_entry *entry = weft_registry_device(registry, index);
    const int twin = cli_device_twin(registry, index);
    char units[16], memory[32], rest[3 * WEFT_NAME_MAX];
    snprintf(units, sizeof units, "%d", (int)entry->info.compute_units);
    printf("%c ", entry == first ? '*' : ' ');
    cli_put_column(stdout, entry->id, ID_WIDTH);
    putchar(' ');
    cli_put_column(stdout, entry->info.type == WEFT_DEVICE_ACCELERATOR ? "acc" : type_text(entry),
                   4);
    cli_put_column(stdout, units, -6);
    cli_put_column(stdout, cli_bytes((double)entry->info.memory_bytes, memory), -8);
    printf("  ");
    cli_put_column(stdout, family_text(entry->info.family), 7);
    printf("  ");
    cli_put_wrapped(stdout, entry->info.name, NAME_AT, NAME_AT);

    const bool platform = entry->info.platform[0] != '\0';
    snprintf(rest, sizeof rest, "%s%s%s", entry->info.platform,
             platform && entry->info.driver[0] ? ", " : "", entry->info.driver);
    if (rest[0]) {
        printf("%*s", NAME_AT, "");
        cli_put_wrapped(stdout, rest, NAME_AT, NAME_AT);
    }
    if (twin >= 0) {
        printf("%*sthe same device as %s\n", NAME_AT, "", weft_registry_device(registry, twin)->id);
    }
    if (entry->info.emulated) printf("%*semulated: taken when named, only\n", NAME_AT, "");
    if (cli_verdict_applies(entry)) {
        const cli_verdict verdict = verdict_of(entry);
        printf("%*sselftest: %s%s%.10s\n", NAME_AT, "", cli_verdict_words(&verdict),
               verdict.date[0] ? ", " : "", verdict.date);
    }
}

static void print_table(const weft_registry *registry, const weft_device_entry *first)
{
    char text[CLI_DEVICE_TEXT], line[CLI_DEVICE_TEXT + 192];
    printf("  %-*s %-4s%6s%8s  %-7s  %s\n", ID_WIDTH, "ID", "TYPE", "UNITS", "MEMORY", "FAMILY",
           "NAME, PLATFORM, DRIVER");
    for (int i = 0; i < weft_registry_count(registry); i++) {
        print_device(registry, i, first);
    }
    if (!first) return;
    snprintf(line, sizeof line, "auto takes %s, %s (%s).", first->id, cli_device_print(first, text),
             why_first(first));
    printf("\n* ");
    cli_put_wrapped(stdout, line, 2, 2);
}

/* ---- JSON ---- */

/* null for a device that needs none: the CPU backend is what the others are held against. */
static json_t *selftest_json(const weft_device_entry *entry)
{
    const cli_verdict v = verdict_of(entry);
    if (!cli_verdict_applies(entry)) return json_null();
    return json_pack("{s:s, s:b, s:o}", "verdict", cli_verdict_text(v.verdict), "quick", v.quick,
                     "date", v.date[0] ? cli_json_text(v.date) : json_null());
}

static json_t *device_json(const weft_registry *registry, int index, const weft_device_entry *first)
{
    const weft_device_entry *entry = weft_registry_device(registry, index);
    const weft_device_info *info = &entry->info;
    const int twin = cli_device_twin(registry, index);
    char text[128];
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:s, s:i, s:I, s:b, s:s, s:s, s:s?, s:b, s:o}",
                     "id", entry->id, "backend", entry->backend->name, "name",
                     cli_json_text(info->name), "platform", cli_json_text(info->platform), "driver",
                     cli_json_text(info->driver), "type", type_text(entry), "compute_units",
                     (int)info->compute_units, "memory_bytes", (json_int_t)info->memory_bytes,
                     "selected", entry == first, "reason", reason(entry, first, text), "family",
                     family_text(info->family), "same_as",
                     twin >= 0 ? weft_registry_device(registry, twin)->id : NULL, "emulated",
                     info->emulated, "selftest", selftest_json(entry));
}

static weft_status print_json(const weft_registry *registry, const weft_device_entry *first)
{
    json_t *list = json_array();
    for (int i = 0; list && i < weft_registry_count(registry); i++) {
        if (json_array_append_new(list, device_json(registry, i, first)) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return cli_put_json(list);
}

/* ---- the command ---- */

static weft_status tell(const cli_args *args, const weft_registry *registry)
{
    const weft_device_entry *first = NULL;
    WEFT_TRY(find_first(registry, &first));
    if (cli_given(args, CLI_OPT_JSON)) {
        WEFT_TRY(print_json(registry, first));
        cli_gpus_help(stderr, registry);
        return WEFT_OK;
    }
    print_table(registry, first);
    cli_gpus_help(stdout, registry);
    return WEFT_OK;
}

int cli_run_devices(const cli_args *args)
{
    weft_registry *registry = NULL;
    const weft_log log = cli_plain_log(false);
    weft_status status = cli_registry(NULL, &log, &registry);
    if (status == WEFT_OK) status = tell(args, registry);
    weft_registry_free(registry);
    return cli_exit_code(status);
}
