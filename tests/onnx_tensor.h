/* Tensors of ONNX files; private to onnx_case.c and onnx_tensor.c. */
#ifndef WEFT_TESTS_ONNX_TENSOR_H
#define WEFT_TESTS_ONNX_TENSOR_H

#include "tests/onnx_case.h"
#include "tests/onnx_wire.h"

/* Decode a TensorProto. The caller frees out->value, after a failure too. */
weft_status onnx_tensor_read(onnx_bytes message, onnx_tensor *out);

#endif
