/* The registry of backends: what is refused, what is found, in which order devices are tried. */
#include <stdio.h>
#include <stdlib.h>

#include "backends/backends.h"
#include "tests/suite.h"

/* ---- backends that have devices and can do nothing else ---- */

static weft_status no_open(int index, const weft_open_desc *desc, weft_device **out)
{
    (void)index, (void)desc;
    *out = NULL;
    return weft_fail(WEFT_ERR_DEVICE, "this backend is only looked at");
}
static void no_close(weft_device *device)
{
    (void)device;
}
static weft_status no_new(weft_device *device, size_t bytes, weft_buffer **out)
{
    (void)device, (void)bytes;
    *out = NULL;
    return WEFT_ERR_DEVICE;
}
static void no_free(weft_buffer *buffer)
{
    (void)buffer;
}
static weft_status no_write(weft_buffer *dst, size_t at, const void *src, size_t bytes)
{
    (void)dst, (void)at, (void)src, (void)bytes;
    return WEFT_ERR_DEVICE;
}
static weft_status no_read(weft_buffer *src, size_t at, void *dst, size_t bytes)
{
    (void)src, (void)at, (void)dst, (void)bytes;
    return WEFT_ERR_DEVICE;
}
static weft_status no_copy(weft_buffer *dst, size_t dst_at, weft_buffer *src, size_t src_at,
                           size_t bytes)
{
    (void)dst, (void)dst_at, (void)src, (void)src_at, (void)bytes;
    return WEFT_ERR_DEVICE;
}
static weft_status no_fill(weft_buffer *dst, size_t at, size_t bytes, uint32_t pattern)
{
    (void)dst, (void)at, (void)bytes, (void)pattern;
    return WEFT_ERR_DEVICE;
}
static weft_status no_async(weft_buffer *src, size_t at, void *dst, size_t bytes,
                            weft_ticket *ticket)
{
    (void)src, (void)at, (void)dst, (void)bytes, (void)ticket;
    return WEFT_ERR_DEVICE;
}
static weft_status no_done(weft_device *device, weft_ticket ticket, bool *done)
{
    (void)device, (void)ticket, (void)done;
    return WEFT_ERR_DEVICE;
}
static weft_status no_wait(weft_device *device, weft_ticket ticket)
{
    (void)device, (void)ticket;
    return WEFT_ERR_DEVICE;
}
static weft_status no_device(weft_device *device)
{
    (void)device;
    return WEFT_ERR_DEVICE;
}
static weft_status no_support(weft_device *device, const weft_op *op, weft_support *support)
{
    (void)device, (void)op, (void)support;
    return WEFT_ERR_UNSUPPORTED;
}
static weft_status no_prepare(weft_device *device, const weft_op *op, const char *choice,
                              weft_step **out)
{
    (void)device, (void)op, (void)choice;
    *out = NULL;
    return WEFT_ERR_DEVICE;
}
static weft_status no_enqueue(weft_step *step, const weft_values *values)
{
    (void)step, (void)values;
    return WEFT_ERR_DEVICE;
}
static void no_release(weft_step *step)
{
    (void)step;
}
static weft_status no_info(weft_step *step, weft_step_info *info)
{
    (void)step, (void)info;
    return WEFT_ERR_DEVICE;
}

static weft_status no_candidates(weft_device *device, const weft_op *op, weft_choice *list,
                                 int *count)
{
    (void)device, (void)op, (void)list, (void)count;
    return WEFT_ERR_DEVICE;
}
static weft_status no_store(weft_device *device, const weft_op *op, const char *choice)
{
    (void)device, (void)op, (void)choice;
    return WEFT_ERR_DEVICE;
}
static weft_status no_stored(weft_device *device, int index, weft_key *key, weft_choice *choice,
                             bool *found)
{
    (void)device, (void)index, (void)key, (void)choice, (void)found;
    return WEFT_ERR_DEVICE;
}
static weft_status no_speed(weft_device *device, weft_speed *out)
{
    (void)device, (void)out;
    return WEFT_ERR_DEVICE;
}

static weft_status no_share(weft_device *device, const void *bytes, size_t count, weft_buffer **out)
{
    (void)device, (void)bytes, (void)count, (void)out;
    return WEFT_ERR_DEVICE;
}

