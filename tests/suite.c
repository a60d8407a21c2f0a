#include "tests/suite.h"

#include <stdlib.h>

int weft_suite_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    if (!getenv("CK_FORK")) srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
