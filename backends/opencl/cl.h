/* The OpenCL backend's own header: the device, and how an op becomes kernel launches.
 *
 * Each op has two functions, collected in one table that is generated from WEFT_OP_LIST, so that an
 * op without them does not link:
 *
 *   cl_supports_<op>   pure: may this device run the op, under which variant, with how much scratch
 *   cl_op_<op>         fills a step with launches; called by prepare with buffers in place
 */
#ifndef WEFT_BACKENDS_OPENCL_CL_H
#define WEFT_BACKENDS_OPENCL_CL_H

#ifndef CL_TARGET_OPENCL_VERSION
#define CL_TARGET_OPENCL_VERSION 120
#endif
#include <CL/cl.h>

#include "core/backend.h"

enum {
    CL_MAX_LAUNCHES = 8,   /* of one op */
    CL_MAX_VALUES = 8,     /* arguments of one launch that change from step to step */
    CL_DEFINES_MAX = 8192, /* bytes of a spec's defines */
    CL_TICKETS = 256       /* asynchronous reads that may be under way */
};

typedef struct cl_cache cl_cache;     /* programs.c */
typedef struct cl_choices cl_choices; /* tuned.c */

/* How this device multiplies and adds: "fma(a, b, c)" where a probe found it fast, else
 * "a * b + c". Kernels say MAC(a, b, c). */
typedef struct cl_limits {
    size_t max_group;      /* work-items of a group */
    size_t local_bytes;    /* local memory of a group */
    int32_t native_floats; /* native vector width as the driver tells it */
    int32_t registers;     /* vector registers to plan tiles with: 32 from 16 floats on, else 16 */
    bool fast_fma;
    bool little_endian;
} cl_limits;

/* One open device. The first member lets core treat it as a weft_device. */
typedef struct cl_device {
    weft_device base;
    weft_device_info info; /* info.family is VECTOR or TILE, as resolved at open */
    cl_limits limits;
    cl_platform_id platform;
    cl_device_id id;
    cl_context context;
    cl_command_queue queue;
    cl_mem nothing; /* stands for absent tensors */
    cl_cache *cache;
    cl_choices *choices; /* what the tuner found */
    char *cache_dir;     /* NULL: none */
    char *dump_dir;      /* NULL: none */
    bool answered;       /* the probe's answer is stored in the cache folder */
    weft_gemm_route gemm;
    weft_log log;
    bool profile;
    weft_status failed; /* an error that stuck */
    char failure[256];
    weft_ticket
        next_ticket; /* tickets count from 1; ring below holds the events of the last ones */
    cl_event ticket[CL_TICKETS];
} cl_device;

typedef struct cl_buffer {
    weft_buffer base;
    cl_mem mem;
    bool shared; /* its bytes are the caller's, and only read */
} cl_buffer;

/* ---- programs ---- */

/* A specialised kernel: a file of cl/ ("pool.cl"), the kernel's name, and "#define" lines that are
 * prepended as text. Equal source and defines share a program. Never put the batch size, or what
 * follows from it, into the defines. MAC and the denormal option are added for every program. */
typedef struct cl_spec {
    const char *source;
    const char *entry;
    const char *defines; /* NULL: none */
} cl_spec;

/* The text of a file of cl/ as embedded ("tuning.txt"), NULL when there is none of that name. It is
 * not ended by a zero byte. */
const char *cl_source_find(const char *name, size_t *length);

/* Of all files of cl/: another kernel or table is another number. */
uint64_t cl_sources_hash(void);

/* Collects define lines; too long a text is reported when the spec is built. */
typedef struct cl_defines {
    char text[CL_DEFINES_MAX];
    size_t used;
} cl_defines;

/* Append one line "#define NAME VALUE", the value printf style. */
void cl_define(cl_defines *defines, const char *name, const char *format, ...) WEFT_PRINTF(3, 4);

typedef struct cl_entry cl_entry; /* one kernel of a cached program; borrowed from the device */

/* Build or find the program and make a new kernel object of it; the caller releases the kernel.
 * entry may be NULL; else it is what cl_entry_launched wants after the first launch. */
weft_status cl_program_get(cl_device *device, const cl_spec *spec, cl_kernel *kernel,
                           cl_entry **entry);

/* ---- steps: what prepare fills and enqueue runs ---- */

/* Per-step values that an argument can take; see weft_values. STEP is a ulong, EPOCH and ROW0 are
 * uints, SLOT and FIRST are ints, the others floats. */
typedef enum cl_value {
    CL_VALUE_STEP,
    CL_VALUE_STEP_LOW, /* uint: what Philox counts */
    CL_VALUE_SLOT,     /* step mod WEFT_SLOTS */
    CL_VALUE_EPOCH,
    CL_VALUE_FIRST,
    CL_VALUE_ROW0,
    CL_VALUE_LR,
    CL_VALUE_CORRECTION1,
    CL_VALUE_CORRECTION2,
    CL_VALUE_GRAD_SCALE,
    CL_VALUE_LOSS_SCALE
} cl_value;

/* An argument of a launch. A tensor takes two arguments of the kernel: its buffer and its offset in
 * elements, a long; an absent tensor (rank 0) gives a small dummy buffer that must not be read. */
typedef struct cl_arg {
    enum { CL_ARG_INT, CL_ARG_LONG, CL_ARG_FLOAT, CL_ARG_TENSOR, CL_ARG_VALUE } kind;
    union {
        int32_t i;
        int64_t l;
        float f;
        const weft_tensor *tensor;
        cl_value value;
    } as;
} cl_arg;

