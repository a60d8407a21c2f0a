#include "cli/eval_output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "core/number.h"
#include "core/posix.h"

enum { NAME_WIDTH_MAX = 24, PAIRS = 5, MATRIX_CLASSES_MAX = 100 };

/* The names that the network learnt; those of the data set where it has none. */
static const char *name_of(const cli_scores *s, int32_t class, char text[24])
{
    if (s->trained->name_count == 0 && s->data->class_names) return s->data->class_names[class];
    return cli_class_name(s->trained, class, text);
}

static int name_width(const cli_scores *s)
{
    int width = 5;
    char text[24];
    for (int32_t i = 0; i < s->data->class_count; i++) {
        const int columns = cli_columns(name_of(s, i, text));
        if (columns > width) width = columns;
    }
    return width < NAME_WIDTH_MAX ? width : NAME_WIDTH_MAX;
}

static void print_classes(const cli_scores *s, int width)
{
    char name[24], precision[32], recall[32], f1[32];
    printf("\n%-*s  precision  recall      f1   count\n", width, "class");
    for (int32_t i = 0; i < s->data->class_count; i++) {
        const weft_class_score *class = &s->classes[i];
        cli_put_column(stdout, name_of(s, i, name), width);
        printf("  %9s  %6s  %6s  %6lld\n", cli_fixed(class->precision, 4, precision),
               cli_fixed(class->recall, 4, recall), cli_fixed(class->f1, 4, f1),
               (long long)class->count);
    }
}

static int digits(int64_t number)
{
    int count = 1;
    for (; number >= 10; number /= 10) {
        count++;
    }
    return count;
}

static void print_confusion(const cli_scores *s, int width)
{
    const int32_t classes = s->data->class_count;
    int64_t most = classes;
    char name[24];
    for (int64_t i = 0; i < (int64_t)classes * classes; i++) {
        if (s->confusion[i] > most) most = s->confusion[i];
    }
    const int cell = digits(most) + 1, number = digits(classes - 1);
    const int head = number + 1 + width;
    if (classes > MATRIX_CLASSES_MAX || head + cell * classes > CLI_WIDTH) {
        printf("\nThe confusion matrix of %d classes is too wide to print; --json holds it.\n",
               (int)classes);
        return;
    }
    printf("\nconfusion: a row is the true class, a column what the network says\n%*s", head, "");
    for (int32_t column = 0; column < classes; column++) {
        printf("%*d", cell, (int)column);
    }
    for (int32_t row = 0; row < classes; row++) {
        printf("\n%*d ", number, (int)row);
        cli_put_column(stdout, name_of(s, row, name), width);
        for (int32_t column = 0; column < classes; column++) {
            printf("%*lld", cell, (long long)s->confusion[(int64_t)row * classes + column]);
        }
    }
    putchar('\n');
}

/* ---- the most confused pairs ---- */

typedef struct pair {
    int64_t count;
    int32_t is, said;
} pair;

/* The largest numbers off the diagonal, the first of equals first. */
static int find_pairs(const cli_scores *s, pair pairs[PAIRS])
{
    const int32_t classes = s->data->class_count;
    int found = 0;
    for (int64_t i = 0; i < (int64_t)classes * classes; i++) {
        const pair p = {s->confusion[i], (int32_t)(i / classes), (int32_t)(i % classes)};
        if (p.is == p.said || p.count == 0) continue;
        int at = found < PAIRS ? found++ : PAIRS;
        for (; at > 0 && p.count > pairs[at - 1].count; at--) {
            if (at < PAIRS) pairs[at] = pairs[at - 1];
        }
        if (at < PAIRS) pairs[at] = p;
    }
    return found;
}

static void print_pairs(const cli_scores *s)
{
    pair pairs[PAIRS];
    char name[24];
    const int count = find_pairs(s, pairs);
    if (count > 0) printf("\nmost confused\n");
    for (int i = 0; i < count; i++) {
        printf("%6lld  ", (long long)pairs[i].count);
        cli_put_column(stdout, name_of(s, pairs[i].is, name), 0);
        printf(" taken for ");
        cli_put_column(stdout, name_of(s, pairs[i].said, name), 0);
        putchar('\n');
    }
}

