/* Taking out of JSON what tells who and where somebody is. */
#ifndef WEFT_CLI_SCRUB_H
#define WEFT_CLI_SCRUB_H

#include <jansson.h>

#include "core/status.h"

/* Replace in every string value of a tree, keys and numbers never, what words such as "<home>" and
 * "<user>" then stand for:
 *
 *   folders  of the program, of work, of caches (Weft's and those of drivers that the environment
 *            names), temporary files and the user's home, from three characters on
 *   names    of the user (the system's, $LOGNAME, $USER) and of the host (the system's, $HOSTNAME;
 *            whole and up to its first dot), from two characters on
 *   paths    of two names or more that begin with a slash: all but the last name
 *
 * What a letter or digit touches is another word: user "al" does not change "value". An underscore
 * belongs to the word only beside what has less than four characters: "alice_x" loses its "alice",
 * "al_x" stays.
 *
 * WEFT_ERR_MEMORY: the tree may still hold some of them. */
weft_status cli_scrub(json_t *json);

#endif
