// The speed of ops, on demand: test_ops --gtest_also_run_disabled_tests --gtest_filter=OpSpeed.*
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "engine/engine_op.h"
#include "frugal/session.h"
#include "graph/costs.h"
#include "kernels/kernels.h"
#include "ops/row_test.h"

namespace frugal::test {
namespace {

// Median milliseconds of one run.
double measure(Session& session, const std::vector<Tensor>& inputs) {
  using Clock = std::chrono::steady_clock;
  std::vector<Tensor> outputs;
  std::vector<double> times;
  const auto start = Clock::now();
  do {
    const auto before = Clock::now();
    session.run(inputs, outputs);
    times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - before).count());
  } while (times.size() < 5 || (times.size() < 1000 && Clock::now() - start < std::chrono::milliseconds(200)));
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
  return times[times.size() / 2];
}

TEST(OpSpeed, DISABLED_List) {
  std::printf("%-70s %10s %10s %10s %9s %9s\n", "op", "scalar ms", "avx2 ms", "avx512 ms", "GMAC/s", "GB/s");
  for (const OpRow& row : speed_rows()) {
    const Model model = row_model(row);
    const std::vector<Tensor> inputs = row_inputs(row);
    double bytes = 0, best = 0;
    for (const Tensor& t : inputs) bytes += static_cast<double>(t.bytes());
    for (const auto& [name, t] : model.weights) bytes += static_cast<double>(t.bytes());
    for (ValueId id : model.graph.outputs())
      bytes += static_cast<double>(
          byte_size(model.graph.value(id).type.dtype, fixed_shape(model.graph.value(id).type.shape)));
    std::printf("%-70s", row.name.c_str());
    for (Isa isa : {Isa::scalar, Isa::avx2, Isa::avx512}) {
      if (!isa_supported(isa)) {
        std::printf(" %10s", "-");
        continue;
      }
      Session session(model, {.threads = 1, .isa = std::string(name(isa))});
      best = measure(session, inputs);
      std::printf(" %10.4f", best);
    }
    std::printf(" %9.2f %9.2f\n", static_cast<double>(compute_costs(model.graph).macs) / best / 1e6,
                bytes / best / 1e6);
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace frugal::test
