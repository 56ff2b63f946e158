// Passes keep what a model computes and never make it dearer.
#include "graph/passes/passes.h"

#include <cmath>

#include "engine/engine_test.h"
#include "engine/program.h"
#include "graph/costs.h"
#include "graph/op.h"
#include "graph/print.h"
#include "graph/rewrite.h"
#include "graph/verify.h"
#include "models/registry.h"

namespace frugal {
namespace {

using test::with_weights;
using Strings = std::vector<std::string>;

std::vector<Tensor> evaluate(const Node& node, const std::vector<const Tensor*>& inputs) {
  return evaluate_node(node, inputs, kernels(Isa::scalar));
}

// Runs a pass and checks what every pass promises; returns its result.
Model checked(const Model& before, const std::function<Model(const Model&)>& pass, const std::vector<Tensor>& inputs) {
  Model after = pass(before);
  verify(after);
  Costs old_costs = compute_costs(before.graph), new_costs = compute_costs(after.graph);
  EXPECT_LE(new_costs.macs, old_costs.macs);
  EXPECT_LE(new_costs.params, old_costs.params);
  EXPECT_EQ(after.graph.outputs().size(), before.graph.outputs().size());
  for (std::size_t i = 0; i < after.graph.outputs().size(); ++i)
    EXPECT_EQ(after.graph.output_name(i), before.graph.output_name(i));
  std::vector<Tensor> want = test::run_plain(before, inputs), got = test::run_plain(after, inputs);
  for (std::size_t i = 0; i < want.size(); ++i) EXPECT_TRUE(test::close(got[i], want[i], 2e-5, 2e-5));
  Model twice = pass(after);
  EXPECT_EQ(test::node_ops(twice.graph), test::node_ops(after.graph));
  for (const auto& [name, tensor] : after.weights) {
    auto same = twice.weights.find(name);
    EXPECT_TRUE(same != twice.weights.end() && test::same(same->second, tensor)) << name;
  }
  return after;
}

const Tensor kPicture = test::random_tensor({2, 3, 6, 5}, 3);

TEST(FoldBatchNorm, GoesIntoConvolutionAndLinear) {
  GraphBuilder b("net");
  ValueId x = b.image_input(3, 6, 5);
  x = b.relu(b.batch_norm("bn1", b.conv2d("conv1", x, {.out = 4, .kernel = 3})));
  x = b.batch_norm("bn2", b.conv2d("conv2", x, {.out = 6, .kernel = 1, .groups = 2, .bias = true}));
  x = b.batch_norm("bn3", b.linear("fc", b.flatten(x), 5));
  b.output(x, "y");
  Model after = checked(with_weights(b.finish()), fold_batch_norm, {kPicture});
  EXPECT_EQ(test::node_ops(after.graph), (Strings{"conv2d", "relu", "conv2d", "reshape", "linear"}));
  EXPECT_EQ(Strings({after.graph.node(0).name, after.graph.node(2).name, after.graph.node(4).name}),
            (Strings{"conv1", "conv2", "fc"}));
  for (const char* name : {"conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias", "fc.weight", "fc.bias"})
    EXPECT_NE(after.graph.find(name), kNone) << name;
  EXPECT_EQ(after.weights.size(), 6u);
}

TEST(FoldBatchNorm, TakesNumbersOfChannelsToo) {
  GraphBuilder b("net");
  ValueId x = b.conv2d("conv", b.image_input(3, 6, 5), {.out = 4, .kernel = 1});
  x = b.op("mul", {b.weight("scale", {1}), x});
  x = b.add(x, b.weight("shift", {4, 1, 1}));
  x = b.batch_norm("bn", x);
  x = b.add(b.relu(x), b.weight("rows", {6, 1}));  // not one number a channel
  x = b.add(b.linear("fc", b.flatten(x), 5), b.weight("classes", {5}));
  x = b.op("mul", {b.linear("fc2", x, 5), b.weight("more", {3, 1, 5})});  // changes the shape
  b.output(x, "y");
  Model after = checked(with_weights(b.finish()), fold_batch_norm, {kPicture});
  EXPECT_EQ(test::node_ops(after.graph), (Strings{"conv2d", "relu", "add", "reshape", "linear", "linear", "mul"}));
}

TEST(FoldBatchNorm, LeavesALayerWithOtherUsersAlone) {
  GraphBuilder b("net");
  ValueId x = b.image_input(3, 6, 5);
  ValueId y = b.conv2d("conv", x, {.out = 4});
  b.output(b.add(b.batch_norm("bn", y), y), "sum");
  ValueId z = b.conv2d("second", x, {.out = 4});
  b.output(z, "z");  // the convolution itself is an output too
  b.output(b.batch_norm("bn2", z), "normed");
  Model after = checked(with_weights(b.finish()), fold_batch_norm, {kPicture});
  EXPECT_EQ(test::node_ops(after.graph), (Strings{"conv2d", "batch_norm", "add", "conv2d", "batch_norm"}));
}

TEST(FoldBatchNorm, LeavesASharedWeightAlone) {
  GraphBuilder b("net");
  ValueId x = b.image_input(3, 6, 5), w = b.weight("w", {3, 3, 1, 1});
  ValueId y = b.batch_norm("bn1", b.op("conv2d", {x, w}));
  b.output(b.batch_norm("bn2", b.op("conv2d", {y, w})), "y");
  Model after = checked(with_weights(b.finish()), fold_batch_norm, {kPicture});
  EXPECT_EQ(after.graph.nodes().size(), 4u);
}

TEST(FoldBatchNorm, LeavesOtherDimsAlone) {
  GraphBuilder b("net");  // after a linear layer on [N, T, C], dim 1 is not the layer's channel
  ValueId x = b.linear("fc", b.input("x", {Dim::symbol("batch"), 4, 3}), 4);
  b.output(b.batch_norm("bn", x), "y");
  Model after = checked(with_weights(b.finish()), fold_batch_norm, {test::random_tensor({2, 4, 3})});
  EXPECT_EQ(test::node_ops(after.graph), (Strings{"linear", "batch_norm"}));
}

TEST(FoldBatchNorm, TakesAFreshNameForABiasWhoseNameIsTaken) {
  GraphBuilder b("net");
  ValueId x = b.image_input(3, 6, 5);
  ValueId y = b.batch_norm("bn", b.conv2d("conv", x, {.out = 3}));
  b.output(b.op("linear", {b.flatten(y), b.weight("fc.weight", {2, 90}), b.weight("conv.bias", {2})}), "y");
  Model after = checked(with_weights(b.finish()), fold_batch_norm, {kPicture});
  EXPECT_EQ(after.weights.size(), 4u);
}

TEST(RemoveDeadCode, DropsWhatReachesNoOutput) {
  GraphBuilder b("net");
  ValueId x = b.image_input(3, 6, 5);
  ValueId y = b.conv2d("kept", x, {.out = 2});
  b.relu(b.conv2d("dropped", y, {.out = 8}));
  b.input("unused", {1});  // an input stays: callers give it
  b.output(y, "y");
  Model after = checked(with_weights(b.finish()), remove_dead_code, {kPicture, test::random_tensor({1})});
  EXPECT_EQ(test::node_ops(after.graph), (Strings{"conv2d"}));
  EXPECT_EQ(after.graph.inputs().size(), 2u);
  EXPECT_FALSE(after.weights.contains("dropped.weight"));
}

TEST(FoldConstants, ComputesWhatDependsOnWeightsAlone) {
  GraphBuilder b("net");
  ValueId x = b.image_input(3, 6, 5);
  ValueId w = b.relu(b.add(b.weight("a", {4, 3, 1, 1}), b.weight("b", {4, 3, 1, 1})));
  b.output(b.op("conv2d", {x, w}), "y");
  auto pass = [](const Model& m) { return fold_constants(m, evaluate); };
  Model after =
      checked(with_weights(b.finish()), [&](const Model& m) { return remove_dead_code(pass(m)); }, {kPicture});
  EXPECT_EQ(test::node_ops(after.graph), (Strings{"conv2d"}));
  EXPECT_EQ(after.weights.size(), 1u);
  EXPECT_EQ(after.graph.value(after.graph.find("relu")).role, WeightRole::parameter);
}

TEST(FoldConstants, AnOutputMayBeAConstant) {
  GraphBuilder b("net");
  b.image_input(3, 6, 5);
  b.output(b.relu(b.weight("a", {4})), "y");
  Model after =
      checked(with_weights(b.finish()), [](const Model& m) { return fold_constants(m, evaluate); }, {kPicture});
  EXPECT_TRUE(after.graph.nodes().empty());
}

TEST(SimplifyShapes, MakesOneReshapeOfAChain) {
  GraphBuilder b("net");
  ValueId x = b.input("x", {Dim::symbol("batch"), 12});
  ValueId y = b.op("reshape", {x}, {{"shape", Ints{0, 3, 4}}});
  y = b.op("reshape", {y}, {{"shape", Ints{-1, 4}}});
  y = b.op("reshape", {y}, {{"shape", Ints{-1, 2, 6}}});
  b.output(y, "y");
  b.output(b.op("reshape", {y}, {{"shape", Ints{-1, 12}}}), "same");  // back where it began
  auto pass = [](const Model& m) { return remove_dead_code(simplify_shapes(m)); };
  Model after = checked(with_weights(b.finish()), pass, {test::random_tensor({5, 12})});
  EXPECT_EQ(test::node_ops(after.graph), (Strings{"reshape"}));
  EXPECT_EQ(after.graph.outputs()[1], after.graph.inputs()[0]);
}

TEST(SimplifyShapes, MakesOneTransposeOfAChain) {
  GraphBuilder b("net");
  ValueId x = b.input("x", {Dim::symbol("batch"), 2, 3});
  ValueId y = b.op("transpose", {x}, {{"perm", Ints{1, 2, 0}}});
  ValueId z = b.op("transpose", {y}, {{"perm", Ints{0, 2, 1}}});
  b.output(z, "z");
  b.output(b.op("transpose", {z}, {{"perm", Ints{1, 0, 2}}}), "same");
  auto pass = [](const Model& m) { return remove_dead_code(simplify_shapes(m)); };
  Model after = checked(with_weights(b.finish()), pass, {test::random_tensor({4, 2, 3})});
  EXPECT_EQ(after.graph.nodes().size(), 1u);
  EXPECT_EQ(after.graph.outputs()[1], after.graph.inputs()[0]);
}

TEST(SimplifyShapes, DropsWhatChangesNothing) {
  GraphBuilder b("net");
  ValueId x = b.image_input(3, 6, 5);
  ValueId y = b.op("slice", {x}, {{"starts", Ints{0}}, {"ends", Ints{3}}, {"axes", Ints{1}}});
  y = b.op("concat", {b.op("pad", {y}, {{"pads", Ints(8, 0)}})}, {{"axis", 1}});
  b.output(b.relu(y), "y");
  Model after = checked(with_weights(b.finish()), [](const Model& m) { return remove_dead_code(simplify_shapes(m)); },
                        {kPicture});
  EXPECT_EQ(test::node_ops(after.graph), (Strings{"relu"}));
}

TEST(FoldPadding, GoesIntoTheConvolution) {
  GraphBuilder b("net");
  ValueId x = b.image_input(3, 6, 5);
  ValueId y = b.op("pad", {x}, {{"pads", Ints{0, 0, 1, 2, 0, 0, 0, 3}}});
  y = b.conv2d("conv", y, {.out = 4, .kernel = 3, .padding = 1});
  ValueId edge = b.op("pad", {x}, {{"pads", Ints{0, 0, 1, 1, 0, 0, 1, 1}}, {"mode", "edge"}});
  ValueId seen = b.op("pad", {x}, {{"pads", Ints{0, 0, 1, 1, 0, 0, 1, 1}}});
  b.output(y, "y");
  b.output(b.conv2d("after_edge", edge, {.out = 2, .kernel = 3, .padding = 0}), "z");
  b.output(b.conv2d("after_seen", seen, {.out = 2, .kernel = 3, .padding = 0}), "u");
  b.output(seen, "seen");
  Model after = checked(with_weights(b.finish()), fold_padding, {kPicture});
  EXPECT_EQ(test::node_ops(after.graph), (Strings{"conv2d", "pad", "pad", "conv2d", "conv2d"}));
  EXPECT_EQ(attr_ints(after.graph.node(0), "padding"), (Ints{2, 3, 1, 4}));
}

TEST(MergeDuplicates, OneNodeForEqualOnes) {
  GraphBuilder b("net");
  ValueId x = b.image_input(3, 6, 5), w = b.weight("w", {3, 3, 1, 1});
  ValueId a = b.relu(b.op("conv2d", {x, w})), c = b.relu(b.op("conv2d", {x, w}));
  b.output(b.add(a, c), "y");
  b.output(b.op("conv2d", {x, w}, {{"stride", Ints{2, 2}}}), "other");
  Model after = checked(with_weights(b.finish()), merge_duplicates, {kPicture});
  EXPECT_EQ(test::node_ops(after.graph), (Strings{"conv2d", "relu", "add", "conv2d"}));
}

TEST(Simplify, TakesEveryBatchNormOutOfResNet18) {
  Model model = with_weights(build_network("resnet18", {.classes = 10, .height = 32, .width = 32}));
  auto pass = [](const Model& m) { return simplify(m, evaluate); };
  Model after = checked(model, pass, {test::random_tensor({1, 3, 32, 32})});
  for (const std::string& op : test::node_ops(after.graph)) EXPECT_NE(op, "batch_norm");
}

TEST(Rewrite, RefusesToDropWhatIsUsed) {
  GraphBuilder b("net");
  b.output(b.relu(b.relu(b.image_input(3, 6, 5))), "y");
  Model model = with_weights(b.finish());
  EXPECT_ERROR(rewrite(model, [](Rewriter&, const Node& n) { return n.name == "relu" ? Visit::done : Visit::copy; }),
               "'relu'");
}

TEST(Rewrite, WorksWithoutWeights) {
  Model model{build_network("resnet18"), {}, {{"task", "classify"}}};
  Model copy = rewrite(model, [](Rewriter&, const Node&) { return Visit::copy; });
  EXPECT_EQ(compute_costs(copy.graph).params, compute_costs(model.graph).params);
  EXPECT_EQ(copy.metadata, model.metadata);
}

TEST(Verify, NamesTheWeightThatIsMissingOrWrong) {
  GraphBuilder b("net");
  b.output(b.conv2d("conv", b.image_input(3, 6, 5), {.out = 4}), "y");
  Model model = with_weights(b.finish());
  EXPECT_NO_THROW(verify(model));
  Model wrong = model;
  wrong.weights.at("conv.weight") = Tensor(DType::f32, {4, 3, 2, 2});
  EXPECT_ERROR(verify(wrong), "conv.weight");
  wrong.weights.at("conv.weight") = model.weights.at("conv.weight").to(DType::f16);
  EXPECT_ERROR(verify(wrong), "float16");
  wrong.weights.erase("conv.weight");
  EXPECT_ERROR(verify(wrong), "conv.weight");
  EXPECT_ERROR(verify(Graph("empty")), "no output");
}

// Attention as it is written in PyTorch: `head_major` with k transposed on its own, the scale on q or on the scores.
Model attention_model(bool separate_transpose, bool scale_scores, bool bias, bool twice_used) {
  GraphBuilder b("net");
  ValueId x = b.input("x", {Dim::symbol("batch"), 6, 10});
  std::vector<ValueId> parts = b.ops("split", {b.linear("qkv", x, 30)}, {{"sizes", Ints{10, 10, 10}}, {"axis", -1}});
  auto heads = [&](ValueId part, Ints perm) {
    return b.op("transpose", {b.op("reshape", {part}, {{"shape", Ints{0, 6, 2, 5}}})}, {{"perm", perm}});
  };
  ValueId scale = b.weight("scale", {1}), q = heads(parts[0], {0, 2, 1, 3}), v = heads(parts[2], {0, 2, 1, 3});
  ValueId k = heads(parts[1], separate_transpose ? Ints{0, 2, 3, 1} : Ints{0, 2, 1, 3});
  if (!scale_scores) q = b.op("mul", {q, scale});
  ValueId scores = b.op("matmul", {q, k}, {{"transpose_b", !separate_transpose}});
  if (scale_scores) scores = b.op("div", {scores, scale});
  if (bias) scores = b.add(scores, b.weight("bias", {1, 2, 6, 6}));
  scores = b.op("softmax", {scores});
  ValueId y = b.op("matmul", {scores, v});
  b.output(b.op("reshape", {b.op("transpose", {y}, {{"perm", Ints{0, 2, 1, 3}}})}, {{"shape", Ints{0, 6, 10}}}), "y");
  if (twice_used) b.output(scores, "weights");
  return with_weights(b.finish());
}

TEST(FuseAttention, FindsItHoweverItIsWritten) {
  const Tensor x = test::random_tensor({2, 6, 10}, 3);
  for (bool separate : {false, true})
    for (bool scale_scores : {false, true})
      for (bool bias : {false, true}) {
        Model after = checked(attention_model(separate, scale_scores, bias, false), fuse_attention, {x});
        const Strings ops = test::node_ops(after.graph);
        EXPECT_EQ(std::count(ops.begin(), ops.end(), "attention"), 1);
        for (const char* gone : {"softmax", "matmul", "mul", "div", "add"})
          EXPECT_EQ(std::count(ops.begin(), ops.end(), gone), 0) << gone;
      }
}

TEST(FuseAttention, LeavesWeightsThatSomebodyElseReads) {
  const Tensor x = test::random_tensor({2, 6, 10}, 3);
  const Strings ops = test::node_ops(checked(attention_model(false, false, false, true), fuse_attention, {x}).graph);
  EXPECT_EQ(std::count(ops.begin(), ops.end(), "attention"), 0);
  EXPECT_EQ(std::count(ops.begin(), ops.end(), "softmax"), 1);
}

// Writes formulas out as exporters do.
struct Writer {
  Model model;
  ValueId x = model.graph.add_input("x", {DType::f32, {Dim::symbol("batch"), 3, 8}});

