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
                    .series = {RGB(0x0072B2), RGB(0xC24E00), RGB(0x009E73), RGB(0xBE5F93),
                               RGB(0x3A9AD9), RGB(0xB27A00), RGB(0x8A8200), RGB(0x3D4148)}},
    [WEFT_DARK] = {.paper = RGB(0x16181D),
                   .ink = RGB(0xE8EAED),
                   .soft = RGB(0xA7ADB7),
                   .faint = RGB(0x343840),
                   .series = {RGB(0x4AA3DF), RGB(0xF0803C), RGB(0x1FB98C), RGB(0xDA8DB8),
                              RGB(0x8CCBF2), RGB(0xE8A93A), RGB(0xF0E442), RGB(0xC4C9D1)}},
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

weft_colour weft_text_on(const weft_palette *palette, weft_colour ground)
{
    const bool ink = weft_contrast(palette->ink, ground) >= weft_contrast(palette->paper, ground);
    return ink ? palette->ink : palette->paper;
}
