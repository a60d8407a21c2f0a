#include "cli/eval_scores.h"

#include <stdlib.h>

static weft_status fill_classes(cli_scores *s)
{
    const weft_dataset *data = s->data;
    const int32_t classes = data->class_count;
    s->confusion = calloc((size_t)classes * (size_t)classes, sizeof *s->confusion);
    s->classes = calloc((size_t)classes, sizeof *s->classes);
    if (!s->confusion || !s->classes) {
        return weft_fail(WEFT_ERR_MEMORY, "out of memory for the matrix of %d classes",
                         (int)classes);
    }
    s->left_out = weft_confusion(s->logits, data->classes, data->count, classes, s->confusion);
    weft_class_scores(s->confusion, data->classes, data->count, classes, s->classes);
    s->mean = weft_class_scores_mean(s->classes, classes);
    s->pair_count = weft_confused_pairs(s->confusion, classes, s->pair, CLI_EVAL_PAIRS);
    return WEFT_OK;
}

static void fill_top(cli_scores *s)
{
    const weft_dataset *data = s->data;
    const int64_t usual = data->class_count > CLI_EVAL_TOP ? CLI_EVAL_TOP : 0;
    s->top = (int32_t)cli_integer(s->args, CLI_OPT_TOP, usual);
    s->top_accuracy =
        weft_top_accuracy(s->logits, data->classes, data->count, data->class_count, s->top);
}

weft_status cli_scores_fill(cli_scores *s)
{
    const weft_dataset *data = s->data;
    WEFT_TRY(fill_classes(s));
    fill_top(s);
    weft_calibration_measure(s->logits, data->classes, data->count, data->class_count,
                             &s->calibration);
    return weft_samples_choose(s->logits, data->classes, data->count, data->class_count,
                               WEFT_WORST_ERRORS, cli_integer(s->args, CLI_OPT_ERRORS, 0),
                               &s->error, &s->error_count, &s->error_total);
}

void cli_scores_free(cli_scores *s)
{
    free(s->logits);
    free(s->confusion);
    free(s->classes);
    free(s->error);
}

const char *cli_scores_name(const cli_scores *s, int32_t class, char text[24])
{
    if (class < 0) return "-";
    if (s->trained->name_count == 0 && s->data->class_names) return s->data->class_names[class];
    return cli_class_name(s->trained, class, text);
}
