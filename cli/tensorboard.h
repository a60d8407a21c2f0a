/* A run as TensorBoard shows it: RUN/tensorboard/events.out.tfevents.<step>.weft, a file for each
 * start of the program, named by the steps that were taken before it. */
#ifndef WEFT_CLI_TENSORBOARD_H
#define WEFT_CLI_TENSORBOARD_H

#include <stdbool.h>

#include "core/log.h"
#include "core/train.h"

typedef struct cli_tensorboard cli_tensorboard;

/* Does the folder hold such files? A resume goes on with them. */
bool cli_tensorboard_is_in(const char *folder);

/* Nothing is written before the first call below, which tells where a resume begins: what the files
 * say beyond is cut off then. The first failure to write is said to log (borrowed)
 * and ends the writing, not the run. */
weft_status cli_tensorboard_new(const char *folder, weft_trainer *trainer, int64_t log_every,
                                const weft_log *log, cli_tensorboard **out);
void cli_tensorboard_free(cli_tensorboard *board);

/* All of them do nothing where board is NULL. */
void cli_tensorboard_step(cli_tensorboard *board, const weft_step_report *report);
/* As the observer's on_save. */
void cli_tensorboard_save(cli_tensorboard *board, uint64_t step, const weft_epoch_report *report);
void cli_tensorboard_end(cli_tensorboard *board, const weft_train_result *result);

#endif
