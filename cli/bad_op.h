/* What `weft train --check-numerics` prints of the op where a training went wrong. */
#ifndef WEFT_CLI_BAD_OP_H
#define WEFT_CLI_BAD_OP_H

#include "core/numerics.h"

/* A table of the op's inputs and outputs on stderr. */
void cli_bad_op_print(const weft_bad_op *bad);

#endif
