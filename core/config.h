/* Training options to and from JSON: config.json of a run, and the same text inside checkpoints. */
#ifndef WEFT_CORE_CONFIG_H
#define WEFT_CORE_CONFIG_H

#include <jansson.h>

#include "core/train.h"

/* Add every option with its resolved value, names with underscores: "batch_size", "optimizer",
 * "lr", "momentum", "betas", "eps", "nesterov", "weight_decay", "schedule", "loss",
 * "label_smoothing", "augment" (text as in
 * --augment), "no_shuffle", "no_fusion", "seed", "val_count", "limit", "max_steps", "log_every",
 * "save_every", "patience", "freeze", "normalize". */
weft_status weft_config_write(const weft_train_options *options, json_t *object);

/* Only the options that change a result: what a checkpoint holds and a resume compares. */
weft_status weft_config_write_results(const weft_train_options *options, json_t *object);

/* The shortest decimal number that reads back as this float: 0.003f gives 0.003. */
double weft_config_real(float value);

/* Read them back over what options hold; absent and unknown keys are left alone. "freeze" stays in
 * the object, which must live as long as the options are used. WEFT_ERR_FORMAT names the key.
 * In the file 0 stands for no validation and for no steps.csv, as in the program's options.
 */
weft_status weft_config_read(const json_t *object, weft_train_options *options);

/* "none" or "flip,shift=2,erase=0.25" to and from settings. */
weft_status weft_augment_parse(const char *text, weft_augment *out);
enum { WEFT_AUGMENT_TEXT = 64 };
const char *weft_augment_print(const weft_augment *augment, char text[WEFT_AUGMENT_TEXT]);

/* Enum names as options spell them: "adam", "onecycle", ...; parse gives WEFT_ERR_USAGE with the
 * list. */
const char *weft_optimizer_name(weft_optimizer_kind kind);
weft_status weft_optimizer_parse(const char *text, weft_optimizer_kind *out);
const char *weft_schedule_name(weft_schedule_kind kind);
weft_status weft_schedule_parse(const char *text, weft_schedule_kind *out);
const char *weft_loss_name(weft_loss loss);
weft_status weft_loss_parse(const char *text, weft_loss *out);

#endif
