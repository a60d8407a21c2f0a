/* The table of commands and the table of options. Nothing else knows their names or ranges. */
#include "cli/options.h"

#define ON(command) (1u << CLI_##command)

enum {
    TRAIN = ON(TRAIN),
    EVAL = ON(EVAL),
    PREDICT = ON(PREDICT),
    EXPLAIN = ON(EXPLAIN),
    BENCH = ON(BENCH),
    TUNE = ON(TUNE),
    SELFTEST = ON(SELFTEST),
    INIT = ON(INIT),
    REPORT = ON(REPORT),
    RUNS = TRAIN | EVAL | PREDICT | EXPLAIN,
    COMPUTE = RUNS | BENCH,
    /* what decides a training, whoever starts it */
    TRAINS = ON(TRAIN) | ON(COMPARE),
    ALL = (1 << CLI_COMMAND_COUNT) - 1
};

#define COUNT_MAX 2147483647.0
#define STEPS_MAX 1e12

const cli_command cli_commands[CLI_COMMAND_COUNT] = {
    [CLI_DEVICES] = {"devices", "", 0, 0, cli_run_devices,
                     "List every device, which one auto takes, and help for GPUs without a driver",
                     "weft devices\n"
                     "weft devices --json\n"},
    [CLI_TRAIN] = {"train", "MODEL --data SET", 0, 1, cli_run_train,
                   "Train a network and write a run folder",
                   "weft train seed-cnn --data fashion-mnist\n"
                   "weft train net.net --data idx:DIR --device cpu --epochs 3 --out my-run\n"
                   "weft train --resume my-run\n"
                   "weft train --config my-run/config.json --seed 2\n"},
    [CLI_EVAL] = {"eval", "RUN|FILE --data SET", 1, 1, cli_run_eval,
                  "Loss, accuracy, per-class table, confusion matrix and calibration of a trained "
                  "network, and its worst errors",
                  "weft eval my-run --data fashion-mnist\n"
                  "weft eval my-run --data fashion-mnist --errors 10 --reliability diagram.png\n"
                  "weft eval my-run --data fashion-mnist --checkpoint best --json\n"},
    [CLI_PREDICT] = {"predict", "RUN|FILE IMAGE...", 1, CLI_WORDS_MAX, cli_run_predict,
                     "Name what pictures (PNG, JPEG) show, with probabilities",
                     "weft predict my-run shoe.png shirt.jpg\n"
                     "weft predict my-run --data fashion-mnist --index 0\n"},
    [CLI_EXPLAIN] = {"explain", "RUN|FILE IMAGE", 1, 2, cli_run_explain,
                     "Show what in a picture a network goes by: Grad-CAM, saliency, feature maps",
                     "weft explain my-run shoe.png\n"
                     "weft explain my-run shoe.png --class Sneaker -o shoe.svg\n"
                     "weft explain my-run --data fashion-mnist --index 0 --layer conv1\n"
                     "weft explain my-run --filters\n"},
    [CLI_DIFF] =
        {"diff", "A B | MODEL --devices A,B", 1, 2, cli_run_diff,
         "Where and by how much two checkpoints, two runs or two devices differ; exit code 8 if "
         "they do",
         "weft diff my-run other-run\n"
         "weft diff seed-cnn --devices opencl:0,cpu --steps 5\n"
         "weft diff a.safetensors b.safetensors --tolerance 1e-8 --json\n"},
    [CLI_REPORT] = {"report", "RUN", 1, 1, cli_run_report,
                    "Everything about a run on one HTML page: curves, figures of the test set, "
                    "predictions, learned features, speed",
                    "weft report my-run\n"
                    "weft report my-run -o page.html --pictures pictures\n"},
    [CLI_COMPARE] =
        {"compare", "[MODEL --data SET | RUN RUN...]", 0, CLI_WORDS_MAX, cli_run_compare,
         "The same training on several devices side by side: speed, accuracy, energy, "
         "and whether they compute the same. Without arguments: every device here, in "
         "about two minutes. With run folders: these, without training. Exit code 8 "
         "when a device fails or differs",
         "weft compare\n"
         "weft compare seed-cnn --data fashion-mnist --devices cpu,opencl:0 --epochs 3\n"
         "weft compare seed-cnn --data fashion-mnist --devices cpu,gpu --kernels\n"
         "weft compare my-run other-run\n"},
    [CLI_BENCH] = {"bench", "MODEL", 1, 1, cli_run_bench,
                   "Measure how fast a network trains and predicts, and where its time goes",
                   "weft bench seed-cnn\n"
                   "weft bench seed-cnn --batch-size 256 --plan\n"
                   "weft bench my.net --device cpu --threads 1 --json\n"},
    [CLI_TUNE] = {"tune", "MODEL", 1, 1, cli_run_tune,
                  "Find the fastest settings of a network's kernels on a device, and keep them",
                  "weft tune seed-cnn\n"
                  "weft tune seed-cnn --device opencl:0 --batch-size 256\n"
                  "weft tune seed-cnn --print >> cl/tuning.txt\n"},
    [CLI_SELFTEST] = {"selftest", "", 0, 0, cli_run_selftest,
                      "Check that a device computes what the CPU backend computes",
                      "weft selftest\n"
                      "weft selftest --device opencl:0 --quick\n"
                      "weft selftest --device gpu --bundle my-gpu.json\n"},
    [CLI_INIT] = {"init", "MODEL -o FILE", 1, 1, cli_run_init,
                  "Write the initial weights of a network as a checkpoint",
                  "weft init seed-cnn -o start.safetensors --seed 7\n"},
    [CLI_LAYERS] = {"layers", "[NAME]", 0, 1, cli_run_layers,
                    "List every layer with its keys, or one of them",
                    "weft layers\n"
                    "weft layers conv2d\n"},
    [CLI_MODELS] = {"models", "[NAME]", 0, 1, cli_run_models,
                    "List the networks inside the program, or print the text of one",
                    "weft models\n"
                    "weft models seed-cnn > my.net\n"},
    [CLI_DATASETS] =
        {"datasets", "[SET] | show SET -o FILE", 0, 2, cli_run_datasets,
         "List the data sets and where they are found; show: samples, class counts and "
         "augmentation as a picture",
         "weft datasets\n"
         "weft datasets idx:DIR\n"
         "weft datasets show fashion-mnist -o samples.png\n"
         "weft datasets show fashion-mnist --class Coat --augment flip,shift=2 -o coats\n"},
};

