/* The public interface of Weft. Include this one. */
#ifndef WEFT_H
#define WEFT_H

#include "backends/backends.h"
#include "core/backend.h"
#include "core/bench.h"
#include "core/checkpoint.h"
#include "core/data.h"
#include "core/diff.h"
#include "core/explain.h"
#include "core/graph.h"
#include "core/model.h"
#include "core/number.h"
#include "core/numerics.h"
#include "core/optimizer.h"
#include "core/pca.h"
#include "core/plan.h"
#include "core/rng.h"
#include "core/score.h"
#include "core/status.h"
#include "core/tensor.h"
#include "core/train.h"
#include "core/tune.h"

#endif
