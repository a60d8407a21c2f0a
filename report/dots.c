#include "report/dots.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* Bits of the dots at (x, y) of a cell. */
static const uint8_t BIT[WEFT_DOTS_HIGH][WEFT_DOTS_WIDE] = {
    {0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};

typedef struct place {
    int x, y; /* dots from the top left corner */
} place;

/* 0 to 1 from low to high; NaN outside. */
static double share(double value, double low, double high)
{
    if (!isfinite(value) || value < low || value > high) return (double)NAN;
    return (value - low) / (high - low);
}

static bool locate(weft_dots dots, const weft_dots_range *r, double x, double y, place *out)
{
    const double across = share(x, r->x_low, r->x_high), up = share(y, r->y_low, r->y_high);
    if (isnan(across) || isnan(up)) return false;
    out->x = (int)(across * (dots.columns * WEFT_DOTS_WIDE - 1) + 0.5);
    out->y = (int)((1 - up) * (dots.rows * WEFT_DOTS_HIGH - 1) + 0.5);
    return true;
}

static int cell_of(weft_dots dots, place p)
{
    return p.y / WEFT_DOTS_HIGH * dots.columns + p.x / WEFT_DOTS_WIDE;
}

static void set(weft_dots dots, place p)
{
    dots.cell[cell_of(dots, p)] |= BIT[p.y % WEFT_DOTS_HIGH][p.x % WEFT_DOTS_WIDE];
}

int weft_dots_cell(weft_dots dots, const weft_dots_range *range, double x, double y)
{
    place p;
    return locate(dots, range, x, y, &p) ? cell_of(dots, p) : -1;
}

/* One dot for each step along the longer way. */
static void line(weft_dots dots, place a, place b)
{
    const int wide = b.x - a.x, high = b.y - a.y;
    const int steps = abs(wide) > abs(high) ? abs(wide) : abs(high);
    for (int i = 0; i <= steps; i++) {
        const double at = steps > 0 ? (double)i / steps : 0;
        set(dots, (place){(int)lround(a.x + wide * at), (int)lround(a.y + high * at)});
    }
}

void weft_dots_curve(weft_dots dots, const weft_dots_range *range, const double *x, const double *y,
                     int count)
{
    place before = {0, 0};
    bool drawn = false;
    for (int i = 0; i < count; i++) {
        place now;
        const bool is_there = locate(dots, range, x[i], y[i], &now);
        if (is_there) line(dots, drawn ? before : now, now);
        before = now;
        drawn = is_there;
    }
}

void weft_dots_braille(uint8_t cell, char out[WEFT_BRAILLE_BYTES])
{
    out[0] = (char)0xe2; /* U+2800 + cell */
    out[1] = (char)(0xa0 | cell >> 6);
    out[2] = (char)(0x80 | (cell & 0x3f));
}

char weft_dots_ascii(uint8_t cell)
{
    enum { UPPER = 0x1b, LOWER = 0xe4 };
    if (cell == 0) return ' ';
    if (!(cell & LOWER)) return '\'';
    return cell & UPPER ? ':' : '.';
}
