#include "cli/eval_output.h"

#include <math.h>
#include <stdio.h>

#include "cli/output.h"
#include "core/number.h"

enum {
    DIGITS = 4,
    FIGURE_WIDTH = 10,                             /* of a column of the per-class table */
    NAME_WIDTH = CLI_WIDTH - 1 - 4 * FIGURE_WIDTH, /* what it leaves for the names */
    MATRIX_NAME_MIN = 8,
    MATRIX_NAME_MAX = 24,
    MATRIX_CLASSES_MAX = 100,
    PAIR_NAME_MAX = 30,
    ERROR_NAME_MAX = 18,
    BAR_WIDTH = 36
};

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static int longest_name(const cli_scores *s)
{
    int longest = 0;
    char text[24];
    for (int32_t i = 0; i < s->data->class_count; i++) {
        const int columns = cli_columns(cli_scores_name(s, i, text));
        if (columns > longest) longest = columns;
    }
    return longest;
}

static void put_name(const cli_scores *s, int32_t class, int width)
{
    char text[24];
    cli_put_cut(stdout, cli_scores_name(s, class, text), width);
}

/* The name in as many columns as it has. */
static void put_short_name(const cli_scores *s, int32_t class, int most)
{
    char text[24];
    const char *name = cli_scores_name(s, class, text);
    cli_put_cut(stdout, name, smaller(cli_columns(name), most));
}

/* ---- the per-class table, in the layout of scikit-learn's classification_report ---- */

static void put_figure(double value)
{
    char text[WEFT_NUMBER_TEXT];
    cli_put_column(stdout, weft_fixed(isnan(value) ? 0 : value, DIGITS, text), -FIGURE_WIDTH);
}

static void put_figures(const weft_class_score *score)
{
    put_figure(score->precision);
    put_figure(score->recall);
    put_figure(score->f1);
    printf(" %9lld\n", (long long)score->count);
}

static void put_mean(const char *name, int width, const weft_class_score *mean)
{
    printf("%*s ", width, name);
    put_figures(mean);
}

static bool undefined(const weft_class_score *score)
{
    return isnan(score->precision) || isnan(score->recall) || isnan(score->f1);
}

static void print_classes(const cli_scores *s)
{
    static const char last[] = "weighted avg";
    const int longest = smaller(longest_name(s), NAME_WIDTH), least = (int)sizeof last - 1;
    const int width = longest > least ? longest : least;
    bool any_undefined = false;
    printf("\n%*s  precision    recall  f1-score   support\n\n", width, "");
    for (int32_t i = 0; i < s->data->class_count; i++) {
        put_name(s, i, -width);
        putchar(' ');
        put_figures(&s->classes[i]);
        any_undefined |= undefined(&s->classes[i]);
    }
    printf("\n%*s %*s", width, "accuracy", 2 * FIGURE_WIDTH, "");
    put_figure(s->score.accuracy);
    printf(" %9lld\n", (long long)s->score.samples);
    put_mean("macro avg", width, &s->mean.macro);
    put_mean(last, width, &s->mean.weighted);
    if (any_undefined)
        puts("\nA class without samples or never predicted: what is undefined is 0.");
}

/* ---- the confusion matrix ---- */

static int digits(int64_t number)
{
    int count = 1;
    for (; number >= 10; number /= 10) {
        count++;
    }
    return count;
}

static int64_t largest_count(const cli_scores *s)
{
    const int64_t classes = s->data->class_count;
    int64_t most = 0;
    for (int64_t i = 0; i < classes * classes; i++) {
        if (s->confusion[i] > most) most = s->confusion[i];
    }
    return most;
}

static void print_row(const cli_scores *s, int32_t row, int cell)
{
    const int32_t classes = s->data->class_count;
    for (int32_t column = 0; column < classes; column++) {
        printf("%*lld", cell, (long long)s->confusion[(int64_t)row * classes + column]);
    }
}

static void print_confusion(const cli_scores *s)
{
    const int32_t classes = s->data->class_count;
    const int number = digits(classes - 1), counts = digits(largest_count(s));
    const int cell = 1 + (counts > number ? counts : number);
    const int wanted = smaller(longest_name(s), MATRIX_NAME_MAX);
    const int left = classes > MATRIX_CLASSES_MAX ? 0 : CLI_WIDTH - number - 1 - cell * classes;
    if (left < smaller(wanted, MATRIX_NAME_MIN)) {
        printf("\nThe confusion matrix of %d classes is too wide to print; --json holds it.\n",
               (int)classes);
        return;
    }
    const int width = smaller(wanted, left);
    printf("\nconfusion: a row is the true class, a column what the network says\n%*s",
           number + 1 + width, "");
    for (int32_t column = 0; column < classes; column++) {
        printf("%*d", cell, (int)column);
    }
    for (int32_t row = 0; row < classes; row++) {
        printf("\n%*d ", number, (int)row);
        put_name(s, row, width);
        print_row(s, row, cell);
    }
    putchar('\n');
}

