#include "core/thread.h"

#include <pthread.h>
#include <stdlib.h>

struct weft_thread {
    pthread_t id;
    void (*run)(void *user);
    void *user;
};

struct weft_mark {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int64_t value;
};

static void *enter(void *thread_)
{
    const weft_thread *thread = thread_;
    thread->run(thread->user);
    return NULL;
}

weft_status weft_thread_start(void (*run)(void *user), void *user, weft_thread **out)
{
    *out = NULL;
    weft_thread *thread = calloc(1, sizeof *thread);
    if (!thread) return weft_fail(WEFT_ERR_MEMORY, "no memory for a thread");
    thread->run = run;
    thread->user = user;
    if (pthread_create(&thread->id, NULL, enter, thread) != 0) {
        free(thread);
        return weft_fail(WEFT_ERR_MEMORY, "the system gives no more threads");
    }
    *out = thread;
    return WEFT_OK;
}

void weft_thread_join(weft_thread *thread)
{
    if (!thread) return;
    (void)pthread_join(thread->id, NULL);
    free(thread);
}

weft_status weft_mark_new(weft_mark **out)
{
    *out = NULL;
    weft_mark *mark = calloc(1, sizeof *mark);
    if (!mark) return weft_fail(WEFT_ERR_MEMORY, "no memory for a thread");
    if (pthread_mutex_init(&mark->lock, NULL) != 0) {
        free(mark);
        return weft_fail(WEFT_ERR_MEMORY, "the system gives no more locks");
    }
    if (pthread_cond_init(&mark->changed, NULL) != 0) {
        (void)pthread_mutex_destroy(&mark->lock);
        free(mark);
        return weft_fail(WEFT_ERR_MEMORY, "the system gives no more locks");
    }
    *out = mark;
    return WEFT_OK;
}

void weft_mark_free(weft_mark *mark)
{
    if (!mark) return;
    (void)pthread_cond_destroy(&mark->changed);
    (void)pthread_mutex_destroy(&mark->lock);
    free(mark);
}

void weft_mark_set(weft_mark *mark, int64_t value)
{
    (void)pthread_mutex_lock(&mark->lock);
    mark->value = value;
    (void)pthread_cond_broadcast(&mark->changed);
    (void)pthread_mutex_unlock(&mark->lock);
}

int64_t weft_mark_wait(weft_mark *mark, int64_t seen)
{
    (void)pthread_mutex_lock(&mark->lock);
    while (mark->value == seen)
        (void)pthread_cond_wait(&mark->changed, &mark->lock);
    const int64_t value = mark->value;
    (void)pthread_mutex_unlock(&mark->lock);
    return value;
}
