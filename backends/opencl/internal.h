/* What the files of the OpenCL backend share among themselves and op functions do not need. */
#ifndef WEFT_BACKENDS_OPENCL_INTERNAL_H
#define WEFT_BACKENDS_OPENCL_INTERNAL_H

#include "backends/opencl/cl.h"

/* ---- platform.c: which devices there are ---- */

typedef struct cl_found {
    cl_platform_id platform;
    cl_device_id id; /* NULL: the platform's driver failed with this error */
    cl_int error;
} cl_found;

weft_status cl_device_count(int *count);
weft_status cl_device_info_of(int index, weft_device_info *info);

/* The device of that number and what it says about itself. */
weft_status cl_device_find(int index, cl_found *found, weft_device_info *info);

/* A text property of a platform or device, cut to fit; "" when the driver refuses. */
void cl_platform_text(cl_platform_id platform, cl_platform_info what, char *text, size_t bytes);
void cl_device_text(cl_device_id device, cl_device_info what, char *text, size_t bytes);

/* ---- device.c ---- */

weft_status cl_open(int index, const weft_open_desc *desc, weft_device **out);
void cl_close(weft_device *device);

/* probe.c: time fma() against a * b + c, or read the stored answer. */
weft_status cl_probe(cl_device *device);

/* Whether the stored answer has gone since: the cache folder was emptied under the device. */
bool cl_probe_is_gone(const cl_device *device);

/* routes.c: what was decided before wins over what the probe and the options say; and what is
 * decided now, after both. WEFT_ERR_UNSUPPORTED when the build lacks what is asked for. */
void cl_routes_take(cl_device *device, const char *routes);
weft_status cl_routes_tell(cl_device *device);

/* ---- program.c ---- */

weft_status cl_cache_new(const cl_device *device, cl_cache **out);
void cl_cache_free(cl_cache *cache);

/* Whether the next launch is one that some drivers compile for: no cache knows the kernel. */
bool cl_entry_compiles(const cl_entry *entry);

/* The kernel has been enqueued with its real local size: its program may be worth saving. */
void cl_entry_launched(cl_entry *entry);

/* Write the binaries of programs with kernels that were launched and are not in the binary on disk.
 * Called when the device is closed: some drivers compile everything once more before they give out
 * a binary, from files of theirs in our cache folder; when that was emptied, nothing is asked for.
 * A cache that cannot be written is no failure. */
void cl_cache_save(cl_device *device);

/* The identity of device and driver as 32 hex digits, for file names of the cache. */
const char *cl_cache_identity(const cl_cache *cache);

/* source.c: prelude, defines and the file with its includes resolved, as one new string. */
weft_status cl_source_assemble(const cl_device *device, const cl_spec *spec, char **text);

/* binary.c: a program's binary on disk, with the names of the kernels that were launched before it
 * was read from the driver. names is one string, each name followed by a space. */
weft_status cl_binary_write(cl_program program, const char *path, const char *names);
weft_status cl_binary_read(const char *path, unsigned char **bytes, size_t *count, char **names);

/* ---- queue.c ---- */

weft_status cl_buffer_new(weft_device *device, size_t bytes, weft_buffer **out);
void cl_buffer_free(weft_buffer *buffer);
weft_status cl_buffer_share(weft_device *device, const void *bytes, size_t count,
                            weft_buffer **out);
weft_status cl_write(weft_buffer *dst, size_t at, const void *src, size_t bytes);
weft_status cl_read(weft_buffer *src, size_t at, void *dst, size_t bytes);
weft_status cl_copy(weft_buffer *dst, size_t dst_at, weft_buffer *src, size_t src_at, size_t bytes);
weft_status cl_fill(weft_buffer *dst, size_t at, size_t bytes, uint32_t pattern);
weft_status cl_read_async(weft_buffer *src, size_t at, void *dst, size_t bytes,
                          weft_ticket *ticket);
weft_status cl_ticket_done(weft_device *device, weft_ticket ticket, bool *done);
weft_status cl_ticket_wait(weft_device *device, weft_ticket ticket);
weft_status cl_flush(weft_device *device);
weft_status cl_finish(weft_device *device);

/* ---- step.c ---- */

weft_status cl_supports(weft_device *device, const weft_op *op, weft_support *support);
weft_status cl_prepare(weft_device *device, const weft_op *op, const char *choice, weft_step **out);
weft_status cl_enqueue(weft_step *step, const weft_values *values);
void cl_release(weft_step *step);
weft_status cl_step_info(weft_step *step, weft_step_info *info);

/* candidates.c */
weft_status cl_candidates(weft_device *device, const weft_op *op, weft_choice *list, int *count);

/* tuned.c */
weft_status cl_store(weft_device *device, const weft_op *op, const char *choice);
weft_status cl_stored(weft_device *device, int index, weft_key *key, weft_choice *choice,
                      bool *found);

/* speed.c: the FMA peak and the bandwidth of memory, by two kernels of cl/speed.cl. */
weft_status cl_speed(weft_device *device, weft_speed *out);

#endif
