#include <cstring>
#include <functional>

#include "formats/onnx_models.h"
#include "frugal/session.h"
#include "graph/op.h"

namespace frugal {
namespace {

using test::add_input;
using test::add_node;
using test::add_shape;
using test::add_weight;
using test::linear;
using test::load;
using test::ModelProto;
using test::NodeProto;
using test::TensorProto;

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

TEST(Onnx, NotesAreOursAndNamesOfOthers) {
  auto notes = [](std::vector<std::pair<std::string, std::string>> props) {
    ModelProto m = linear();
    for (const auto& [key, value] : props) {
      auto& entry = *m.add_metadata_props();
      entry.set_key(key);
      entry.set_value(value);
    }
    return load(m).metadata;
  };
  using Notes = std::map<std::string, std::string>;
  const Notes ours{{"labels", R"(["a","b"])"}, {"recipe", "ptq"}, {"task", R"({"kind":"detect"})"}};
  EXPECT_EQ(notes({{"task", R"({"kind":"detect"})"}, {"labels", R"(["a","b"])"}, {"recipe", "ptq"}}), ours);
  // As an exporter of YOLOv8 writes them.
  EXPECT_EQ(notes({{"task", "detect"}, {"stride", "32"}, {"names", R"({0: 'person', 1: "driver's seat"})"}}),
            (Notes{{"labels", R"(["person","driver's seat"])"}}));
  EXPECT_EQ(notes({{"labels", R"(["a"])"}, {"names", "{0: 'b'}"}}), (Notes{{"labels", R"(["a"])"}}));
  EXPECT_EQ(notes({{"names", R"(["a", 'it\'s'])"}}), (Notes{{"labels", R"(["a","it's"])"}}));
  EXPECT_EQ(notes({{"names", R"({"0": "a", "1": "b"})"}}), (Notes{{"labels", R"(["a","b"])"}}));
  for (const char* bad : {"", "{", "{}", "{1: 'a'}", "{0: a}", "{0: 'a'", "{0: 'a' 1: 'b'}", "['a", "['a\\", "['a'] x"})
    EXPECT_TRUE(notes({{"names", bad}}).empty()) << bad;
}

}  // namespace
}  // namespace frugal
