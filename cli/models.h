/* Networks: those embedded in the program, and files. */
#ifndef WEFT_CLI_MODELS_H
#define WEFT_CLI_MODELS_H

#include <stddef.h>

#include "core/graph.h"

/* A network of models/, generated at build time; text has a zero byte behind its length bytes. */
typedef struct cli_model {
    const char *name; /* NULL ends the list */
    const unsigned char *text;
    size_t length;
} cli_model;
extern const cli_model cli_models[];

/* The embedded network of that name, or NULL. */
const cli_model *cli_model_find(const char *name);

/* Parse what the user named: a path (it holds a slash, or the file is there, with or without
 * ".net"), else an embedded network. WEFT_ERR_USAGE names the nearest one. */
weft_status cli_model_load(const char *name, weft_graph **out);

/* "models/seed-cnn.net" to "seed-cnn", for names of folders; a new string, NULL without memory. */
char *cli_model_title(const char *name);

#endif