#define CL_I(x)   ((cl_arg){CL_ARG_INT, {.i = (x)}})
#define CL_L(x)   ((cl_arg){CL_ARG_LONG, {.l = (x)}})
#define CL_F(x)   ((cl_arg){CL_ARG_FLOAT, {.f = (x)}})
#define CL_T(x)   ((cl_arg){CL_ARG_TENSOR, {.tensor = (x)}}) /* a const weft_tensor * */
#define CL_VAL(x) ((cl_arg){CL_ARG_VALUE, {.value = (x)}})

/* Work-groups in each of three dimensions, and work-items of a group. Local sizes are always given,
 * and fixed for a kernel. */
typedef struct cl_grid {
    int64_t groups[3]; /* 0 counts as 1 */
    int32_t local[3];  /* 0 counts as 1 */
} cl_grid;

typedef struct cl_launch cl_launch;
struct cl_launch {
    cl_kernel kernel; /* owned; NULL for a call */
    cl_entry *entry;  /* NULL in trials */
    size_t global[3], local[3];
    int32_t value_count;
    struct {
        cl_uint index;
        cl_value value;
    } value[CL_MAX_VALUES];
    cl_event event; /* of the last run, when profiling */

    /* Instead of a kernel (CLBlast): enqueue something and set *event when it is not NULL. */
    weft_status (*call)(cl_device *device, void *state, cl_event *event);
    void *state; /* owned, released by free() */
    int32_t call_launches;
};

typedef struct cl_step {
    weft_step base;
    weft_op op; /* a copy */
    char variant[WEFT_VARIANT_MAX];
    size_t scratch_bytes;
    bool trial; /* of a candidate: its programs are not worth a place in the cache */
    int32_t launch_count;
    cl_launch launch[CL_MAX_LAUNCHES];
} cl_step;

static inline cl_device *cl_step_device(const cl_step *step)
{
    return (cl_device *)step->base.device;
}

/* Add a launch to a step: build the kernel, set its arguments once. */
weft_status cl_launch_add(cl_step *step, const cl_spec *spec, const cl_grid *grid,
                          const cl_arg *args, int count);
#define CL_LAUNCH(step, spec, grid, ...)                           \
    cl_launch_add(step, spec, grid, (const cl_arg[]){__VA_ARGS__}, \
                  (int)(sizeof((const cl_arg[]){__VA_ARGS__}) / sizeof(cl_arg)))

/* Add a host function to a step, in the place of a launch; state goes over to the step. `launches`
 * is the number of kernels it enqueues. */
weft_status cl_call_add(cl_step *step,
                        weft_status (*call)(cl_device *device, void *state, cl_event *event),
                        void *state, int32_t launches);

/* A float view into an op's scratch: `at` and `count` in floats. */
weft_tensor cl_scratch(const weft_op *op, int64_t at, int64_t count);

static inline cl_mem cl_tensor_mem(const weft_tensor *tensor)
{
    return ((const cl_buffer *)tensor->buffer)->mem;
}

static inline int64_t cl_divide_up(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

/* ---- failures ---- */

/* Turn an OpenCL error into a status whose message names the function and the error. Allocation
 * failures become WEFT_ERR_MEMORY, all others WEFT_ERR_DEVICE. */
weft_status cl_fail(cl_int error, const char *function);
#ifdef WEFT_ANALYSE
#define cl_fail(error, function) ((void)(cl_fail)((error), (function)), WEFT_ERR_DEVICE)
#endif

#define CL_TRY(function, arguments)                                              \
    do {                                                                         \
        const cl_int cl_try_error = function arguments;                          \
        if (cl_try_error != CL_SUCCESS) return cl_fail(cl_try_error, #function); \
    } while (0)

/* Run a device function unless an earlier failure stuck, and remember its own. */
weft_status cl_stick(cl_device *device, weft_status status);

/* ---- ops ---- */

typedef struct cl_op_functions {
    weft_status (*supports)(const cl_device *device, const weft_op *op, weft_support *support);
    weft_status (*prepare)(cl_device *device, const weft_op *op, const char *choice, cl_step *step);
} cl_op_functions;

#define CL_DECLARE_OP(name, inputs, outputs)                                           \
    weft_status cl_supports_##name(const cl_device *device, const weft_op *op,         \
                                   weft_support *support);                             \
    weft_status cl_op_##name(cl_device *device, const weft_op *op, const char *choice, \
                             cl_step *step);
WEFT_OP_LIST(CL_DECLARE_OP)
WEFT_FUSED_LIST(CL_DECLARE_OP)
#undef CL_DECLARE_OP

/* The usual answer of supports: yes, under this name, with so much scratch. Returns WEFT_OK. */
weft_status cl_accept(weft_support *support, const char *variant, size_t scratch_bytes);

/* Defines what kernels of both families share: VECTOR (1 for the vector family, else 0) and WG, the
 * work-items of a group: 1 for the vector family, 64 (less where the device allows less) for tile.
 */
void cl_define_family(const cl_device *device, cl_defines *defines);
int32_t cl_group_size(const cl_device *device);

/* Cut `count` equal pieces of work, each worth `weight` elements, into groups that are long enough
 * to be worth a launch and many enough to keep every processor busy: `each` pieces go to a group.
 * Only for work whose result does not depend on the cut. */
cl_grid cl_cut(const cl_device *device, int64_t count, int64_t weight, int64_t *each);

/* Slices of a split sum over rows: one for every `least` rows, at most 16 on the vector family and
 * 256 on the tile family. By shape and family only, so that results do not follow the device. */
int32_t cl_slices(const cl_device *device, int64_t rows, int64_t least);

/* A work-item for every LANES columns. */
cl_grid cl_column_grid(const cl_device *device, int32_t columns);

#endif
