// bench-torch and compare: LibTorch as the yardstick.
#include <torch/torch.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/random.h"
#include "cli/model_source.h"
#include "cli/train/program.h"
#include "formats/dataset.h"
#include "frugal/session.h"
#include "frugal/task_info.h"
#include "train/image_batches.h"
#include "train/interpreter.h"

namespace frugal {
namespace {

struct Options {
  ModelSource source;
  std::string data, split = "test";
  std::vector<int> threads{1};
  double seconds = 2;
  std::int64_t samples = 256;
};

torch::Tensor random_input(const Shape& shape) {
  torch::Tensor t = torch::empty(shape);
  RandomStream random(0, "input");
  for (std::int64_t i = 0; i < t.numel(); ++i) t.data_ptr<float>()[i] = random.normal();
  return t;
}

// Milliseconds of each run, sorted.
std::vector<double> time_forward(Interpreter& net, const std::vector<torch::Tensor>& inputs, double seconds) {
  using clock = std::chrono::steady_clock;
  auto once = [&] {
    auto start = clock::now();
    net.forward(inputs, false);
    return std::chrono::duration<double, std::milli>(clock::now() - start).count();
  };
  for (int i = 0; i < 3; ++i) once();
  std::vector<double> times;
  for (double total = 0; total < seconds * 1e3 || times.size() < 5; total += times.back()) times.push_back(once());
  std::sort(times.begin(), times.end());
  return times;
}

int bench(const Options& o, const TrainCommon& common) {
  Model model = open_model(o.source, {.quiet = true}).model;
  Interpreter net(model.graph, model.weights);
  torch::InferenceMode inference;
  std::vector<torch::Tensor> plain, innermost;
  for (const Shape& shape : input_shapes(model.graph, o.source.shapes)) {
    plain.push_back(random_input(shape));
    innermost.push_back(shape.size() == 4 ? plain.back().contiguous(torch::MemoryFormat::ChannelsLast) : plain.back());
  }
  nlohmann::json runs = nlohmann::json::array();
  for (int threads : o.threads) {
    torch::set_num_threads(threads);
    std::vector<double> a = time_forward(net, plain, o.seconds / 2), b = time_forward(net, innermost, o.seconds / 2);
    const bool last = b[b.size() / 2] < a[a.size() / 2];  // LibTorch's better layout counts
    const std::vector<double>& best = last ? b : a;
    runs.push_back({{"threads", threads},
                    {"median_ms", best[best.size() / 2]},
                    {"min_ms", best[0]},
                    {"layout", last ? "channels_last" : "contiguous"}});
  }
  if (common.json) {
    fmt::print("{}\n", nlohmann::json{{"libtorch", TORCH_VERSION}, {"runs", runs}}.dump(2));
    return 0;
  }
  fmt::print("LibTorch {}\n", TORCH_VERSION);
  for (const auto& run : runs)
    fmt::print("{} threads: median {:.3f} ms, fastest {:.3f} ms ({})\n", run["threads"].get<int>(),
               run["median_ms"].get<double>(), run["min_ms"].get<double>(), run["layout"].get<std::string>());
  return 0;
}

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

int compare(const Options& o, const TrainCommon& common) {
  Model model = open_model(o.source, {.quiet = true}).model;
  torch::set_num_threads(o.threads.front());
  torch::InferenceMode inference;
  Interpreter net(model.graph, model.weights);
  Session session(model, {.threads = o.threads.front()});
  double worst = 0, largest = 0;
  std::int64_t samples = 0;
  for (const std::vector<torch::Tensor>& inputs : compare_inputs(o, model)) {
    std::vector<Tensor> ours;
    for (const torch::Tensor& t : inputs) ours.push_back(from_torch(t));
    std::vector<Tensor> got = session.run(ours);
    std::vector<torch::Tensor> expected = net.forward(inputs, false);
    for (std::size_t i = 0; i < got.size(); ++i) {
      worst = std::max(worst, (to_torch(got[i]) - expected[i]).abs().max().item<double>());
      largest = std::max(largest, expected[i].abs().max().item<double>());
    }
    samples += inputs[0].size(0);
  }
  if (common.json)
    fmt::print("{}\n",
               nlohmann::json{{"max_difference", worst}, {"max_output", largest}, {"samples", samples}}.dump(2));
  else
    fmt::print("engine against LibTorch on {} samples: largest difference {:.3g} of outputs up to {:.3g}\n", samples,
               worst, largest);
  return 0;
}

}  // namespace

TrainCommandRun define_bench_torch(CLI::App& app, const TrainCommon& common) {
  auto options = std::make_shared<Options>();
  options->source.add_options(app, true);
  app.add_option("--threads", options->threads, "Numbers of threads, such as 1,2")
      ->delimiter(',')
      ->check(CLI::Range(1, 1024));
  app.add_option("--seconds", options->seconds, "Time to measure for, each")->check(CLI::Range(0.01, 600.0));
  return [options, &common] { return bench(*options, common); };
}

TrainCommandRun define_compare(CLI::App& app, const TrainCommon& common) {
  auto options = std::make_shared<Options>();
  options->source.add_options(app, true);
  app.add_option("--data", options->data, "Pictures to compare on (default: random numbers)")->type_name("NAME");
  app.add_option("--split", options->split, "Split of the data (default: test)");
  app.add_option("--samples", options->samples, "Pictures at most")->check(CLI::Range(1, 10'000'000));
  app.add_option("--threads", options->threads, "Threads")->delimiter(',')->check(CLI::Range(1, 1024));
  return [options, &common] { return compare(*options, common); };
}

}  // namespace frugal
