/* Names of options' values: enums and augmentation, to and from text. */
#include <stdio.h>
#include <string.h>

#include "core/config.h"
#include "core/number.h"

/* In the order of the enums, NULL at the end. */
static const char *const OPTIMIZERS[] = {"adam", "adamw", "sgd", NULL};
static const char *const SCHEDULES[] = {"onecycle", "constant", "cosine", "step", NULL};
static const char *const LOSSES[] = {"cross_entropy", "mse", NULL};
static const char *const AUGMENTS[] = {"none", "flip", "shift", "erase", NULL};

static weft_status unknown(const char *what, const char *text, const char *const *names)
{
    char list[128] = "";
    for (int i = 0; names[i]; i++) {
        const size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    const char *near = weft_nearest(text, names);
    if (near)
        return weft_fail(WEFT_ERR_USAGE, "unknown %s \"%.64s\": did you mean %s? (there are %s)",
                         what, text, near, list);
    return weft_fail(WEFT_ERR_USAGE, "unknown %s \"%.64s\": there are %s", what, text, list);
}

static weft_status find(const char *what, const char *text, const char *const *names, int *out)
{
    for (int i = 0; names[i]; i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = i;
            return WEFT_OK;
        }
    }
    return unknown(what, text, names);
}

const char *weft_optimizer_name(weft_optimizer_kind kind)
{
    return OPTIMIZERS[kind];
}

const char *weft_schedule_name(weft_schedule_kind kind)
{
    return SCHEDULES[kind];
}

const char *weft_loss_name(weft_loss loss)
{
    return LOSSES[loss];
}

weft_status weft_optimizer_parse(const char *text, weft_optimizer_kind *out)
{
    int index = 0;
    WEFT_TRY(find("optimizer", text, OPTIMIZERS, &index));
    *out = (weft_optimizer_kind)index;
    return WEFT_OK;
}

weft_status weft_schedule_parse(const char *text, weft_schedule_kind *out)
{
    int index = 0;
    WEFT_TRY(find("schedule", text, SCHEDULES, &index));
    *out = (weft_schedule_kind)index;
    return WEFT_OK;
}

weft_status weft_loss_parse(const char *text, weft_loss *out)
{
    int index = 0;
    WEFT_TRY(find("loss", text, LOSSES, &index));
    *out = (weft_loss)index;
    return WEFT_OK;
}

/* ---- augmentation ---- */

static weft_status parse_shift(const char *value, weft_augment *out)
{
    int64_t shift = 0;
    if (!weft_parse_int(value, &shift) || shift < 0 || shift > 1024)
        return weft_fail(WEFT_ERR_USAGE, "augment: shift=%.32s, wants pixels from 0 to 1024",
                         value);
    out->shift = (int32_t)shift;
    return WEFT_OK;
}

static weft_status parse_erase(const char *value, weft_augment *out)
{
    double rate = 0.0;
    if (!weft_parse_double(value, &rate) || !(rate >= 0.0 && rate <= 1.0))
        return weft_fail(WEFT_ERR_USAGE, "augment: erase=%.32s, wants a probability from 0 to 1",
                         value);
    out->erase = (float)rate;
    return WEFT_OK;
}

/* One item: name or name=value. */
static weft_status parse_item(char *item, weft_augment *out)
{
    char *value = strchr(item, '=');
    if (value) *value++ = '\0';

    int index = 0;
    WEFT_TRY(find("augmentation", item, AUGMENTS, &index));
    const bool wants = index >= 2;
    if (wants != (value != NULL))
        return weft_fail(WEFT_ERR_USAGE, "augment: %s takes %s", item,
                         wants ? "a value, as in shift=2,erase=0.25" : "no value");
    if (index == 0) return weft_fail(WEFT_ERR_USAGE, "augment: none stands alone");
    if (index == 1) out->flip = true;
    if (index == 2) return parse_shift(value, out);
    if (index == 3) return parse_erase(value, out);
    return WEFT_OK;
}

weft_status weft_augment_parse(const char *text, weft_augment *out)
{
    *out = (weft_augment){0};
    if (strcmp(text, AUGMENTS[0]) == 0) return WEFT_OK;
    char copy[WEFT_AUGMENT_TEXT];
    const size_t length = strlen(text);
    if (length == 0 || length >= sizeof copy)
        return weft_fail(WEFT_ERR_USAGE, "augment: wants none, or items as in "
                                         "flip,shift=2,erase=0.25");
    memcpy(copy, text, length + 1);

    weft_augment augment = {0};
    for (char *item = copy; item;) {
        char *next = strchr(item, ',');
        if (next) *next++ = '\0';
        WEFT_TRY(parse_item(item, &augment));
        item = next;
    }
    *out = augment;
    return WEFT_OK;
}

const char *weft_augment_print(const weft_augment *augment, char text[WEFT_AUGMENT_TEXT])
{
    char shift[24] = "", erase[24] = "", number[WEFT_NUMBER_TEXT];
    if (augment->shift > 0) snprintf(shift, sizeof shift, ",shift=%d", (int)augment->shift);
    if (augment->erase > 0.0f)
        snprintf(erase, sizeof erase, ",erase=%.16s",
                 weft_format(weft_config_real(augment->erase), 9, number));

    char all[WEFT_AUGMENT_TEXT];
    snprintf(all, sizeof all, "%s%s%s", augment->flip ? ",flip" : "", shift, erase);
    snprintf(text, WEFT_AUGMENT_TEXT, "%s", all[0] ? all + 1 : "none");
    return text;
}
