#include "cli/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/number.h"
#include "report/dots.h"

enum { CELLS = CLI_PLOT_ROWS * CLI_PLOT_COLUMNS, DIGITS = 3 };

/* Both lines as cells, and where points of validation lie. */
typedef struct picture {
    uint8_t training[CELLS], validation[CELLS];
    bool mark[CELLS];
    weft_dots_range range;
    double above; /* the highest loss that is left out; NaN: none is */
} picture;

/* A text that grows. */
typedef struct line_text {
    char *text;
    size_t used;
    const cli_terminal *terminal;
    cli_colour colour; /* that is switched on */
} line_text;

void cli_plot_add(cli_plot_line *line, uint64_t step, uint64_t steps, double loss)
{
    if (!isfinite(loss) || step == 0 || step > steps) return;
    const int bin = (int)((double)(step - 1) / (double)steps * CLI_PLOT_BINS);
    line->sum[bin] += loss;
    line->count[bin]++;
}

/* ---- points ---- */

static int points_of(const cli_plot_line *line, double *x, double *y)
{
    int count = 0;
    for (int i = 0; i < CLI_PLOT_BINS; i++) {
        if (line->count[i] == 0) continue;
        x[count] = i;
        y[count++] = line->sum[i] / (double)line->count[i];
    }
    return count;
}

static void include(weft_dots_range *range, double y)
{
    range->y_low = fmin(range->y_low, y);
    range->y_high = fmax(range->y_high, y);
}

/* The first losses may fall from a height that would flatten all that follows: once there is enough
 * of that, the first twentieth of the run takes no more than half of the picture. */
static void include_training(weft_dots_range *range, const double *x, const double *y, int count)
{
    weft_dots_range all = *range, rest = *range;
    for (int i = 0; i < count; i++) {
        include(&all, y[i]);
        if (x[i] >= 0.05 * CLI_PLOT_BINS) include(&rest, y[i]);
    }
    const bool late = count > 0 && x[count - 1] >= 0.1 * CLI_PLOT_BINS;
    const bool far = late && all.y_high - all.y_low > 2 * (rest.y_high - all.y_low);
    range->y_low = all.y_low;
    range->y_high = far ? rest.y_high : all.y_high;
}

/* Ends that differ, by a little where all is equal; 0 and 1 where there is nothing. */
static void settle(weft_dots_range *range)
{
    if (range->y_low > range->y_high) {
        range->y_low = 0;
        range->y_high = 1;
    }
    const double margin = fabs(range->y_high) * 0.01 + 1e-9;
    if (range->y_high - range->y_low < margin) {
        range->y_low -= margin;
        range->y_high += margin;
    }
}

static void fill(picture *p, const cli_plot *plot)
{
    double x[2][CLI_PLOT_BINS], y[2][CLI_PLOT_BINS];
    const int trained = points_of(&plot->training, x[0], y[0]);
    const int validated = points_of(&plot->validation, x[1], y[1]);
    *p = (picture){.range = {0, CLI_PLOT_BINS - 1, (double)INFINITY, -(double)INFINITY},
                   .above = (double)NAN};
    include_training(&p->range, x[0], y[0], trained);
    for (int i = 0; i < validated; i++)
        include(&p->range, y[1][i]);
    settle(&p->range);
    for (int i = 0; i < trained; i++)
        if (y[0][i] > p->range.y_high) p->above = fmax(p->above, y[0][i]);
    const weft_dots lines[] = {{CLI_PLOT_COLUMNS, CLI_PLOT_ROWS, p->training},
                               {CLI_PLOT_COLUMNS, CLI_PLOT_ROWS, p->validation}};
    weft_dots_curve(lines[0], &p->range, x[0], y[0], trained);
    weft_dots_curve(lines[1], &p->range, x[1], y[1], validated);
    for (int i = 0; i < validated; i++) {
        const int cell = weft_dots_cell(lines[1], &p->range, x[1][i], y[1][i]);
        if (cell >= 0) p->mark[cell] = true;
    }
}

/* ---- text ---- */

