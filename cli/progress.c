#include "cli/progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/epoch_table.h"
#include "cli/output.h"
#include "cli/plot.h"
#include "cli/screen.h"
#include "cli/terminal.h"
#include "core/number.h"
#include "core/posix.h"

enum { TEXT_MAX = 256, BAR = 16, BAR_MIN = 6, TABLE_WIDTH = 80, PLOT_HEIGHT = CLI_PLOT_LINES + 6 };

static const double redraw_seconds = 0.1, note_seconds = 60;

struct cli_progress {
    bool quiet, live; /* live: not quiet, and the terminal can redraw */
    cli_terminal terminal;
    cli_screen screen;
    double last; /* when it was drawn */
    int64_t epochs;
    bool told;   /* without a terminal: what is being prepared */
    bool headed; /* the head of the table is the last but rows */
    bool plots;
    cli_plot plot;
    weft_step_report step; /* the last one */
};

weft_status cli_progress_new(int64_t epochs, bool quiet, cli_progress **out)
{
    cli_progress *p = calloc(1, sizeof *p);
    *out = p;
    if (!p) return weft_fail(WEFT_ERR_MEMORY, "out of memory for the progress bar");
    p->quiet = quiet;
    p->terminal = cli_terminal_ask();
    p->live = !quiet && p->terminal.live;
    p->epochs = epochs;
    p->last = weft_clock() - redraw_seconds;
    return WEFT_OK;
}

void cli_progress_free(cli_progress *progress)
{
    if (!progress) return;
    cli_progress_clear(progress);
    free(progress);
}

void cli_progress_plot(cli_progress *progress)
{
    progress->plots = true;
}

/* ---- frames ---- */

static void start(cli_progress *p)
{
    if (cli_screen_start(&p->screen)) p->headed = false;
}

void cli_progress_clear(cli_progress *progress)
{
    if (progress->screen.lines == 0) return;
    start(progress);
    cli_screen_show(&progress->screen);
}

static int filled(double share, int size)
{
    return share <= 0 ? 0 : share >= 1 ? size : (int)(share * size);
}

/* "[####    ] text", cut to width - 1 columns. */
static void add_bar(cli_progress *p, int width, double share, const char *text)
{
    char line[TEXT_MAX + 64];
    /* The text matters more than the bar, which takes what is left. */
    const int rest = width - 4 - (int)strlen(text), size = rest < BAR ? rest : BAR;
    if (size < BAR_MIN) {
        snprintf(line, sizeof line, "%.*s", width > 1 ? width - 1 : 0, text);
    } else {
        const int full = filled(share, size);
        snprintf(line, sizeof line, "[%s%.*s%s%*s] %s",
                 cli_terminal_colour(&p->terminal, CLI_GREEN), full, "################",
                 cli_terminal_colour(&p->terminal, CLI_PLAIN), size - full, "", text);
    }
    cli_screen_add(&p->screen, line);
}

static bool is_due(cli_progress *p, double seconds)
{
    const double now = weft_clock();
    if (now - p->last < seconds) return false;
    p->last = now;
    return true;
}

static void draw(cli_progress *p, double share, const char *text)
{
    if (!is_due(p, redraw_seconds)) return;
    start(p);
    add_bar(p, p->screen.width, share, text);
    cli_screen_show(&p->screen);
}

/* ---- single lines ---- */

static void note_count(cli_progress *p, const char *doing, const char *what, int done, int total)
{
    if (p->quiet || !is_due(p, p->told ? note_seconds : 0)) return;
    if (p->told)
        cli_note("%s %s %d/%d", doing, what, done, total);
    else
        cli_note("%s %d %s", doing, total, what);
    p->told = true;
}

static void count(cli_progress *progress, const char *doing, const char *what, int done, int total)
{
    char text[TEXT_MAX];
    if (progress->live) {
        snprintf(text, sizeof text, "%s %s %d/%d", doing, what, done, total);
        draw(progress, (double)done / (total > 0 ? total : 1), text);
    } else {
        note_count(progress, doing, what, done, total);
    }
}

void cli_progress_prepare(cli_progress *progress, int done, int total)
{
    count(progress, "preparing", "steps", done, total);
}

void cli_progress_tune(cli_progress *progress, int done, int total)
{
    count(progress, "trying", "candidates", done, total);
}

/* "1:05", "2:03:09" */
static const char *duration(double seconds, char text[32])
{
    if (!isfinite(seconds) || seconds < 0 || seconds > 1e8) return "-:--";
    const long all = (long)(seconds + 0.5);
    if (all >= 3600) {
        snprintf(text, 32, "%ld:%02ld:%02ld", all / 3600, all / 60 % 60, all % 60);
    } else {
        snprintf(text, 32, "%ld:%02ld", all / 60, all % 60);
    }
    return text;
}

void cli_progress_check(cli_progress *progress, const char *part, double share, double left)
{
    char text[TEXT_MAX], eta[32];
    if (progress->live) {
        snprintf(text, sizeof text, "checking %s  ETA %s", part, duration(left, eta));
        draw(progress, share, text);
    } else if (!progress->quiet && !progress->told) {
        cli_note("checking the device, part by part");
        progress->told = true;
    }
}

/* ---- a training ---- */

static bool has_room_for_plot(const cli_progress *p)
{
    return p->plots && p->step.step > 0 && p->screen.width >= TABLE_WIDTH &&
           p->screen.height >= PLOT_HEIGHT;
}

