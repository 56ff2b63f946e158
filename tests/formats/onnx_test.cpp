#include "frugal/onnx.h"

#include <unistd.h>

#include <cstring>
#include <functional>

#include "formats/onnx/load.h"
#include "formats/onnx/onnx.pb.h"
#include "frugal/session.h"
#include "graph/op.h"
#include "support/support.h"

namespace frugal {
namespace {

using onnx::ModelProto;
using onnx::NodeProto;
using onnx::TensorProto;

NodeProto& add_node(ModelProto& m, const std::string& op, std::vector<std::string> in, std::vector<std::string> out) {
  NodeProto& node = *m.mutable_graph()->add_node();
  node.set_op_type(op);
  node.set_name(out[0]);
  for (auto& name : in) node.add_input(name);
  for (auto& name : out) node.add_output(name);
  return node;
}

TensorProto& add_weight(ModelProto& m, const std::string& name, std::vector<std::int64_t> dims,
                        std::vector<float> data) {
  TensorProto& t = *m.mutable_graph()->add_initializer();
  t.set_name(name);
  t.set_data_type(TensorProto::FLOAT);
  for (std::int64_t d : dims) t.add_dims(d);
  t.set_raw_data(data.data(), data.size() * sizeof(float));
  return t;
}

void add_shape(ModelProto& m, const std::string& name, std::vector<std::int64_t> data) {
  TensorProto& t = *m.mutable_graph()->add_initializer();
  t.set_name(name);
  t.set_data_type(TensorProto::INT64);
  t.add_dims(static_cast<std::int64_t>(data.size()));
  for (std::int64_t v : data) t.add_int64_data(v);
}

void add_input(ModelProto& m, const std::string& name, std::vector<std::string> dims) {
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
ModelProto linear() {
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

Model load(const ModelProto& m, const OnnxOptions& options = {}, const std::string& folder = "") {
  std::string bytes = m.SerializeAsString();
  return model_from_onnx(std::as_bytes(std::span(bytes)), folder, options);
}

TEST(Onnx, KeepsNamesAndLeavesTheBatchOpen) {
  Model model = load(linear());
  EXPECT_EQ(model.graph.name(), "linear");
  EXPECT_EQ(to_string(model.graph.value(model.graph.find("x")).type), "float32[batch,3]");
  EXPECT_EQ(to_string(model.graph.value(model.graph.find("y")).type), "float32[batch,2]");
  EXPECT_EQ(model.graph.output_name(0), "y");
  EXPECT_EQ(model.weights.at("w").data<float>()[3], 4);
  EXPECT_EQ(to_string(load(linear(), {.shapes = {{"x", {5, 3}}}}).graph.value(0).type), "float32[5,3]");
}

// An op without a form in ONNX is written so.
TEST(Onnx, ReadsOpsOfOurOwnDomain) {
  ModelProto m;
  m.add_opset_import()->set_version(19);
  add_input(m, "x", {"n", "4", "6", "6"});
  auto& node = add_node(m, "adaptive_avg_pool2d", {"x"}, {"y"});
  node.set_domain("frugal");
  auto& size = *node.add_attribute();
  size.set_name("size");
  size.add_ints(3);
  size.add_ints(2);
  m.mutable_graph()->add_output()->set_name("y");
  Model model = load(m);
  EXPECT_EQ(to_string(model.graph.value(model.graph.outputs()[0]).type.shape), "n,4,3,2");
  node.set_op_type("no_such_op");
  EXPECT_THROW(load(m), OnnxUnsupported);
}

// Reshape(x, Concat(Gather(Shape(x), 0) * 2, [-1])) and what torch writes around an Expand.
TEST(Onnx, ShapeArithmeticBecomesAttributes) {
  ModelProto m;
  m.add_opset_import()->set_version(17);
  add_input(m, "x", {"n", "4", "w"});
  add_shape(m, "zero", {0});
  add_shape(m, "two", {2});
  add_shape(m, "rest", {-1});
  add_node(m, "Shape", {"x"}, {"shape"});
  add_node(m, "Gather", {"shape", "zero"}, {"n"});
  add_node(m, "Mul", {"n", "two"}, {"2n"});
  add_node(m, "Equal", {"2n", "rest"}, {"is_rest"});
  add_node(m, "Where", {"is_rest", "two", "2n"}, {"rows"});
  auto& concat = add_node(m, "Concat", {"rows", "rest"}, {"target"});
  concat.add_attribute()->set_name("axis");
  add_node(m, "Reshape", {"x", "target"}, {"y"});
  m.mutable_graph()->add_output()->set_name("y");
  Model model = load(m);
  ASSERT_EQ(model.graph.nodes().size(), 1u);
  EXPECT_EQ(to_string(model.graph.value(model.graph.outputs()[0]).type.shape), "2*n,2*w");
  EXPECT_TRUE(model.weights.empty());
}

TEST(Onnx, EverythingUnsupportedIsNamedAtOnce) {
  ModelProto m = linear();
  add_node(m, "Unique", {"x"}, {"boxes"});
  add_node(m, "NonZero", {"boxes"}, {"skipped"});
  add_node(m, "DeformConv", {"boxes"}, {"again"});
  add_node(m, "Relu", {"again"}, {"fine"});
  try {
    load(m);
    FAIL();
  } catch (const OnnxUnsupported& e) {
    ASSERT_EQ(e.items().size(), 2u);
    EXPECT_EQ(e.items()[0].op, "Unique");
    EXPECT_EQ(e.items()[1].node, "again");
    EXPECT_NE(std::string(e.what()).find("DeformConv"), std::string::npos);
  }
}

// y doubles in each step; its values before are stacked.
ModelProto loop(std::int64_t steps) {
  ModelProto m;
  m.add_opset_import()->set_version(17);
  add_input(m, "x", {"n", "2"});
  add_shape(m, "steps", {steps});
  auto& node = add_node(m, "Loop", {"steps", "", "x"}, {"y", "all"});
  auto& attribute = *node.add_attribute();
  attribute.set_name("body");
  onnx::GraphProto& body = *attribute.mutable_g();
  for (const char* name : {"step", "more", "state"}) body.add_input()->set_name(name);
  auto add = [&](const char* op, std::vector<std::string> in, const char* out) {
    NodeProto& made = *body.add_node();
    made.set_op_type(op);
    for (auto& name : in) made.add_input(name);
    made.add_output(out);
  };
  add("Add", {"state", "state"}, "twice");
  add("Identity", {"state"}, "before");
  add("Identity", {"more"}, "on");
  for (const char* name : {"on", "twice", "before"}) body.add_output()->set_name(name);
  for (const char* name : {"y", "all"}) m.mutable_graph()->add_output()->set_name(name);
  return m;
}

TEST(Onnx, ALoopIsWrittenOut) {
  Session session(load(loop(3)), {.threads = 1});
  std::vector<Tensor> out = session.run({Tensor::from<float>({1, 2}, {1, 5})});
  EXPECT_TRUE(test::same(out[0], Tensor::from<float>({1, 2}, {8, 40})));
  EXPECT_TRUE(test::same(out[1], Tensor::from<float>({3, 1, 2}, {1, 5, 2, 10, 4, 20})));
  EXPECT_THROW(load(loop(std::int64_t{1} << 60)), OnnxUnsupported);
  EXPECT_THROW(load(loop(0)), OnnxUnsupported);  // nothing to stack
}

TEST(Onnx, SaysWhichSizeToFix) {
  ModelProto m = linear();
  add_node(m, "Shape", {"x"}, {"shape"});
  auto& cast = add_node(m, "Cast", {"shape"}, {"sizes"});
  cast.add_attribute()->set_name("to");
  cast.mutable_attribute(0)->set_i(TensorProto::FLOAT);
  m.mutable_graph()->add_output()->set_name("sizes");
  EXPECT_ERROR(load(m), "--shape x=");
  EXPECT_EQ(load(m, {.shapes = {{"x", {2, 3}}}}).weights.at("sizes").data<float>()[0], 2);
}

TEST(Onnx, ConstantConditionIsInlined) {
  ModelProto m = linear();
  TensorProto& yes = *m.mutable_graph()->add_initializer();
  yes.set_name("yes");
  yes.set_data_type(TensorProto::BOOL);
  yes.add_int32_data(1);
  NodeProto& node = add_node(m, "If", {"yes"}, {"z"});
  for (const char* branch : {"then_branch", "else_branch"}) {
    auto& attribute = *node.add_attribute();
    attribute.set_name(branch);
    NodeProto& inner = *attribute.mutable_g()->add_node();
    inner.set_op_type(branch[0] == 't' ? "Relu" : "Loop");
    inner.add_input("y");
    inner.add_output("inner");
    attribute.mutable_g()->add_output()->set_name("inner");
  }
  m.mutable_graph()->mutable_output(0)->set_name("z");
  EXPECT_EQ(load(m).graph.nodes().back().op->name, "relu");
}

TEST(Onnx, AllTypesOfInitialisers) {
  ModelProto m = linear();
  m.mutable_graph()->clear_node();
  m.mutable_graph()->clear_output();
  auto add = [&](const std::string& name, TensorProto::DataType type, auto fill) {
    TensorProto& t = *m.mutable_graph()->add_initializer();
    t.set_name(name);
    t.set_data_type(type);
    t.add_dims(1);
    fill(t);
    m.mutable_graph()->add_output()->set_name(name);
  };
  add("f64", TensorProto::DOUBLE, [](TensorProto& t) { t.add_double_data(1.5); });
  add("f16", TensorProto::FLOAT16, [](TensorProto& t) { t.add_int32_data(0x3E00); });
  add("bf16", TensorProto::BFLOAT16, [](TensorProto& t) { t.set_raw_data("\xC0\x3F", 2); });
  add("i8", TensorProto::INT8, [](TensorProto& t) { t.add_int32_data(-3); });
  add("u8", TensorProto::UINT8, [](TensorProto& t) { t.set_raw_data("\xC8"); });
  add("i16", TensorProto::INT16, [](TensorProto& t) { t.add_int32_data(-300); });
  add("i32", TensorProto::INT32, [](TensorProto& t) { t.add_int32_data(7); });
  add("bool", TensorProto::BOOL, [](TensorProto& t) { t.set_raw_data("\x02"); });
  Model model = load(m);
  EXPECT_EQ(model.weights.at("f64").data<double>()[0], 1.5);
  EXPECT_EQ(model.weights.at("f16").data<float>()[0], 1.5f);
  EXPECT_EQ(model.weights.at("bf16").data<float>()[0], 1.5f);
  EXPECT_EQ(model.weights.at("i8").data<std::int8_t>()[0], -3);
  EXPECT_EQ(model.weights.at("u8").data<std::uint8_t>()[0], 200);
  EXPECT_EQ(model.weights.at("i16").data<std::int16_t>()[0], -300);
  EXPECT_EQ(model.weights.at("i32").data<std::int32_t>()[0], 7);
  EXPECT_EQ(model.weights.at("bool").data<bool>()[0], true);
}

// Each row breaks one field and expects a word of the sentence.
TEST(Onnx, EachBrokenFieldIsNamed) {
  struct Row {
    const char* word;
    std::function<void(ModelProto&)> broken;
  };
  auto weight = [](ModelProto& m) -> TensorProto& { return *m.mutable_graph()->mutable_initializer(0); };
  const Row rows[] = {
      {"graph", [](ModelProto& m) { m.clear_graph(); }},
      {"opset", [](ModelProto& m) { m.clear_opset_import(); }},
      {"opset", [](ModelProto& m) { m.mutable_opset_import(0)->set_version(3); }},
      {"opset", [](ModelProto& m) { m.mutable_opset_import(0)->set_version(999); }},
      {"no output", [](ModelProto& m) { m.mutable_graph()->clear_output(); }},
      {"made by no node", [](ModelProto& m) { m.mutable_graph()->mutable_output(0)->set_name("nobody"); }},
      {"which no node makes", [](ModelProto& m) { m.mutable_graph()->mutable_node(0)->set_input(0, "nobody"); }},
      {"no such op", [](ModelProto& m) { m.mutable_graph()->mutable_node(0)->set_op_type("Sorcery"); }},
      {"domain", [](ModelProto& m) { m.mutable_graph()->mutable_node(0)->set_domain("example"); }},
      {"missing", [](ModelProto& m) { m.mutable_graph()->mutable_node(0)->mutable_input()->RemoveLast(); }},
      {"string", [&](ModelProto& m) { weight(m).set_data_type(TensorProto::STRING); }},
      {"99", [&](ModelProto& m) { weight(m).set_data_type(99); }},
      {"negative dim", [&](ModelProto& m) { weight(m).set_dims(0, -3); }},
      {"overflow", [&](ModelProto& m) { weight(m).set_dims(0, std::int64_t{1} << 62); }},
      {"bytes", [&](ModelProto& m) { weight(m).set_dims(0, 4); }},
      {"bytes", [&](ModelProto& m) { weight(m).set_raw_data("abc"); }},
      {"values", [&](ModelProto& m) { weight(m).clear_raw_data(); }},
      {"dims",
       [&](ModelProto& m) {
         for (int i = 0; i < 9; ++i) weight(m).add_dims(1);
       }},
      {"segments", [&](ModelProto& m) { weight(m).mutable_segment()->set_end(3); }},
      {"two initialisers", [](ModelProto& m) { *m.mutable_graph()->add_initializer() = m.graph().initializer(0); }},
      {"no name", [&](ModelProto& m) { weight(m).clear_name(); }},
      {"no tensor",
       [](ModelProto& m) { m.mutable_graph()->mutable_input(0)->mutable_type()->mutable_sequence_type(); }},
      {"has no shape",
       [](ModelProto& m) {
         m.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->clear_shape();
       }},
      {"uint64",
       [](ModelProto& m) {
         m.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(13);
       }},
      {"inner dims",
       [&](ModelProto& m) {
         weight(m).set_dims(0, 2);
         weight(m).set_dims(1, 3);
       }},
  };
  for (const Row& row : rows) {
    ModelProto m = linear();
    row.broken(m);
    EXPECT_ERROR(load(m), row.word);
  }
  EXPECT_ERROR(load(linear(), {.shapes = {{"z", {1}}}}), "no input 'z'");
  EXPECT_ERROR(load(linear(), {.shapes = {{"x", {1, 4}}}}), "[batch,3]");
  std::string cut = linear().SerializeAsString();
  cut.resize(cut.size() - 3);
  EXPECT_ERROR(model_from_onnx(std::as_bytes(std::span(cut)), ""), "damaged");
}

// A model whose weight lies in another file; `change` sets its entries.
ModelProto external(const std::string& location, const std::string& offset = "0", const std::string& length = "24") {
  ModelProto m = linear();
  TensorProto& t = *m.mutable_graph()->mutable_initializer(0);
  t.clear_raw_data();
  t.set_data_location(TensorProto::EXTERNAL);
  for (auto [key, value] : {std::pair{"location", location}, {"offset", offset}, {"length", length}}) {
    auto& entry = *t.add_external_data();
    entry.set_key(key);
    entry.set_value(value);
  }
  return m;
}

class OnnxExternal : public testing::Test {
 protected:
  OnnxExternal() {
    std::filesystem::create_directories(folder / "model" / "a");
    const std::vector<float> data{0, 1, 2, 3, 4, 5, 6};
    std::string bytes(reinterpret_cast<const char*>(data.data()), data.size() * sizeof(float));
    test::write_file(folder / "model" / "inside.bin", bytes);
    test::write_file(folder / "model" / "a" / "deep.bin", bytes);
    test::write_file(folder / "secret.bin", bytes);
  }
  Model load_at(const ModelProto& m) {
    const std::filesystem::path path = folder / "model" / "m.onnx";
    test::write_file(path, m.SerializeAsString());
    return load_onnx(path.string());
  }
  test::TempDir folder;
};

TEST_F(OnnxExternal, ReadsTheModelsOwnFolder) {
  EXPECT_EQ(load_at(external("inside.bin", "4")).weights.at("w").data<float>()[0], 1);
  EXPECT_EQ(load_at(external("a/deep.bin")).weights.at("w").data<float>()[5], 5);
}

// CVE-2022-25882 and CVE-2024-27318: a path that climbs out.
TEST_F(OnnxExternal, RefusesPathsThatClimb) {
  EXPECT_ERROR(load_at(external("../secret.bin")), "..");
  EXPECT_ERROR(load_at(external("a/../../secret.bin")), "..");
  EXPECT_ERROR(load_at(external("a/../inside.bin")), "..");
  EXPECT_ERROR(load_at(external("..")), "..");
  EXPECT_ERROR(load_at(external((folder / "secret.bin").string())), "absolute");
  EXPECT_ERROR(load_at(external("")), "location");
  EXPECT_ERROR(load_at(external(std::string("inside.bin\0x", 12))), "location");
  EXPECT_ERROR(load_at(external("a")), "regular file");
  EXPECT_ERROR(load_at(external("nobody.bin")), "nobody.bin");
}

// CVE-2026-27489: links that lead out.
TEST_F(OnnxExternal, RefusesSymbolicLinks) {
  std::filesystem::create_symlink(folder / "secret.bin", folder / "model" / "link.bin");
  std::filesystem::create_directory_symlink(folder.path(), folder / "model" / "up");
  EXPECT_ERROR(load_at(external("link.bin")), "symbolic link");
  EXPECT_ERROR(load_at(external("up/secret.bin")), "symbolic link");
}

// CVE-2026-34446 and CVE-2026-34447.
TEST_F(OnnxExternal, RefusesHardLinks) {
  ASSERT_EQ(::link((folder / "secret.bin").c_str(), (folder / "model" / "hard.bin").c_str()), 0);
  EXPECT_ERROR(load_at(external("hard.bin")), "hard link");
}

TEST_F(OnnxExternal, RefusesBytesBeyondTheEnd) {
  EXPECT_ERROR(load_at(external("inside.bin", "8")), "beyond the end");
  EXPECT_ERROR(load_at(external("inside.bin", "18446744073709551608")), "beyond the end");
  EXPECT_ERROR(load_at(external("inside.bin", "-4")), "offset");
  EXPECT_ERROR(load_at(external("inside.bin", "0", "20")), "20 bytes");
  EXPECT_ERROR(load_at(external("inside.bin", "0", "99999999999999999999999")), "length");
}

// Sparse tensors go through the same checks, and their indices too.
TEST_F(OnnxExternal, ChecksSparseTensors) {
  auto sparse = [](std::int64_t index, const std::string& location) {
    ModelProto m = linear();
    m.mutable_graph()->mutable_initializer()->DeleteSubrange(0, 1);
    auto& s = *m.mutable_graph()->add_sparse_initializer();
    s.add_dims(3);
    s.add_dims(2);
    TensorProto &values = *s.mutable_values(), &indices = *s.mutable_indices();
    values.set_name("w");
    values.set_data_type(TensorProto::FLOAT);
    values.add_dims(1);
    if (location.empty()) {
      values.add_float_data(9);
    } else {
      values.set_data_location(TensorProto::EXTERNAL);
      auto& entry = *values.add_external_data();
      entry.set_key("location");
      entry.set_value(location);
    }
    indices.set_data_type(TensorProto::INT64);
    indices.add_dims(1);
    indices.add_int64_data(index);
    return m;
  };
  EXPECT_EQ(load_at(sparse(5, "")).weights.at("w").data<float>()[5], 9);
  EXPECT_ERROR(load_at(sparse(6, "")), "outside");
  EXPECT_ERROR(load_at(sparse(-1, "")), "outside");
  EXPECT_ERROR(load_at(sparse(0, "../secret.bin")), "..");
}

}  // namespace
}  // namespace frugal
