// Puts an ONNX model together.
#pragma once

#include <map>
#include <string>
#include <unordered_set>
#include <vector>

#include "frugal/model.h"

namespace frugal {

namespace onnx {
class ModelProto;
class GraphProto;
}  // namespace onnx

class OnnxWriter {
 public:
  static constexpr int kOpset = 19;     // ONNX 1.14 (2023): the first in which windows of an average may be dilated
  static constexpr int kIrVersion = 9;  // of the same release
  static constexpr const char* kDomain = "frugal";

  // Inputs, outputs, weights and notes of `model`, which must outlive the writer, and no nodes yet.
  OnnxWriter(const Model& model, onnx::ModelProto& proto);

  void node(const std::string& op, const std::string& name, const std::vector<std::string>& inputs,
            const std::vector<std::string>& outputs, const Attrs& attrs, const char* domain = "");
  // What a value is called; an output of the network has the output's name.
  std::string value_name(ValueId id) const { return names_of_[static_cast<std::size_t>(id)]; }
  // The name of a constant with these data; equal small ones are written once.
  std::string constant(const std::string& stem, const Tensor& data);
  // An int64 [1] that holds the dim, computed from the inputs' shapes.
  std::string dim(const Dim& dim);
  std::string fresh_name(const std::string& stem);
  // After the last node: outputs that are no node's own value.
  void finish();

 private:
  void name_values();
  std::string symbol(const std::string& name);
  std::string arithmetic(const char* op, const std::string& a, const std::string& b);

  const Graph& graph_;
  onnx::ModelProto& proto_;
  onnx::GraphProto& out_;
  std::unordered_set<std::string> names_;                // all in use
  std::vector<std::string> names_of_;                    // of every value
  std::map<std::string, std::string> constants_, dims_;  // by content, by text
  bool own_domain_ = false;
};

}  // namespace frugal
