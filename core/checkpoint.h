/* Checkpoints: weights, states and moments in a safetensors file, with everything a resume needs as
 * metadata. */
#ifndef WEFT_CORE_CHECKPOINT_H
#define WEFT_CORE_CHECKPOINT_H

#include "core/model.h"
#include "core/safetensors.h"

/* The text pairs of a checkpoint's __metadata__, sorted by key when written. */
typedef struct weft_meta weft_meta;
WEFT_API weft_status weft_meta_new(weft_meta **out);
WEFT_API void weft_meta_free(weft_meta *meta);

/* Bytes that are not UTF-8 become question marks. */
WEFT_API weft_status weft_meta_set(weft_meta *meta, const char *key, const char *value);
WEFT_API weft_status weft_meta_format(weft_meta *meta, const char *key, const char *format, ...)
    WEFT_PRINTF(3, 4);
WEFT_API const char *weft_meta_get(const weft_meta *meta, const char *key); /* NULL: absent */

/* WEFT_ERR_FORMAT names file and key when absent or not such a number. A double may be "nan", "inf"
 * or "-inf". */
WEFT_API weft_status weft_meta_u64(const weft_meta *meta, const char *key, uint64_t *out);
WEFT_API weft_status weft_meta_double(const weft_meta *meta, const char *key, double *out);

/* What every checkpoint of ours says, whoever wrote it: network text ("network"), normalisation
 * ("normalize"), class names ("classes", a JSON list), and "model" (the network's name). */

/* Write model and meta to path: temporary name, fsync, rename, fsync of the folder. optim: with
 * moments. */
WEFT_API weft_status weft_checkpoint_save(weft_model *model, const weft_meta *meta,
                                          const char *path, bool optim);

/* How weights are taken from a file. */
typedef struct weft_load_desc {
    bool optim;          /* moments too; each must be there */
    const char *partial; /* comma-separated patterns of layers that start afresh and are not read;
                            NULL: none */
} weft_load_desc;

/* Read tensors by name into the model. WEFT_ERR_SHAPE lists every tensor that is missing or of
 * another shape. Tensors that the model does not know are an error too, but for optim.* and
 * num_batches_tracked. */
WEFT_API weft_status weft_checkpoint_load(weft_model *model, const char *path,
                                          const weft_load_desc *desc);

/* Read only the metadata. */
WEFT_API weft_status weft_checkpoint_meta(const char *path, weft_meta **out);

/* Whether a file can hold the weights of the network that it tells of: to be asked before a model
 * is made of it. WEFT_ERR_FORMAT names both sizes. A network of less than 1 MiB always may: what it
 * lacks is listed when it is loaded. */
WEFT_API weft_status weft_checkpoint_claim(const char *path, const weft_graph *graph);

/* Normalisation and class names to and from metadata. names: list owned by the caller, freed with
 * weft_names_free; *count 0 when the file has none. */
WEFT_API weft_status weft_meta_set_normalize(weft_meta *meta, const weft_normalize *norm);
WEFT_API weft_status weft_meta_get_normalize(const weft_meta *meta, weft_normalize *norm);
WEFT_API weft_status weft_meta_set_names(weft_meta *meta, const char *const *names, int32_t count);
WEFT_API weft_status weft_meta_get_names(const weft_meta *meta, char ***names, int32_t *count);
WEFT_API void weft_names_free(char **names, int32_t count);

#endif
