/* A small data set, a small network and runs of the program on them, for the suites of the program.
 * Define _XOPEN_SOURCE 700 before the first include. */
#ifndef WEFT_TESTS_TINY_RUN_H
#define WEFT_TESTS_TINY_RUN_H

#include <stdint.h>
#include <sys/stat.h>

#include "backends/backends.h"
#include "tests/program.h"

enum { CLASSES = 3, TRAIN = 120, TEST = 45, HIGH = 6, WIDE = 5, PIXELS = HIGH * WIDE };

static const char tiny_network[] = "# tiny: enough to learn three patterns\n"
                                   "input shape=6x5x1\n"
                                   "conv2d filters=4 kernel=3 padding=same name=conv1\n"
                                   "relu\n"
                                   "flatten\n"
                                   "dropout rate=0.25\n"
                                   "dense units=3 name=fc1\n";

static inline size_t put_u32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
    return 4;
}

/* Two light rows per class, over noise that depends on the sample alone. */
static inline uint8_t pixel(int sample, int at)
{
    const int class = sample % CLASSES, row = at / WIDE;
    const uint32_t noise = (uint32_t)(sample * PIXELS + at) * 2654435761u >> 26;
    return (uint8_t)(noise + (row / 2 == class ? 150 : 0));
}

static inline void write_split(const char *split, int count, int first)
{
    static uint8_t images[16 + TRAIN * PIXELS], labels[8 + TRAIN];
    char name[64];
    size_t at = put_u32(images, 0x803), label = put_u32(labels, 0x801);
    at += put_u32(images + at, (uint32_t)count);
    at += put_u32(images + at, HIGH);
    at += put_u32(images + at, WIDE);
    label += put_u32(labels + label, (uint32_t)count);
    for (int i = first; i < first + count; i++) {
        for (int p = 0; p < PIXELS; p++)
            images[at++] = pixel(i, p);
        labels[label++] = (uint8_t)(i % CLASSES);
    }
    (void)snprintf(name, sizeof name, "data/%s-images-idx3-ubyte", split);
    scratch_write(name, images, at);
    (void)snprintf(name, sizeof name, "data/%s-labels-idx1-ubyte", split);
    scratch_write(name, labels, label);
}

/* A fresh scratch folder with data/, its classes and tiny.net. */
static inline void tiny_open(void)
{
    static const char names[] = "top\nmiddle\nbottom\n";
    program_open();
    scratch_folder("data");
    write_split("train", TRAIN, 0);
    write_split("t10k", TEST, TRAIN);
    scratch_write("data/classes.txt", names, sizeof names - 1);
    scratch_write("tiny.net", tiny_network, sizeof tiny_network - 1);
}

#define TINY "tiny.net --data idx:data --device cpu --batch-size 8"

/* Whether a driver has a device, opencl:0. */
static inline bool tiny_has_opencl(void)
{
    const weft_backend *opencl = weft_backend_opencl();
    int count = 0;
    return opencl && opencl->device_count(&count) == WEFT_OK && count > 0;
}

static inline bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static inline void ck_same_files(const char *a, const char *b)
{
    size_t a_count, b_count;
    unsigned char *a_bytes = scratch_read(a, &a_count), *b_bytes = scratch_read(b, &b_count);
    ck_assert_msg(a_count == b_count && memcmp(a_bytes, b_bytes, a_count) == 0, "%s and %s differ",
                  a, b);
    free(a_bytes);
    free(b_bytes);
}

static inline double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    ck_assert_msg(json_is_number(value), "no number \"%s\"", key);
    return json_number_value(value);
}

static inline json_t *load_json(const char *path)
{
    json_t *json = json_load_file(path, 0, NULL);
    ck_assert_msg(json != NULL, "cannot read %s", path);
    return json;
}

static inline void pause_ms(long milliseconds)
{
    const struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* Train into the folder `cut` until the run has begun, and send a signal; the exit code. */
static inline int stop_by(int signal_number, const char *arguments)
{
    const pid_t child = program_start(arguments);
    for (int i = 0; i < 20000 && !exists("cut/config.json"); i++)
        pause_ms(1);
    pause_ms(5);
    ck_assert_int_eq(kill(child, signal_number), 0);
    const int code = program_wait(child);
    program_read("stdout.txt", program_out);
    program_read("stderr.txt", program_err);
    return code;
}

#endif
