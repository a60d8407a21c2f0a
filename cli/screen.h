/* Lines at the bottom of a terminal (stderr) that are drawn in place. The cursor waits at the
 * beginning of the first of them: that is where it stays when the size of the terminal changes,
 * whether old lines are broken anew or cut, and all that stands there is what follows it. A frame
 * is written in one go, so that whatever comes between two of them (a signal, the end of the
 * process) finds whole lines and no colour switched on, and may erase what follows the cursor. */
#ifndef WEFT_CLI_SCREEN_H
#define WEFT_CLI_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

enum { CLI_FRAME_BYTES = 1 << 14 };

/* Zeroed: nothing stands there. */
typedef struct cli_screen {
    int width, height; /* of the terminal, asked at the start of a frame */
    int lines;         /* that stand there */
    int widest;        /* columns of the widest of them */
    int kept;          /* rows right above that are surely no remains of a frame */
    bool littered;     /* remains of a frame may stand above those */
    int page;          /* rows of the screen that surely have none since, however few were kept */
    char frame[CLI_FRAME_BYTES];
    size_t used;
} cli_screen;

/* Begin a frame over what stands there. True: on an empty screen, because remains of a frame might
 * have come into view; what was to be seen has been scrolled out. */
bool cli_screen_start(cli_screen *screen);

/* A line that stays for good, above all others of the frame; and one that the next frame draws
 * over, narrower than the terminal. Colours are escape sequences in the text. */
void cli_screen_keep(cli_screen *screen, const char *text);
void cli_screen_add(cli_screen *screen, const char *text);

/* Write the frame; what stood there and is not in it is gone. */
void cli_screen_show(cli_screen *screen);

#endif
