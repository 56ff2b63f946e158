// Convolutions of one value become one where nothing is lost by it, and nothing else does.
#include <cmath>

#include "engine/passes.h"
#include "graph/initial_weights.h"
#include "graph/op.h"
#include "models/registry.h"

namespace frugal {
namespace {

using test::checked;
using test::with_weights;
using Strings = std::vector<std::string>;
using Make = std::function<void(GraphBuilder&, ValueId)>;

bool in_store(const Node& node) {
  const EngineOp* op = EngineRegistry::instance().find(node.op->name);
  return op && (op->is_residual_add || (op->as_activation && op->as_activation(node)));
}
Model merged(const Model& model) { return merge_siblings(model, in_store); }

Model net(const Make& make, std::int64_t height = 6, std::int64_t width = 4) {
  GraphBuilder b("net");
  make(b, b.op("abs", {b.image_input(16, height, width)}));
  return with_weights(b.finish());
}

Tensor picture(std::int64_t height = 6, std::int64_t width = 4) {
  return test::random_tensor({2, 16, height, width}, 3);
}

// The engine computes the same with the pass as the plain graph does without, for one picture and for two.
void expect_the_same_in_the_engine(const Model& model, const Tensor& two) {
  Tensor one(DType::f32, {1, two.dim(1), two.dim(2), two.dim(3)});
  std::copy_n(two.data<float>(), one.numel(), one.data<float>());
  for (const Tensor& x : {one, two}) {
    const std::vector<Tensor> want = test::run_plain(model, {x}), got = test::run(model, {x}, {.threads = 2});
    for (std::size_t i = 0; i < want.size(); ++i) EXPECT_TRUE(test::close(got[i], want[i], 2e-5, 2e-5));
  }
}

TEST(MergeSiblings, OneConvolutionAndItsParts) {
  for (bool bias : {false, true})
    for (std::int64_t kernel : {1, 3}) {
      const Model before = net([&](GraphBuilder& b, ValueId x) {
        for (const char* name : {"q", "k", "v"})
          b.output(b.op("exp", {b.op("neg", {b.op("softmax",
                                                  {b.conv2d(name, x,
                                                            {.out = *name == 'v' ? 48 : 16,
                                                             .kernel = kernel,
                                                             .stride = 2,
                                                             .bias = bias || *name == 'k'})},
                                                  {{"axis", 1}})})}),
                   std::string("out_") + name);
      });
      const Model after = checked(before, merged, {picture()});
      EXPECT_EQ(test::node_ops(after.graph)[1], "conv2d");
      EXPECT_EQ(after.graph.nodes()[1].name, "q");
      EXPECT_EQ(test::node_ops(after.graph)[2], "split");
      EXPECT_EQ(after.graph.nodes().size(), before.graph.nodes().size() - 1);
      EXPECT_EQ(compute_costs(after.graph).macs, compute_costs(before.graph).macs);
      expect_the_same_in_the_engine(before, picture());
    }
}

TEST(MergeSiblings, AnActivationOfAllIsOneToo) {
  const Model before = net(
      [](GraphBuilder& b, ValueId x) {
        for (const char* name : {"a", "b"})
          b.output(b.op("leaky_relu", {b.conv2d(name, x, {.out = 16, .bias = true})}, {{"slope", 0.3}}),
                   std::string("out_") + name);
      },
      96, 60);  // too many results for activations of their own
  const Model after = checked(before, merged, {picture(96, 60)});
  EXPECT_EQ(test::node_ops(after.graph), (Strings{"abs", "conv2d", "leaky_relu", "split"}));
  expect_the_same_in_the_engine(before, picture(96, 60));
}

// A gate and an embedding of one value, as where levels of a detector are injected.
TEST(MergeSiblings, ActivationsThatDifferStayBehindTheirParts) {
  auto make = [](GraphBuilder& b, ValueId x) {
    b.output(b.op("hard_sigmoid", {b.conv2d("gate", x, {.out = 32})}), "gate");
    b.output(b.conv2d("embedding", x, {.out = 16}), "embedding");
    b.output(b.op("hard_sigmoid", {b.conv2d("other", x, {.out = 16})}), "other");
  };
  const Model small = checked(net(make), merged, {picture()});
  EXPECT_EQ(test::node_ops(small.graph), (Strings{"abs", "conv2d", "split", "hard_sigmoid", "hard_sigmoid"}));
  expect_the_same_in_the_engine(net(make), picture());
  // Where activations of their own would cost more than merging gains, those that are alike are merged.
  const Model large = checked(net(make, 64, 48), merged, {picture(64, 48)});
  EXPECT_EQ(test::node_ops(large.graph), (Strings{"abs", "conv2d", "hard_sigmoid", "split", "conv2d"}));
}

TEST(MergeSiblings, LeavesTheRestAlone) {
  auto kept = [](const Make& make, std::int64_t height = 6, std::int64_t width = 4) {
    const Model before = net(make, height, width);
    const Model after = checked(before, merged, {picture(height, width)});
    EXPECT_EQ(test::node_ops(after.graph), test::node_ops(before.graph));
  };
  auto pair = [](const ConvOptions& first, const ConvOptions& second) {
    return [=](GraphBuilder& b, ValueId x) {
      b.output(b.conv2d("a", x, first), "a");
      b.output(b.conv2d("b", x, second), "b");
    };
  };
  kept(pair({.out = 16, .kernel = 3}, {.out = 16, .kernel = 3, .stride = 2}));
  kept(pair({.out = 16, .kernel = 3}, {.out = 16, .kernel = 3, .padding = 0}));
  kept(pair({.out = 16, .kernel = 3}, {.out = 16, .kernel = 3, .padding = 1, .dilation = 2}));
  kept(pair({.out = 16, .kernel = 3}, {.out = 16, .kernel = 1}));
  kept(pair({.out = 16, .groups = 2}, {.out = 16, .groups = 2}));
  kept(pair({.out = 16}, {.out = 24}));          // half a block
  kept(pair({.out = 64}, {.out = 64}), 64, 48);  // too many results
  kept([](GraphBuilder& b, ValueId x) {          // not of one value
    b.output(b.conv2d("a", x, {.out = 16}), "a");
    b.output(b.conv2d("b", b.op("neg", {x}), {.out = 16}), "b");
  });
  kept([](GraphBuilder& b, ValueId x) {  // a sum goes into the store of the second
    const ValueId first = b.conv2d("a", x, {.out = 16});
    b.output(b.op("softmax", {first}, {{"axis", 1}}), "a");
    b.output(b.add(b.conv2d("b", x, {.out = 16}), x), "b");
  });
  kept([](GraphBuilder& b, ValueId x) {  // one set of weights for two strides
    const ValueId w = b.weight("w", {16, 16, 1, 1});
    b.output(b.op("conv2d", {x, w}), "a");
    b.output(b.op("conv2d", {x, w}, {{"stride", Ints{2, 2}}}), "b");
    b.output(b.conv2d("c", x, {.out = 16}), "c");
  });
}

// Gate and embedding of the injections that enlarge what was gathered; where sizes are equal, the sum of the injection
// goes into the store of the embedding, so that stays.
TEST(MergeSiblings, InjectionsOfGoldYolo) {
  Graph graph = build_network("gold_yolo_n", {.classes = 3, .height = 128, .width = 160});
  Weights weights = initial_weights(graph, 1);
  for (auto& [name, tensor] : weights)  // gates would be constant, predictions 0
    if (name.ends_with("weight") && tensor.rank() == 4 && name.find("proj_conv") == std::string::npos) {
      tensor = test::random_tensor(tensor.shape(), name.size());
      const auto fan = static_cast<float>(tensor.numel() / tensor.dim(0));
      for (std::int64_t i = 0; i < tensor.numel(); ++i) tensor.data<float>()[i] *= std::sqrt(1 / fan);
    }
  const Model folded = fold_batch_norm(reparameterize(simplify_shapes({std::move(graph), std::move(weights), {}})));
  const Model after = merged(folded);
  for (const char* level : {"p3", "n4", "n5"}) {
    const std::string gate = std::string("neck.Inject_") + level + ".global_act.conv";
    EXPECT_NE(after.graph.find(gate + ".parts:0"), kNone) << level;
    EXPECT_EQ(after.graph.find(std::string("neck.Inject_") + level + ".global_embedding.conv"), kNone) << level;
  }
  EXPECT_NE(after.graph.find("neck.Inject_p4.global_embedding.conv"), kNone);
  EXPECT_NE(after.graph.find("neck.high_IFM.transformer_blocks.1.attn.to_q.c.parts:2"), kNone);
  EXPECT_EQ(compute_costs(after.graph).macs, compute_costs(folded.graph).macs);
  EXPECT_EQ(test::node_ops(merged(after).graph), test::node_ops(after.graph));
  const std::vector<Tensor> picture{test::random_tensor({1, 3, 128, 160}, 5)};
  const Tensor want = test::run_plain(folded, picture)[0], got = test::run_plain(after, picture)[0];
  EXPECT_TRUE(test::close(got, want, 1e-5, 1e-5));
}

}  // namespace
}  // namespace frugal
