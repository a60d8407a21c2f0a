/* Lines at the bottom of a terminal (stderr) that are drawn in place. A frame is written in one go,
 * so that whatever comes between two of them (a signal, the end of the process) finds whole lines,
 * no colour switched on and the cursor where it was. */
#ifndef WEFT_CLI_SCREEN_H
#define WEFT_CLI_SCREEN_H

#include <stddef.h>

enum { CLI_FRAME_BYTES = 1 << 14 };

/* Zeroed: nothing stands there. */
typedef struct cli_screen {
    int lines;  /* that stand there; the cursor is behind the last one */
    int widest; /* columns of the widest of them */
    char frame[CLI_FRAME_BYTES];
    size_t used;
} cli_screen;

/* Begin a frame on a terminal of this width: over what stands there - or below it, where the
 * terminal has become too narrow for it and may have broken its lines. */
void cli_screen_start(cli_screen *screen, int width);

/* A line that stays for good, above all others of the frame; and one that the next frame draws
 * over. Both are narrower than the terminal; colours are escape sequences in the text. */
void cli_screen_keep(cli_screen *screen, const char *text);
void cli_screen_add(cli_screen *screen, const char *text);

/* Write the frame; what stood there and is not in it is gone. */
void cli_screen_show(cli_screen *screen);

/* Remove what stands there; and leave it, for the cursor stands on another line by now. */
void cli_screen_clear(cli_screen *screen, int width);
void cli_screen_leave(cli_screen *screen);

#endif
