#include "report/explanation.h"

double weft_explanation_more(const weft_explanation *explanation)
{
    return weft_tiles_place(&explanation->maps).height;
}

static void draw(const weft_canvas *canvas, const void *data)
{
    const weft_explanation *explanation = data;
    weft_tiles_draw(canvas, &explanation->maps);
    if (explanation->more.count < 1) return;
    cairo_save(canvas->cr);
    cairo_translate(canvas->cr, 0, weft_explanation_more(explanation));
    weft_tiles_draw(canvas, &explanation->more);
    cairo_restore(canvas->cr);
}

weft_figure weft_explanation_figure(const weft_explanation *explanation)
{
    const weft_tiles_layout maps = weft_tiles_place(&explanation->maps);
    weft_figure figure = {draw, explanation, maps.width, maps.height};
    if (explanation->more.count < 1) return figure;
    const weft_tiles_layout more = weft_tiles_place(&explanation->more);
    figure.height += more.height;
    if (more.width > figure.width) figure.width = more.width;
    return figure;
}
