#include "cli/progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "core/posix.h"

enum { TEXT_MAX = 256, BAR = 16, BAR_MIN = 6 };

static const double redraw_seconds = 0.1;

struct cli_progress {
    bool quiet;
    bool live; /* stderr is a terminal that can redraw a line */
    bool colour;
    bool drawn;  /* a live line stands on the screen */
    double last; /* when it was drawn */
    int64_t epochs;
    bool told; /* without a terminal: what is being prepared */
};

/* An environment variable that is set to something. */
static bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value && *value;
}

weft_status cli_progress_new(int64_t epochs, bool quiet, cli_progress **out)
{
    const char *terminal = getenv("TERM");
    const bool dumb = !terminal || !*terminal || strcmp(terminal, "dumb") == 0;
    cli_progress *p = calloc(1, sizeof *p);
    *out = p;
    if (!p) return weft_fail(WEFT_ERR_MEMORY, "out of memory for the progress bar");
    p->quiet = quiet;
    p->live = !quiet && !dumb && weft_is_terminal(stderr);
    p->colour = p->live && !is_set("NO_COLOR");
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

void cli_progress_clear(cli_progress *progress)
{
    if (!progress->drawn) return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    progress->drawn = false;
}

static int filled(double share, int size)
{
    return share <= 0 ? 0 : share >= 1 ? size : (int)(share * size);
}

/* Draw "[####    ] text", cut to the terminal's width, at most ten times a second. */
static void draw(cli_progress *p, double share, const char *text)
{
    const double now = weft_clock();
    if (now - p->last < redraw_seconds) return;
    p->last = now;

    /* The text matters more than the bar, which takes what is left. */
    const int width = weft_terminal_width(stderr) - 1;
    const int rest = width - 3 - (int)strlen(text);
    const int size = rest < BAR ? rest : BAR;
    if (size < BAR_MIN) {
        fprintf(stderr, "\r%.*s\033[K", width > 0 ? width : 0, text);
    } else {
        fprintf(stderr, "\r[%s%.*s%*s%s] %s\033[K", p->colour ? "\033[32m" : "",
                filled(share, size), "################", size - filled(share, size), "",
                p->colour ? "\033[0m" : "", text);
    }
    fflush(stderr);
    p->drawn = true;
}

static void count(cli_progress *progress, const char *doing, const char *what, int done, int total)
{
    char text[TEXT_MAX];
    if (progress->live) {
        snprintf(text, sizeof text, "%s %s %d/%d", doing, what, done, total);
        draw(progress, (double)done / (total > 0 ? total : 1), text);
    } else if (!progress->quiet && !progress->told) {
        cli_note("%s %d %s", doing, total, what);
        progress->told = true;
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

void cli_progress_step(cli_progress *progress, const weft_step_report *r)
{
    char text[TEXT_MAX], loss[32], accuracy[32], speed[32], left[32];
    if (!progress->live) return;
    snprintf(text, sizeof text, "epoch %u/%lld  %lld/%lld  loss %s  acc %s  %s img/s  ETA %s",
             (unsigned)r->epoch, (long long)progress->epochs, (long long)r->step_in_epoch,
             (long long)r->steps_per_epoch, cli_fixed(r->mean_loss, 4, loss),
             cli_fixed(r->mean_accuracy, 4, accuracy), cli_fixed(r->images_per_second, 0, speed),
             duration(r->seconds_left, left));
    draw(progress, (double)r->step_in_epoch / (double)r->steps_per_epoch, text);
}

void cli_progress_epoch(cli_progress *progress, const weft_epoch_report *r)
{
    char loss[32], accuracy[32], val_loss[32], val_accuracy[32], seconds[32], speed[32];
    if (progress->quiet) return;
    cli_progress_clear(progress);
    fprintf(stderr, "epoch %*u/%lld  loss %s  acc %s", progress->epochs > 9 ? 2 : 1,
            (unsigned)r->epoch, (long long)progress->epochs, cli_fixed(r->train_loss, 4, loss),
            cli_fixed(r->train_accuracy, 4, accuracy));
    if (!isnan(r->val_loss)) {
        fprintf(stderr, "  val %s %s", cli_fixed(r->val_loss, 4, val_loss),
                cli_fixed(r->val_accuracy, 4, val_accuracy));
    }
    fprintf(stderr, "  %s s  %s img/s%s\n", cli_fixed(r->seconds, 1, seconds),
            cli_fixed(r->images_per_second, 0, speed), r->best ? " *" : "");
    fflush(stderr);
}

static void write_note(void *user, weft_level level, const char *text)
{
    cli_progress *progress = user;
    if (progress->quiet && level != WEFT_WARNING) return;
    cli_progress_clear(progress);
    cli_note("%s%s", level == WEFT_WARNING ? "warning: " : "", text);
}

weft_log cli_progress_log(cli_progress *progress)
{
    return (weft_log){.write = write_note, .user = progress};
}
