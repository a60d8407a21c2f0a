#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/compare.h"
#include "cli/device_twins.h"
#include "cli/output.h"
#include "cli/select.h"
#include "cli/verdict.h"
#include "core/posix.h"

/* ---- a contender ---- */

static int times_before(const cli_compare *c, const char *id)
{
    int count = 0;
    for (int i = 0; i < c->count; i++)
        count += strcmp(c->list[i].entry->id, id) == 0;
    return count;
}

/* "opencl:0" to "opencl-0"; a device that is named twice gets a number. */
static char *folder_of(const cli_compare *c, const char *name)
{
    char plain[WEFT_NAME_MAX];
    (void)snprintf(plain, sizeof plain, "%s", name);
    for (char *at = plain; *at; at++)
        if (*at == ':' || *at == '#' || *at == '/') *at = '-';
    return weft_path_join(c->out, plain);
}

static void take_verdict(const cli_compare *c, cli_contender *to)
{
    const weft_family family = (weft_family)cli_integer(c->args, CLI_OPT_FAMILY, WEFT_FAMILY_AUTO);
    const weft_gemm_route gemm =
        (weft_gemm_route)cli_integer(c->args, CLI_OPT_GEMM, WEFT_GEMM_AUTO);
    if (!cli_verdict_applies(to->entry)) return;
    const cli_verdict verdict = cli_verdict_load(to->entry, family, gemm);
    (void)snprintf(to->selftest, sizeof to->selftest, "%s", cli_verdict_words(&verdict));
}

static weft_status add(cli_compare *c, const weft_device_entry *entry)
{
    char device[CLI_DEVICE_TEXT];
    if (c->count == CLI_CONTENDERS)
        return weft_fail(WEFT_ERR_USAGE, "--devices: at most %d are compared", CLI_CONTENDERS);
    const int before = times_before(c, entry->id);
    cli_contender *to = &c->list[c->count];
    *to = (cli_contender){.entry = entry};
    (void)snprintf(to->name, sizeof to->name, before > 0 ? "%.100s#%d" : "%.100s", entry->id,
                   before + 1);
    (void)snprintf(to->title, sizeof to->title, "%s: %.200s", cli_device_words(entry),
                   cli_device_print(entry, device));
    take_verdict(c, to);
    to->folder = folder_of(c, to->name);
    c->count++;
    return to->folder ? WEFT_OK : weft_fail(WEFT_ERR_MEMORY, "out of memory for a path");
}

/* ---- which ---- */

static bool is_cpu(const weft_device_entry *entry)
{
    return strcmp(entry->backend->name, "cpu") == 0;
}

static weft_status add_named(cli_compare *c, const char *name)
{
    int count = weft_registry_count(c->registry);
    int *order = calloc((size_t)count + 1, sizeof *order);
    if (!order) return weft_fail(WEFT_ERR_MEMORY, "out of memory for the list of devices");
    weft_status status = weft_registry_find(c->registry, name, order, &count);
    if (status == WEFT_OK) status = add(c, weft_registry_device(c->registry, order[0]));
    free(order);
    return status == WEFT_ERR_DEVICE
               ? weft_fail(status, "%s; `weft devices` tells what is missing", weft_error())
               : status;
}

/* Names between commas; the text is cut up. */
static weft_status add_list(cli_compare *c, char *text)
{
    for (char *name = text, *comma; name; name = comma) {
        comma = strchr(name, ',');
        if (comma) *comma++ = '\0';
        if (!*name)
            return weft_fail(WEFT_ERR_USAGE, "--devices: a name is empty; it is cpu,opencl:0");
        WEFT_TRY(add_named(c, name));
    }
    return WEFT_OK;
}

static weft_status add_given(cli_compare *c, const char *list)
{
    char *copy = weft_path_join("", list);
    if (!copy) return weft_fail(WEFT_ERR_MEMORY, "out of memory for the list of devices");
    const weft_status status = add_list(c, copy);
    free(copy);
    return status;
}

/* Every piece of hardware once, no emulator, and the CPU backend. */
static weft_status add_distinct(cli_compare *c)
{
    for (int i = 0; i < weft_registry_count(c->registry); i++) {
        const weft_device_entry *entry = weft_registry_device(c->registry, i);
        if (entry->info.emulated || cli_device_twin(c->registry, i) >= 0) continue;
        WEFT_TRY(add(c, entry));
    }
    return WEFT_OK;
}

static void choose_reference(cli_compare *c)
{
    c->reference = 0;
    for (int i = c->count; i > 0; i--)
        if (is_cpu(c->list[i - 1].entry)) c->reference = i - 1;
    cli_contender *reference = &c->list[c->reference];
    reference->likeness = CLI_REFERENCE;
}

/* "cpu" and nothing else, so that no driver is loaded for nothing. */
static bool only_cpu(const char *list)
{
    for (const char *at = list; at && *at; at += at[3] == ',' ? 4 : 3)
        if (strncmp(at, "cpu", 3) != 0 || (at[3] && at[3] != ',')) return false;
    return list != NULL;
}

weft_status cli_compare_devices(cli_compare *c)
{
    const char *list = cli_text(c->args, CLI_OPT_DEVICES);
    WEFT_TRY(cli_registry(only_cpu(list) ? "cpu" : NULL, &c->log, &c->registry));
    WEFT_TRY(list ? add_given(c, list) : add_distinct(c));
    choose_reference(c);
    return WEFT_OK;
}
