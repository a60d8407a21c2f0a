/* The kernels of a program under test come from the folder $WEFT_TEST_KERNELS instead of from
 * inside the program: linked in before the embedded ones, under the same names. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As backends/opencl/sources.h has it, but for const: here they are read when the program starts.
 */
typedef struct cl_source {
    const char *name;
    const unsigned char *text;
    size_t length;
} cl_source;

enum { FILES_MAX = 64, FILE_MAX = 1 << 17 };

cl_source cl_sources[FILES_MAX + 1];
static int source_count;

static void stop(const char *what)
{
    fprintf(stderr, "mutant: %s\n", what);
    _Exit(99);
}

static void take(const char *folder, const char *name)
{
    char path[4096];
    unsigned char *text = malloc(FILE_MAX);
    char *copy = malloc(strlen(name) + 1);
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!text || !copy || !file || source_count == FILES_MAX) stop(path);
    const size_t length = fread(text, 1, FILE_MAX, file);
    if (length == FILE_MAX) stop(path);
    fclose(file);
    cl_sources[source_count++] = (cl_source){strcpy(copy, name), text, length};
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const cl_source *)a)->name, ((const cl_source *)b)->name);
}

static __attribute__((constructor)) void read_folder(void)
{
    const char *folder = getenv("WEFT_TEST_KERNELS");
    DIR *names = folder ? opendir(folder) : NULL;
    if (!names) stop("WEFT_TEST_KERNELS names no folder");
    for (struct dirent *entry; (entry = readdir(names));) {
        const char *ending = strrchr(entry->d_name, '.');
        if (ending && (strcmp(ending, ".cl") == 0 || strcmp(ending, ".txt") == 0))
            take(folder, entry->d_name);
    }
    closedir(names);
    qsort(cl_sources, (size_t)source_count, sizeof *cl_sources, by_name);
}