static void put(line_text *pen, const char *bytes, size_t count)
{
    if (count >= CLI_PLOT_TEXT - pen->used) return;
    memcpy(pen->text + pen->used, bytes, count);
    pen->used += count;
    pen->text[pen->used] = '\0';
}

static void put_text(line_text *pen, const char *text)
{
    put(pen, text, strlen(text));
}

static void take_colour(line_text *pen, cli_colour colour)
{
    if (pen->colour == colour) return;
    put_text(pen, cli_terminal_colour(pen->terminal, colour));
    pen->colour = colour;
}

static void put_dots(line_text *pen, uint8_t dots)
{
    char bytes[WEFT_BRAILLE_BYTES] = {weft_dots_ascii(dots)};
    if (pen->terminal->utf8) weft_dots_braille(dots, bytes);
    put(pen, bytes, pen->terminal->utf8 ? sizeof bytes : 1);
}

static void put_cell(line_text *pen, const picture *p, int cell)
{
    const uint8_t dots = p->training[cell] | p->validation[cell];
    if (dots == 0) {
        put_text(pen, " ");
        return;
    }
    take_colour(pen, p->validation[cell] ? CLI_YELLOW : CLI_CYAN);
    if (p->mark[cell])
        put_text(pen, "o");
    else
        put_dots(pen, dots);
}

/* Columns of a row up to its last cell that has dots. */
static int width_of(const picture *p, int row)
{
    int width = CLI_PLOT_COLUMNS;
    const int first = row * CLI_PLOT_COLUMNS;
    while (width > 0 && !p->training[first + width - 1] && !p->validation[first + width - 1])
        width--;
    return width;
}

static void put_row(line_text *pen, const picture *p, int row)
{
    char number[WEFT_NUMBER_TEXT], label[16];
    const double top = p->range.y_high, bottom = p->range.y_low;
    const bool is_end = row == 0 || row == CLI_PLOT_ROWS - 1;
    weft_format(row == 0 ? top : bottom, DIGITS, number);
    snprintf(label, sizeof label, "%8.8s ", is_end ? number : "");
    put_text(pen, label);
    put_text(pen, pen->terminal->utf8 ? "\u2502" : "|");
    const int width = width_of(p, row);
    for (int column = 0; column < width; column++)
        put_cell(pen, p, row * CLI_PLOT_COLUMNS + column);
    take_colour(pen, CLI_PLAIN);
}

static void put_head(line_text *pen, const picture *p)
{
    char number[WEFT_NUMBER_TEXT], note[64];
    put_text(pen, "    loss  ");
    take_colour(pen, CLI_CYAN);
    put_dots(pen, 0x24);
    put_dots(pen, 0x1b);
    put_dots(pen, 0x24);
    take_colour(pen, CLI_PLAIN);
    put_text(pen, " training   ");
    take_colour(pen, CLI_YELLOW);
    put_text(pen, "o");
    take_colour(pen, CLI_PLAIN);
    put_text(pen, " validation");
    if (isnan(p->above)) return;
    weft_format(p->above, DIGITS, number);
    snprintf(note, sizeof note, "   first losses up to %.8s lie above", number);
    put_text(pen, note);
}

static void put_foot(line_text *pen, const char *end)
{
    const int dashes = CLI_PLOT_COLUMNS - (int)strlen(end) - 1;
    put_text(pen, pen->terminal->utf8 ? "         \u2514" : "         +");
    for (int i = 0; i < dashes; i++)
        put_text(pen, pen->terminal->utf8 ? "\u2500" : "-");
    put_text(pen, " ");
    put_text(pen, end);
}

void cli_plot_draw(const cli_plot *plot, const cli_terminal *terminal, const char *end,
                   char text[CLI_PLOT_LINES][CLI_PLOT_TEXT])
{
    picture p;
    fill(&p, plot);
    for (int i = 0; i < CLI_PLOT_LINES; i++) {
        line_text pen = {.text = text[i], .terminal = terminal};
        text[i][0] = '\0';
        if (i == 0)
            put_head(&pen, &p);
        else if (i == CLI_PLOT_LINES - 1)
            put_foot(&pen, end);
        else
            put_row(&pen, &p, i - 1);
    }
}