  ValueId op(const char* name, std::initializer_list<ValueId> in, Attrs attrs = {}) {
    return model.graph.add_node(name, model.graph.fresh_name(name), in, std::move(attrs))[0];
  }
  ValueId number(double value) { return weight("c", Tensor::from<float>({}, {static_cast<float>(value)})); }
  ValueId row(Shape shape) { return weight("w", test::random_tensor(shape, 5)); }
  ValueId weight(const char* stem, Tensor data) {
    const std::string name = model.graph.fresh_name(stem);
    const ValueId id = model.graph.add_weight(name, DType::f32, data.shape(), WeightRole::parameter);
    model.weights.emplace(name, std::move(data));
    return id;
  }
  ValueId mul(ValueId a, ValueId b) { return op("mul", {a, b}); }
  ValueId div(ValueId a, ValueId b) { return op("div", {a, b}); }
  ValueId add(ValueId a, ValueId b) { return op("add", {a, b}); }
  ValueId mean(ValueId a) { return op("reduce_mean", {a}, {{"axes", Ints{2}}, {"keep_dims", true}}); }
  ValueId root(ValueId a) { return op("sqrt", {add(mean(mul(a, a)), number(1e-5))}); }
  ValueId centred() { return op("sub", {x, mean(x)}); }
  ValueId ramp() { return op("clip", {add(x, number(3))}, {{"min", 0.0}, {"max", 6.0}}); }
  ValueId erf_gate() { return add(op("erf", {div(x, number(M_SQRT2))}), number(1)); }
  ValueId tanh_gate(double cubic = 0.044715) {
    const ValueId inner = add(x, mul(number(cubic), mul(mul(x, x), x)));
    return add(number(1), op("tanh", {mul(inner, number(std::sqrt(2 / M_PI)))}));
  }
};

struct Formula {
  const char* op;
  std::function<ValueId(Writer&)> write;
};

const Formula kFormulas[] = {
    {"silu", [](Writer& w) { return w.mul(w.op("sigmoid", {w.x}), w.x); }},
    {"mish", [](Writer& w) { return w.mul(w.x, w.op("tanh", {w.op("softplus", {w.x})})); }},
    {"mish",
     [](Writer& w) { return w.mul(w.x, w.op("tanh", {w.op("log", {w.add(w.number(1), w.op("exp", {w.x}))})})); }},
    {"softplus", [](Writer& w) { return w.op("log", {w.add(w.op("exp", {w.x}), w.number(1))}); }},
    {"leaky_relu",
     [](Writer& w) {
       return w.op("maximum", {w.mul(w.number(0.1), w.x), w.x});
     }},
    {"hard_swish",
     [](Writer& w) {
       return w.mul(w.op("hard_sigmoid", {w.x}, {{"alpha", 1.0 / 6}, {"beta", 0.5}}), w.x);
     }},
    {"hard_swish", [](Writer& w) { return w.div(w.mul(w.x, w.ramp()), w.number(6)); }},
    {"hard_swish", [](Writer& w) { return w.mul(w.number(1.0 / 6), w.mul(w.ramp(), w.x)); }},
    {"hard_swish", [](Writer& w) { return w.mul(w.x, w.div(w.op("relu6", {w.add(w.number(3), w.x)}), w.number(6))); }},
    {"hard_sigmoid", [](Writer& w) { return w.mul(w.ramp(), w.number(1.0 / 6)); }},
    {"gelu", [](Writer& w) { return w.mul(w.mul(w.x, w.erf_gate()), w.number(0.5)); }},
    {"gelu", [](Writer& w) { return w.mul(w.mul(w.x, w.number(0.5)), w.erf_gate()); }},
    {"gelu", [](Writer& w) { return w.mul(w.mul(w.number(0.5), w.tanh_gate()), w.x); }},
    {"layer_norm",
     [](Writer& w) {
       const ValueId c = w.centred();
       return w.add(w.mul(w.div(c, w.root(c)), w.row({8})), w.row({8}));
     }},
    {"layer_norm",
     [](Writer& w) {
       const ValueId c = w.centred();
       return w.mul(c, w.op("reciprocal", {w.root(c)}));
     }},
    {"layer_norm",
     [](Writer& w) {
       const ValueId mean = w.mean(w.x), c = w.op("sub", {w.x, mean});
       const ValueId scale = w.mul(w.op("reciprocal", {w.root(c)}), w.row({8}));
       return w.add(w.mul(w.x, scale), w.op("sub", {w.row({8}), w.mul(mean, scale)}));
     }},
    {"rms_norm", [](Writer& w) { return w.mul(w.row({8}), w.div(w.x, w.root(w.x))); }},
    {"rms_norm", [](Writer& w) { return w.mul(w.mul(w.x, w.div(w.number(1), w.root(w.x))), w.row({8})); }},
    {"linear",
     [](Writer& w) {
       return w.add(w.op("matmul", {w.x, w.row({8, 5})}), w.row({5}));
     }},
    {"linear",
     [](Writer& w) {
       return w.add(w.row({5}), w.op("matmul", {w.x, w.row({5, 8})}, {{"transpose_b", true}}));
     }},
};

TEST(FuseComposites, FormulasBecomeOneOp) {
  for (const Formula& formula : kFormulas) {
    Writer w;
    w.model.graph.add_output(formula.write(w), "y");
    SCOPED_TRACE(formula.op);
    Model after = checked(w.model, fuse_composites, {test::random_tensor({2, 3, 8})});
    EXPECT_EQ(test::node_ops(after.graph), Strings{formula.op});
  }
}

TEST(FuseComposites, LeavesWhatIsNearlyOne) {
  const std::function<ValueId(Writer&)> others[] = {
      [](Writer& w) { return w.mul(w.x, w.op("sigmoid", {w.mul(w.x, w.x)})); },
      [](Writer& w) { return w.mul(w.mul(w.number(0.5), w.tanh_gate(0.0447)), w.x); },
      [](Writer& w) {
        return w.op("maximum", {w.mul(w.number(1.1), w.x), w.x});
      },
      [](Writer& w) {
        return w.mul(w.x, w.op("hard_sigmoid", {w.x}, {{"alpha", 0.2}, {"beta", 0.5}}));
      },
      [](Writer& w) {  // somebody else reads the gate
        const ValueId gate = w.op("sigmoid", {w.x});
        w.model.graph.add_output(gate, "gate");
        return w.mul(w.x, gate);
      },
  };
  for (const auto& write : others) {
    Writer w;
    const ValueId y = write(w);
    w.model.graph.add_output(y, "y");
    Model after = checked(w.model, fuse_composites, {test::random_tensor({2, 3, 8})});
    EXPECT_EQ(test::node_ops(after.graph), test::node_ops(w.model.graph));
  }
}

}  // namespace
}  // namespace frugal
