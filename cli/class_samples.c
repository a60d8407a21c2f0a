#include "cli/class_samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/checked.h"
#include "core/number.h"

/* "0 Coat, 1 Bag, ..." as far as a line holds it. */
static void list_classes(const weft_dataset *data, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (int32_t c = 0; c < data->class_count; c++) {
        const int length = snprintf(text + used, size - used, "%s%d %s", c > 0 ? ", " : "", (int)c,
                                    data->class_names[c]);
        if (length < 0 || (size_t)length >= size - used) {
            (void)snprintf(text + used, size - used, ", ...");
            return;
        }
        used += (size_t)length;
    }
}

weft_status cli_class_find(const weft_dataset *data, const char *text, int32_t *out)
{
    char list[1024];
    int64_t number = -1;
    for (int32_t c = 0; c < data->class_count; c++) {
        if (strcmp(data->class_names[c], text) != 0) continue;
        *out = c;
        return WEFT_OK;
    }
    if (weft_parse_int(text, &number) && number >= 0 && number < data->class_count) {
        *out = (int32_t)number;
        return WEFT_OK;
    }
    list_classes(data, list, sizeof list);
    return weft_fail(WEFT_ERR_USAGE, "%s has no class \"%s\"; there are %s", data->name, text,
                     list);
}

/* Place i of `each` among count samples. */
static int64_t place(int64_t i, int64_t count, int64_t each)
{
    return count > each ? i * count / each : i;
}

static void pick(const weft_dataset *data, const cli_class_samples *s, int64_t *seen,
                 int32_t *taken)
{
    for (int64_t i = 0; i < data->count; i++) {
        const int32_t c = data->classes[i];
        const int64_t at = seen[c]++;
        if (taken[c] < s->each && at == place(taken[c], s->count[c], s->each))
            s->id[(int64_t)c * s->each + taken[c]++] = (int32_t)i;
    }
}

weft_status cli_class_samples_pick(const weft_dataset *data, int32_t each, cli_class_samples *out)
{
    const size_t classes = (size_t)data->class_count;
    size_t ids = 0;
    int64_t *seen = calloc(classes, sizeof *seen);
    int32_t *taken = calloc(classes, sizeof *taken);
    *out = (cli_class_samples){.count = calloc(classes, sizeof *out->count), .each = each};
    if (!weft_mul_size(classes, (size_t)each, &ids)) out->id = calloc(ids, sizeof *out->id);
    const bool enough = seen && taken && out->count && out->id;
    if (enough) {
        for (size_t i = 0; i < ids; i++)
            out->id[i] = -1;
        for (int64_t i = 0; i < data->count; i++)
            out->count[data->classes[i]]++;
        pick(data, out, seen, taken);
    } else {
        cli_class_samples_free(out);
    }
    free(seen);
    free(taken);
    return enough ? WEFT_OK : weft_fail(WEFT_ERR_MEMORY, "out of memory for the lists of samples");
}

void cli_class_samples_free(cli_class_samples *samples)
{
    free(samples->count);
    free(samples->id);
    *samples = (cli_class_samples){0};
}
