// What every pass promises, checked on one of them.
#pragma once

#include "engine/engine_test.h"
#include "engine/program.h"
#include "graph/costs.h"
#include "graph/passes/passes.h"
#include "graph/verify.h"

namespace frugal::test {

inline std::vector<Tensor> evaluate(const Node& node, const std::vector<const Tensor*>& inputs) {
  return evaluate_node(node, inputs, kernels(Isa::scalar));
}

// Runs a pass and checks what every pass promises; returns its result.
inline Model checked(const Model& before, const std::function<Model(const Model&)>& pass,
                     const std::vector<Tensor>& inputs) {
  Model after = pass(before);
  verify(after);
  Costs old_costs = compute_costs(before.graph), new_costs = compute_costs(after.graph);
  EXPECT_LE(new_costs.macs, old_costs.macs);
  EXPECT_LE(new_costs.params, old_costs.params);
  EXPECT_EQ(after.graph.outputs().size(), before.graph.outputs().size());
  for (std::size_t i = 0; i < after.graph.outputs().size(); ++i)
    EXPECT_EQ(after.graph.output_name(i), before.graph.output_name(i));
  std::vector<Tensor> want = run_plain(before, inputs), got = run_plain(after, inputs);
  for (std::size_t i = 0; i < want.size(); ++i) EXPECT_TRUE(close(got[i], want[i], 2e-5, 2e-5));
  Model twice = pass(after);
  EXPECT_EQ(node_ops(twice.graph), node_ops(after.graph));
  for (const auto& [name, tensor] : after.weights) {
    auto same = twice.weights.find(name);
    EXPECT_TRUE(same != twice.weights.end() && test::same(same->second, tensor)) << name;
  }
  return after;
}

}  // namespace frugal::test
