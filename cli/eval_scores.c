#include "cli/eval_scores.h"

#include <stdlib.h>

#include "core/checked.h"

weft_status cli_scores_fit(const cli_trained *trained, const weft_dataset *data)
{
    char wants[WEFT_SHAPE_TEXT], has[WEFT_SHAPE_TEXT];
    const weft_shape shape = weft_graph_input(trained->graph);
    if (!weft_shape_equal(shape, data->shape)) {
        return weft_fail(WEFT_ERR_SHAPE, "%s: its network takes %s, but %s has %s", trained->path,
                         weft_shape_print(shape, wants), data->name,
                         weft_shape_print(data->shape, has));
    }
    const int32_t named = data->class_names ? trained->name_count : 0;
    const int32_t outputs = named > 0 ? named : cli_trained_outputs(trained);
    if (data->class_count > outputs || (named > 0 && data->class_count != named)) {
        return weft_fail(WEFT_ERR_SHAPE, "%s: its network tells %d classes apart, but %s has %d",
                         trained->path, (int)outputs, data->name, (int)data->class_count);
    }
    return WEFT_OK;
}

weft_dataset cli_scores_data(const cli_trained *trained, const weft_dataset *data)
{
    weft_dataset all = *data;
    const int32_t outputs = cli_trained_outputs(trained);
    if (data->class_count == outputs) return all;
    all.class_count = outputs;
    all.class_names = NULL;
    return all;
}

static weft_status new_logits(const weft_dataset *data, float **out)
{
    size_t bytes;
    const bool over = weft_mul_size((size_t)data->count, (size_t)data->class_count, &bytes) ||
                      weft_mul_size(bytes, sizeof **out, &bytes);
    *out = over ? NULL : malloc(bytes);
    return *out ? WEFT_OK : weft_fail(WEFT_ERR_MEMORY, "out of memory for the logits");
}

weft_status cli_scores_measure(cli_scores *s, weft_model *model, int32_t batch)
{
    if (!s->logits) WEFT_TRY(new_logits(s->data, &s->logits));
    return weft_evaluate(model, s->data, &s->trained->norm, batch, s->logits, &s->score);
}

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
