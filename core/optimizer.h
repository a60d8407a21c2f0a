/* Optimizers, schedules and losses: what they are called and what they need. */
#ifndef WEFT_CORE_OPTIMIZER_H
#define WEFT_CORE_OPTIMIZER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/export.h"

typedef enum weft_optimizer_kind { WEFT_ADAM, WEFT_ADAMW, WEFT_SGD } weft_optimizer_kind;

/* Settings with PyTorch's meaning and defaults (torch.optim.Adam, AdamW, SGD). */
typedef struct weft_optimizer {
    weft_optimizer_kind kind;
    float lr;           /* 0: 3e-3; the schedule's peak */
    float beta1, beta2; /* 0: 0.9, 0.999 */
    float eps;          /* 0: 1e-8 */
    float momentum;     /* sgd; as given, 0 is none */
    float weight_decay; /* as given; biases and batchnorm are never decayed */
    bool nesterov;
} weft_optimizer;

/* Optimizer states of the size of the parameters: Adam 2, SGD 1 with momentum, else 0. */
WEFT_API int weft_optimizer_slots(const weft_optimizer *optimizer);

typedef enum weft_schedule_kind {
    WEFT_ONECYCLE, /* up from lr / 25 over the first 30 %, then down to lr / 250,000, both by cosine
                      (Smith 2018, as torch.optim.lr_scheduler.OneCycleLR without momentum cycling)
                    */
    WEFT_CONSTANT,
    WEFT_COSINE, /* from lr to 0 by half a cosine */
    WEFT_STEP    /* times 0.1 after each third of the run */
} weft_schedule_kind;

/* Learning rate of step `step` (from 0) of `total`. */
WEFT_API float weft_schedule_rate(weft_schedule_kind kind, float lr, uint64_t step, uint64_t total);

typedef enum weft_loss { WEFT_LOSS_SOFTMAX_XENT, WEFT_LOSS_MSE } weft_loss;

#endif
