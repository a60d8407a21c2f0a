/* The tables of `weft compare`. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/compare.h"
#include "cli/output.h"
#include "core/number.h"

enum { NAME_LEAST = 8, NAME_MOST = 40, KERNEL_COLUMN = 26, GAP = 25, VERDICT = 14 };

/* ---- cells ---- */

static int name_width(const cli_compare *c)
{
    int width = NAME_LEAST;
    for (int i = 0; i < c->count; i++) {
        const int columns = cli_columns(c->list[i].name);
        if (columns > width) width = columns < NAME_MOST ? columns : NAME_MOST;
    }
    return width + 2;
}

static void put_number(double value, int decimals, int width)
{
    char text[WEFT_NUMBER_TEXT];
    cli_put_column(stdout, weft_fixed(value, decimals, text), -width);
}

static void put_bytes(double bytes, int width)
{
    char text[32];
    cli_put_column(stdout, isnan(bytes) ? "-" : cli_bytes(bytes, text), -width);
}

/* ---- who ---- */

static void put_head(const cli_compare *c)
{
    const json_t *config = c->list[c->reference].files.config;
    cli_put_column(stdout, c->model, 0);
    printf(" on ");
    cli_put_column(stdout, c->data, 0);
    if (config)
        printf(": %lld epochs, batch %lld, seed %lld",
               (long long)json_integer_value(json_object_get(config, "epochs")),
               (long long)json_integer_value(json_object_get(config, "batch_size")),
               (long long)json_integer_value(json_object_get(config, "seed")));
    printf("%s\n\n", c->together ? ", all at once" : "");
    for (int i = 0; i < c->count; i++) {
        cli_put_column(stdout, c->list[i].name, name_width(c));
        cli_put_column(stdout, c->list[i].title, 0);
        printf("%s\n", i == c->reference ? " (reference)" : "");
    }
}

static void put_failure(const cli_compare *c, const cli_contender *to)
{
    printf("failed: ");
    cli_put_wrapped(stdout, to->failure, name_width(c) + 8, name_width(c));
}

/* ---- speed ---- */

/* The first one has room for the words before it. */
static int level_width(int index)
{
    return index == 0 ? 11 : 7;
}

static void put_speed_titles(const cli_compare *c)
{
    putchar('\n');
    cli_put_column(stdout, "", name_width(c));
    printf("%9s", "images/s");
    for (int i = 0; i < c->level_count; i++) {
        char text[WEFT_NUMBER_TEXT], title[48];
        (void)snprintf(title, sizeof title, "%s%s%%", i == 0 ? "s to " : "",
                       weft_format(100 * c->level[i], 3, text));
        cli_put_column(stdout, title, -level_width(i));
    }
    printf("%8s%8s%10s%7s\n", "all s", "start s", "compile s", "joules");
}

static void put_speed(const cli_compare *c, const cli_contender *to)
{
    cli_put_column(stdout, to->name, name_width(c));
    if (to->failed) {
        put_failure(c, to);
        return;
    }
    put_number(cli_summary_number(to, "images_per_second"), 0, 9);
    for (int i = 0; i < c->level_count; i++)
        put_number(cli_seconds_to(to->files.epoch, to->files.epoch_count, c->level[i]), 1,
                   level_width(i));
    put_number(cli_summary_number(to, "seconds"), 1, 8);
    put_number(to->start_seconds, 2, 8);
    put_number(to->compile_seconds, 2, 10);
    put_number(to->joules, 0, 7);
    putchar('\n');
}

/* ---- figures of the end ---- */

static void put_ends(const cli_compare *c, const cli_contender *to)
{
    const weft_epoch_report *last = &to->files.epoch[to->files.epoch_count - 1];
    cli_put_column(stdout, to->name, name_width(c));
    put_number(last->train_loss, 4, 8);
    put_number(last->train_accuracy, 4, 8);
    put_number(last->val_loss, 4, 9);
    put_number(last->val_accuracy, 4, 8);
    put_number(cli_summary_number(to, "test_loss"), 4, 9);
    put_number(cli_summary_number(to, "test_accuracy"), 4, 8);
    put_bytes(cli_summary_number(to, "device_bytes"), 10);
    put_bytes(cli_summary_number(to, "peak_memory_bytes"), 9);
    putchar('\n');
}

