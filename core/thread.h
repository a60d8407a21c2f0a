/* A second thread for host work that can go on beside the caller's. */
#ifndef WEFT_CORE_THREAD_H
#define WEFT_CORE_THREAD_H

#include <stdint.h>

#include "core/status.h"

typedef struct weft_thread weft_thread;

/* Call run(user) on a thread of its own. WEFT_ERR_MEMORY when the system gives none. */
weft_status weft_thread_start(void (*run)(void *user), void *user, weft_thread **out);

/* Wait until run has returned, and free; NULL is fine. */
void weft_thread_join(weft_thread *thread);

/* A number that one thread sets and another waits for; 0 at first. What was written to memory
 * before it was set can be read by those who have seen it. */
typedef struct weft_mark weft_mark;

weft_status weft_mark_new(weft_mark **out);
void weft_mark_free(weft_mark *mark); /* NULL is fine */
void weft_mark_set(weft_mark *mark, int64_t value);

/* Sleep while the number is `seen`; returns what it is then. */
int64_t weft_mark_wait(weft_mark *mark, int64_t seen);

#endif
