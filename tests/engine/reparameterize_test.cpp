// Sums of convolutions of one value become one convolution.
#include "engine/passes.h"
#include "graph/op.h"
#include "models/registry.h"

namespace frugal {
namespace {

using test::checked;
using test::with_weights;
using Strings = std::vector<std::string>;

const Tensor kPicture = test::random_tensor({2, 4, 6, 5}, 3);

// A branch: convolution and batch norm, which the weights of with_weights() make far from the identity.
ValueId branch(GraphBuilder& b, const std::string& name, ValueId x, const ConvOptions& options) {
  return b.batch_norm(name + ".bn", b.conv2d(name, x, options));
}

TEST(Reparameterize, RepVggBecomesOneConvolution) {
  for (std::int64_t stride : {1, 2}) {
    GraphBuilder b("net");
    ValueId x = b.relu(b.image_input(4, 6, 5));
    ValueId y = branch(b, "dense", x, {.out = 4, .kernel = 3, .stride = stride});
    y = b.op("add", {y, branch(b, "point", x, {.out = 4, .stride = stride})}, {}, stride == 1 ? "" : "sum");
    if (stride == 1) y = b.op("add", {b.batch_norm("identity", x), y}, {}, "sum");
    b.output(b.relu(y), "y");
    Model after = checked(with_weights(b.finish()), reparameterize, {kPicture});
    EXPECT_EQ(test::node_ops(after.graph), (Strings{"relu", "conv2d", "relu"}));
    EXPECT_EQ(after.graph.node(1).name, "sum");
    EXPECT_EQ(after.weights.size(), 2u);
    EXPECT_EQ(after.weights.at("sum.weight").shape(), (Shape{4, 4, 3, 3}));
    EXPECT_TRUE(after.weights.contains("sum.bias"));
  }
}

// Groups, kernels of other shapes with their padding, biases, and the input without a batch norm, on either side.
TEST(Reparameterize, TakesWhatLiesWithinTheWidestKernel) {
  GraphBuilder b("net");
  ValueId x = b.image_input(4, 6, 5);
  ValueId row = b.op("conv2d", {x, b.weight("row", {4, 2, 1, 3})}, {{"padding", Ints{0, 1, 0, 1}}, {"groups", 2}});
  ValueId y = b.add(b.conv2d("a", x, {.out = 4, .kernel = 3, .groups = 2, .bias = true}), row);
  ValueId z = b.add(x, b.batch_norm("bn", b.conv2d("b", x, {.out = 4, .groups = 2, .bias = true})));
  b.output(b.add(z, y), "y");
  Model after = checked(with_weights(b.finish()), reparameterize, {kPicture});
  EXPECT_EQ(test::node_ops(after.graph), (Strings{"conv2d"}));

  GraphBuilder plain("net");
  x = plain.image_input(4, 6, 5);
  plain.output(plain.add(plain.add(plain.conv2d("a", x, {.out = 4, .kernel = 3}), plain.conv2d("b", x, {.out = 4})), x),
               "y");
  after = checked(with_weights(plain.finish()), reparameterize, {kPicture});
  EXPECT_EQ(test::node_ops(after.graph), (Strings{"conv2d"}));
  EXPECT_EQ(after.weights.size(), 1u);  // nobody had a bias
}

TEST(Reparameterize, LeavesOtherSumsAlone) {
  auto kept = [](auto&& make) {
    GraphBuilder b("net");
    make(b, b.image_input(4, 6, 5));
    Model before = with_weights(b.finish());
    Model after = checked(before, reparameterize, {kPicture});
    EXPECT_EQ(test::node_ops(after.graph), test::node_ops(before.graph));
  };
  kept([](GraphBuilder& b, ValueId x) {  // a residual block: not the same input
    ValueId y = b.relu(b.conv2d("a", x, {.out = 4, .kernel = 3}));
    b.output(b.add(b.conv2d("b", y, {.out = 4, .kernel = 3}), x), "y");
  });
  kept([](GraphBuilder& b, ValueId x) {  // one layer and its input
    b.output(b.add(b.batch_norm("bn", b.conv2d("a", x, {.out = 4, .kernel = 3})), x), "y");
  });
  kept([](GraphBuilder& b, ValueId x) {  // somebody else reads a branch
    ValueId y = b.conv2d("a", x, {.out = 4});
    b.output(b.add(b.conv2d("b", x, {.out = 4}), y), "y");
    b.output(y, "branch");
  });
  kept([](GraphBuilder& b, ValueId x) {  // neither kernel lies within the other
    ValueId y = b.op("conv2d", {x, b.weight("row", {4, 4, 1, 3})}, {{"padding", Ints{0, 1, 0, 1}}});
    b.output(b.add(y, b.op("conv2d", {x, b.weight("column", {4, 4, 3, 1})}, {{"padding", Ints{1, 0, 1, 0}}})), "y");
  });
  kept([](GraphBuilder& b, ValueId x) {  // groups
    b.output(b.add(b.conv2d("a", x, {.out = 4, .kernel = 3, .groups = 4}), b.conv2d("b", x, {.out = 4})), "y");
  });
  kept([](GraphBuilder& b, ValueId x) {  // strides, which meet in a picture of one pixel only
    x = b.op("adaptive_avg_pool2d", {x}, {{"size", Ints{1, 1}}});
    b.output(b.add(b.conv2d("a", x, {.out = 4, .kernel = 3, .stride = 2}), b.conv2d("b", x, {.out = 4})), "y");
  });
  kept([](GraphBuilder& b, ValueId x) {  // the sum is broadcast
    ValueId y = b.conv2d("a", b.op("adaptive_avg_pool2d", {x}, {{"size", Ints{1, 1}}}), {.out = 4});
    b.output(b.add(y, b.conv2d("b", x, {.out = 4})), "y");
  });
  kept([](GraphBuilder& b, ValueId x) {  // no convolution at all
    b.output(b.add(b.batch_norm("bn", x), x), "y");
  });
}

// The inner sum is merged although the outer one cannot be.
TEST(Reparameterize, MergesAPartOfASum) {
  GraphBuilder b("net");
  ValueId x = b.image_input(4, 6, 5);
  ValueId inner = b.add(b.conv2d("a", x, {.out = 4, .kernel = 3}), b.conv2d("b", x, {.out = 4}));
  b.output(b.add(inner, b.conv2d("c", x, {.out = 4, .groups = 2})), "y");
  Model after = checked(with_weights(b.finish()), reparameterize, {kPicture});
  EXPECT_EQ(test::node_ops(after.graph), (Strings{"conv2d", "conv2d", "add"}));
}

TEST(Reparameterize, ALongSumNeitherHangsNorOverflows) {
  GraphBuilder b("net");
  ValueId x = b.image_input(1, 1, 1), y = b.conv2d("first", x, {.out = 1});
  for (int i = 0; i < 2000; ++i) y = b.add(y, b.conv2d("c" + std::to_string(i), b.relu(x), {.out = 1}));
  b.output(y, "y");
  Model model = with_weights(b.finish());
  EXPECT_EQ(reparameterize(model).graph.nodes().size(), model.graph.nodes().size());
}

TEST(Reparameterize, IsPartOfWhatAnEngineDoes) {
  Graph graph = build_network("gold_yolo_pico", {.classes = 3, .height = 64, .width = 64});
  Model after = simplify(with_weights(graph), test::evaluate);
  Strings ops = test::node_ops(after.graph);
  EXPECT_EQ(std::count(ops.begin(), ops.end(), "batch_norm"), 0);
  for (const Value& v : after.graph.values()) EXPECT_EQ(v.name.find("rbr_1x1"), std::string::npos) << v.name;
}

}  // namespace
}  // namespace frugal
