// compare: the engine beside LibTorch on the same pictures.
#include <torch/torch.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "cli/model_source.h"
#include "cli/train/program.h"
#include "cli/train/random_input.h"
#include "engine/program.h"
#include "formats/dataset.h"
#include "frugal/session.h"
#include "frugal/task_info.h"
#include "graph/passes/passes.h"
#include "train/image_batches.h"
#include "train/interpreter.h"

namespace frugal {
namespace {

struct Options {
  ModelSource source;
  std::string data, split = "test";
  int threads = 1;
  std::int64_t samples = 256;
  bool in_order = false;
};

// Test pictures prepared as the model says; random numbers without --data.
std::vector<std::vector<torch::Tensor>> compare_inputs(const Options& o, const Model& model) {
  if (o.data.empty()) {
    std::vector<torch::Tensor> inputs;
    for (const Shape& shape : input_shapes(model.graph, o.source.shapes)) inputs.push_back(random_input(shape));
    return {inputs};
  }
  std::optional<TaskInfo> info = task_info(model);
  require(info.has_value(), "{} does not say how pictures become its input; compare it without --data", o.source.model);
  Recipe::Augment normalise;
  normalise.mean.assign(info->mean.begin(), info->mean.end());
  normalise.std.assign(info->std.begin(), info->std.end());
  ImageBatches batches(std::shared_ptr<const ImageDataset>(open_dataset(o.data, o.split)), *info, normalise, 64,
                       o.samples, 0, false, Share{});
  std::vector<std::vector<torch::Tensor>> all;
  for (std::int64_t step = 0; step < batches.steps(); ++step) all.push_back(batches.load(0, step).inputs);
  return all;
}

// A convolution summed tap by tap, each product added with one rounding: what a fused multiply-add gives, in the order
// of the engine's kernels for few input channels. (The double sum of float products is rounded twice, which differs
// from once in 1 of 2^29 cases.)
torch::Tensor convolve_in_order(const TorchArgs& a) {
  const Ints &stride = attr_ints(a.node, "stride"), &pad = attr_ints(a.node, "padding"),
             &dilation = attr_ints(a.node, "dilation");
  const torch::Tensor w = a[1].to(torch::kFloat64),
                      x = torch::constant_pad_nd(a[0], {pad[1], pad[3], pad[0], pad[2]}).to(torch::kFloat64);
  const std::int64_t reach_h = (w.size(2) - 1) * dilation[0], reach_w = (w.size(3) - 1) * dilation[1];
  torch::Tensor sum;
  for (std::int64_t c = 0; c < w.size(1); ++c)
    for (std::int64_t ky = 0; ky < w.size(2); ++ky)
      for (std::int64_t kx = 0; kx < w.size(3); ++kx) {
        const std::int64_t top = ky * dilation[0], left = kx * dilation[1];
        const torch::Tensor tap = x.slice(1, c, c + 1)
                                      .slice(2, top, x.size(2) - reach_h + top, stride[0])
                                      .slice(3, left, x.size(3) - reach_w + left, stride[1]) *
                                  w.select(1, c).select(1, ky).select(1, kx).view({1, -1, 1, 1});
        sum = (sum.defined() ? sum + tap : tap).to(torch::kFloat32).to(torch::kFloat64);
      }
  sum = sum.to(torch::kFloat32);
  return a.has(2) ? sum + a[2].view({1, -1, 1, 1}) : sum;
}

// The network with batch norms folded, as the engine has it, and convolutions in the engine's order.
Interpreter in_order(const Model& simplified) {
  Interpreter net(simplified.graph, simplified.weights);
  for (const Node& node : simplified.graph.nodes())
    if (node.op->name == "conv2d" && attr_int(node, "groups") == 1)
      net.replace_node(node.name, [](const TorchArgs& a) { return std::vector{convolve_in_order(a)}; });
  return net;
}

struct Differences {
  double worst = 0, largest = 0;
  std::int64_t samples = 0, classified = 0, same_class = 0;

  void add(const torch::Tensor& got, const torch::Tensor& expected) {
    worst = std::max(worst, (got - expected).abs().max().item<double>());
    largest = std::max(largest, expected.abs().max().item<double>());
    if (expected.dim() != 2) return;  // [picture, class]
    classified += got.size(0);
    same_class += (got.argmax(1) == expected.argmax(1)).sum().item<std::int64_t>();
  }
};

void report(const Differences& d, bool json) {
  nlohmann::json document{{"max_difference", d.worst}, {"max_output", d.largest}, {"samples", d.samples}};
  std::string classes;
  if (d.classified > 0) {
    document["same_class"] = d.same_class;
    classes = fmt::format(", the same largest output for {} of {}", d.same_class, d.classified);
  }
  if (json)
    fmt::print("{}\n", document.dump(2));
  else
    fmt::print("engine against LibTorch on {} samples: largest difference {:.3g} of outputs up to {:.3g}{}\n",
               d.samples, d.worst, d.largest, classes);
}

int compare(const Options& o, const TrainCommon& common) {
  Model model = open_model(o.source, {.quiet = true}).model;
  torch::set_num_threads(o.threads);
  torch::InferenceMode inference;
  Model simplified;
  if (o.in_order)
    simplified = simplify(
        model, [](const Node& node, const auto& inputs) { return evaluate_node(node, inputs, active_kernels()); });
  Interpreter net = o.in_order ? in_order(simplified) : Interpreter(model.graph, model.weights);
  Session session(model, {.threads = o.threads});
  Differences differences;
  for (const std::vector<torch::Tensor>& inputs : compare_inputs(o, model)) {
    std::vector<Tensor> ours;
    for (const torch::Tensor& t : inputs) ours.push_back(from_torch(t));
    const std::vector<Tensor> got = session.run(ours);
    const std::vector<torch::Tensor> expected = net.forward(inputs, false);
    for (std::size_t i = 0; i < got.size(); ++i) differences.add(to_torch(got[i]), expected[i]);
    differences.samples += inputs[0].size(0);
  }
  report(differences, common.json);
  return 0;
}

}  // namespace

TrainCommandRun define_compare(CLI::App& app, const TrainCommon& common) {
  auto options = std::make_shared<Options>();
  options->source.add_options(app, true);
  app.add_option("--data", options->data, "Pictures to compare on (default: random numbers)")->type_name("NAME");
  app.add_option("--split", options->split, "Split of the data (default: test)");
  app.add_option("--samples", options->samples, "Pictures at most")->check(CLI::Range(1, 10'000'000));
  app.add_option("--threads", options->threads, "Threads")->check(CLI::Range(1, 1024));
  app.add_flag("--in-order", options->in_order,
               "LibTorch folds batch norms and sums convolutions tap by tap, as the engine does: what differs then is "
               "not the order of sums");
  return [options, &common] { return compare(*options, common); };
}

}  // namespace frugal
