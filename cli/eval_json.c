/* weft eval --json. Figures that are not defined are null. */
#include "cli/eval_output.h"
#include "cli/output.h"

/* Append an object to a list; the list is given up when there is no memory for one of them. */
static json_t *with(json_t *list, json_t *one)
{
    if (list && json_array_append_new(list, one) == 0) return list;
    json_decref(list);
    return NULL;
}

static json_t *name_json(const cli_scores *s, int32_t class)
{
    char text[24];
    return class < 0 ? json_null() : cli_json_text(cli_scores_name(s, class, text));
}

static json_t *classes_json(const cli_scores *s)
{
    json_t *list = json_array();
    for (int32_t i = 0; list && i < s->data->class_count; i++) {
        const weft_class_score *class = &s->classes[i];
        list =
            with(list, json_pack("{s:o, s:o, s:o, s:o, s:I}", "name", name_json(s, i), "precision",
                                 cli_json_number(class->precision), "recall",
                                 cli_json_number(class->recall), "f1", cli_json_number(class->f1),
                                 "count", (json_int_t) class->count));
    }
    return list;
}

static json_t *mean_json(const weft_class_score *mean)
{
    return json_pack("{s:o, s:o, s:o}", "precision", cli_json_number(mean->precision), "recall",
                     cli_json_number(mean->recall), "f1", cli_json_number(mean->f1));
}

static json_t *confusion_json(const cli_scores *s)
{
    const int32_t classes = s->data->class_count;
    json_t *rows = json_array();
    for (int32_t i = 0; rows && i < classes; i++) {
        json_t *row = json_array();
        for (int32_t k = 0; row && k < classes; k++) {
            const int64_t count = s->confusion[(int64_t)i * classes + k];
            row = with(row, json_integer((json_int_t)count));
        }
        rows = with(rows, row);
    }
    return rows;
}

static json_t *pairs_json(const cli_scores *s)
{
    json_t *list = json_array();
    for (int i = 0; list && i < s->pair_count; i++) {
        const weft_confused_pair *pair = &s->pair[i];
        list =
            with(list, json_pack("{s:o, s:o, s:I}", "label", name_json(s, pair->class), "predicted",
                                 name_json(s, pair->predicted), "count", (json_int_t)pair->count));
    }
    return list;
}

static json_t *top_json(const cli_scores *s)
{
    if (s->top == 0) return json_null();
    return json_pack("{s:i, s:o}", "k", (int)s->top, "accuracy", cli_json_number(s->top_accuracy));
}

static json_t *calibration_json(const weft_calibration *c)
{
    json_t *bins = json_array();
    for (int i = 0; bins && i < WEFT_CALIBRATION_BINS; i++) {
        bins =
            with(bins,
                 json_pack("{s:f, s:f, s:I, s:o, s:o}", "above", (double)i / WEFT_CALIBRATION_BINS,
                           "to", (double)(i + 1) / WEFT_CALIBRATION_BINS, "count",
                           (json_int_t)c->count[i], "confidence", cli_json_number(c->confidence[i]),
                           "accuracy", cli_json_number(c->accuracy[i])));
    }
    return json_pack("{s:o, s:o}", "error", cli_json_number(c->error), "bins", bins);
}

static json_t *errors_json(const cli_scores *s)
{
    if (!cli_given(s->args, CLI_OPT_ERRORS)) return json_null();
    json_t *list = json_array();
    for (int64_t i = 0; list && i < s->error_count; i++) {
        const weft_sample_score *e = &s->error[i];
        list = with(list, json_pack("{s:I, s:o, s:o, s:o, s:o, s:o}", "index", (json_int_t)e->index,
                                    "label", name_json(s, e->class), "predicted",
                                    name_json(s, e->predicted), "probability",
                                    cli_json_number(e->probability), "label_probability",
                                    cli_json_number(e->class_probability), "loss",
                                    cli_json_number(e->loss)));
    }
    return list;
}

/* What was evaluated, and the loss. */
static json_t *head_json(const cli_scores *s)
{
    return json_pack("{s:o, s:o, s:s, s:s, s:o, s:s, s:I, s:I, s:o, s:o}", "model",
                     cli_json_text(cli_trained_title(s->trained)), "data",
                     cli_json_text(s->data->name), "split", s->split, "device", s->entry->id,
                     "checkpoint", cli_json_text(s->trained->path), "which", s->trained->which,
                     "samples", (json_int_t)s->score.samples, "without_prediction",
                     (json_int_t)s->left_out, "loss", cli_json_number(s->score.loss), "accuracy",
                     cli_json_number(s->score.accuracy));
}

json_t *cli_scores_json(const cli_scores *s)
{
    json_t *all = head_json(s);
    json_t *rest = json_pack(
        "{s:o, s:o, s:o, s:{s:o, s:o}, s:o, s:o, s:o}", "top", top_json(s), "calibration",
        calibration_json(&s->calibration), "classes", classes_json(s), "averages", "macro",
        mean_json(&s->mean.macro), "weighted", mean_json(&s->mean.weighted), "confusion",
        confusion_json(s), "most_confused", pairs_json(s), "errors", errors_json(s));
    const bool whole = all && rest && json_object_update(all, rest) == 0;
    json_decref(rest);
    if (whole) return all;
    json_decref(all);
    return NULL;
}
