#include <math.h>

#include "core/train.h"

static int64_t used_samples(const weft_train_options *options, int64_t samples)
{
    return options->limit > 0 && options->limit < samples ? options->limit : samples;
}

static int64_t default_val_count(int64_t samples)
{
    const int64_t tenth = samples / 10;
    const int64_t count = tenth < 5000 ? tenth : 5000;
    return count > 0 ? count : WEFT_NONE;
}

void weft_train_defaults(weft_train_options *options, int64_t samples)
{
    weft_optimizer *optimizer = &options->optimizer;
    if (options->epochs == 0) options->epochs = 10;
    if (options->batch_size == 0) options->batch_size = 64;
    if (optimizer->lr == 0.0f) optimizer->lr = 3e-3f;
    if (optimizer->beta1 == 0.0f) optimizer->beta1 = 0.9f;
    if (optimizer->beta2 == 0.0f) optimizer->beta2 = 0.999f;
    if (optimizer->eps == 0.0f) optimizer->eps = 1e-8f;
    if (options->log_every == 0) options->log_every = 1;
    if (options->val_count == 0)
        options->val_count = default_val_count(used_samples(options, samples));
}

/* ---- the check: one line per option ---- */

static weft_status whole(const char *name, int64_t value, int64_t low, int64_t high)
{
    if (value >= low && value <= high) return WEFT_OK;
    return weft_fail(WEFT_ERR_USAGE, "%s is %lld: it must lie between %lld and %lld", name,
                     (long long)value, (long long)low, (long long)high);
}

enum { AT_LOW = 1, AT_HIGH = 2 }; /* which ends of the range are allowed */

static weft_status real(const char *name, double value, double low, double high, int ends)
{
    const bool above = value > low || ((ends & AT_LOW) != 0 && value >= low);
    const bool below = value < high || ((ends & AT_HIGH) != 0 && value <= high);
    if (above && below) return WEFT_OK;
    return weft_fail(WEFT_ERR_USAGE, "%s is %g: it must be %s %g and %s %g", name, value,
                     (ends & AT_LOW) != 0 ? "at least" : "above", low,
                     (ends & AT_HIGH) != 0 ? "at most" : "below", high);
}

static weft_status check_optimizer(const weft_optimizer *o)
{
    WEFT_TRY(whole("optimizer", o->kind, WEFT_ADAM, WEFT_SGD));
    WEFT_TRY(real("lr", (double)o->lr, 0.0, 1e30, AT_HIGH));
    WEFT_TRY(real("betas (first)", (double)o->beta1, 0.0, 1.0, AT_LOW));
    WEFT_TRY(real("betas (second)", (double)o->beta2, 0.0, 1.0, AT_LOW));
    WEFT_TRY(real("eps", (double)o->eps, 0.0, 1.0, AT_HIGH));
    WEFT_TRY(real("momentum", (double)o->momentum, 0.0, 1.0, AT_LOW));
    WEFT_TRY(real("weight_decay", (double)o->weight_decay, 0.0, 1e30, AT_LOW | AT_HIGH));
    if (o->nesterov && !(o->kind == WEFT_SGD && o->momentum > 0.0f))
        return weft_fail(WEFT_ERR_USAGE, "nesterov needs the sgd optimizer with a momentum");
    return WEFT_OK;
}

static weft_status check_normalize(const weft_train_options *o)
{
    if (!o->fixed_normalize) return WEFT_OK;
    WEFT_TRY(whole("normalize (channels)", o->normalize.channels, 1, WEFT_MAX_CHANNELS));
    for (int32_t c = 0; c < o->normalize.channels; c++) {
        WEFT_TRY(real("normalize (mean)", (double)o->normalize.mean[c], -1e30, 1e30, 0));
        WEFT_TRY(real("normalize (std)", (double)o->normalize.std[c], 0.0, 1e30, 0));
    }
    return WEFT_OK;
}

static weft_status check_counts(const weft_train_options *o, int64_t samples)
{
    const int64_t many = INT64_C(1) << 40;
    WEFT_TRY(whole("epochs", o->epochs, 1, 1000000));
    WEFT_TRY(whole("batch_size", o->batch_size, 1, 65536));
    WEFT_TRY(whole("limit", o->limit, 0, many));
    WEFT_TRY(whole("max_steps", o->max_steps, 0, many));
    WEFT_TRY(whole("log_every", o->log_every, WEFT_NONE, many));
    WEFT_TRY(whole("save_every", o->save_every, 0, many));
    WEFT_TRY(whole("patience", o->patience, 0, many));
    WEFT_TRY(whole("samples of the data set", samples, 1, INT32_MAX / 2));
    const int64_t used = used_samples(o, samples);
    if (o->val_count != WEFT_NONE) WEFT_TRY(whole("val_count", o->val_count, 0, used - 1));

    const int64_t trained = used - (o->val_count > 0 ? o->val_count : 0);
    const int64_t steps = o->epochs * ((trained + o->batch_size - 1) / o->batch_size);
    if (o->max_steps == 0 || o->max_steps > UINT32_MAX)
        WEFT_TRY(whole("number of steps", steps, 1, UINT32_MAX));
    return WEFT_OK;
}

weft_status weft_train_check(const weft_train_options *options, int64_t samples)
{
    weft_train_options o = *options;
    weft_train_defaults(&o, samples);
    WEFT_TRY(check_counts(&o, samples));
    WEFT_TRY(check_optimizer(&o.optimizer));
    WEFT_TRY(check_normalize(&o));
    WEFT_TRY(whole("schedule", o.schedule, WEFT_ONECYCLE, WEFT_STEP));
    WEFT_TRY(whole("loss", o.loss, WEFT_LOSS_SOFTMAX_XENT, WEFT_LOSS_MSE));
    WEFT_TRY(real("label_smoothing", (double)o.label_smoothing, 0.0, 1.0, AT_LOW));
    WEFT_TRY(whole("augment (shift)", o.augment.shift, 0, 1024));
    WEFT_TRY(real("augment (erase)", (double)o.augment.erase, 0.0, 1.0, AT_LOW | AT_HIGH));
    if (o.loss == WEFT_LOSS_MSE && o.label_smoothing > 0.0f)
        return weft_fail(WEFT_ERR_USAGE, "label_smoothing needs the cross_entropy loss");
    if (o.patience > 0 && o.val_count <= 0)
        return weft_fail(WEFT_ERR_USAGE, "patience needs validation samples: set val_count");
    return WEFT_OK;
}
