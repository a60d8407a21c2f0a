/* What every suite starts with. */
#ifndef WEFT_TESTS_SUITE_H
#define WEFT_TESTS_SUITE_H

#include <check.h>
#include <string.h>

#include "core/status.h"

/* Exit code of a suite that found nothing to run on; ctest shows it as skipped. */
enum { WEFT_SUITE_SKIPPED = 77 };

/* Run a suite and free it; EXIT_SUCCESS when every test passed. Tests run in this process unless
 * CK_FORK says otherwise: OpenCL drivers do not survive a fork. */
int weft_suite_run(Suite *suite);

/* How often a text has a part that is not empty. */
static inline int times_in(const char *text, const char *part)
{
    int count = 0;
    for (; (text = strstr(text, part)) != NULL; text += strlen(part))
        count++;
    return count;
}

/* Fail the test with the library's own message when a call did not return WEFT_OK. */
#define ck_weft(call)                                                  \
    do {                                                               \
        const weft_status ck_weft_status = (call);                     \
        ck_assert_msg(ck_weft_status == WEFT_OK, "%s: %s: %s", #call,  \
                      weft_status_text(ck_weft_status), weft_error()); \
    } while (0)

/* Fail the test unless a call refused with this status and a message holding `part`. */
#define ck_weft_refused(call, status, part)                                                   \
    do {                                                                                      \
        const weft_status ck_weft_status = (call);                                            \
        ck_assert_msg(ck_weft_status == (status), "%s: %s instead of %s", #call,              \
                      weft_status_text(ck_weft_status), weft_status_text(status));            \
        ck_assert_msg(strstr(weft_error(), (part)) != NULL, "%s: \"%s\" does not say \"%s\"", \
                      #call, weft_error(), (part));                                           \
    } while (0)

#endif
