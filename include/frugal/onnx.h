// Models in the ONNX format, opsets 7 and later.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "frugal/error.h"
#include "frugal/model.h"

namespace frugal {

struct OnnxOptions {
  std::map<std::string, Shape> shapes{};      // sizes of inputs that the file leaves open, by the input's name
  std::map<std::string, Tensor> constants{};  // inputs that become constants, such as a sampling rate
};

// What of a model cannot be imported, all at once.
class OnnxUnsupported : public Error {
 public:
  struct Item {
    std::string op, node, reason;
  };
  OnnxUnsupported(const std::string& message, std::vector<Item> items) : Error(message), items_(std::move(items)) {}
  const std::vector<Item>& items() const { return items_; }

 private:
  std::vector<Item> items_;
};

// Names of inputs, outputs and weights stay. Shape arithmetic is carried out here, with symbols for the sizes that the
// file leaves open, and becomes attributes. float16 and bfloat16 are widened to float32.
// Data in other files are read only from the model's own folder.
// Error: a damaged file; OnnxUnsupported: every node that has no counterpart here, with the reason.
Model load_onnx(const std::string& path, const OnnxOptions& options = {});

// Writes `model` as ONNX of opset 19 (IR 9) with the names of its inputs, outputs and weights; its notes become
// metadata. Ops that ONNX lacks are written as the standard ops they are made of (silu, gelu, adaptive pooling, the
// engine's ops on bytes, ...); one without such a form stands under the domain "frugal" with its own attributes, which
// load_onnx reads. Replaces the file atomically.
// Error: a node that cannot be written, more than 2 GiB.
void save_onnx(const std::string& path, const Model& model);
std::string onnx_bytes(const Model& model);  // the same file in memory

}  // namespace frugal
