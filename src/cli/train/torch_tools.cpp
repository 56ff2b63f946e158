// bench-torch: LibTorch as the yardstick.
#include <torch/torch.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "cli/model_source.h"
#include "cli/train/program.h"
#include "cli/train/random_input.h"
#include "train/interpreter.h"

namespace frugal {
namespace {

struct Options {
  ModelSource source;
  std::vector<int> threads{1};
  double seconds = 2;
};

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

}  // namespace frugal
