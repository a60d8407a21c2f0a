#include "cli/device_twins.h"

#include <ctype.h>
#include <string.h>

#include "cli/gpus.h"

/* Letters and digits in lower case, without what stands in brackets: "Radeon RX 6700 XT (navi22,
 * LLVM 15)" and "AMD Radeon(TM) RX 6700 XT" differ by the maker alone. */
static void plain_name(const char *name, char text[WEFT_NAME_MAX])
{
    int depth = 0;
    size_t at = 0;
    for (; *name && at + 1 < WEFT_NAME_MAX; name++) {
        if (*name == '(') depth++;
        if (depth == 0 && isalnum((unsigned char)*name)) {
            text[at++] = (char)tolower((unsigned char)*name);
        }
        if (*name == ')' && depth > 0) depth--;
    }
    text[at] = '\0';
}

static bool names_agree(const weft_device_info *a, const weft_device_info *b)
{
    char x[WEFT_NAME_MAX], y[WEFT_NAME_MAX];
    plain_name(a->name, x);
    plain_name(b->name, y);
    if (strlen(x) < 6 || strlen(y) < 6) return strcmp(x, y) == 0;
    return strstr(x, y) || strstr(y, x);
}

/* How many devices of this kind the device's own platform offers. */
static int count_siblings(const weft_registry *registry, const weft_device_info *info)
{
    int count = 0;
    for (int i = 0; i < weft_registry_count(registry); i++) {
        const weft_device_info *other = &weft_registry_device(registry, i)->info;
        count += other->type == info->type && strcmp(other->platform, info->platform) == 0 &&
                 cli_gpu_vendor(other) == cli_gpu_vendor(info);
    }
    return count;
}

static bool is_twin(const weft_registry *registry, const weft_device_entry *a,
                    const weft_device_entry *b)
{
    const weft_device_info *x = &a->info, *y = &b->info;
    const bool candidates = a->backend == b->backend && x->type == y->type && !x->emulated &&
                            !y->emulated && strcmp(x->platform, y->platform) != 0;
    if (!candidates) return false;
    if (x->type == WEFT_DEVICE_CPU || names_agree(x, y)) return true;
    const uint32_t vendor = cli_gpu_vendor(x);
    return vendor != 0 && vendor == cli_gpu_vendor(y) && cli_gpus_count(vendor) == 1 &&
           count_siblings(registry, x) == 1 && count_siblings(registry, y) == 1;
}

int cli_device_twin(const weft_registry *registry, int index)
{
    const weft_device_entry *entry = weft_registry_device(registry, index);
    for (int i = 0; i < index; i++) {
        if (is_twin(registry, weft_registry_device(registry, i), entry)) return i;
    }
    return -1;
}
