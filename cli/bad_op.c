#include "cli/bad_op.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/output.h"
#include "core/number.h"

enum { NAME_WIDTH = 30, SHAPE_WIDTH = 14, DIGITS = 4 };

static void put_number(double value)
{
    char text[WEFT_NUMBER_TEXT];
    fprintf(stderr, " %10s", weft_format(value, DIGITS, text));
}

static void print_row(const weft_seen *seen)
{
    static const char *const as[] = {"input", "before", "output"};
    char shape[WEFT_SHAPE_TEXT];
    const weft_numbers *n = &seen->numbers;
    fprintf(stderr, "  %-7s", as[seen->as]);
    cli_put_column(stderr, seen->name, NAME_WIDTH);
    fputc(' ', stderr);
    cli_put_column(stderr, weft_shape_print(seen->shape, shape), SHAPE_WIDTH);
    if (seen->dtype != WEFT_F32) {
        fputs(" whole numbers\n", stderr);
        return;
    }
    fprintf(stderr, " %8" PRId64 " %8" PRId64, n->nan, n->infinite);
    if (n->nan + n->infinite < n->count) {
        put_number(n->least);
        put_number(n->mean);
        put_number(n->largest);
    }
    fputc('\n', stderr);
}

void cli_bad_op_print(const weft_bad_op *bad)
{
    fprintf(stderr, "  %-7s%-*s %-*s %8s %8s %10s %10s %10s\n", "", NAME_WIDTH, "tensor",
            SHAPE_WIDTH, "shape", "NaN", "infinite", "least", "mean", "largest");
    for (int i = 0; i < bad->seen_count; i++)
        print_row(&bad->seen[i]);
}
