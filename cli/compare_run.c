/* Trainings of `weft compare`: each is `weft train` in a process of its own. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/compare.h"
#include "cli/energy.h"
#include "cli/output.h"
#include "cli/self.h"
#include "cli/signals.h"
#include "core/child.h"
#include "core/number.h"
#include "core/posix.h"

/* A driver may compile the first kernels for minutes. */
enum { WORDS_MAX = CLI_OPTION_COUNT + 24, SILENT_SECONDS = 600 };

static const double sample_seconds = 1.0;

/* ---- the command line of a training ---- */

typedef struct words {
    char *list[WORDS_MAX];
    int count;
    bool lost; /* out of memory */
} words;

/* "--name=value", or a word alone. */
static void add(words *w, const char *name, const char *value)
{
    const size_t size = strlen(name) + (value ? strlen(value) : 0) + 4;
    char *word = malloc(size);
    assert(w->count + 1 < WORDS_MAX);
    w->lost = w->lost || !word;
    if (word) (void)snprintf(word, size, value ? "--%s=%s" : "%s", name, value);
    w->list[w->count] = word;
    w->count += word != NULL;
}

static void add_flag(words *w, const char *name)
{
    char text[64];
    (void)snprintf(text, sizeof text, "--%.60s", name);
    add(w, text, NULL);
}

static void add_number(words *w, const char *name, int64_t value)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%lld", (long long)value);
    if (value > 0) add(w, name, text);
}

/* What `compare` and `train` both take and means the same there. */
static bool is_passed_on(int option)
{
    const unsigned both = 1u << CLI_TRAIN | 1u << CLI_COMPARE;
    return (cli_options[option].commands & both) == both && option != CLI_OPT_DATA &&
           option != CLI_OPT_OUT && option != CLI_OPT_JSON && option != CLI_OPT_QUIET &&
           option != CLI_OPT_HELP;
}

static void add_options(words *w, const cli_args *args)
{
    for (int i = 0; i < CLI_OPTION_COUNT; i++) {
        if (!args->value[i].given || !is_passed_on(i)) continue;
        if (cli_options[i].kind == CLI_FLAG)
            add_flag(w, cli_options[i].name);
        else
            add(w, cli_options[i].name, args->value[i].text);
    }
}

static void write_words(const cli_compare *c, const cli_contender *to, const char *const *more,
                        words *w)
{
    *w = (words){.count = 0};
    add(w, c->program, NULL);
    add(w, "train", NULL);
    add(w, "--no-report", NULL);
    add(w, c->model, NULL);
    add(w, "data", c->data);
    add(w, "device", to->entry->id);
    add(w, "out", to->folder);
    add_options(w, c->args);
    add_number(w, "limit", c->limit);
    add_number(w, "epochs", c->epochs);
    for (int i = 0; more && more[i]; i++)
        add(w, more[i], NULL);
}

static void drop_words(words *w)
{
    for (int i = 0; i < w->count; i++)
        free(w->list[i]);
}

/* ---- processes ---- */

/* A training tells of itself on standard error and in events.jsonl. */
typedef struct pulse {
    char *events; /* path */
    int64_t bytes;
    double silent; /* seconds */
} pulse;

typedef struct crew {
    const cli_compare *compare;
    cli_contender *list;
    int count, running;
    weft_child *child[CLI_CONTENDERS]; /* NULL: it has ended */
    pulse pulse[CLI_CONTENDERS];
    double looked, time_limit; /* clock; seconds of silence */
    cli_energy energy;         /* of the only one */
    bool in_terminal;          /* which tells them itself */
    bool told;                 /* that they should stop */
} crew;

static weft_status start(crew *k, int index, const char *const *more)
{
    words w;
    weft_status status = weft_fail(WEFT_ERR_MEMORY, "out of memory for a command line");
    write_words(k->compare, &k->list[index], more, &w);
    if (!w.lost) status = weft_child_start((const char *const *)w.list, &k->child[index]);
    drop_words(&w);
    if (status == WEFT_OK) k->running++;
    return status;
}

/* Epochs are progress; what comes behind "weft: " last may be the reason of the end. */
static void take_note(const crew *k, cli_contender *to, const char *line)
{
    static const char warning[] = "weft: warning: ", epoch[] = "epoch ";
    cli_self_note(line, to->failure, sizeof to->failure);
    if (strncmp(line, warning, sizeof warning - 1) == 0)
        weft_say(&k->compare->log, WEFT_WARNING, "%s: %s", to->name, line + sizeof warning - 1);
    if (strncmp(line, epoch, sizeof epoch - 1) == 0)
        weft_say(&k->compare->log, WEFT_INFO, "%s: %s", to->name, line);
}

