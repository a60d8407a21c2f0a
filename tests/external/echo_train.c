/* Trains a small network from this program's memory on a backend of its own, then predicts. */
#include <stdio.h>
#include <stdlib.h>

#include "echo_backend.h"

enum { SAMPLES = 400, FEATURES = 8 };

static const char network[] = "input   shape=8\n"
                              "dense   units=16\n"
                              "relu\n"
                              "dense   units=2\n";

static float samples[SAMPLES][FEATURES];
static int32_t classes[SAMPLES];
static int epochs_seen;

static void expect(weft_status status, const char *what)
{
    if (status == WEFT_OK) return;
    fprintf(stderr, "%s: %s: %s\n", what, weft_status_text(status), weft_error());
    exit(1);
}

static void expect_true(int truth, const char *what)
{
    if (truth) return;
    fprintf(stderr, "not so: %s\n", what);
    exit(1);
}

/* Class 1 where the first four features outweigh the last four. */
static void make_samples(void)
{
    uint32_t state = 1;
    for (int i = 0; i < SAMPLES; i++) {
        float sum = 0;
        for (int f = 0; f < FEATURES; f++) {
            state = state * 1664525u + 1013904223u;
            samples[i][f] = (float)(state >> 8) / 16777216.0f;
            sum += f < FEATURES / 2 ? samples[i][f] : -samples[i][f];
        }
        classes[i] = sum > 0;
    }
}

static bool on_epoch(void *user, const weft_epoch_report *report)
{
    (void)user;
    epochs_seen = (int)report->epoch;
    return false;
}

static weft_device *open_echo(weft_registry *registry)
{
    int order[16], count = 0;
    weft_device *device = NULL;
    expect(weft_backend_register(registry, echo_backend()), "register");
    expect(weft_registry_scan(registry, NULL), "scan");
    expect_true(weft_registry_count(registry) == 1, "one device");
    expect(weft_registry_find(registry, "echo", order, &count), "find");
    const weft_device_entry *entry = weft_registry_device(registry, order[0]);
    expect(entry->backend->open(entry->index, &(weft_open_desc){0}, &device), "open");
    expect_true(device->backend == entry->backend, "the device is ours");
    return device;
}

/* Each sample by itself must come out as its class, nearly always. */
static void predict(weft_model *model, const weft_normalize *norm)
{
    int right = 0;
    for (int i = 0; i < SAMPLES; i++) {
        float logits[2];
        expect(weft_model_predict(model, samples[i], WEFT_F32, 1, norm, logits), "predict");
        right += (logits[1] > logits[0]) == classes[i];
    }
    expect_true(right > SAMPLES * 9 / 10, "nine in ten are right");
}

int main(void)
{
    weft_registry *registry = NULL;
    weft_graph *graph = NULL;
    weft_trainer *trainer = NULL;
    weft_train_result result;
    make_samples();
    expect(weft_registry_new(&registry), "registry");
    weft_device *device = open_echo(registry);
    expect(weft_graph_parse(network, sizeof network - 1, "network", &graph), "parse");

    const weft_dataset data = {.name = "sums",
                               .shape = {1, {FEATURES}},
                               .count = SAMPLES,
                               .dtype = WEFT_F32,
                               .samples = samples,
                               .classes = classes,
                               .class_count = 2};
    weft_train_desc desc = {.graph = graph, .model_name = "network", .data = &data};
    desc.data_spec = "memory";
    desc.options.epochs = 20;
    desc.options.batch_size = 32;
    desc.options.optimizer.lr = 0.02f;
    desc.observer.on_epoch = on_epoch;
    expect(weft_trainer_new(device, &desc, &trainer), "trainer");
    expect(weft_trainer_run(trainer, &result), "run");
    expect_true(result.outcome == WEFT_FINISHED, "the training finished");
    expect_true(epochs_seen == 20, "each epoch was reported");
    expect_true(echo_steps() > 1000, "steps went through our backend");
    predict(weft_trainer_model(trainer), weft_trainer_normalize(trainer));

    weft_trainer_free(trainer);
    weft_graph_free(graph);
    device->backend->close(device);
    weft_registry_free(registry);
    printf("echo: %ld steps, loss %.4f\n", echo_steps(), result.train_loss);
    return 0;
}
