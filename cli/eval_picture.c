/* weft eval --reliability: the reliability diagram as a picture. */
#include <stdio.h>

#include "cli/eval_output.h"
#include "report/reliability.h"

weft_status cli_scores_draw(const cli_scores *s)
{
    char title[256], subtitle[256];
    const weft_calibration *c = &s->calibration;
    if (c->samples == 0) {
        return weft_fail(WEFT_ERR_FORMAT,
                         "%s: no sample has a probability, so there is no "
                         "reliability diagram to draw",
                         s->trained->path);
    }
    snprintf(title, sizeof title, "%.100s on %.100s", cli_trained_title(s->trained), s->data->name);
    snprintf(subtitle, sizeof subtitle, "%lld samples of the %s split, checkpoint \"%s\"",
             (long long)s->score.samples, s->split, s->trained->which);
    const weft_reliability data = {.title = title,
                                   .subtitle = subtitle,
                                   .bins = WEFT_CALIBRATION_BINS,
                                   .confidence = c->confidence,
                                   .accuracy = c->accuracy,
                                   .count = c->count,
                                   .error = c->error};
    const weft_figure figure = weft_reliability_figure(&data);
    return cli_picture_out_write(s->reliability, &figure);
}
