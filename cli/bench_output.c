#include "cli/bench_output.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/output.h"
#include "core/number.h"

static const char *const plan_names[CLI_BENCH_PLANS] = {"train", "predict"};

/* The CPU backend has done the work when a call to enqueue it returns: nothing is said of it. */
static double host_share(const cli_bench *b, const weft_bench_rate *rate)
{
    return strcmp(b->entry->backend->name, "cpu") == 0 ? (double)NAN : rate->host_share;
}

static double arena_ratio(const weft_plan_totals *plan)
{
    return plan->live_peak_bytes > 0
               ? (double)plan->activation_bytes / (double)plan->live_peak_bytes
               : (double)NAN;
}

/* ---- a person reads it ---- */

static void put_number(double value, int decimals, int width)
{
    char text[WEFT_NUMBER_TEXT];
    cli_put_column(stdout, weft_fixed(value, decimals, text), -width);
}

static void put_percent(double share, int width)
{
    char text[WEFT_NUMBER_TEXT], with_sign[40];
    snprintf(with_sign, sizeof with_sign, "%s %%", weft_fixed(100 * share, 0, text));
    cli_put_column(stdout, isnan(share) ? "-" : with_sign, -width);
}

static void put_head(const cli_bench *b)
{
    char device[CLI_DEVICE_TEXT], text[WEFT_NUMBER_TEXT];
    const weft_bench_result *r = b->result;
    printf("model        %s, %lld parameters, batch %d, %s\n", b->model, (long long)b->parameters,
           (int)b->batch, b->data ? b->data : "made-up samples");
    printf("device       %s, %s: ", b->entry->id, cli_device_words(b->entry));
    cli_put_column(stdout, cli_device_print(b->entry, device), 0);
    if (b->threads > 0) printf(", %d thread%s", (int)b->threads, b->threads > 1 ? "s" : "");
    printf("\npeak         %s GFLOP/s", weft_fixed(r->speed.gflops, 1, text));
    printf(", memory %s GB/s\n", weft_fixed(r->speed.gbytes, 1, text));
    printf("start        %s s to the end of the first step\n",
           weft_fixed(r->start_seconds, 2, text));
}

static void put_rate(const char *name, const weft_bench_rate *rate)
{
    cli_put_column(stdout, name, 12);
    put_number(rate->median, 0, 10);
    put_number(rate->best, 0, 10);
    put_number((double)rate->operations * 1e-6, 2, 13);
    put_number(rate->gflops, 1, 9);
    put_percent(rate->share, 9);
    putchar('\n');
}

static void put_rates(const cli_bench *b)
{
    char text[WEFT_NUMBER_TEXT];
    const weft_bench_result *r = b->result;
    printf("\n%-12s%10s%10s%13s%9s%9s\n", "", "images/s", "best", "MFLOP/image", "GFLOP/s",
           "of peak");
    put_rate("train", &r->train);
    put_rate("predict", &r->predict);
    printf("one image   %10s ms to its result\n\n", weft_fixed(r->latency * 1e3, 3, text));
}

static void put_step_sums(const cli_bench *b, const char *name, const weft_bench_rate *rate)
{
    char text[WEFT_NUMBER_TEXT];
    const double host = host_share(b, rate);
    cli_put_column(stdout, name, 13);
    printf("%d steps, %d launches, %s moved", (int)rate->plan.ops, (int)rate->plan.launches,
           cli_bytes((double)rate->plan.bytes, text));
    if (!isnan(host)) printf(", %s %% of the time on the host", weft_fixed(100 * host, 1, text));
    putchar('\n');
}

static void put_memory(const cli_bench *b)
{
    char weights[32], arena[32], scratch[WEFT_NUMBER_TEXT], peak[32], ratio[WEFT_NUMBER_TEXT];
    const weft_bench_result *r = b->result;
    printf("memory       weights %s, activations %s (%s x the live peak), scratch %s\n",
           cli_bytes((double)r->memory.weights, weights),
           cli_bytes((double)r->memory.activations, arena),
           weft_fixed(arena_ratio(&r->train.plan), 2, ratio),
           cli_bytes((double)r->memory.scratch, scratch));
    if (r->peak_memory > 0)
        printf("             the process %s at most\n", cli_bytes((double)r->peak_memory, peak));
}

/* ---- its plans ---- */

static void put_step(const weft_bench_step *s)
{
    char name[WEFT_TENSOR_NAME_MAX + 64];
    put_number(s->seconds * 1e6, 1, 10);
    put_number(s->operations > 0 ? s->gflops : (double)NAN, 1, 9);
    put_number(s->gbytes, 1, 8);
    put_percent(s->share, 7);
    snprintf(name, sizeof name, "%s%s%s", s->op, *s->layer ? " " : "", s->layer);
    printf("  ");
    cli_put_column(stdout, name, 30);
    printf(" ");
    cli_put_column(stdout, s->shape, 25);
    printf(" ");
    cli_put_column(stdout, s->variant, *s->from ? 20 : 0);
    printf("%s%s\n", *s->from ? " = " : "", s->from);
}

typedef struct sum {
    double seconds;
    int64_t operations, bytes;
    int32_t steps, launches;
} sum;

static void add_step(sum *to, const weft_bench_step *s)
{
    to->seconds += s->seconds;
    to->operations += s->operations;
    to->bytes += s->bytes;
    to->steps++;
    to->launches += s->launches;
}

static void put_sum(const char *name, const sum *s, double whole)
{
    put_number(s->seconds * 1e6, 1, 10);
    put_number(s->operations > 0 ? (double)s->operations / s->seconds * 1e-9 : (double)NAN, 1, 9);
    put_number((double)s->bytes / s->seconds * 1e-9, 1, 8);
    put_percent(s->seconds / whole, 7);
    printf("  ");
    cli_put_column(stdout, name, 22);
    printf(" steps %d, launches %d\n", (int)s->steps, (int)s->launches);
}

