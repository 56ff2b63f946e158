#include "formats/onnx/load.h"
#include "formats/onnx/onnx.pb.h"
#include "fuzz.h"

namespace frugal::fuzz {

void parse(std::span<const std::byte> input) {
  for (const auto& [name, tensor] : model_from_onnx(input, "").weights) touch(tensor);
}

// A convolution, shape arithmetic, and the cuts and views around them.
std::vector<std::string> seeds() {
  onnx::ModelProto m;
  m.set_ir_version(8);
  m.add_opset_import()->set_version(13);
  onnx::GraphProto& g = *m.mutable_graph();
  auto& input = *g.add_input();
  input.set_name("x");
  input.mutable_type()->mutable_tensor_type()->set_elem_type(1);
  for (const char* dim : {"n", "", "h", "w"}) {
    auto& d = *input.mutable_type()->mutable_tensor_type()->mutable_shape()->add_dim();
    *dim ? d.set_dim_param(dim) : d.set_dim_value(2);
  }
  auto& weight = *g.add_initializer();
  weight.set_name("k");
  weight.set_data_type(1);
  for (int d : {2, 2, 3, 3}) weight.add_dims(d);
  weight.set_raw_data(std::string(36 * 4, '\1'));
  auto ints = [&](const std::string& name, std::vector<std::int64_t> values) {
    auto& t = *g.add_initializer();
    t.set_name(name);
    t.set_data_type(7);
    t.add_dims(static_cast<std::int64_t>(values.size()));
    for (std::int64_t v : values) t.add_int64_data(v);
  };
  ints("one", {1});
  ints("rest", {-1});
  auto node = [&](const char* op, std::vector<const char*> in, const char* out) -> onnx::NodeProto& {
    auto& n = *g.add_node();
    n.set_op_type(op);
    for (const char* name : in) n.add_input(name);
    n.add_output(out);
    return n;
  };
  auto& conv = node("Conv", {"x", "k"}, "c");
  auto& pads = *conv.add_attribute();
  pads.set_name("pads");
  for (int i = 0; i < 4; ++i) pads.add_ints(1);
  node("Relu", {"c"}, "r");
  node("Shape", {"r"}, "s");
  node("Gather", {"s", "one"}, "channels");
  node("Mul", {"channels", "one"}, "kept");
  auto& concat = node("Concat", {"kept", "rest"}, "target");
  concat.add_attribute()->set_name("axis");
  node("Reshape", {"r", "target"}, "y");
  node("Slice", {"y", "one", "rest", "one"}, "cut");
  node("Unsqueeze", {"cut", "one"}, "u");
  auto& perm = *node("Transpose", {"u"}, "t").add_attribute();
  perm.set_name("perm");
  for (int axis : {0, 2, 1}) perm.add_ints(axis);
  node("MatMul", {"t", "u"}, "m");
  node("Softmax", {"m"}, "soft");
  ints("steps", {2});
  auto& attribute = *node("Loop", {"steps", "", "soft"}, "out").add_attribute();
  attribute.set_name("body");
  onnx::GraphProto& body = *attribute.mutable_g();
  for (const char* name : {"step", "more", "state"}) body.add_input()->set_name(name);
  auto& doubled = *body.add_node();
  doubled.set_op_type("Add");
  for (const char* name : {"state", "state"}) doubled.add_input(name);
  doubled.add_output("twice");
  for (const char* name : {"more", "twice"}) body.add_output()->set_name(name);
  g.add_output()->set_name("out");
  std::vector<std::string> out{m.SerializeAsString()};
  m.mutable_opset_import(0)->set_version(21);
  out.push_back(m.SerializeAsString());
  return out;
}

std::string repair(std::string input) { return input; }

}  // namespace frugal::fuzz