static void put_all_ends(const cli_compare *c)
{
    putchar('\n');
    cli_put_column(stdout, "", name_width(c));
    printf("%8s%8s%9s%8s%9s%8s%10s%9s\n", "train", "acc", "validate", "acc", "test", "acc",
           "on device", "process");
    for (int i = 0; i < c->count; i++)
        if (!c->list[i].failed) put_ends(c, &c->list[i]);
}

/* ---- differences ---- */

/* "0.0123 val, epoch 3" */
static void put_gap(const cli_gap *gap)
{
    char number[WEFT_NUMBER_TEXT], text[80];
    const char *curve =
        strcmp(gap->curve ? gap->curve : "", "validation") == 0 ? "val" : gap->curve;
    if (isnan(gap->value))
        (void)snprintf(text, sizeof text, "-");
    else if (gap->value == 0)
        (void)snprintf(text, sizeof text, "0");
    else if (gap->epoch == 0)
        (void)snprintf(text, sizeof text, "%s %s", weft_fixed(gap->value, 5, number), curve);
    else
        (void)snprintf(text, sizeof text, "%s %s, epoch %u", weft_fixed(gap->value, 5, number),
                       curve, (unsigned)gap->epoch);
    cli_put_column(stdout, text, GAP);
}

static void put_verdict(const cli_compare *c, int index)
{
    const cli_contender *to = &c->list[index];
    cli_put_column(stdout, to->name, name_width(c));
    if (index == c->reference)
        cli_put_column(stdout, "", 2 * GAP);
    else {
        put_gap(&to->evidence.loss);
        put_gap(&to->evidence.accuracy);
    }
    cli_put_column(stdout, cli_likeness_text(to->likeness), VERDICT);
    cli_put_column(stdout, *to->selftest ? to->selftest : "-", 0);
    putchar('\n');
    if (!*to->reason) return;
    cli_put_column(stdout, "", name_width(c));
    cli_put_wrapped(stdout, to->reason, name_width(c), name_width(c));
}

static void put_verdicts(const cli_compare *c)
{
    putchar('\n');
    cli_put_column(stdout, "", name_width(c));
    printf("%-*s%-*s%-*s%s\n", GAP, "loss differs by", GAP, "accuracy differs by", VERDICT,
           "verdict", "selftest");
    for (int i = 0; i < c->count; i++)
        if (!c->list[i].failed) put_verdict(c, i);
}

/* ---- kernels ---- */

static void put_kernels(const cli_compare *c)
{
    cli_kernel_row rows[CLI_KERNEL_ROWS];
    const int count = cli_kernel_rows(c, rows);
    if (count == 0) return;
    printf("\n%-*s", KERNEL_COLUMN, "microseconds a batch");
    for (int i = 0; i < c->count; i++)
        cli_put_column(stdout, c->list[i].name, -14);
    putchar('\n');
    for (int r = 0; r < count; r++) {
        cli_put_column(stdout, rows[r].name, KERNEL_COLUMN);
        for (int i = 0; i < c->count; i++)
            put_number(rows[r].microseconds[i], 1, 14);
        putchar('\n');
    }
}

void cli_compare_print(const cli_compare *c)
{
    put_head(c);
    put_speed_titles(c);
    for (int i = 0; i < c->count; i++)
        put_speed(c, &c->list[i]);
    put_all_ends(c);
    put_verdicts(c);
    put_kernels(c);
}

void cli_compare_print_folder(const cli_compare *c)
{
    printf("\nwritten      ");
    cli_put_column(stdout, c->out, 0);
    putchar('\n');
}
