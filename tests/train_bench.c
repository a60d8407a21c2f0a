/* Files and folders of a test need POSIX. */
#define _XOPEN_SOURCE 700

#include "tests/train_bench.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/backends.h"
#include "core/rng.h"

const char BENCH_NETWORK[] = "input shape=6x6x1\n"
                             "conv2d filters=4 kernel=3 padding=same bias=no name=conv1\n"
                             "batchnorm name=bn1\n"
                             "relu\n"
                             "maxpool size=2\n"
                             "flatten\n"
                             "dense units=12 name=fc1\n"
                             "relu\n"
                             "dropout rate=0.25\n"
                             "dense units=4 name=fc2\n";
const char BENCH_PLAIN[] = "input shape=6x6x1\n"
                           "conv2d filters=4 kernel=3 padding=same bias=no name=conv1\n"
                           "batchnorm name=bn1\n"
                           "relu\n"
                           "maxpool size=2\n"
                           "flatten\n"
                           "dense units=12 name=fc1\n"
                           "relu\n"
                           "dense units=4 name=fc2\n";

/* ---- data: a bright quadrant tells the class, the rest is noise ---- */

static void fill_samples(train_bench *b, int count)
{
    for (int i = 0; i < count; i++) {
        const int class = (int)(weft_draw(11, WEFT_RNG_INIT, 0, 0, (uint32_t)i, 99) % 4);
        b->classes[i] = class;
        for (int p = 0; p < BENCH_SIDE * BENCH_SIDE; p++) {
            const uint32_t noise = weft_draw(11, WEFT_RNG_INIT, 0, 1, (uint32_t)i, (uint32_t)p);
            const bool low = p / BENCH_SIDE >= BENCH_SIDE / 2;
            const bool right = p % BENCH_SIDE >= BENCH_SIDE / 2;
            const bool bright = class == 2 * low + right;
            b->samples[i * BENCH_SIDE * BENCH_SIDE + p] =
                (uint8_t)(noise % 128 + (bright ? 100 : 0));
        }
    }
}

static void make_data(train_bench *b)
{
    static const char *const NAMES[] = {"north-west", "north-east", "south-west", "south-east"};
    const int pixels = BENCH_SIDE * BENCH_SIDE, count = BENCH_COUNT + BENCH_TEST;
    b->samples = calloc((size_t)count, (size_t)pixels);
    b->classes = calloc((size_t)count, sizeof *b->classes);
    ck_assert(b->samples && b->classes);
    fill_samples(b, count);
    b->data = (weft_dataset){.name = "quadrants",
                             .shape = {3, {BENCH_SIDE, BENCH_SIDE, 1}},
                             .count = BENCH_COUNT,
                             .dtype = WEFT_U8,
                             .samples = b->samples,
                             .classes = b->classes,
                             .class_count = BENCH_CLASSES,
                             .class_names = NAMES};
    b->test = b->data;
    b->test.count = BENCH_TEST;
    b->test.samples = b->samples + BENCH_COUNT * pixels;
    b->test.classes = b->classes + BENCH_COUNT;
}

/* ---- devices ---- */

static weft_registry *scan(void)
{
    weft_registry *registry = NULL;
    ck_weft(weft_registry_new(&registry));
    ck_weft(weft_register_builtin(registry));
    ck_weft(weft_registry_scan(registry, NULL));
    return registry;
}

const char *bench_device(int index)
{
    static char id[WEFT_NAME_MAX];
    if (index == 0) return "cpu";
    weft_registry *registry = scan();
    const char *found = NULL;
    bool any = false;
    for (int i = 0; i < weft_registry_count(registry) && !found; i++) {
        const weft_device_entry *entry = weft_registry_device(registry, i);
        if (strncmp(entry->id, "opencl", 6) != 0 || entry->info.emulated) continue;
        any = true;
        if (--index > 0) continue;
        snprintf(id, sizeof id, "%s", entry->id);
        found = id;
    }
    weft_registry_free(registry);
    static bool told;
    if (!found && !any && !told) printf("skipped: no OpenCL device, only the CPU is tested\n");
    told = true;
    return found;
}

static void open_device(train_bench *b, const char *id)
{
    int order[64], count = 64;
    b->registry = scan();
    ck_weft(weft_registry_find(b->registry, id, order, &count));
    b->entry = weft_registry_device(b->registry, order[0]);
    const weft_open_desc desc = {.threads = 2};
    ck_weft(b->entry->backend->open(b->entry->index, &desc, &b->device));
}

void bench_open(train_bench *b, const char *device, const char *network)
{
    memset(b, 0, sizeof *b);
    open_device(b, device);
    ck_weft(weft_graph_parse(network, strlen(network), "bench.net", &b->graph));
    make_data(b);
    const char *tmp = getenv("TMPDIR");
    snprintf(b->folder, sizeof b->folder, "%s/weft-train-XXXXXX", tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(b->folder));
}

