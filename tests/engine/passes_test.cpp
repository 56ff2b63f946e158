// Passes keep what a model computes and never make it dearer.
#include "engine/passes.h"
#include "graph/op.h"
#include "graph/print.h"
#include "graph/rewrite.h"
#include "models/registry.h"

namespace frugal {
namespace {

using test::checked;
using test::evaluate;
using test::with_weights;
using Strings = std::vector<std::string>;

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

}  // namespace
}  // namespace frugal
