/* A backend that is not part of Weft: it hands every call on to the CPU backend and counts the
 * steps it was given, as a plug-in that watches a training would. */
#ifndef ECHO_BACKEND_H
#define ECHO_BACKEND_H

#include <weft.h>

/* The backend "echo"; call once before use by several threads. */
const weft_backend *echo_backend(void);

/* Steps enqueued through it so far. */
long echo_steps(void);

#endif