static void print_pairs(const cli_scores *s)
{
    if (s->pair_count > 0) printf("\nmost confused\n");
    for (int i = 0; i < s->pair_count; i++) {
        printf("%6lld  ", (long long)s->pair[i].count);
        put_short_name(s, s->pair[i].class, PAIR_NAME_MAX);
        printf(" taken for ");
        put_short_name(s, s->pair[i].predicted, PAIR_NAME_MAX);
        putchar('\n');
    }
}

/* ---- calibration ---- */

/* As long as the accuracy, with a bar where the confidence is. */
static void put_bar(double confidence, double accuracy)
{
    const int mark = smaller((int)(confidence * BAR_WIDTH), BAR_WIDTH - 1);
    const int end = (int)lround(accuracy * BAR_WIDTH);
    for (int i = 0; i < end || i <= mark; i++) {
        putchar(i == mark ? '|' : i < end ? '=' : ' ');
    }
}

static void print_calibration(const weft_calibration *c)
{
    char low[WEFT_NUMBER_TEXT], high[WEFT_NUMBER_TEXT], number[WEFT_NUMBER_TEXT];
    printf("\ncalibration: expected calibration error %s\n", weft_fixed(c->error, DIGITS, number));
    if (c->samples == 0) return;
    printf("bin of confidence  samples  accuracy  confidence (|) beside accuracy (=)\n");
    for (int i = 0; i < WEFT_CALIBRATION_BINS; i++) {
        if (c->count[i] == 0) continue;
        printf("     %s to %s  %7lld", weft_fixed((double)i / WEFT_CALIBRATION_BINS, 2, low),
               weft_fixed((double)(i + 1) / WEFT_CALIBRATION_BINS, 2, high),
               (long long)c->count[i]);
        printf("  %8s  ", weft_fixed(c->accuracy[i], DIGITS, number));
        put_bar(c->confidence[i], c->accuracy[i]);
        putchar('\n');
    }
}

/* ---- errors ---- */

static void put_error(const cli_scores *s, const weft_sample_score *error)
{
    char number[WEFT_NUMBER_TEXT];
    printf("%8lld  %8s  ", (long long)error->index, weft_fixed(error->loss, DIGITS, number));
    put_name(s, error->class, ERROR_NAME_MAX);
    printf("  %6s  ", weft_fixed(error->class_probability, DIGITS, number));
    put_name(s, error->predicted, ERROR_NAME_MAX);
    printf("  %6s\n", weft_fixed(error->probability, DIGITS, number));
}

/* A line to paste that shows the first of them. */
static void put_command(const cli_scores *s)
{
    static const cli_option_id same[] = {CLI_OPT_CHECKPOINT, CLI_OPT_DATA, CLI_OPT_DATA_DIR,
                                         CLI_OPT_SPLIT};
    fputs("weft predict ", stdout);
    cli_put_column(stdout, s->args->word[0], 0);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        if (!cli_given(s->args, same[i])) continue;
        printf(" --%s ", cli_options[same[i]].name);
        cli_put_column(stdout, cli_text(s->args, same[i]), 0);
    }
    printf(" --index %lld\n", (long long)s->error[0].index);
}

static void print_errors(const cli_scores *s)
{
    if (!cli_given(s->args, CLI_OPT_ERRORS)) return;
    printf("\nerrors: %lld of %lld%s\n", (long long)s->error_count, (long long)s->error_total,
           s->error_count > 1 ? ", the largest loss first" : "");
    if (s->error_count == 0) return;
    printf("   index      loss  %-*s   prob.  %-*s   prob.\n", ERROR_NAME_MAX, "true class",
           ERROR_NAME_MAX, "taken for");
    for (int64_t i = 0; i < s->error_count; i++) {
        put_error(s, &s->error[i]);
    }
    put_command(s);
}

static void print_head(const cli_scores *s)
{
    char number[WEFT_NUMBER_TEXT];
    cli_put_column(stdout, cli_trained_title(s->trained), 0);
    printf(" on %s, %s split, %lld samples\n", s->data->name, s->split,
           (long long)s->score.samples);
    cli_trained_print(s->trained, s->entry);
    printf("\nloss %s", weft_fixed(s->score.loss, DIGITS, number));
    printf("   accuracy %s", weft_fixed(s->score.accuracy, DIGITS, number));
    if (s->top > 0) {
        printf("   top-%d accuracy %s", (int)s->top, weft_fixed(s->top_accuracy, DIGITS, number));
    }
    putchar('\n');
}

void cli_scores_print(const cli_scores *s)
{
    print_head(s);
    print_classes(s);
    print_confusion(s);
    print_pairs(s);
    print_calibration(&s->calibration);
    print_errors(s);
    if (!cli_picture_out_wanted(s->reliability)) return;
    putchar('\n');
    cli_picture_out_tell(s->reliability);
}
