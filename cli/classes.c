#include "cli/classes.h"

#include <stdio.h>

#include "cli/output.h"
#include "core/number.h"

/* The class that comes after `last` (-1: the first). */
static int32_t next_best(const float *values, int32_t classes, int32_t last)
{
    int32_t best = -1;
    for (int32_t i = 0; i < classes; i++) {
        const bool later =
            last < 0 || values[i] < values[last] || (!(values[i] > values[last]) && i > last);
        if (later && (best < 0 || values[i] > values[best])) best = i;
    }
    return best;
}

void cli_put_classes(const cli_trained *trained, const float *probabilities, int32_t top)
{
    int32_t last = -1;
    char name[24], number[WEFT_NUMBER_TEXT];
    for (int32_t i = 0; i < top; i++) {
        last = next_best(probabilities, cli_trained_outputs(trained), last);
        if (last < 0) return;
        printf("  %s  ", weft_fixed((double)probabilities[last], 4, number));
        cli_put_column(stdout, cli_class_name(trained, last, name), 0);
        putchar('\n');
    }
}

json_t *cli_classes_json(const cli_trained *trained, const float *probabilities, int32_t top)
{
    json_t *list = json_array();
    int32_t last = -1;
    char name[24];
    for (int32_t i = 0; list && i < top; i++) {
        last = next_best(probabilities, cli_trained_outputs(trained), last);
        if (last < 0) break;
        const char *text = cli_class_name(trained, last, name);
        json_t *one = json_pack("{s:o, s:o}", "name", cli_json_text(text), "probability",
                                cli_json_number((double)probabilities[last]));
        if (json_array_append_new(list, one) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}