void cli_scores_print(const cli_scores *s)
{
    char loss[32], accuracy[32];
    const int width = name_width(s);
    cli_put_column(stdout, cli_trained_title(s->trained), 0);
    printf(" on %s, %s split, %lld samples\n", s->data->name, s->split,
           (long long)s->score.samples);
    cli_trained_print(s->trained, s->entry);
    printf("\nloss %s   accuracy %s\n", cli_fixed(s->score.loss, 4, loss),
           cli_fixed(s->score.accuracy, 4, accuracy));
    print_classes(s, width);
    print_confusion(s, width);
    print_pairs(s);
}

/* ---- JSON ---- */

static json_t *classes_json(const cli_scores *s)
{
    json_t *list = json_array();
    char name[24];
    for (int32_t i = 0; list && i < s->data->class_count; i++) {
        const weft_class_score *class = &s->classes[i];
        json_t *one = json_pack(
            "{s:o, s:o, s:o, s:o, s:I}", "name", cli_json_text(name_of(s, i, name)), "precision",
            cli_json_number(class->precision), "recall", cli_json_number(class->recall), "f1",
            cli_json_number(class->f1), "count", (json_int_t) class->count);
        if (json_array_append_new(list, one) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *confusion_json(const cli_scores *s)
{
    const int32_t classes = s->data->class_count;
    json_t *rows = json_array();
    int bad = 0;
    for (int32_t i = 0; rows && i < classes; i++) {
        json_t *row = json_array();
        for (int32_t k = 0; row && k < classes; k++) {
            const int64_t count = s->confusion[(int64_t)i * classes + k];
            bad |= json_array_append_new(row, json_integer((json_int_t)count));
        }
        bad |= json_array_append_new(rows, row);
    }
    if (!bad) return rows;
    json_decref(rows);
    return NULL;
}

json_t *cli_scores_json(const cli_scores *s)
{
    return json_pack("{s:o, s:o, s:s, s:s, s:o, s:s, s:I, s:o, s:o, s:o, s:o}", "model",
                     cli_json_text(cli_trained_title(s->trained)), "data",
                     cli_json_text(s->data->name), "split", s->split, "device", s->entry->id,
                     "checkpoint", cli_json_text(s->trained->path), "which", s->trained->which,
                     "samples", (json_int_t)s->score.samples, "loss",
                     cli_json_number(s->score.loss), "accuracy", cli_json_number(s->score.accuracy),
                     "classes", classes_json(s), "confusion", confusion_json(s));
}

/* ---- CSV ---- */

static int32_t largest(const float *values, int32_t count)
{
    int32_t best = 0;
    for (int32_t i = 1; i < count; i++) {
        if (values[i] > values[best]) best = i;
    }
    return best;
}

static weft_status write_head(weft_atomic_file *file, int32_t classes)
{
    char text[32];
    static const char head[] = "index,label,predicted";
    WEFT_TRY(weft_atomic_write(file, head, sizeof head - 1));
    for (int32_t i = 0; i < classes; i++) {
        const int length = snprintf(text, sizeof text, ",logit%d", (int)i);
        WEFT_TRY(weft_atomic_write(file, text, (size_t)length));
    }
    return weft_atomic_write(file, "\n", 1);
}

static weft_status write_row(weft_atomic_file *file, const cli_scores *s, int64_t row)
{
    char text[96], number[WEFT_NUMBER_TEXT];
    const int32_t classes = s->data->class_count;
    const float *logits = s->logits + row * classes;
    int length = snprintf(text, sizeof text, "%lld,%d,%d", (long long)row,
                          (int)s->data->classes[row], (int)largest(logits, classes));
    WEFT_TRY(weft_atomic_write(file, text, (size_t)length));
    for (int32_t i = 0; i < classes; i++) {
        length = snprintf(text, sizeof text, ",%s", weft_format((double)logits[i], 9, number));
        WEFT_TRY(weft_atomic_write(file, text, (size_t)length));
    }
    return weft_atomic_write(file, "\n", 1);
}

static weft_status write_rows(weft_atomic_file *file, const cli_scores *s)
{
    WEFT_TRY(write_head(file, s->data->class_count));
    for (int64_t row = 0; row < s->data->count; row++) {
        WEFT_TRY(write_row(file, s, row));
    }
    return weft_atomic_commit(file);
}

weft_status cli_scores_write(const cli_scores *scores, const char *path)
{
    weft_atomic_file *file = NULL;
    WEFT_TRY(weft_atomic_open(path, &file));
    const weft_status status = write_rows(file, scores);
    weft_atomic_free(file);
    return status;
}
