/* Safetensors: every tensor that a file claims can be read, and what its metadata say of network,
 * classes and normalisation is parsed as `weft eval` does. */
#include "cli/trained.h"
#include "core/checkpoint.h"
#include "tests/fuzz/fuzz.h"

static void read_tensors(const char *path)
{
    weft_st_file *file = NULL;
    if (weft_st_open(path, &file) != WEFT_OK) return;
    for (int i = 0; i < weft_st_count(file); i++) {
        const weft_st_entry *entry = weft_st_at(file, i);
        float *values = malloc(entry->end - entry->begin + 1);
        (void)weft_st_read(file, entry, values);
        free(values);
    }
    weft_st_close(file);
}

static void read_meta(const char *path)
{
    weft_meta *meta = NULL;
    weft_graph *graph = NULL;
    weft_normalize norm;
    char **names = NULL;
    int32_t count = 0;
    if (weft_checkpoint_meta(path, &meta) != WEFT_OK) return;
    (void)cli_network_of(meta, path, &graph);
    (void)weft_meta_get_normalize(meta, &norm);
    (void)weft_meta_get_names(meta, &names, &count);
    weft_names_free(names, count);
    weft_graph_free(graph);
    weft_meta_free(meta);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    const char *path = fuzz_file(bytes, count);
    read_tensors(path);
    read_meta(path);
    return 0;
}