static weft_backend fake(const char *name, weft_status (*count)(int *),
                         weft_status (*info)(int, weft_device_info *))
{
    return (weft_backend){
        .version = WEFT_BACKEND_VERSION,
        .name = name,
        .device_count = count,
        .device_info = info,
        .open = no_open,
        .close = no_close,
        .buffer_new = no_new,
        .buffer_free = no_free,
        .buffer_share = no_share,
        .write = no_write,
        .read = no_read,
        .copy = no_copy,
        .fill = no_fill,
        .read_async = no_async,
        .ticket_done = no_done,
        .ticket_wait = no_wait,
        .flush = no_device,
        .supports = no_support,
        .prepare = no_prepare,
        .enqueue = no_enqueue,
        .release = no_release,
        .finish = no_device,
        .step_info = no_info,
        .candidates = no_candidates,
        .store = no_store,
        .stored = no_stored,
        .speed = no_speed,
    };
}

/* What the fake opencl offers; a clock of -1 makes device_info fail. */
static const weft_device_info cards[] = {
    {"Xeon 8370C", "Portable Computing Language", "3.1", WEFT_DEVICE_CPU, .compute_units = 2,
     .clock_mhz = 2800},
    {"gfx1030", "AMD Platform", "3590", WEFT_DEVICE_GPU, .compute_units = 40, .clock_mhz = 2000},
    {"broken card", "AMD Platform", "3590", WEFT_DEVICE_GPU, .clock_mhz = -1},
    {"llvmpipe", "rusticl", "23", WEFT_DEVICE_GPU, .emulated = true, .compute_units = 900,
     .clock_mhz = 9000},
    {"GeForce RTX", "NVIDIA CUDA", "535", WEFT_DEVICE_GPU, .compute_units = 46, .clock_mhz = 1900},
    {"FPGA card", "Vendor", "1", WEFT_DEVICE_ACCELERATOR, .compute_units = 1, .clock_mhz = 200},
    {"Arc A380", "Intel(R) OpenCL", "22", WEFT_DEVICE_GPU, .compute_units = 128, .clock_mhz = 2000},
};
enum { CARDS = sizeof cards / sizeof cards[0], FOUND = CARDS - 1 + 1 }; /* without one, and cpu */

static weft_status card_count(int *count)
{
    *count = CARDS;
    return WEFT_OK;
}
static weft_status card_info(int index, weft_device_info *info)
{
    *info = cards[index];
    return cards[index].clock_mhz >= 0 ? WEFT_OK : weft_fail(WEFT_ERR_DEVICE, "driver refuses");
}
static weft_status one(int *count)
{
    *count = 1;
    return WEFT_OK;
}
static weft_status cpu_info(int index, weft_device_info *info)
{
    (void)index;
    *info = (weft_device_info){
        .name = "Xeon 8370C", .type = WEFT_DEVICE_CPU, .compute_units = 64, .clock_mhz = 5000};
    return WEFT_OK;
}
static weft_status no_count(int *count)
{
    *count = 99;
    return weft_fail(WEFT_ERR_DEVICE, "no platform");
}

static weft_backend opencl, cpu;
static weft_registry *registry;
static char warnings[1024];

static void collect(void *user, weft_level level, const char *text)
{
    (void)user;
    ck_assert_int_eq(level, WEFT_WARNING);
    snprintf(warnings + strlen(warnings), sizeof warnings - strlen(warnings), "%s\n", text);
}

static const weft_log log_sink = {.write = collect};

static void setup(void)
{
    warnings[0] = '\0';
    opencl = fake("opencl", card_count, card_info);
    cpu = fake("cpu", one, cpu_info);
    ck_weft(weft_registry_new(&registry));
    ck_weft(weft_backend_register(registry, &opencl));
    ck_weft(weft_backend_register(registry, &cpu));
    ck_weft(weft_registry_scan(registry, &log_sink));
}

static void teardown(void)
{
    weft_registry_free(registry);
}

/* ---- registering ---- */

START_TEST(test_version)
{
    weft_backend other = fake("other", one, cpu_info);
    other.version = WEFT_BACKEND_VERSION + 1;
    ck_weft_refused(weft_backend_register(registry, &other), WEFT_ERR_USAGE, "interface version");
    other.version = 0;
    ck_weft_refused(weft_backend_register(registry, &other), WEFT_ERR_USAGE, "version 0");
}
END_TEST

START_TEST(test_name)
{
    weft_backend other = fake("cpu", one, cpu_info);
    ck_weft_refused(weft_backend_register(registry, &other), WEFT_ERR_USAGE, "backend cpu");
    other.name = NULL;
    ck_weft_refused(weft_backend_register(registry, &other), WEFT_ERR_USAGE, "no name");
    other.name = "other";
    ck_weft(weft_backend_register(registry, &other));
}
END_TEST

