/* The two themes' colours. */
#include "report/figure.h"

#define RGB(hex)                                                                     \
    {                                                                                \
        ((hex) >> 16 & 255) / 255.0, ((hex) >> 8 & 255) / 255.0, ((hex)&255) / 255.0 \
    }

static const weft_palette palettes[] = {
    [WEFT_LIGHT] = {.paper = RGB(0xFFFFFF),
                    .ink = RGB(0x212429),
                    .soft = RGB(0x5F656D),
                    .faint = RGB(0xE4E6E9),
                    .series = {RGB(0x0B64AB), RGB(0xBF3F00), RGB(0x0E9743), RGB(0x83146A),
                               RGB(0x4D95D5), RGB(0xBA880D), RGB(0x4C4400), RGB(0x85858A)}},
    [WEFT_DARK] = {.paper = RGB(0x16181D),
                   .ink = RGB(0xE8EAED),
                   .soft = RGB(0xA7ADB7),
                   .faint = RGB(0x343840),
                   .series = {RGB(0x91B9F9), RGB(0xF38350), RGB(0x62C396), RGB(0xC03369),
                              RGB(0x0383A6), RGB(0xE3A731), RGB(0xE5FE7C), RGB(0x949498)}},
};

const weft_palette *weft_palette_of(weft_theme theme)
{
    return &palettes[theme];
}

void weft_colour_set(cairo_t *cr, weft_colour colour)
{
    cairo_set_source_rgb(cr, colour.red, colour.green, colour.blue);
}

weft_colour weft_colour_mix(weft_colour a, weft_colour b, double share)
{
    return (weft_colour){a.red + share * (b.red - a.red), a.green + share * (b.green - a.green),
                         a.blue + share * (b.blue - a.blue)};
}

static double linear(double value)
{
    return value <= 0.03928 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4);
}

static double luminance(weft_colour c)
{
    return 0.2126 * linear(c.red) + 0.7152 * linear(c.green) + 0.0722 * linear(c.blue);
}

double weft_contrast(weft_colour a, weft_colour b)
{
    const double la = luminance(a), lb = luminance(b);
    return (fmax(la, lb) + 0.05) / (fmin(la, lb) + 0.05);
}

weft_colour weft_text_on(weft_colour ground)
{
    static const weft_colour black = {0, 0, 0}, white = {1, 1, 1};
    return weft_contrast(black, ground) >= weft_contrast(white, ground) ? black : white;
}
