// Tensors of an ONNX file.
#pragma once

#include <string>

#include "formats/folder.h"
#include "formats/onnx/onnx.pb.h"
#include "frugal/tensor.h"

namespace frugal {

// The element type under its ONNX number. Error names a type that we do not have.
DType dtype_from_onnx(std::int64_t data_type);
std::int64_t onnx_type(DType dtype);                 // and the number of a type
std::string onnx_type_name(std::int64_t data_type);  // "float16", for messages

// The data, checked against type and shape; float16 and bfloat16 are widened to float32. Raw data are taken out of
// `proto` without a copy; external data are mapped. Error starts with the tensor's name.
Tensor tensor_from_onnx(onnx::TensorProto& proto, ModelFolder& folder);

// The same of a sparse tensor with linear or coordinate indices, made dense.
Tensor tensor_from_onnx(onnx::SparseTensorProto& proto, ModelFolder& folder);

}  // namespace frugal