void bench_close(train_bench *b)
{
    bench_remove(b->folder);
    b->entry->backend->close(b->device);
    weft_graph_free(b->graph);
    weft_registry_free(b->registry);
    free(b->samples);
    free(b->classes);
}

/* ---- a run ---- */

static bool on_step(void *user, const weft_step_report *report)
{
    bench_log *log = user;
    if (log->steps < BENCH_LOG) log->loss[log->steps] = report->loss;
    log->steps++;
    log->last = *report;
    return log->stop_step > 0 && report->step >= (uint64_t)log->stop_step;
}

static bool on_epoch(void *user, const weft_epoch_report *report)
{
    bench_log *log = user;
    if (log->epochs < 16) log->epoch[log->epochs] = *report;
    log->epochs++;
    return log->stop_epoch > 0 && report->epoch >= (uint32_t)log->stop_epoch;
}

static void on_end(void *user, const weft_train_result *result)
{
    bench_log *log = user;
    (void)result;
    log->ends++;
}

static void on_message(void *user, weft_level level, const char *text)
{
    bench_log *log = user;
    if (level == WEFT_WARNING) snprintf(log->warning, sizeof log->warning, "%s", text);
}

weft_train_desc bench_desc(train_bench *b)
{
    b->log = (bench_log){0};
    return (weft_train_desc){
        .graph = b->graph,
        .model_name = "bench",
        .data = &b->data,
        .data_spec = "quadrants",
        .device_entry = b->entry,
        .options = {.epochs = 3,
                    .batch_size = 16,
                    .seed = 7,
                    .val_count = 22,
                    .optimizer = {.lr = 1e-2f},
                    .augment = {.shift = 1}},
        .observer = {.on_step = on_step, .on_epoch = on_epoch, .on_end = on_end, .user = &b->log},
        .log = {.write = on_message, .user = &b->log},
    };
}

weft_status bench_train(train_bench *b, const weft_train_desc *desc, weft_train_result *result)
{
    weft_trainer *trainer = NULL;
    WEFT_TRY(weft_trainer_new(b->device, desc, &trainer));
    const weft_status status = weft_trainer_run(trainer, result);
    weft_trainer_free(trainer);
    return status;
}

/* ---- files ---- */

const char *bench_file(const train_bench *b, const char *run, const char *name)
{
    static _Thread_local char text[8][1024];
    static _Thread_local int turn;
    char *path = text[turn++ % 8];
    snprintf(path, sizeof text[0], "%s/%s%s%s", b->folder, run, *name ? "/" : "", name);
    return path;
}

const char *bench_path(const train_bench *b, const char *name)
{
    return bench_file(b, name, "");
}

char *bench_read(const char *path, size_t *count)
{
    struct stat info;
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file && fstat(fileno(file), &info) == 0, "cannot read %s", path);
    char *bytes = calloc((size_t)info.st_size + 1, 1);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_uint_eq(fread(bytes, 1, (size_t)info.st_size, file), (size_t)info.st_size);
    fclose(file);
    if (count) *count = (size_t)info.st_size;
    return bytes;
}

void bench_write(const char *path, const void *bytes, size_t count)
{
    FILE *file = fopen(path, "wb");
    ck_assert_msg(file != NULL, "cannot write %s", path);
    ck_assert_uint_eq(fwrite(bytes, 1, count, file), count);
    ck_assert_int_eq(fclose(file), 0);
}

bool bench_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool bench_same(const char *a, const char *b)
{
    size_t a_count, b_count;
    char *a_bytes = bench_read(a, &a_count), *b_bytes = bench_read(b, &b_count);
    const bool same = a_count == b_count && memcmp(a_bytes, b_bytes, a_count) == 0;
    free(a_bytes);
    free(b_bytes);
    return same;
}

void bench_snapshot(const char *from, const char *to)
{
    static const char *const FILES[] = {"config.json",
                                        "env.json",
                                        "metrics.csv",
                                        "steps.csv",
                                        "events.jsonl",
                                        "summary.json",
                                        "checkpoints/last.safetensors",
                                        "checkpoints/prev.safetensors",
                                        "checkpoints/best.safetensors"};
    char path[1024], copy[1024];
    snprintf(path, sizeof path, "%s/checkpoints", to);
    ck_assert_int_eq(mkdir(to, 0777), 0);
    ck_assert_int_eq(mkdir(path, 0777), 0);
    for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++) {
        size_t count;
        snprintf(path, sizeof path, "%s/%s", from, FILES[i]);
        snprintf(copy, sizeof copy, "%s/%s", to, FILES[i]);
        if (!bench_exists(path)) continue;
        char *bytes = bench_read(path, &count);
        bench_write(copy, bytes, count);
        free(bytes);
    }
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

void bench_remove(const char *folder)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

char *bench_metrics(const char *path)
{
    char *text = bench_read(path, NULL), *to = text;
    int comma = 0;
    for (const char *c = text; *c; c++) {
        if (*c == '\n') comma = 0;
        comma += *c == ',';
        if (comma < 6) *to++ = *c;
    }
    *to = '\0';
    return text;
}
