// frugal-train: the commands that need LibTorch. `frugal train` hands over to it; the others serve comparisons.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace frugal {

struct TrainCommon {
  bool json = false;
  bool quiet = false;
};

using TrainCommandRun = std::function<int()>;  // the exit code

TrainCommandRun define_train(CLI::App& app, const TrainCommon& common);
TrainCommandRun define_bench_torch(CLI::App& app, const TrainCommon& common);
TrainCommandRun define_compare(CLI::App& app, const TrainCommon& common);

}  // namespace frugal
