#include "cli/inputs.h"

#include <stdio.h>
#include <string.h>

#include "cli/output.h"
#include "datasets/datasets.h"

weft_status cli_input_shape(const cli_trained *trained, weft_shape *out)
{
    char text[WEFT_SHAPE_TEXT];
    *out = weft_graph_input(trained->graph);
    if (out->rank == 3) return WEFT_OK;
    return weft_fail(WEFT_ERR_SHAPE,
                     "%s: its network takes %s, which is not a picture (height x width x channels)",
                     trained->path, weft_shape_print(*out, text));
}

/* Grey values below the middle on the average: light things on a dark ground. Colour pictures are
 * taken as they are. */
static bool learnt_light_on_dark(const weft_normalize *norm)
{
    return norm->channels == 1 && norm->mean[0] > 0.0f && norm->mean[0] < 0.5f;
}

static const char *colours_of(weft_shape shape)
{
    return shape.dim[2] == 1 ? "grey" : "colour";
}

/* A picture of another size or in other colours is made to fit. */
static void tell_fitting(const cli_args *args, const char *path, weft_shape from, weft_shape to)
{
    const weft_log log = cli_plain_log(cli_given(args, CLI_OPT_QUIET));
    const bool whole = (int64_t)from.dim[0] * to.dim[1] == (int64_t)from.dim[1] * to.dim[0];
    if (weft_shape_equal(from, to)) return;
    weft_say(&log, WEFT_INFO, "%s: taken as %d x %d pixels in %s, from %s%d x %d in %s", path,
             to.dim[1], to.dim[0], colours_of(to), whole ? "" : "the middle of ", from.dim[1],
             from.dim[0], colours_of(from));
}

weft_status cli_input_file(const cli_args *args, const cli_trained *trained, const char *path,
                           uint8_t *pixels)
{
    weft_shape from;
    const weft_shape to = weft_graph_input(trained->graph);
    const weft_invert invert = (weft_invert)cli_integer(args, CLI_OPT_INVERT, WEFT_INVERT_AUTO);
    WEFT_TRY(
        weft_picture_read(path, to, invert, learnt_light_on_dark(&trained->norm), pixels, &from));
    tell_fitting(args, path, from, to);
    return WEFT_OK;
}

static weft_status copy_sample(const cli_args *args, const cli_trained *trained,
                               const weft_dataset *data, uint8_t *pixels, cli_sample *out)
{
    char wants[WEFT_SHAPE_TEXT], has[WEFT_SHAPE_TEXT];
    const weft_shape shape = weft_graph_input(trained->graph);
    const size_t bytes = (size_t)weft_shape_count(shape);
    const int64_t index = cli_integer(args, CLI_OPT_INDEX, 0);
    if (index >= data->count) {
        return weft_fail(WEFT_ERR_USAGE, "--index %lld: %s has samples 0 to %lld", (long long)index,
                         data->name, (long long)data->count - 1);
    }
    if (!weft_shape_equal(data->shape, shape) || data->dtype != WEFT_U8) {
        return weft_fail(WEFT_ERR_SHAPE, "%s: its network takes %s, but %s has %s", trained->path,
                         weft_shape_print(shape, wants), data->name,
                         weft_shape_print(data->shape, has));
    }
    memcpy(pixels, (const uint8_t *)data->samples + (size_t)index * bytes, bytes);
    out->label = data->classes ? data->classes[index] : -1;
    snprintf(out->name, sizeof out->name, "%.150s[%lld]", data->name, (long long)index);
    return WEFT_OK;
}

weft_status cli_input_sample(const cli_args *args, const cli_trained *trained, uint8_t *pixels,
                             cli_sample *out)
{
    weft_loaded *loaded = NULL;
    const weft_split split =
        cli_integer(args, CLI_OPT_SPLIT, 0) == 1 ? WEFT_TRAIN_SPLIT : WEFT_TEST_SPLIT;
    WEFT_TRY(weft_dataset_load(cli_text(args, CLI_OPT_DATA), cli_text(args, CLI_OPT_DATA_DIR),
                               split, &loaded));
    const weft_status status = copy_sample(args, trained, &loaded->data, pixels, out);
    weft_dataset_free(loaded);
    return status;
}
