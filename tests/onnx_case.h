/* One ONNX test case: a model of few nodes, its inputs and the outputs it must give. Only what the
 * cases of our ops need is kept; what does not fit the bounds below is a failure with its name. */
#ifndef WEFT_TESTS_ONNX_CASE_H
#define WEFT_TESTS_ONNX_CASE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"

enum {
    ONNX_MAX_RANK = 8,
    ONNX_MAX_TENSORS = 12,
    ONNX_MAX_ATTRIBUTES = 12,
    ONNX_MAX_INTS = 8,
    ONNX_NAME = 64,
    ONNX_OPS = 128,
    ONNX_PATH = 512
};

/* Data types by their numbers in onnx.proto. */
typedef enum onnx_type {
    ONNX_FLOAT = 1,
    ONNX_UINT8 = 2,
    ONNX_INT32 = 6,
    ONNX_INT64 = 7,
    ONNX_BOOL = 9,
    ONNX_DOUBLE = 11
} onnx_type;

/* Numbers of any type, as doubles; row-major in ONNX's order of axes. */
typedef struct onnx_tensor {
    char name[ONNX_NAME];
    int64_t type;
    int rank;
    int64_t dim[ONNX_MAX_RANK];
    int64_t count;
    double *value;
} onnx_tensor;

typedef struct onnx_attribute {
    char name[ONNX_NAME], text[ONNX_NAME];
    float f;
    int64_t i;
    int64_t ints[ONNX_MAX_INTS];
    int int_count;
} onnx_attribute;

typedef struct onnx_case {
    char ops[ONNX_OPS]; /* types of the nodes in order: "Conv", "Add Gradient" */
    int64_t opset;
    int attribute_count; /* those of the first node, as its inputs are */
    onnx_attribute attribute[ONNX_MAX_ATTRIBUTES];
    int in_count;
    char in[ONNX_MAX_TENSORS][ONNX_NAME];
    bool not_tensors; /* some input is a sequence or an optional */
    int given_count;  /* initializers, then the inputs of the graph */
    onnx_tensor given[ONNX_MAX_TENSORS];
    int out_count;
    onnx_tensor out[ONNX_MAX_TENSORS];
} onnx_case;

/* Read which ops a folder's model has, and nothing else. */
weft_status onnx_ops_read(const char *folder, onnx_case *out);

/* Read the inputs and outputs too. Free the case, after a failure too. */
weft_status onnx_case_read(const char *folder, onnx_case *out);
void onnx_case_free(onnx_case *c);

/* An input of the first node; NULL when it is absent. */
const onnx_tensor *onnx_case_in(const onnx_case *c, int index);

/* Attributes of the first node, or what stands for absent ones. onnx_case_ints: how many. */
int64_t onnx_case_int(const onnx_case *c, const char *name, int64_t otherwise);
float onnx_case_float(const onnx_case *c, const char *name, float otherwise);
const char *onnx_case_text(const onnx_case *c, const char *name, const char *otherwise);
int onnx_case_ints(const onnx_case *c, const char *name, int64_t list[ONNX_MAX_INTS]);

#endif