/* What the right end of the plot stands for. */
static void name_end(const cli_progress *p, char text[TEXT_MAX])
{
    const uint64_t per_epoch = (uint64_t)p->step.steps_per_epoch;
    if (p->step.steps % per_epoch == 0)
        snprintf(text, TEXT_MAX, "%llu epochs", (unsigned long long)(p->step.steps / per_epoch));
    else
        snprintf(text, TEXT_MAX, "%llu steps", (unsigned long long)p->step.steps);
}

/* place: cli_screen_add or cli_screen_keep. */
static void draw_plot(cli_progress *p, void (*place)(cli_screen *, const char *))
{
    char text[CLI_PLOT_LINES][CLI_PLOT_TEXT], end[TEXT_MAX];
    if (!has_room_for_plot(p)) return;
    name_end(p, end);
    cli_plot_draw(&p->plot, &p->terminal, end, text);
    for (int i = 0; i < CLI_PLOT_LINES; i++)
        place(&p->screen, text[i]);
}

static void add_step(cli_progress *p)
{
    char text[TEXT_MAX], loss[WEFT_NUMBER_TEXT], accuracy[WEFT_NUMBER_TEXT],
        speed[WEFT_NUMBER_TEXT], left[WEFT_NUMBER_TEXT];
    const weft_step_report *r = &p->step;
    snprintf(text, sizeof text, "epoch %u/%lld  %lld/%lld  loss %s  acc %s  %s img/s  ETA %s",
             (unsigned)r->epoch, (long long)p->epochs, (long long)r->step_in_epoch,
             (long long)r->steps_per_epoch, weft_fixed(r->mean_loss, 4, loss),
             weft_fixed(r->mean_accuracy, 4, accuracy), weft_fixed(r->images_per_second, 0, speed),
             duration(r->seconds_left, left));
    /* As narrow as the table, so that a terminal may become so narrow without breaking a line. */
    add_bar(p, p->screen.width > TABLE_WIDTH ? TABLE_WIDTH : p->screen.width,
            (double)r->step_in_epoch / (double)r->steps_per_epoch, text);
}

/* The head comes again where other lines have come between. */
static void keep_head(cli_progress *p)
{
    char text[CLI_ROW_TEXT];
    if (p->headed || p->screen.width < TABLE_WIDTH) return;
    cli_epoch_head(p->epochs, text);
    cli_screen_keep(&p->screen, text);
    p->headed = true;
}

void cli_progress_step(cli_progress *progress, const weft_step_report *r)
{
    cli_progress *p = progress;
    if (!p->live) return;
    p->step = *r;
    if (p->plots) cli_plot_add(&p->plot.training, r->step, r->steps, r->loss);
    if (!is_due(p, redraw_seconds)) return;
    start(p);
    keep_head(p);
    draw_plot(p, cli_screen_add);
    add_step(p);
    cli_screen_show(&p->screen);
}

/* The line of an epoch where there is no table. */
static void epoch_line(const cli_progress *p, const weft_epoch_report *r, char text[TEXT_MAX])
{
    char loss[WEFT_NUMBER_TEXT], accuracy[WEFT_NUMBER_TEXT], val_loss[WEFT_NUMBER_TEXT],
        val_accuracy[WEFT_NUMBER_TEXT], seconds[WEFT_NUMBER_TEXT], speed[WEFT_NUMBER_TEXT];
    char validation[80] = "";
    if (!isnan(r->val_loss)) {
        snprintf(validation, sizeof validation, "  val %s %s", weft_fixed(r->val_loss, 4, val_loss),
                 weft_fixed(r->val_accuracy, 4, val_accuracy));
    }
    snprintf(text, TEXT_MAX, "epoch %*u/%lld  loss %s  acc %s%s  %s s  %s img/s%s",
             p->epochs > 9 ? 2 : 1, (unsigned)r->epoch, (long long)p->epochs,
             weft_fixed(r->train_loss, 4, loss), weft_fixed(r->train_accuracy, 4, accuracy),
             validation, weft_fixed(r->seconds, 1, seconds),
             weft_fixed(r->images_per_second, 0, speed), r->best ? " *" : "");
}

/* A row of the table, with the plot below it at once: it would flicker otherwise. */
static void keep_row(cli_progress *p, const weft_epoch_report *r)
{
    char text[TEXT_MAX];
    start(p);
    keep_head(p);
    p->headed = p->screen.width >= TABLE_WIDTH;
    if (p->headed)
        cli_epoch_row(p->epochs, r, text);
    else
        epoch_line(p, r, text);
    cli_screen_keep(&p->screen, text);
    if (has_room_for_plot(p)) {
        draw_plot(p, cli_screen_add);
        add_step(p);
    }
    cli_screen_show(&p->screen);
}

void cli_progress_epoch(cli_progress *progress, const weft_epoch_report *r)
{
    char text[TEXT_MAX];
    cli_progress *p = progress;
    if (p->quiet) return;
    if (p->live) {
        cli_plot_add(&p->plot.validation, p->step.step, p->step.steps, r->val_loss);
        keep_row(p, r);
        return;
    }
    epoch_line(p, r, text);
    fprintf(stderr, "%s\n", text);
    fflush(stderr);
}

void cli_progress_end(cli_progress *progress)
{
    cli_progress *p = progress;
    if (!p->live || p->screen.lines == 0) return;
    start(p);
    draw_plot(p, cli_screen_keep);
    cli_screen_show(&p->screen);
}

static void write_note(void *user, weft_level level, const char *text)
{
    cli_progress *progress = user;
    if (progress->quiet && level != WEFT_WARNING) return;
    cli_progress_clear(progress);
    progress->headed = false;
    cli_note("%s%s", level == WEFT_WARNING ? "warning: " : "", text);
}

weft_log cli_progress_log(cli_progress *progress)
{
    return (weft_log){.write = write_note, .user = progress};
}
