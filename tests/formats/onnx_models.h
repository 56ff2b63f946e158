// ONNX models put together by hand.
#pragma once

#include "formats/onnx/load.h"
#include "formats/onnx/onnx.pb.h"
#include "frugal/onnx.h"
#include "support/support.h"

namespace frugal::test {

using onnx::ModelProto;
using onnx::NodeProto;
using onnx::TensorProto;

inline NodeProto& add_node(ModelProto& m, const std::string& op, std::vector<std::string> in,
                           std::vector<std::string> out) {
  NodeProto& node = *m.mutable_graph()->add_node();
  node.set_op_type(op);
  node.set_name(out[0]);
  for (auto& name : in) node.add_input(name);
  for (auto& name : out) node.add_output(name);
  return node;
}

inline TensorProto& add_weight(ModelProto& m, const std::string& name, std::vector<std::int64_t> dims,
                               std::vector<float> data) {
  TensorProto& t = *m.mutable_graph()->add_initializer();
  t.set_name(name);
  t.set_data_type(TensorProto::FLOAT);
  for (std::int64_t d : dims) t.add_dims(d);
  t.set_raw_data(data.data(), data.size() * sizeof(float));
  return t;
}

inline void add_shape(ModelProto& m, const std::string& name, std::vector<std::int64_t> data) {
  TensorProto& t = *m.mutable_graph()->add_initializer();
  t.set_name(name);
  t.set_data_type(TensorProto::INT64);
  t.add_dims(static_cast<std::int64_t>(data.size()));
  for (std::int64_t v : data) t.add_int64_data(v);
}

inline void add_input(ModelProto& m, const std::string& name, std::vector<std::string> dims) {
  auto& info = *m.mutable_graph()->add_input();
  info.set_name(name);
  auto& type = *info.mutable_type()->mutable_tensor_type();
  type.set_elem_type(TensorProto::FLOAT);
  for (auto& d : dims) {
    auto& dim = *type.mutable_shape()->add_dim();
    if (std::isdigit(d[0]))
      dim.set_dim_value(std::stoll(d));
    else
      dim.set_dim_param(d);
  }
}

// x [batch, 3] times w [3, 2], plus b [2].
inline ModelProto linear() {
  ModelProto m;
  m.set_ir_version(8);
  m.add_opset_import()->set_version(17);
  m.mutable_graph()->set_name("linear");
  add_input(m, "x", {"batch", "3"});
  add_weight(m, "w", {3, 2}, {1, 2, 3, 4, 5, 6});
  add_weight(m, "b", {2}, {10, 20});
  add_node(m, "MatMul", {"x", "w"}, {"xw"});
  add_node(m, "Add", {"xw", "b"}, {"y"});
  m.mutable_graph()->add_output()->set_name("y");
  return m;
}

inline Model load(const ModelProto& m, const OnnxOptions& options = {}, const std::string& folder = "") {
  std::string bytes = m.SerializeAsString();
  return model_from_onnx(std::as_bytes(std::span(bytes)), folder, options);
}

}  // namespace frugal::test
