/* Faults of an OpenCL driver, for tests: a library that is loaded before the program (LD_PRELOAD)
 * and stands between it and libOpenCL.
 *
 *   WEFT_SHIM_FAIL=FUNCTION:N:CODE  the N-th call of a function and all later ones return CODE;
 *                                   with :once behind it that call alone. FUNCTION may be "any"
 *   WEFT_SHIM_MEMORY=ALL:ONE        bytes of a device's memory and of its largest buffer
 *   WEFT_SHIM_GPU=1                 every device says that it is a GPU
 *   WEFT_SHIM_BREAK=1               every program's source gets a line that no compiler takes
 *   WEFT_SHIM_LOG=TEXT              every build log is this text
 *   WEFT_SHIM_COUNT=FILE            at the end, a line "FUNCTION CALLS" for each function
 *
 * It includes no OpenCL header, as nothing outside backends/opencl does: handles are pointers here,
 * and the integers have the sizes that the specification gives them. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Blocking reads are counted twice, the second time under a name of their own; `any` counts all. */
#define FUNCTION_LIST(X)            \
    X(any)                          \
    X(clGetPlatformIDs)             \
    X(clGetPlatformInfo)            \
    X(clGetDeviceInfo)              \
    X(clGetKernelInfo)              \
    X(clGetProgramInfo)             \
    X(clGetProgramBuildInfo)        \
    X(clReleaseProgram)             \
    X(clReleaseKernel)              \
    X(clReleaseMemObject)           \
    X(clReleaseCommandQueue)        \
    X(clReleaseContext)             \
    X(clGetDeviceIDs)               \
    X(clCreateContext)              \
    X(clCreateCommandQueue)         \
    X(clCreateBuffer)               \
    X(clCreateProgramWithSource)    \
    X(clCreateProgramWithBinary)    \
    X(clBuildProgram)               \
    X(clCreateKernel)               \
    X(clSetKernelArg)               \
    X(clEnqueueNDRangeKernel)       \
    X(clEnqueueReadBuffer)          \
    X(clEnqueueReadBuffer_blocking) \
    X(clEnqueueWriteBuffer)         \
    X(clEnqueueCopyBuffer)          \
    X(clEnqueueFillBuffer)          \
    X(clEnqueueMapBuffer)           \
    X(clFlush)                      \
    X(clFinish)                     \
    X(clWaitForEvents)              \
    X(clGetEventInfo)               \
    X(clGetEventProfilingInfo)      \
    X(clReleaseEvent)

#define FUNCTION_ID(name) ID_##name,
enum { FUNCTION_LIST(FUNCTION_ID) FUNCTION_COUNT };

#define FUNCTION_NAME(name) #name,
static const char *const names[] = {FUNCTION_LIST(FUNCTION_NAME)};

static atomic_long calls[FUNCTION_COUNT];

/* The function that this library stands before, as a pointer of the caller's type. */
static void find_real(const char *name, void *pointer)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) {
        fprintf(stderr, "cl_shim: there is no %s behind it\n", name);
        _Exit(99);
    }
    memcpy(pointer, &found, sizeof found);
}

/* The code that a call of this number is to fail with, or 0. */
static int32_t wished(int id, long call)
{
    const char *wish = getenv("WEFT_SHIM_FAIL");
    const size_t length = strlen(names[id]);
    if (!wish || strncmp(wish, names[id], length) != 0 || wish[length] != ':') return 0;
    char *end = NULL;
    const long first = strtol(wish + length + 1, &end, 10);
    if (*end != ':' || call < first) return 0;
    const int32_t code = (int32_t)strtol(end + 1, &end, 10);
    return call == first || strcmp(end, ":once") != 0 ? code : 0;
}

/* Count a call; the code it is to fail with, or 0. */
static int32_t fault(int id)
{
    const long call = atomic_fetch_add(&calls[id], 1) + 1;
    const long all = atomic_fetch_add(&calls[ID_any], 1) + 1;
    const int32_t code = wished(id, call);
    return code != 0 ? code : wished(ID_any, all);
}

static __attribute__((destructor)) void tell_counts(void)
{
    const char *path = getenv("WEFT_SHIM_COUNT");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (!file) return;
    for (int i = 0; i < FUNCTION_COUNT; i++)
        fprintf(file, "%s %ld\n", names[i], atomic_load(&calls[i]));
    fclose(file);
}