static bool seen_before(const cli_bench_plan *plan, int32_t index)
{
    for (int32_t i = 0; i < index; i++) {
        if (plan->step[i].op == plan->step[index].op) return true;
    }
    return false;
}

static void put_kinds(const cli_bench_plan *plan)
{
    sum all = {0};
    for (int32_t i = 0; i < plan->count; i++)
        add_step(&all, &plan->step[i]);
    printf("%10s%9s%8s%7s  sums by kind\n", "us", "GFLOP/s", "GB/s", "time");
    for (int32_t i = 0; i < plan->count; i++) {
        sum kind = {0};
        if (seen_before(plan, i)) continue;
        for (int32_t k = i; k < plan->count; k++) {
            if (plan->step[k].op == plan->step[i].op) add_step(&kind, &plan->step[k]);
        }
        put_sum(plan->step[i].op, &kind, all.seconds);
    }
    put_sum("all", &all, all.seconds);
}

static void put_plan(const char *name, const cli_bench_plan *plan)
{
    if (plan->count == 0) return;
    printf("\n%s: a batch, step by step\n", name);
    printf("%10s%9s%8s%7s  %-30s %-25s %s\n", "us", "GFLOP/s", "GB/s", "roof", "op", "shape",
           "kernel");
    for (int32_t i = 0; i < plan->count; i++)
        put_step(&plan->step[i]);
    put_kinds(plan);
}

void cli_bench_print(const cli_bench *b)
{
    put_head(b);
    put_rates(b);
    put_step_sums(b, "training", &b->result->train);
    put_step_sums(b, "prediction", &b->result->predict);
    put_memory(b);
    for (int i = 0; i < CLI_BENCH_PLANS; i++)
        put_plan(plan_names[i], &b->plan[i]);
}

/* ---- a program reads it ---- */

static json_t *rate_json(const cli_bench *b, const weft_bench_rate *r)
{
    return json_pack("{s:{s:o,s:o},s:I,s:o,s:o,s:o,s:i,s:i,s:I,s:I,s:I,s:I}", "images_per_second",
                     "median", cli_json_number(r->median), "best", cli_json_number(r->best),
                     "flops_per_image", (json_int_t)r->operations, "gflops",
                     cli_json_number(r->gflops), "share_of_peak", cli_json_number(r->share),
                     "host_share", cli_json_number(host_share(b, r)), "steps", (int)r->plan.ops,
                     "launches", (int)r->plan.launches, "bytes_moved", (json_int_t)r->plan.bytes,
                     "activation_bytes", (json_int_t)r->plan.activation_bytes, "live_peak_bytes",
                     (json_int_t)r->plan.live_peak_bytes, "scratch_bytes",
                     (json_int_t)r->plan.scratch_bytes);
}

static json_t *step_json(const char *pass, const weft_bench_step *s)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:o,s:s,s:s,s:i,s:I,s:I,s:o,s:o,s:o,s:o}", "pass", pass,
                     "phase", weft_phase_name(s->phase), "op", s->op, "fused_from", s->from,
                     "layer", cli_json_text(s->layer), "variant", s->variant, "shape", s->shape,
                     "launches", (int)s->launches, "flops", (json_int_t)s->operations, "bytes",
                     (json_int_t)s->bytes, "microseconds", cli_json_number(s->seconds * 1e6),
                     "gflops", cli_json_number(s->gflops), "gbytes_per_second",
                     cli_json_number(s->gbytes), "share_of_roofline", cli_json_number(s->share));
}

static json_t *plans_json(const cli_bench *b)
{
    json_t *list = json_array();
    for (int i = 0; i < CLI_BENCH_PLANS; i++) {
        for (int32_t k = 0; k < b->plan[i].count; k++)
            json_array_append_new(list, step_json(plan_names[i], &b->plan[i].step[k]));
    }
    return list;
}

static json_t *memory_json(const weft_bench_result *r)
{
    return json_pack("{s:I,s:I,s:I,s:o,s:o}", "weights", (json_int_t)r->memory.weights,
                     "activations", (json_int_t)r->memory.activations, "scratch",
                     (json_int_t)r->memory.scratch, "arena_ratio",
                     cli_json_number(arena_ratio(&r->train.plan)), "process",
                     r->peak_memory > 0 ? json_integer(r->peak_memory) : json_null());
}

json_t *cli_bench_json(const cli_bench *b)
{
    const weft_bench_result *r = b->result;
    json_t *json = json_pack(
        "{s:o,s:s,s:o,s:o,s:o,s:o,s:i,s:I,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "model",
        cli_json_text(b->model), "device", b->entry->id, "device_name",
        cli_json_text(b->entry->info.name), "platform", cli_json_text(b->entry->info.platform),
        "driver", cli_json_text(b->entry->info.driver), "data",
        b->data ? cli_json_text(b->data) : json_null(), "batch_size", (int)b->batch, "parameters",
        (json_int_t)b->parameters, "threads",
        b->threads > 0 ? json_integer(b->threads) : json_null(), "peak_gflops",
        cli_json_number(r->speed.gflops), "peak_gbytes_per_second",
        cli_json_number(r->speed.gbytes), "start_seconds", cli_json_number(r->start_seconds),
        "latency_seconds", cli_json_number(r->latency), "train", rate_json(b, &r->train), "predict",
        rate_json(b, &r->predict), "memory_bytes", memory_json(r));
    const bool plans = b->plan[CLI_BENCH_TRAIN].count > 0;
    if (json && plans && json_object_set_new(json, "plan", plans_json(b)) != 0) {
        json_decref(json);
        return NULL;
    }
    return json;
}