static void explain_end(cli_contender *to, int code)
{
    char signal[CLI_SELF_SIGNAL];
    to->code = code;
    to->failed = code != 0;
    if (code < 0)
        (void)snprintf(to->failure, sizeof to->failure, "%s", cli_self_print_signal(-code, signal));
    else if (code == 0)
        to->failure[0] = '\0';
    else if (!*to->failure)
        (void)snprintf(to->failure, sizeof to->failure, "the process ended with exit code %d",
                       code);
}

static int end_child(crew *k, int index, bool kill_it)
{
    const int code = weft_child_end(k->child[index], kill_it);
    k->child[index] = NULL;
    k->running--;
    return code;
}

static void listen_to(crew *k, int index)
{
    const char *line;
    weft_child_event event;
    k->pulse[index].silent = 0;
    while ((event = weft_child_read(k->child[index], 0, &line)) <= WEFT_CHILD_NOTE)
        if (event == WEFT_CHILD_NOTE) take_note(k, &k->list[index], line);
    if (event == WEFT_CHILD_END) explain_end(&k->list[index], end_child(k, index, false));
}

static bool has_changed(pulse *p)
{
    const int64_t before = p->bytes;
    p->bytes = p->events ? weft_file_bytes(p->events) : 0;
    return p->bytes != before;
}

static void explain_silence(const crew *k, cli_contender *to, int code)
{
    char seconds[WEFT_NUMBER_TEXT];
    explain_end(to, code);
    (void)snprintf(to->failure, sizeof to->failure,
                   "no sign of life for %s seconds, a kernel or its compiler hangs",
                   weft_fixed(k->time_limit, 0, seconds));
}

/* While this process stood still itself, so did its children. */
static double since_last_look(crew *k)
{
    const double now = weft_clock(), elapsed = now - k->looked;
    k->looked = now;
    return fmin(elapsed, 2 * sample_seconds);
}

static void end_silent(crew *k)
{
    const double elapsed = since_last_look(k);
    for (int i = 0; i < k->count; i++) {
        pulse *p = &k->pulse[i];
        if (!k->child[i]) continue;
        p->silent = has_changed(p) ? 0 : p->silent + elapsed;
        if (p->silent >= k->time_limit) explain_silence(k, &k->list[i], end_child(k, i, true));
    }
}

/* Ctrl-C and a hang-up reach all processes of the terminal, and a second signal would end them
 * without a checkpoint; a termination signal comes to this one alone. */
static void pass_stop_on(crew *k)
{
    const int caught = *cli_signals_catch();
    if (k->told || caught == 0) return;
    k->told = true;
    if (k->in_terminal && caught != SIGTERM) return;
    for (int i = 0; i < k->count; i++)
        if (k->child[i]) weft_child_stop(k->child[i]);
}

static void attend(crew *k)
{
    while (k->running > 0) {
        const int index = weft_child_wait(k->child, k->count, sample_seconds);
        pass_stop_on(k);
        cli_energy_sample(&k->energy);
        if (index >= 0) listen_to(k, index);
        end_silent(k);
    }
}

/* Some at once; a single one has the energy of its device for itself. */
static void train(const cli_compare *c, cli_contender *list, int count, const char *const *more)
{
    crew k = {.compare = c, .list = list, .count = count, .looked = weft_clock()};
    k.time_limit = (double)cli_integer(c->args, CLI_OPT_TIME_LIMIT, SILENT_SECONDS);
    k.in_terminal = cli_signals_reach_children(); /* asked now: it may have hung up later */
    cli_energy_start(&k.energy, list[0].entry);
    for (int i = 0; i < count; i++) {
        list[i].failure[0] = '\0';
        k.pulse[i].events = weft_path_join(list[i].folder, "events.jsonl");
        const weft_status status = start(&k, i, more);
        list[i].code = weft_status_exit_code(status);
        if (status != WEFT_OK) cli_contender_fail(&list[i]);
    }
    attend(&k);
    for (int i = 0; i < count; i++) {
        free(k.pulse[i].events);
        list[i].joules = count == 1 ? cli_energy_joules(&k.energy) : (double)NAN;
    }
}

void cli_compare_train(cli_compare *c, cli_contender *list, int count, const char *const *more)
{
    const int step = c->together ? count : 1;
    for (int i = 0; i < count; i += step) {
        if (*cli_signals_catch() != 0) break;
        if (step == 1) weft_say(&c->log, WEFT_INFO, "%s: %s", list[i].name, list[i].title);
        train(c, list + i, step, more);
    }
}
