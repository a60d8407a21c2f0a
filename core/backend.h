/* The backend interface: what a device must be able to do. A backend is a struct of functions, none
 * optional.
 *
 * One open device is one in-order queue, used by one thread at a time; several may be open at once.
 * A failure that surfaces late is returned by the next call and sticks until the device is closed.
 */
#ifndef WEFT_CORE_BACKEND_H
#define WEFT_CORE_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/log.h"
#include "core/op.h"
#include "core/op_key.h"
#include "core/status.h"

enum {
    WEFT_BACKEND_VERSION = 5,
    WEFT_NAME_MAX = 128,
    WEFT_VARIANT_MAX = 48,
    WEFT_CHOICE_MAX = 64,
    WEFT_ROUTES_MAX = 96
};

typedef struct weft_backend weft_backend;

/* What a backend's own objects start with, so that core can find the functions. */
typedef struct weft_device {
    const weft_backend *backend;
    char routes[WEFT_ROUTES_MAX]; /* by which algorithms it computes, decided when it was opened:
                                     "family=vector gemm=own mac=fma"; "" when there is one way */
    double compile_seconds; /* spent so far in making programs, the first launch of each kernel
                               that is in no cache included; 0 where nothing is compiled */
} weft_device;

struct weft_buffer {
    weft_device *device;
    size_t bytes;
};

typedef struct weft_step {
    weft_device *device;
} weft_step;

typedef enum weft_device_type {
    WEFT_DEVICE_CPU,
    WEFT_DEVICE_GPU,
    WEFT_DEVICE_ACCELERATOR
} weft_device_type;

/* Kernel family: vector for CPUs, tile for GPUs; AUTO lets the device's type decide. */
typedef enum weft_family { WEFT_FAMILY_AUTO, WEFT_FAMILY_VECTOR, WEFT_FAMILY_TILE } weft_family;

/* Who multiplies matrices on an OpenCL device. */
typedef enum weft_gemm_route { WEFT_GEMM_AUTO, WEFT_GEMM_OWN, WEFT_GEMM_CLBLAST } weft_gemm_route;

typedef struct weft_device_info {
    char name[WEFT_NAME_MAX];
    char platform[WEFT_NAME_MAX];
    char driver[WEFT_NAME_MAX];
    weft_device_type type;
    weft_family family; /* the kernel family it would take; AUTO for backends without families */
    bool emulated;      /* a software rasteriser or an emulator: only taken by name */
    int32_t compute_units;
    int32_t clock_mhz;
    uint64_t memory_bytes;
    uint64_t max_alloc_bytes;
    uint32_t vendor_id;          /* PCI vendor where the driver tells, else 0 */
    bool host_memory;            /* its memory is the host's own */
    uint64_t max_group;          /* work-items of a group; 0: no such limit */
    uint64_t local_bytes;        /* memory that a group shares; 0: none */
    char version[WEFT_NAME_MAX]; /* of the interface that the driver offers: "OpenCL 3.0 PoCL" */
    uint64_t programs;           /* hash of what the backend would compile for it; 0: nothing */
} weft_device_info;

/* How to open a device. Zeroed is a good default. Strings are borrowed until open returns. */
typedef struct weft_open_desc {
    bool profile; /* device times in step_info */
    weft_family family;
    weft_gemm_route gemm;
    int32_t threads;       /* 0: all; the CPU backend's threads */
    const char *routes;    /* of this device when it was opened before, so that it computes the
                              same bits; they win. NULL: it decides; unknown words: the same */
    const char *cache_dir; /* NULL: no cache on disk */
    const char *dump_dir;  /* NULL: no dump; else each program's source and build log go there */
    weft_log log;
} weft_open_desc;

/* Answer of supports(). */
typedef struct weft_support {
    char variant[WEFT_VARIANT_MAX]; /* kernel variant it would take */
    size_t scratch_bytes;
} weft_support;

typedef struct weft_step_info {
    char variant[WEFT_VARIANT_MAX];
    int32_t launches;
    int64_t operations; /* nominal */
    int64_t bytes;
    size_t scratch_bytes;
    uint64_t device_ns; /* of the last run; 0 when not profiling */
} weft_step_info;

/* What a device reaches at best, measured. */
typedef struct weft_speed {
    double gflops; /* float32 multiply-adds, two operations each */
    double gbytes; /* per second, reading and writing memory beyond every cache */
} weft_speed;

/* One setting of an op's kernel, as prepare() takes it: "TX=14 NV=2". */
typedef struct weft_choice {
    char text[WEFT_CHOICE_MAX];
    size_t scratch_bytes; /* that it needs */
} weft_choice;

/* Marks a queued read; tickets of a device grow. */
typedef uint64_t weft_ticket;

struct weft_backend {
    uint32_t version; /* WEFT_BACKEND_VERSION */
    const char *name; /* "cpu", "opencl": the first part of a device's id */

    weft_status (*device_count)(int *count);
    weft_status (*device_info)(int index, weft_device_info *info);
    weft_status (*open)(int index, const weft_open_desc *desc, weft_device **out);
    void (*close)(weft_device *device); /* after its buffers and steps are gone; NULL is fine */