/* A function that returns its error code: PARAMETERS and ARGUMENTS stand in parentheses. */
#define RETURNS_CODE(name, parameters, arguments) \
    int32_t name parameters;                      \
    int32_t name parameters                       \
    {                                             \
        int32_t(*real) parameters = NULL;         \
        const int32_t code = fault(ID_##name);    \
        if (code != 0) return code;               \
        find_real(#name, (void *)&real);          \
        return real arguments;                    \
    }

/* A function that returns an object, and its error code through the last parameter. */
#define RETURNS_OBJECT(name, parameters, arguments) \
    void *name parameters;                          \
    void *name parameters                           \
    {                                               \
        void *(*real)parameters = NULL;             \
        const int32_t code = fault(ID_##name);      \
        if (code != 0) {                            \
            if (error) *error = code;               \
            return NULL;                            \
        }                                           \
        find_real(#name, (void *)&real);            \
        return real arguments;                      \
    }

/* A function that lets go of an object: it does so even when it is to fail. */
#define RELEASES(name)                         \
    int32_t name(void *object);                \
    int32_t name(void *object)                 \
    {                                          \
        int32_t (*real)(void *) = NULL;        \
        const int32_t code = fault(ID_##name); \
        find_real(#name, (void *)&real);       \
        const int32_t released = real(object); \
        return code != 0 ? code : released;    \
    }

RELEASES(clReleaseProgram)
RELEASES(clReleaseKernel)
RELEASES(clReleaseMemObject)
RELEASES(clReleaseCommandQueue)
RELEASES(clReleaseContext)
RELEASES(clReleaseEvent)

typedef void notify(const char *text, const void *info, size_t bytes, void *user);

RETURNS_CODE(clGetDeviceIDs,
             (void *platform, uint64_t type, uint32_t room, void **devices, uint32_t *count),
             (platform, type, room, devices, count))
RETURNS_OBJECT(clCreateContext,
               (const intptr_t *properties, uint32_t count, void *const *devices, notify *call,
                void *user, int32_t *error),
               (properties, count, devices, call, user, error))
RETURNS_OBJECT(clCreateBuffer,
               (void *context, uint64_t flags, size_t bytes, void *host, int32_t *error),
               (context, flags, bytes, host, error))
RETURNS_CODE(clBuildProgram,
             (void *program, uint32_t count, void *const *devices, const char *options,
              void (*call)(void *, void *), void *user),
             (program, count, devices, options, call, user))
RETURNS_CODE(clEnqueueNDRangeKernel,
             (void *queue, void *kernel, uint32_t rank, const size_t *offset, const size_t *global,
              const size_t *local, uint32_t waits, void *const *wait, void **event),
             (queue, kernel, rank, offset, global, local, waits, wait, event))
RETURNS_CODE(clEnqueueWriteBuffer,
             (void *queue, void *buffer, uint32_t blocking, size_t offset, size_t bytes,
              const void *from, uint32_t waits, void *const *wait, void **event),
             (queue, buffer, blocking, offset, bytes, from, waits, wait, event))
RETURNS_CODE(clEnqueueCopyBuffer,
             (void *queue, void *from, void *to, size_t from_at, size_t to_at, size_t bytes,
              uint32_t waits, void *const *wait, void **event),
             (queue, from, to, from_at, to_at, bytes, waits, wait, event))
RETURNS_CODE(clEnqueueFillBuffer,
             (void *queue, void *buffer, const void *pattern, size_t size, size_t offset,
              size_t bytes, uint32_t waits, void *const *wait, void **event),
             (queue, buffer, pattern, size, offset, bytes, waits, wait, event))
RETURNS_OBJECT(clEnqueueMapBuffer,
               (void *queue, void *buffer, uint32_t blocking, uint64_t flags, size_t offset,
                size_t bytes, uint32_t waits, void *const *wait, void **event, int32_t *error),
               (queue, buffer, blocking, flags, offset, bytes, waits, wait, event, error))
RETURNS_OBJECT(clCreateCommandQueue,
               (void *context, void *device, uint64_t properties, int32_t *error),
               (context, device, properties, error))
RETURNS_OBJECT(clCreateKernel, (void *program, const char *name, int32_t *error),
               (program, name, error))
RETURNS_OBJECT(clCreateProgramWithBinary,
               (void *context, uint32_t count, void *const *devices, const size_t *lengths,
                const unsigned char **binaries, int32_t *codes, int32_t *error),
               (context, count, devices, lengths, binaries, codes, error))
RETURNS_CODE(clSetKernelArg, (void *kernel, uint32_t index, size_t bytes, const void *value),
             (kernel, index, bytes, value))
RETURNS_CODE(clFlush, (void *queue), (queue))
RETURNS_CODE(clWaitForEvents, (uint32_t count, void *const *events), (count, events))
RETURNS_CODE(clGetEventInfo, (void *event, uint32_t what, size_t room, void *value, size_t *bytes),
             (event, what, room, value, bytes))
RETURNS_CODE(clGetEventProfilingInfo,
             (void *event, uint32_t what, size_t room, void *value, size_t *bytes),
             (event, what, room, value, bytes))
RETURNS_CODE(clGetPlatformIDs, (uint32_t room, void **platforms, uint32_t *count),
             (room, platforms, count))
RETURNS_CODE(clGetPlatformInfo,
             (void *platform, uint32_t what, size_t room, void *value, size_t *bytes),
             (platform, what, room, value, bytes))
RETURNS_CODE(clGetKernelInfo,
             (void *kernel, uint32_t what, size_t room, void *value, size_t *bytes),
             (kernel, what, room, value, bytes))
RETURNS_CODE(clGetProgramInfo,
             (void *program, uint32_t what, size_t room, void *value, size_t *bytes),
             (program, what, room, value, bytes))

/* The two sizes that WEFT_SHIM_MEMORY changes, by the numbers of the specification. */
static void change_memory(uint32_t what, void *value)
{
    enum { LARGEST_BUFFER = 0x1010, ALL_MEMORY = 0x101f };
    const char *wish = getenv("WEFT_SHIM_MEMORY");
    char *end = NULL;
    if (!wish || !value || (what != LARGEST_BUFFER && what != ALL_MEMORY)) return;
    uint64_t bytes = strtoull(wish, &end, 10);
    if (what == LARGEST_BUFFER) bytes = strtoull(end + (*end == ':'), NULL, 10);
    memcpy(value, &bytes, sizeof bytes);
}

/* What WEFT_SHIM_GPU changes. */
static void change_type(uint32_t what, void *value)
{
    enum { TYPE = 0x1000, GPU = 4 };
    const uint64_t type = GPU;
    if (what == TYPE && value && getenv("WEFT_SHIM_GPU")) memcpy(value, &type, sizeof type);
}

typedef int32_t device_info(void *device, uint32_t what, size_t room, void *value, size_t *bytes);
device_info clGetDeviceInfo;
int32_t clGetDeviceInfo(void *device, uint32_t what, size_t room, void *value, size_t *bytes)
{
    device_info *real = NULL;
    int32_t code = fault(ID_clGetDeviceInfo);
    if (code != 0) return code;
    find_real("clGetDeviceInfo", (void *)&real);
    code = real(device, what, room, value, bytes);
    if (code != 0) return code;
    change_memory(what, value);
    change_type(what, value);
    return code;
}

/* Copy a text as a driver does: its size with the zero byte, and as much of it as there is room. */
static int32_t give_text(const char *text, size_t room, void *value, size_t *bytes)
{
    const size_t size = strlen(text) + 1;
    if (bytes) *bytes = size;
    if (value) memcpy(value, text, room < size ? room : size);
    return 0;
}

typedef int32_t build_info(void *program, void *device, uint32_t what, size_t room, void *value,
                           size_t *bytes);
build_info clGetProgramBuildInfo;
int32_t clGetProgramBuildInfo(void *program, void *device, uint32_t what, size_t room, void *value,
                              size_t *bytes)
{
    enum { BUILD_LOG = 0x1183 };
    build_info *real = NULL;
    const char *log = what == BUILD_LOG ? getenv("WEFT_SHIM_LOG") : NULL;
    const int32_t code = fault(ID_clGetProgramBuildInfo);
    if (code != 0) return code;
    if (log) return give_text(log, room, value, bytes);
    find_real("clGetProgramBuildInfo", (void *)&real);
    return real(program, device, what, room, value, bytes);
}

typedef int32_t read_buffer(void *queue, void *buffer, uint32_t blocking, size_t offset,
                            size_t bytes, void *to, uint32_t waits, void *const *wait,
                            void **event);
read_buffer clEnqueueReadBuffer;
int32_t clEnqueueReadBuffer(void *queue, void *buffer, uint32_t blocking, size_t offset,
                            size_t bytes, void *to, uint32_t waits, void *const *wait, void **event)
{
    read_buffer *real = NULL;
    const int32_t any = fault(ID_clEnqueueReadBuffer);
    int32_t code = 0;
    if (blocking) { /* the same call under a second name, which `any` does not count again */
        const long call = atomic_fetch_add(&calls[ID_clEnqueueReadBuffer_blocking], 1) + 1;
        code = wished(ID_clEnqueueReadBuffer_blocking, call);
    }
    if (any != 0 || code != 0) return any != 0 ? any : code;
    find_real("clEnqueueReadBuffer", (void *)&real);
    return real(queue, buffer, blocking, offset, bytes, to, waits, wait, event);
}

/* It waits even when it is to fail: the program frees what the work under way may still write. */
int32_t clFinish(void *queue);
int32_t clFinish(void *queue)
{
    int32_t (*real)(void *) = NULL;
    const int32_t code = fault(ID_clFinish);
    find_real("clFinish", (void *)&real);
    const int32_t waited = real(queue);
    return code != 0 ? code : waited;
}

/* Weft hands a program over as one string that ends in a zero byte. */
typedef void *create_program(void *context, uint32_t count, const char **texts,
                             const size_t *lengths, int32_t *error);
create_program clCreateProgramWithSource;
void *clCreateProgramWithSource(void *context, uint32_t count, const char **texts,
                                const size_t *lengths, int32_t *error)
{
    static const char broken[] = "\nthis line is broken;\n";
    create_program *real = NULL;
    const int32_t code = fault(ID_clCreateProgramWithSource);
    if (code != 0) {
        if (error) *error = code;
        return NULL;
    }
    find_real("clCreateProgramWithSource", (void *)&real);
    const bool whole = count == 1 && !lengths;
    if (!whole || !getenv("WEFT_SHIM_BREAK")) return real(context, count, texts, lengths, error);

    char *text = malloc(strlen(texts[0]) + sizeof broken);
    if (!text) _Exit(99);
    strcpy(text, texts[0]);
    strcat(text, broken);
    void *program = real(context, 1, (const char **)&text, NULL, error);
    free(text);
    return program;
}
