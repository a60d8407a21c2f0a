#include "report/colour_map.h"

#include <math.h>

enum { STOPS = 17 };

/* Colours at equal steps. The sequential ones are viridis, which its authors gave to the public
 * domain; the diverging ones lie on two straight lines of lightness in Oklab (Ottosson 2020), from
 * 0.38 to 0.97 and back. */
static const weft_rgb stops[][STOPS] = {
    [WEFT_MAP_SEQUENTIAL] = {{68, 1, 84},
                             {72, 24, 106},
                             {71, 45, 123},
                             {66, 64, 134},
                             {59, 82, 139},
                             {51, 99, 141},
                             {44, 114, 142},
                             {38, 129, 142},
                             {33, 144, 140},
                             {31, 159, 136},
                             {40, 174, 128},
                             {62, 188, 116},
                             {93, 201, 99},
                             {130, 211, 76},
                             {171, 220, 50},
                             {213, 226, 26},
                             {253, 231, 37}},
    [WEFT_MAP_DIVERGING] = {{0, 59, 146},
                            {1, 81, 175},
                            {8, 105, 202},
                            {34, 130, 223},
                            {64, 155, 240},
                            {99, 180, 252},
                            {144, 204, 255},
                            {190, 226, 255},
                            {245, 245, 245},
                            {255, 211, 180},
                            {253, 177, 130},
                            {244, 144, 89},
                            {229, 113, 53},
                            {210, 82, 21},
                            {185, 55, 0},
                            {157, 33, 1},
                            {128, 7, 1}},
};

static double between(uint8_t a, uint8_t b, double share)
{
    return (double)a + ((double)b - (double)a) * share;
}

static uint8_t byte(double value)
{
    return (uint8_t)(value + 0.5);
}

weft_rgb weft_colour_map_at(weft_colour_map map, double share)
{
    const double s = share > 0 ? fmin(share, 1) : 0;
    if (map == WEFT_MAP_GREY) {
        const uint8_t grey = byte(s * 255);
        return (weft_rgb){grey, grey, grey};
    }
    const int at = s < 1 ? (int)(s * (STOPS - 1)) : STOPS - 2;
    const weft_rgb a = stops[map][at], b = stops[map][at + 1];
    const double rest = s * (STOPS - 1) - at;
    return (weft_rgb){byte(between(a.red, b.red, rest)), byte(between(a.green, b.green, rest)),
                      byte(between(a.blue, b.blue, rest))};
}

weft_scale weft_scale_empty(void)
{
    return (weft_scale){.low = (double)INFINITY, .high = -(double)INFINITY};
}

void weft_scale_add(weft_scale *scale, const weft_matrix *matrix)
{
    if (!matrix->values) return;
    for (int64_t i = 0; i < (int64_t)matrix->width * matrix->height; i++) {
        const double value = (double)matrix->values[i];
        if (!isfinite(value)) {
            scale->missing = true;
            continue;
        }
        scale->low = fmin(scale->low, value);
        scale->high = fmax(scale->high, value);
    }
}

weft_scale weft_scale_fit(weft_scale seen, weft_colour_map map)
{
    weft_scale fit = seen;
    if (fit.low > fit.high) fit.low = fit.high = 0;
    if (map == WEFT_MAP_DIVERGING) {
        fit.high = fmax(fabs(fit.low), fabs(fit.high));
        fit.low = -fit.high;
    } else if (fit.low > 0) {
        fit.low = 0;
    }
    if (fit.low < fit.high) return fit;
    const double apart = fit.high != 0 ? fabs(fit.high) : 1;
    fit.high += apart;
    if (map == WEFT_MAP_DIVERGING) fit.low -= apart;
    return fit;
}