    /* Contents of a new buffer are undefined. Freeing one that queued work still uses is allowed.
     */
    weft_status (*buffer_new)(weft_device *device, size_t bytes, weft_buffer **out);
    void (*buffer_free)(weft_buffer *buffer);
    /* A buffer that holds these bytes and is only read. Where the device shares memory with the
     * host it may be those very bytes: they stay in place, unchanged, until the buffer is freed. */
    weft_status (*buffer_share)(weft_device *device, const void *bytes, size_t count,
                                weft_buffer **out);

    /* Queued in call order. write returns when the source may be reused, read when dst is filled.
     */
    weft_status (*write)(weft_buffer *dst, size_t at, const void *src, size_t bytes);
    weft_status (*read)(weft_buffer *src, size_t at, void *dst, size_t bytes);
    weft_status (*copy)(weft_buffer *dst, size_t dst_at, weft_buffer *src, size_t src_at,
                        size_t bytes);
    /* at and bytes are multiples of 4. */
    weft_status (*fill)(weft_buffer *dst, size_t at, size_t bytes, uint32_t pattern);

    /* dst must stay valid until the ticket is done. */
    weft_status (*read_async)(weft_buffer *src, size_t at, void *dst, size_t bytes,
                              weft_ticket *ticket);
    weft_status (*ticket_done)(weft_device *device, weft_ticket ticket, bool *done);
    weft_status (*ticket_wait)(weft_device *device, weft_ticket ticket);
    weft_status (*flush)(weft_device *device); /* hand queued work to the device, without waiting */

    /* Pure and cheap: op has shapes but no buffers. WEFT_ERR_UNSUPPORTED names the op and the
     * reason. prepare builds what is needed; choice NULL means what is stored or the prior. */
    weft_status (*supports)(weft_device *device, const weft_op *op, weft_support *support);
    weft_status (*prepare)(weft_device *device, const weft_op *op, const char *choice,
                           weft_step **out);
    weft_status (*enqueue)(weft_step *step, const weft_values *values);
    void (*release)(weft_step *step);           /* NULL is fine */
    weft_status (*finish)(weft_device *device); /* wait for everything */
    weft_status (*step_info)(weft_step *step, weft_step_info *info);

    /* Settings worth trying for an op, the prior first; all add up in the same order. *count is the
     * room in list on entry and what was written on return; 0: there is nothing to choose. */
    weft_status (*candidates)(weft_device *device, const weft_op *op, weft_choice *list,
                              int *count);
    /* Take this setting from now on for ops like this one, also after the device is opened again
     * where it has a cache folder; NULL forgets. Steps that are prepared stay as they are. */
    weft_status (*store)(weft_device *device, const weft_op *op, const char *choice);
    /* The index-th setting that is stored or shipped for this device, counted from 0: for which
     * ops, and which it is. *found is false behind the last one. A batch of 0 means any. */
    weft_status (*stored)(weft_device *device, int index, weft_key *key, weft_choice *choice,
                          bool *found);
    /* Measure now, in about half a second, with a kernel that does nothing else. */
    weft_status (*speed)(weft_device *device, weft_speed *out);
};

/* ---- the registry: which backends a program knows ---- */

typedef struct weft_registry weft_registry;

/* A device that some registered backend offers. The id is what --device takes: "cpu", "opencl:0".
 */
typedef struct weft_device_entry {
    char id[WEFT_NAME_MAX];
    const weft_backend *backend;
    int index;
    weft_device_info info;
} weft_device_entry;

WEFT_API weft_status weft_registry_new(weft_registry **out);
WEFT_API void weft_registry_free(weft_registry *registry);

/* Add a backend; the struct is borrowed for the registry's life. WEFT_ERR_USAGE for another
 * interface version, a missing function (named) or a name that is taken. */
WEFT_API weft_status weft_backend_register(weft_registry *registry, const weft_backend *backend);

/* Ask every backend for its devices again. A backend that fails is left out with a warning to log.
 */
WEFT_API weft_status weft_registry_scan(weft_registry *registry, const weft_log *log);

/* Devices of the last scan, backends in order of registration. */
WEFT_API int weft_registry_count(const weft_registry *registry);
WEFT_API const weft_device_entry *weft_registry_device(const weft_registry *registry, int index);

/* Device indices in the order auto tries them: GPU, accelerator, CPU through a driver, then the cpu
 * backend; ties by compute units x clock; emulators left out. Returns how many were written (at
 * most count). */
WEFT_API int weft_registry_auto_order(const weft_registry *registry, int *order);

/* The devices that a --device value names, best first: "auto", "cpu", "gpu", "opencl" (auto among a
 * backend's devices), an id, or a part of a device or platform name without regard to case.
 * WEFT_ERR_DEVICE when nothing matches, WEFT_ERR_USAGE when a part of a name matches more than one
 * (the message lists them). order has room for weft_registry_count indices; only "auto" gives more
 * than one candidate to fall back on. */
WEFT_API weft_status weft_registry_find(const weft_registry *registry, const char *spec, int *order,
                                        int *count);

#endif