/* name, letter, kind, low, high, value, initial, group, commands, recorded, help */
const cli_option cli_options[CLI_OPTION_COUNT] = {
    [CLI_OPT_DATA] = {"data", 0, CLI_TEXT, 0, 0, "SET", NULL, CLI_GROUP_DATA,
                      COMPUTE | ON(COMPARE) | REPORT, true,
                      "fashion-mnist, or idx:DIR for a folder in the format of MNIST; bench makes "
                      "pictures up without it"},
    [CLI_OPT_DATA_DIR] = {"data-dir", 0, CLI_TEXT, 0, 0, "DIR", NULL, CLI_GROUP_DATA,
                          COMPUTE | ON(DATASETS) | ON(COMPARE) | REPORT, false,
                          "where the files of the data set are; also $WEFT_DATA"},
    [CLI_OPT_SPLIT] = {"split", 0, CLI_CHOICE, 0, 0, "test|train", "test", CLI_GROUP_DATA,
                       EVAL | PREDICT | EXPLAIN | ON(DATASETS), false,
                       "part of the data set; datasets show: train without it"},
    [CLI_OPT_INDEX] = {"index", 0, CLI_INT, 0, COUNT_MAX, "N", NULL, CLI_GROUP_DATA,
                       PREDICT | EXPLAIN | ON(DATASETS), false,
                       "take sample N of --data, counted from 0; datasets show: the one to "
                       "augment"},
    [CLI_OPT_CLASS] =
        {"class", 0, CLI_TEXT, 0, 0, "CLASS", NULL, CLI_GROUP_DATA, EXPLAIN | ON(DATASETS), false,
         "its name or its number; datasets show: its samples alone; explain: the class "
         "to explain in place of the one that the network says"},
    [CLI_OPT_INVERT] = {"invert", 0, CLI_CHOICE, 0, 0, "auto|yes|no", "auto", CLI_GROUP_DATA,
                        PREDICT | EXPLAIN, false,
                        "swap light and dark; auto: when the network learnt light things on a dark "
                        "ground and the picture's border is light"},
    [CLI_OPT_LAYER] = {"layer", 0, CLI_TEXT, 0, 0, "NAME", "last convolution", CLI_GROUP_DATA,
                       EXPLAIN, false, "look into this layer, and show its feature maps too"},
    [CLI_OPT_FILTERS] = {"filters", 0, CLI_FLAG, 0, 0, NULL, NULL, CLI_GROUP_DATA, EXPLAIN, false,
                         "show the weights of the first convolution, or of --layer, instead"},
    [CLI_OPT_LIMIT] = {"limit", 0, CLI_INT, 1, COUNT_MAX, "N", "all", CLI_GROUP_DATA, TRAINS, true,
                       "use the first N training samples only"},
    [CLI_OPT_VAL_COUNT] =
        {"val-count", 0, CLI_INT, 0, COUNT_MAX, "N", "5000", CLI_GROUP_DATA, TRAINS, true,
         "hold out N samples for validation, at most a tenth by default; 0: none"},
    [CLI_OPT_NO_TEST] = {"no-test", 0, CLI_FLAG, 0, 0, NULL, NULL, CLI_GROUP_DATA, TRAINS | REPORT,
                         false, "leave out the test set at the end"},
    [CLI_OPT_NO_SHUFFLE] = {"no-shuffle", 0, CLI_FLAG, 0, 0, NULL, NULL, CLI_GROUP_DATA, TRAINS,
                            true, "take the samples in the order of the files"},
    [CLI_OPT_AUGMENT] = {"augment", 0, CLI_TEXT, 0, 0, "LIST", "by data set", CLI_GROUP_DATA,
                         TRAINS | BENCH | ON(DATASETS), true,
                         "none, or a list such as flip,shift=2,erase=0.25"},

    [CLI_OPT_DEVICE] =
        {"device", 'd', CLI_TEXT, 0, 0, "DEVICE", "auto", CLI_GROUP_DEVICE,
         COMPUTE | TUNE | SELFTEST | ON(DATASETS) | REPORT, false,
         "auto, cpu, gpu, opencl, an id of `weft devices`, or part of a name; also "
         "$WEFT_DEVICE. auto falls back when a device fails, a named one never does"},
    [CLI_OPT_FAMILY] = {"family", 0, CLI_CHOICE, 0, 0, "auto|vector|tile", "auto", CLI_GROUP_DEVICE,
                        COMPUTE | TUNE | SELFTEST | ON(DIFF) | ON(COMPARE) | REPORT, true,
                        "kind of OpenCL kernels: vector for CPUs, tile for GPUs"},
    [CLI_OPT_GEMM] = {"gemm", 0, CLI_CHOICE, 0, 0, "auto|own|clblast", "auto", CLI_GROUP_DEVICE,
                      COMPUTE | TUNE | SELFTEST | ON(DIFF) | ON(COMPARE) | REPORT, true,
                      "who multiplies matrices on an OpenCL device"},
    [CLI_OPT_NO_FUSION] = {"no-fusion", 0, CLI_FLAG, 0, 0, NULL, NULL, CLI_GROUP_DEVICE,
                           TRAINS | ON(DIFF), true,
                           "run every op by itself: when a fused kernel is in doubt"},
    [CLI_OPT_THREADS] = {"threads", 0, CLI_INT, 1, 1024, "N", "all", CLI_GROUP_DEVICE,
                         COMPUTE | TUNE | SELFTEST | ON(DIFF) | ON(COMPARE) | REPORT, false,
                         "threads of the CPU backend and of OpenCL on the CPU (PoCL); results do "
                         "not depend on it"},
    [CLI_OPT_DUMP_KERNELS] = {"dump-kernels", 0, CLI_TEXT, 0, 0, "DIR", NULL, CLI_GROUP_DEVICE,
                              COMPUTE | TUNE | SELFTEST | REPORT, false,
                              "write the source of every OpenCL program there, and what its "
                              "compiler says"},
    [CLI_OPT_QUICK] = {"quick", 0, CLI_FLAG, 0, 0, NULL, NULL, CLI_GROUP_DEVICE, SELFTEST, false,
                       "small shapes only, a tenth of the time"},
    [CLI_OPT_TIME_LIMIT] = {"time-limit", 0, CLI_INT, 1, 86400, "SECONDS", "300", CLI_GROUP_DEVICE,
                            SELFTEST | ON(COMPARE), false,
                            "stop a part that makes no progress for so long; it has failed. "
                            "compare: a training, 600"},
    [CLI_OPT_PART] = {"part", 0, CLI_TEXT, 0, 0, "NAME", NULL, CLI_GROUP_DEVICE, SELFTEST, false,
                      "run one part in this process and print its progress and row as JSON: the "
                      "name of an op, settings, training or memory"},

    [CLI_OPT_CHECK_NUMERICS] = {"check-numerics", 0, CLI_FLAG, 0, 0, NULL, NULL, CLI_GROUP_TRAINING,
                                TRAIN, false,
                                "look at every result on the device and name the first op that "
                                "makes a NaN or an infinity; "
                                "slow, changes no result"},

    [CLI_OPT_RECIPE] = {"recipe", 0, CLI_CHOICE, 0, 0, "default|seed", "default",
                        CLI_GROUP_TRAINING, TRAINS, false,
                        "seed: the tutorial's settings (adam, constant 1e-3, batch 64, 10 epochs, "
                        "flip); options beside it win"},
    [CLI_OPT_EPOCHS] = {"epochs", 'e', CLI_INT, 1, 1e6, "N", "10", CLI_GROUP_TRAINING, TRAINS, true,
                        "passes over the training samples"},
    [CLI_OPT_MAX_STEPS] = {"max-steps", 0, CLI_INT, 1, STEPS_MAX, "N", NULL, CLI_GROUP_TRAINING,
                           TRAINS, true, "stop after N steps"},
    [CLI_OPT_BATCH_SIZE] = {"batch-size", 'b', CLI_INT, 1, 65536, "N", "64", CLI_GROUP_TRAINING,
                            TRAINS | EVAL | BENCH | TUNE | ON(DIFF), true, "samples per step"},
    [CLI_OPT_OPTIMIZER] = {"optimizer", 0, CLI_CHOICE, 0, 0, "adam|adamw|sgd", "adam",
                           CLI_GROUP_TRAINING, TRAINS, true, "how weights follow gradients"},
    [CLI_OPT_LR] = {"lr", 0, CLI_REAL, 1e-12, 1e6, "X", "0.003", CLI_GROUP_TRAINING, TRAINS, true,
                    "learning rate; the highest of the schedule"},
    [CLI_OPT_SCHEDULE] = {"schedule", 0, CLI_CHOICE, 0, 0, "onecycle|constant|cosine|step",
                          "onecycle", CLI_GROUP_TRAINING, TRAINS, true,
                          "how the learning rate changes from step to step"},
    [CLI_OPT_MOMENTUM] = {"momentum", 0, CLI_REAL, 0, 0.9999, "X", "0.9", CLI_GROUP_TRAINING,
                          TRAINS, true, "of sgd"},
    [CLI_OPT_NESTEROV] = {"nesterov", 0, CLI_FLAG, 0, 0, NULL, NULL, CLI_GROUP_TRAINING, TRAINS,
                          true, "sgd with Nesterov's momentum"},
    [CLI_OPT_BETAS] = {"betas", 0, CLI_TEXT, 0, 0, "A,B", "0.9,0.999", CLI_GROUP_TRAINING, TRAINS,
                       true, "of adam and adamw, each above 0 and below 1"},
    [CLI_OPT_EPS] = {"eps", 0, CLI_REAL, 1e-30, 1, "X", "1e-8", CLI_GROUP_TRAINING, TRAINS, true,
                     "of adam and adamw"},
    [CLI_OPT_WEIGHT_DECAY] = {"weight-decay", 0, CLI_REAL, 0, 100, "X", "0", CLI_GROUP_TRAINING,
                              TRAINS, true, "of convolution and dense weights"},
    [CLI_OPT_LOSS] = {"loss", 0, CLI_CHOICE, 0, 0, "cross_entropy|mse", "cross_entropy",
                      CLI_GROUP_TRAINING, TRAINS, true,
                      "softmax cross-entropy, or mean squared error"},
    [CLI_OPT_LABEL_SMOOTHING] = {"label-smoothing", 0, CLI_REAL, 0, 0.9999, "X", "0",
                                 CLI_GROUP_TRAINING, TRAINS, true, "of the training loss"},
    [CLI_OPT_SEED] = {"seed", 's', CLI_INT, 0, 9.2e18, "N", "0", CLI_GROUP_TRAINING,
                      TRAINS | INIT | ON(DIFF) | ON(DATASETS), true,
                      "of weights, order, augmentation and dropout"},
    [CLI_OPT_PATIENCE] = {"patience", 0, CLI_INT, 0, 1e6, "N", "0", CLI_GROUP_TRAINING, TRAINS,
                          true, "stop after N epochs without a better validation loss; 0: never"},

    [CLI_OPT_INIT] = {"init", 0, CLI_TEXT, 0, 0, "FILE", NULL, CLI_GROUP_WEIGHTS, TRAINS, true,
                      "start from the weights of a safetensors file; every tensor must fit"},
    [CLI_OPT_INIT_PARTIAL] = {"init-partial", 0, CLI_TEXT, 0, 0, "PATTERNS", NULL,
                              CLI_GROUP_WEIGHTS, TRAINS, true,
                              "with --init: layers that start afresh, such as fc2 or 'block3*'"},
    [CLI_OPT_FREEZE] = {"freeze", 0, CLI_TEXT, 0, 0, "PATTERNS", NULL, CLI_GROUP_WEIGHTS, TRAINS,
                        true, "layers that are not trained, such as 'conv*,bn1'"},
    [CLI_OPT_CONFIG] = {"config", 0, CLI_TEXT, 0, 0, "FILE", NULL, CLI_GROUP_WEIGHTS, TRAIN, false,
                        "do the run of a config.json again; options beside it win"},
    [CLI_OPT_RESUME] = {"resume", 0, CLI_TEXT, 0, 0, "RUN", NULL, CLI_GROUP_WEIGHTS, TRAIN, false,
                        "go on with a run from its last checkpoint"},
    [CLI_OPT_CHECKPOINT] = {"checkpoint", 0, CLI_TEXT, 0, 0, "best|last|FILE", "last",
                            CLI_GROUP_WEIGHTS, EVAL | PREDICT | EXPLAIN | REPORT, false,
                            "which weights of the run"},

    [CLI_OPT_OUT] =
        {"out", 'o', CLI_TEXT, 0, 0, "PATH", NULL,
         CLI_GROUP_OUTPUT, TRAINS | INIT | EXPLAIN | ON(DATASETS) | REPORT, false,
         "train: run folder (default results/runs/MODEL-DATA-TIME); compare: folder of all "
         "runs; init, report: the file; pictures: FILE.svg, FILE.png, or FILE for both (explain: "
         "default "
         "RUN/explain-IMAGE)"},
    [CLI_OPT_NO_REPORT] = {"no-report", 0, CLI_FLAG, 0, 0, NULL, NULL, CLI_GROUP_OUTPUT, TRAIN,
                           false, "do not write report.html at the end"},
    [CLI_OPT_PICTURES] = {"pictures", 0, CLI_TEXT, 0, 0, "DIR", NULL, CLI_GROUP_OUTPUT, REPORT,
                          false, "write each picture there too, as SVG and PNG"},
    [CLI_OPT_OVERWRITE] = {"overwrite", 0, CLI_FLAG, 0, 0, NULL, NULL, CLI_GROUP_OUTPUT,
                           TRAINS | INIT, false, "replace what is there"},
    [CLI_OPT_THEME] = {"theme", 0, CLI_CHOICE, 0, 0, "light|dark", "light", CLI_GROUP_OUTPUT,
                       ON(DATASETS) | REPORT, false,
                       "of pictures: dark on light, or light on dark"},
    [CLI_OPT_LOG_EVERY] = {"log-every", 0, CLI_INT, 0, STEPS_MAX, "N", "1", CLI_GROUP_OUTPUT, TRAIN,
                           true, "a line of steps.csv every N steps; 0: none"},
    [CLI_OPT_SAVE_EVERY] = {"save-every", 0, CLI_INT, 0, STEPS_MAX, "N", "0", CLI_GROUP_OUTPUT,
                            TRAIN, true, "a checkpoint every N steps; 0: at the end of epochs"},
    [CLI_OPT_TENSORBOARD] = {"tensorboard", 0, CLI_FLAG, 0, 0, NULL, NULL, CLI_GROUP_OUTPUT, TRAIN,
                             false,
                             "write curves, histograms of weights and gradients, and filters for "
                             "TensorBoard into RUN/tensorboard; a resume goes on with it"},
    [CLI_OPT_PLOT] = {"plot", 0, CLI_FLAG, 0, 0, NULL, NULL, CLI_GROUP_OUTPUT, TRAIN, false,
                      "draw both losses below the table of epochs while they change; on a terminal "
                      "of 80 columns and 16 rows or more"},
    [CLI_OPT_LOGITS] = {"logits", 0, CLI_TEXT, 0, 0, "FILE", NULL, CLI_GROUP_OUTPUT, EVAL, false,
                        "write the network's output for every sample as CSV"},
    [CLI_OPT_SAVE_INPUT] = {"save-input", 0, CLI_TEXT, 0, 0, "PATH", NULL, CLI_GROUP_OUTPUT,
                            PREDICT, false,
                            "write what the network saw as PNG: a folder, or a .png file"},
    [CLI_OPT_TOP] =
        {"top", 0, CLI_INT, 1, 65536, "K", NULL, CLI_GROUP_OUTPUT, EVAL | PREDICT | EXPLAIN, false,
         "predict, explain: classes to show [3; all with --json]; eval: the true class among "
         "the K most probable is a hit of top-K accuracy [5 where there are more]"},
    [CLI_OPT_ERRORS] = {"errors", 0, CLI_INT, 1, COUNT_MAX, "N", NULL, CLI_GROUP_OUTPUT, EVAL,
                        false,
                        "list the N worst errors, the largest loss (the smallest probability of "
                        "the true class) first; predict --index shows one"},
    [CLI_OPT_RELIABILITY] = {"reliability", 0, CLI_TEXT, 0, 0, "FILE", NULL, CLI_GROUP_OUTPUT, EVAL,
                             false,
                             "draw the reliability diagram: FILE.svg, FILE.png, or both when FILE "
                             "has no ending"},
    [CLI_OPT_DEVICES] =
        {"devices", 0, CLI_TEXT, 0, 0, "A,B", NULL, CLI_GROUP_DEVICE, ON(DIFF) | ON(COMPARE), false,
         "compare: train on each, every distinct one by default; diff: train on both step by "
         "step, and name the first op of A whose result differs from B's by more than rounding"},
    [CLI_OPT_TOGETHER] =
        {"together", 0, CLI_FLAG, 0, 0, NULL, NULL, CLI_GROUP_DEVICE, ON(COMPARE), false,
         "train on all devices at once; they slow each other down where they share "
         "a processor or memory"},
    [CLI_OPT_SEEDS] = {"seeds", 0, CLI_INT, 1, CLI_SEEDS_MAX, "K", CLI_DIGITS(CLI_SEEDS),
                       CLI_GROUP_DEVICE, ON(COMPARE), false,
                       "when curves part: train the reference device with K seeds in all, whose "
                       "spread tells noise from a difference; 1: no such training"},
    [CLI_OPT_KERNELS] = {"kernels", 0, CLI_FLAG, 0, 0, NULL, NULL, CLI_GROUP_DEVICE, ON(COMPARE),
                         false, "time the steps of the plan on each device, and show the slowest"},
    [CLI_OPT_STEPS] = {"steps", 0, CLI_INT, 1, 100000, "N", "5", CLI_GROUP_DEVICE, ON(DIFF), false,
                       "of training, with --devices"},
    [CLI_OPT_TOLERANCE] = {"tolerance", 0, CLI_REAL, 0, 1, "X", "0", CLI_GROUP_OUTPUT, ON(DIFF),
                           false,
                           "largest normalised mean square error of a tensor that counts as equal, "
                           "and what is not in tensors then does not count; 0: everything counts"},
    [CLI_OPT_PLAN] = {"plan", 0, CLI_FLAG, 0, 0, NULL, NULL, CLI_GROUP_OUTPUT, BENCH, false,
                      "a line for every step of the plans: kernel, time, share of its roofline"},
    [CLI_OPT_PRINT] = {"print", 0, CLI_FLAG, 0, 0, NULL, NULL, CLI_GROUP_OUTPUT, TUNE, false,
                       "what was chosen, as rows for cl/tuning.txt"},
    [CLI_OPT_BUNDLE] = {"bundle", 0, CLI_TEXT, 0, 0, "FILE", NULL, CLI_GROUP_OUTPUT, SELFTEST,
                        false,
                        "write what a report needs into one JSON file: device, limits, verdicts, "
                        "times of steps, sources of what failed; no user, path or host name"},
    [CLI_OPT_JSON] = {"json", 0, CLI_FLAG, 0, 0, NULL, NULL, CLI_GROUP_OUTPUT,
                      COMPUTE | TUNE | SELFTEST | ON(DEVICES) | ON(DIFF) | ON(COMPARE), false,
                      "results as JSON"},
    [CLI_OPT_QUIET] = {"quiet", 'q', CLI_FLAG, 0, 0, NULL, NULL, CLI_GROUP_OUTPUT,
                       COMPUTE | TUNE | SELFTEST | ON(DIFF) | ON(COMPARE) | ON(DATASETS) | REPORT,
                       false, "no progress and no notes; warnings and results stay"},
    [CLI_OPT_HELP] = {"help", 'h', CLI_FLAG, 0, 0, NULL, NULL, CLI_GROUP_OUTPUT, ALL, false,
                      "this help"},
};
