// The parts of Gold-YOLO, each cut out of its network, in double precision: gradients against finite differences, and
// that what is merged, moved or shared computes the same.
#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "frugal/model.h"
#include "graph/builder.h"
#include "graph/costs.h"
#include "graph/op.h"
#include "graph/passes/passes.h"
#include "models/registry.h"
#include "support/support.h"
#include "train/interpreter.h"

namespace frugal::test {
namespace {

using Names = std::vector<std::string>;

Graph network(const std::string& size, std::int64_t height, std::int64_t width) {
  return build_network("gold_yolo_" + size, {.classes = 3, .height = height, .width = width});
}

// What `weight` is multiplied with.
std::string input_of(const Graph& graph, const std::string& weight) {
  for (const Node& node : graph.nodes())
    if (node.inputs.size() > 1 && node.inputs[1] == graph.find(weight)) return graph.value(node.inputs[0]).name;
  ADD_FAILURE() << "nothing reads " << weight;
  return "";
}

const Node& producer(const Graph& graph, const std::string& value) {
  return graph.node(graph.value(graph.find(value)).producer);
}

// The nodes between `inputs` and `output` as a network of their own.
Graph part(const Graph& whole, const Names& inputs, const std::string& output) {
  std::vector<bool> needed(whole.values().size(), false);
  needed[static_cast<std::size_t>(whole.find(output))] = true;
  Graph out(output);
  std::vector<ValueId> copied(whole.values().size(), kNone);
  for (const std::string& name : inputs) {
    ValueType type = whole.value(whole.find(name)).type;
    type.shape[0] = Dim::symbol("batch");
    copied[static_cast<std::size_t>(whole.find(name))] = out.add_input(name, type);
  }
  const std::vector<ValueId> ends = copied;
  // Whether a result is wanted that is not given.
  const auto reaches = [&](const Node& node) {
    return std::any_of(node.outputs.begin(), node.outputs.end(), [&](ValueId v) {
      return needed[static_cast<std::size_t>(v)] && ends[static_cast<std::size_t>(v)] == kNone;
    });
  };
  for (std::size_t i = whole.nodes().size(); i-- > 0;)
    if (const Node& node = whole.nodes()[i]; reaches(node))
      for (ValueId v : node.inputs)
        if (v != kNone) needed[static_cast<std::size_t>(v)] = true;
  for (const Node& node : whole.nodes()) {
    if (!reaches(node)) continue;
    std::vector<ValueId> in;
    for (ValueId v : node.inputs) {
      if (v == kNone) {
        in.push_back(kNone);
        continue;
      }
      ValueId& copy = copied[static_cast<std::size_t>(v)];
      const Value& value = whole.value(v);
      if (copy == kNone)
        copy = out.add_weight(value.name, value.type.dtype, fixed_shape(value.type.shape), value.role, value.init);
      in.push_back(copy);
    }
    const std::vector<ValueId> results = out.add_node(node.op->name, node.name, in, node.attrs);
    for (std::size_t i = 0; i < results.size(); ++i) copied[static_cast<std::size_t>(node.outputs[i])] = results[i];
  }
  out.add_output(copied[static_cast<std::size_t>(whole.find(output))], output);
  return out;
}

// Batch norms as training leaves them: none at its start, which hides branches whose factor is 0.
Weights trained_weights(const Graph& graph) {
  Weights weights = initial_weights(graph, 3);
  RandomStream random(7, "norms");
  for (auto& [name, tensor] : weights) {
    const bool mean = name.ends_with("running_mean"),
               scale = name.ends_with("running_var") || (name.ends_with("weight") && tensor.rank() == 1);
    if (!mean && !scale) continue;
    tensor = tensor.to(DType::f32);
    for (std::int64_t i = 0; i < tensor.numel(); ++i)
      tensor.data<float>()[i] = mean ? random.uniform(-0.2f, 0.2f) : random.uniform(0.5f, 1.5f);
  }
  return weights;
}

std::vector<torch::Tensor> random_inputs(const Graph& graph) {
  std::vector<torch::Tensor> out;
  for (ValueId id : graph.inputs()) {
    std::vector<std::int64_t> shape{2};
    for (std::size_t i = 1; i < graph.value(id).type.shape.size(); ++i)
      shape.push_back(graph.value(id).type.shape[i].value());
    out.push_back(torch::randn(shape, torch::kFloat64));
  }
  return out;
}

// Along a random direction in every input and in every parameter: the derivative is the difference. With running
// statistics and with those of the batch.
void expect_gradients(const Graph& graph) {
  torch::set_num_threads(1);
  torch::manual_seed(11);
  const Weights weights = trained_weights(graph);
  for (bool training : {false, true}) {
    Interpreter net(graph, weights, torch::kCPU, torch::kFloat64);
    std::vector<torch::Tensor> inputs = random_inputs(graph);
    std::vector<std::pair<std::string, torch::Tensor>> leaves;
    for (std::size_t i = 0; i < inputs.size(); ++i)
      leaves.emplace_back("input " + std::to_string(i), inputs[i].requires_grad_());
    for (const std::string& name : net.parameter_names()) leaves.emplace_back(name, net.weights().at(name));
    torch::Tensor probe;
    const auto loss = [&] {
      const torch::Tensor y = net.forward(inputs, training)[0];
      if (!probe.defined()) probe = torch::randn_like(y);
      return (y * probe).sum();
    };
    loss().backward();
    torch::NoGradGuard no_grad;
    for (const auto& [name, leaf] : leaves) {
      ASSERT_TRUE(leaf.grad().defined()) << name;
      const torch::Tensor direction = torch::randn_like(leaf), from = leaf.clone();
      const double expected = (leaf.grad() * direction).sum().item<double>(), h = 1e-7;  // kinks of ReLU lie farther
      leaf.copy_(from + h * direction);
      const double up = loss().item<double>();
      leaf.copy_(from - h * direction);
      const double down = loss().item<double>();
      leaf.copy_(from);
      const double size = leaf.grad().norm().item<double>() * direction.norm().item<double>();
      EXPECT_NEAR((up - down) / (2 * h), expected, 1e-6 * size + 1e-6) << name << (training ? ", training" : "");
    }
  }
}

TEST(GoldYoloGradients, Injection) {
  const Graph pico = network("pico", 64, 96);
  for (const std::string name : {"neck.Inject_p4", "neck.Inject_n5"})
    expect_gradients(part(
        pico, {input_of(pico, name + ".local_embedding.conv.weight"), input_of(pico, name + ".global_act.conv.weight")},
        name));
}

TEST(GoldYoloGradients, FusionOfThreeLevels) {
  const Graph pico = network("pico", 64, 96);
  const std::string name = "neck.LAF_p4", all = input_of(pico, name + ".cv_fuse.conv.weight");
  const Node& concat = producer(pico, all);
  const auto before = [&](std::size_t i) {
    return pico.value(producer(pico, pico.value(concat.inputs[i]).name).inputs[0]).name;
  };
  const Graph fusion = part(pico, {before(0), input_of(pico, name + ".cv1.conv.weight"), before(2)},
                            input_of(pico, "neck.Inject_p4.local_embedding.conv.weight"));
  EXPECT_EQ(fusion.inputs().size(), 3u);
  expect_gradients(fusion);
}

TEST(GoldYoloGradients, TransformerBlock) {
  const Graph pico = network("pico", 128, 192);  // 6 tokens
  const std::string name = "neck.high_IFM.transformer_blocks.0";
  const std::string in = input_of(pico, name + ".attn.to_q.c.weight");
  const Graph attention = part(pico, {in}, name + ".attn.proj.1.bn");
  EXPECT_EQ(std::count_if(attention.nodes().begin(), attention.nodes().end(),
                          [](const Node& n) { return n.op->name == "softmax"; }),
            1);
  expect_gradients(attention);
  expect_gradients(part(pico, {in}, name));
}

TEST(GoldYoloGradients, BlocksInTwoBranches) {
  const Graph m = network("m", 32, 64);
  expect_gradients(part(m, {input_of(m, "neck.Rep_p3.cv1.conv.weight")}, "neck.Rep_p3.cv3"));
}

// 3 x 4 cells are pooled to 2 x 2: windows of rows overlap.
TEST(GoldYoloGradients, LevelsThatDoNotDivide) {
  const Graph pico = network("pico", 96, 128);
  const Node& gathered = producer(pico, "neck.high_FAM");
  Names maps;
  for (ValueId v : gathered.inputs) maps.push_back(pico.value(producer(pico, pico.value(v).name).inputs[0]).name);
  const Graph levels = part(pico, maps, "neck.high_FAM");
  EXPECT_EQ(levels.value(levels.inputs()[2]).type.shape[2].value(), 3);
  expect_gradients(levels);
}

// Largest difference, relative to the largest value.
double difference(const torch::Tensor& a, const torch::Tensor& b) {
  return ((a - b).abs().max() / b.abs().max()).item<double>();
}

std::vector<torch::Tensor> run(const Model& model, const std::vector<torch::Tensor>& inputs) {
  torch::NoGradGuard no_grad;
  Interpreter net(model.graph, model.weights, torch::kCPU, torch::kFloat64);
  return net.forward(inputs, false);
}

// In double precision what is left is the rounding of the merged weights to float.
TEST(GoldYoloIdentities, MergedBranches) {
  torch::set_num_threads(1);
  torch::manual_seed(5);
  for (const char* size : {"pico", "m"}) {
    const Graph graph = network(size, 64, 96);
    Model model{graph, trained_weights(graph), {}};
    for (auto& [name, tensor] : model.weights)  // predictions start at 0
      if (name.find("_preds") != std::string::npos && name.ends_with("weight"))
        tensor = random_tensor(tensor.shape(), 9);
    const std::vector<torch::Tensor> picture{torch::rand({1, 3, 64, 96}, torch::kFloat64)};
    const torch::Tensor want = run(model, picture)[0], got = run(fold_batch_norm(reparameterize(model)), picture)[0];
    EXPECT_GT(want.slice(2, 4).std().item<double>(), 1e-3) << size;
    EXPECT_LT((got - want).slice(2, 0, 4).abs().max().item<double>(), 1e-3) << size;
    EXPECT_LT((got - want).slice(2, 4).abs().max().item<double>(), 1e-6) << size;
  }
}

// A 1x1 convolution commutes with what resamples: levels are fused and gathered in the order that costs less.
TEST(GoldYoloIdentities, PointwiseConvolutionsCommute) {
  torch::set_num_threads(1);
  torch::manual_seed(6);
  const Graph graph = network("n", 96, 128);  // where windows overlap
  const Model folded = fold_batch_norm(reparameterize({graph, trained_weights(graph), {}}));
  const Model moved = commute_pointwise(folded);
  EXPECT_LT(compute_costs(moved.graph).macs, compute_costs(folded.graph).macs);
  const std::vector<torch::Tensor> picture{torch::rand({1, 3, 96, 128}, torch::kFloat64)};
  EXPECT_LT(difference(run(moved, picture)[0], run(folded, picture)[0]), 1e-5);
}

// Gate and embedding of an injection are one convolution of twice as many channels; a chain of poolings has windows of
// 5, 9 and 13.
TEST(GoldYoloIdentities, ConvolutionsOfOneValueAndPoolingsInAChain) {
  torch::manual_seed(7);
  const auto random = [](std::vector<std::int64_t> shape) { return torch::randn(shape, torch::kFloat64); };
  const torch::Tensor x = random({2, 24, 9, 7}), a = random({16, 24, 1, 1}), b = random({16, 24, 1, 1});
  const std::vector<torch::Tensor> both = torch::conv2d(x, torch::cat({a, b})).chunk(2, 1);
  EXPECT_LT(difference(both[0], torch::conv2d(x, a)), 1e-12);
  EXPECT_LT(difference(both[1], torch::conv2d(x, b)), 1e-12);
  torch::Tensor chain = x;
  for (std::int64_t window : {5, 9, 13}) {
    chain = torch::max_pool2d(chain, 5, 1, 2);
    const std::int64_t reach = window / 2;
    const torch::Tensor padded = torch::constant_pad_nd(x, {reach, reach, reach, reach}, -INFINITY);
    EXPECT_TRUE(torch::equal(chain, torch::max_pool2d(padded, window, 1)));
    const torch::Tensor rows = torch::max_pool2d(padded, {1, window}, 1);
    EXPECT_TRUE(torch::equal(chain, torch::max_pool2d(rows, {window, 1}, 1)));
  }
}

}  // namespace
}  // namespace frugal::test
