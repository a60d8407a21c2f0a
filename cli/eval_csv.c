/* weft eval --logits: what the network put out, sample by sample. */
#include <stdio.h>

#include "cli/eval_output.h"
#include "core/number.h"
#include "core/posix.h"

static weft_status write_head(weft_atomic_file *file, int32_t classes)
{
    char text[32];
    static const char head[] = "index,label,predicted";
    WEFT_TRY(weft_atomic_write(file, head, sizeof head - 1));
    for (int32_t i = 0; i < classes; i++) {
        const int length = snprintf(text, sizeof text, ",logit%d", (int)i);
        WEFT_TRY(weft_atomic_write(file, text, (size_t)length));
    }
    return weft_atomic_write(file, "\n", 1);
}

static weft_status write_row(weft_atomic_file *file, const cli_scores *s, int64_t row)
{
    char text[96], number[WEFT_NUMBER_TEXT];
    const int32_t classes = s->data->class_count;
    const float *logits = s->logits + row * classes;
    int length = snprintf(text, sizeof text, "%lld,%d,%d", (long long)row,
                          (int)s->data->classes[row], (int)weft_predicted_class(logits, classes));
    WEFT_TRY(weft_atomic_write(file, text, (size_t)length));
    for (int32_t i = 0; i < classes; i++) {
        length = snprintf(text, sizeof text, ",%s", weft_format((double)logits[i], 9, number));
        WEFT_TRY(weft_atomic_write(file, text, (size_t)length));
    }
    return weft_atomic_write(file, "\n", 1);
}

static weft_status write_rows(weft_atomic_file *file, const cli_scores *s)
{
    WEFT_TRY(write_head(file, s->data->class_count));
    for (int64_t row = 0; row < s->data->count; row++) {
        WEFT_TRY(write_row(file, s, row));
    }
    return weft_atomic_commit(file);
}

weft_status cli_scores_write(const cli_scores *scores, const char *path)
{
    weft_atomic_file *file = NULL;
    WEFT_TRY(weft_atomic_open(path, &file));
    const weft_status status = write_rows(file, scores);
    weft_atomic_free(file);
    return status;
}
