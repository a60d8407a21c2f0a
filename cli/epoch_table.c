#include "cli/epoch_table.h"

#include <stdio.h>

#include "cli/output.h"
#include "core/number.h"

/* "12/100", or "12" where that would take too many columns. */
enum { LEAST = 5, MOST = 9 };

static int digits_of(int64_t value)
{
    char text[32];
    return snprintf(text, sizeof text, "%lld", (long long)value);
}

static int width_of(int64_t epochs)
{
    const int digits = digits_of(epochs), both = 2 * digits + 1;
    const int width = both > MOST ? digits : both;
    return width < LEAST ? LEAST : width;
}

void cli_epoch_head(int64_t epochs, char text[CLI_ROW_TEXT])
{
    snprintf(text, CLI_ROW_TEXT, "%*s %10s %10s %10s %10s %8s %10s  best", width_of(epochs),
             "epoch", "train loss", "train acc", "val loss", "val acc", "seconds", "images/s");
}

void cli_epoch_row(int64_t epochs, const weft_epoch_report *r, char text[CLI_ROW_TEXT])
{
    char epoch[32], number[6][WEFT_NUMBER_TEXT];
    if (2 * digits_of(epochs) + 1 <= MOST)
        snprintf(epoch, sizeof epoch, "%u/%lld", (unsigned)r->epoch, (long long)epochs);
    else
        snprintf(epoch, sizeof epoch, "%u", (unsigned)r->epoch);
    snprintf(text, CLI_ROW_TEXT, "%*s %10s %10s %10s %10s %8s %10s%s", width_of(epochs), epoch,
             weft_fixed(r->train_loss, 4, number[0]), weft_fixed(r->train_accuracy, 4, number[1]),
             weft_fixed(r->val_loss, 4, number[2]), weft_fixed(r->val_accuracy, 4, number[3]),
             weft_fixed(r->seconds, 1, number[4]), weft_fixed(r->images_per_second, 0, number[5]),
             r->best ? "   *" : "");
}
