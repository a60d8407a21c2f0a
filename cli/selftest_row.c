#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/output.h"
#include "cli/selftest.h"

static const char *const verdicts[] = {[WEFT_VERDICT_NONE] = "none",
                                       [WEFT_VERDICT_PASSED] = "passed",
                                       [WEFT_VERDICT_FAILED] = "failed"};

const char *cli_verdict_text(weft_verdict verdict)
{
    return verdicts[verdict];
}

static json_t *variants_json(const weft_selftest_row *row)
{
    json_t *list = json_array();
    for (int i = 0; list && i < row->variant_count; i++)
        (void)json_array_append_new(list, cli_json_text(row->variant[i]));
    return list;
}

json_t *cli_row_json(const weft_selftest_row *row)
{
    return json_pack("{s:s, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o}", "verdict",
                     cli_verdict_text(row->verdict), "cases", row->cases, "failed", row->failed,
                     "nmse", cli_json_number(row->nmse), "bound", cli_json_number(row->bound),
                     "ulp", cli_json_number(row->ulp), "kernels", variants_json(row), "failure",
                     cli_json_text_or_null(row->failure), "note", cli_json_text_or_null(row->note));
}

static void read_variants(const json_t *list, weft_selftest_row *row)
{
    const size_t count = json_array_size(list);
    for (size_t i = 0; i < count && i < WEFT_SELFTEST_VARIANTS; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        snprintf(row->variant[row->variant_count++], WEFT_VARIANT_MAX, "%s", text ? text : "");
    }
}

/* A number that is not finite was written as null. */
static double read_number(const json_t *json, const char *key)
{
    const json_t *value = json_object_get(json, key);
    return json_is_null(value) ? (double)INFINITY : json_number_value(value);
}

bool cli_row_read(const json_t *json, weft_selftest_row *row)
{
    const char *verdict = json_string_value(json_object_get(json, "verdict"));
    *row = (weft_selftest_row){.cases = 0};
    if (!verdict) return false;
    for (int i = 0; i <= WEFT_VERDICT_FAILED; i++)
        if (strcmp(verdict, verdicts[i]) == 0) row->verdict = (weft_verdict)i;
    row->cases = (int)json_integer_value(json_object_get(json, "cases"));
    row->failed = (int)json_integer_value(json_object_get(json, "failed"));
    row->nmse = read_number(json, "nmse");
    row->bound = read_number(json, "bound");
    row->ulp = read_number(json, "ulp");
    read_variants(json_object_get(json, "kernels"), row);
    cli_json_copy(json, "failure", row->failure, sizeof row->failure);
    cli_json_copy(json, "note", row->note, sizeof row->note);
    return true;
}