/* Every function is demanded, by its name. */
START_TEST(test_missing_function)
{
#define CHECK_MISSING(function)                                                  \
    do {                                                                         \
        weft_backend other = fake("other", one, cpu_info);                       \
        other.function = NULL;                                                   \
        ck_weft_refused(weft_backend_register(registry, &other), WEFT_ERR_USAGE, \
                        "function " #function " is missing");                    \
    } while (0)
    CHECK_MISSING(device_count);
    CHECK_MISSING(device_info);
    CHECK_MISSING(open);
    CHECK_MISSING(close);
    CHECK_MISSING(buffer_new);
    CHECK_MISSING(buffer_free);
    CHECK_MISSING(buffer_share);
    CHECK_MISSING(write);
    CHECK_MISSING(read);
    CHECK_MISSING(copy);
    CHECK_MISSING(fill);
    CHECK_MISSING(read_async);
    CHECK_MISSING(ticket_done);
    CHECK_MISSING(ticket_wait);
    CHECK_MISSING(flush);
    CHECK_MISSING(supports);
    CHECK_MISSING(prepare);
    CHECK_MISSING(enqueue);
    CHECK_MISSING(release);
    CHECK_MISSING(finish);
    CHECK_MISSING(step_info);
    CHECK_MISSING(candidates);
    CHECK_MISSING(store);
    CHECK_MISSING(stored);
    CHECK_MISSING(speed);
}
END_TEST

/* ---- scanning ---- */

START_TEST(test_scan)
{
    static const char *const ids[FOUND] = {"opencl:0", "opencl:1", "opencl:3", "opencl:4",
                                           "opencl:5", "opencl:6", "cpu"};
    ck_assert_int_eq(weft_registry_count(registry), FOUND);
    for (int i = 0; i < FOUND; i++) {
        ck_assert_str_eq(weft_registry_device(registry, i)->id, ids[i]);
    }
    ck_assert_ptr_null(weft_registry_device(registry, FOUND));
    ck_assert_ptr_null(weft_registry_device(registry, -1));
    ck_assert_str_eq(warnings, "opencl:2: left out: driver refuses\n");
    ck_weft(weft_registry_scan(registry, NULL));
    ck_assert_int_eq(weft_registry_count(registry), FOUND);
}
END_TEST

START_TEST(test_scan_failing_backend)
{
    weft_backend broken = fake("broken", no_count, card_info);
    ck_weft(weft_backend_register(registry, &broken));
    ck_weft(weft_registry_scan(registry, &log_sink));
    ck_assert_int_eq(weft_registry_count(registry), FOUND);
    ck_assert_ptr_nonnull(strstr(warnings, "broken: no devices: no platform"));
}
END_TEST

START_TEST(test_nothing_scanned)
{
    weft_registry *empty;
    int order[1], count = 9;
    ck_weft(weft_registry_new(&empty));
    ck_weft(weft_registry_scan(empty, NULL));
    ck_assert_int_eq(weft_registry_count(empty), 0);
    ck_assert_int_eq(weft_registry_auto_order(empty, order), 0);
    ck_weft_refused(weft_registry_find(empty, "auto", order, &count), WEFT_ERR_DEVICE, "none");
    ck_assert_int_eq(count, 0);
    weft_registry_free(empty);
    weft_registry_free(NULL);
}
END_TEST

/* ---- choosing ---- */

/* The ids of a --device value, in order: "opencl:1 cpu". */
static void check_found(const char *spec, const char *wanted)
{
    int order[FOUND], count = 0;
    char text[256] = "";
    ck_weft(weft_registry_find(registry, spec, order, &count));
    for (int i = 0; i < count; i++) {
        const size_t at = strlen(text);
        snprintf(text + at, sizeof text - at, "%s%s", i > 0 ? " " : "",
                 weft_registry_device(registry, order[i])->id);
    }
    ck_assert_msg(strcmp(text, wanted) == 0, "%s: found \"%s\", wanted \"%s\"",
                  spec ? spec : "NULL", text, wanted);
}

static void check_refused(const char *spec, weft_status status, const char *part)
{
    int order[FOUND], count = 9;
    ck_weft_refused(weft_registry_find(registry, spec, order, &count), status, part);
    ck_assert_int_eq(count, 0);
}

/* GPUs by units x clock, then the accelerator, the CPU through a driver, the cpu backend (however
 * many units it tells); no emulator. */
START_TEST(test_auto)
{
    static const char all[] = "opencl:6 opencl:4 opencl:1 opencl:5 opencl:0 cpu";
    check_found("auto", all);
    check_found("AUTO", all);
    check_found(NULL, all);
    check_found("", all);
}
END_TEST

START_TEST(test_find_kinds)
{
    check_found("cpu", "cpu");
    check_found("cpu:0", "cpu");
    check_found("gpu", "opencl:6");
    check_found("opencl", "opencl:6");
    check_found("opencl:0", "opencl:0");
    check_found("OpenCL:5", "opencl:5");
    check_found("opencl:3", "opencl:3"); /* an emulator is taken by name */
}
END_TEST

START_TEST(test_find_names)
{
    check_found("rtx", "opencl:4");
    check_found("nvidia", "opencl:4");
    check_found("AMD", "opencl:1");
    check_found("llvmpipe", "opencl:3");
    check_found("portable computing", "opencl:0");
    check_refused("xeon", WEFT_ERR_USAGE,
                  "opencl:0 (Xeon 8370C, Portable Computing Language), cpu (Xeon 8370C)");
    check_refused("xeon", WEFT_ERR_USAGE, "fits 2 devices");
}
END_TEST

START_TEST(test_find_nothing)
{
    char text[5000];
    check_refused("opencl:7", WEFT_ERR_DEVICE, "no such device");
    check_refused("opencl:2", WEFT_ERR_DEVICE,
                  "opencl:1 (gfx1030, AMD Platform)"); /* lists what there is */
    check_refused("cpu:1", WEFT_ERR_DEVICE, "no such device");
    check_refused("voodoo", WEFT_ERR_DEVICE, "\"voodoo\"");
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    check_refused(text, WEFT_ERR_DEVICE, "no such device");
}
END_TEST

START_TEST(test_find_without_gpu)
{
    weft_registry *small;
    int order[1], count = 0;
    ck_weft(weft_registry_new(&small));
    ck_weft(weft_backend_register(small, &cpu));
    ck_weft(weft_registry_scan(small, NULL));
    ck_weft_refused(weft_registry_find(small, "gpu", order, &count), WEFT_ERR_DEVICE, "cpu (Xeon");
    ck_weft_refused(weft_registry_find(small, "opencl", order, &count), WEFT_ERR_DEVICE,
                    "cpu (Xeon");
    weft_registry_free(small);
}
END_TEST

/* Names as long as they may be, and more of them than a message holds. */
static weft_status many(int *count)
{
    *count = 200;
    return WEFT_OK;
}
static weft_status long_info(int index, weft_device_info *info)
{
    *info = (weft_device_info){.compute_units = index};
    memset(info->name, 'n', sizeof info->name - 1);
    memset(info->platform, 'p', sizeof info->platform - 1);
    return WEFT_OK;
}

START_TEST(test_long_names)
{
    static int order[200];
    int count = 0;
    static char name[300];
    weft_registry *large;
    memset(name, 'b', sizeof name - 1);
    weft_backend backend = fake(name, many, long_info);
    ck_weft(weft_registry_new(&large));
    ck_weft(weft_backend_register(large, &backend));
    ck_weft(weft_registry_scan(large, NULL));
    ck_weft_refused(weft_registry_find(large, "nn", order, &count), WEFT_ERR_USAGE, "200 devices");
    ck_weft(weft_registry_find(large, name, order, &count));
    ck_assert_int_eq(order[0], 199);
    weft_registry_free(large);
}
END_TEST

START_TEST(test_builtin)
{
    weft_registry *own;
    int order[64], count = 0;
    ck_weft(weft_registry_new(&own));
    ck_weft(weft_register_builtin(own));
    ck_weft_refused(weft_register_builtin(own), WEFT_ERR_USAGE, "registered already");
    ck_weft(weft_registry_scan(own, NULL));
    ck_assert_int_le(weft_registry_count(own), 64);
    ck_weft(weft_registry_find(own, "cpu", order, &count));
    ck_assert_str_eq(weft_registry_device(own, order[0])->id, "cpu");
    ck_assert_ptr_eq(weft_registry_device(own, order[0])->backend, weft_backend_cpu());
#ifdef WEFT_OPENCL
    ck_assert_ptr_nonnull(weft_backend_opencl());
#else
    ck_assert_ptr_null(weft_backend_opencl());
#endif
    weft_registry_free(own);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("registry");
    TCase *c = tcase_create("registry");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, test_version);
    tcase_add_test(c, test_name);
    tcase_add_test(c, test_missing_function);
    tcase_add_test(c, test_scan);
    tcase_add_test(c, test_scan_failing_backend);
    tcase_add_test(c, test_nothing_scanned);
    tcase_add_test(c, test_auto);
    tcase_add_test(c, test_find_kinds);
    tcase_add_test(c, test_find_names);
    tcase_add_test(c, test_find_nothing);
    tcase_add_test(c, test_find_without_gpu);
    tcase_add_test(c, test_long_names);
    tcase_add_test(c, test_builtin);
    suite_add_tcase(suite, c);
    return weft_suite_run(suite);
}
