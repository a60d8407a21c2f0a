/* Taking out of a text what tells who and where somebody is. */
#ifndef WEFT_CLI_SCRUB_H
#define WEFT_CLI_SCRUB_H

/* A copy of the text in which the home, working, cache and temporary folder, the host's and the
 * user's name are replaced by words such as "<home>". NULL: out of memory. */
char *cli_scrub(const char *text);

#endif
