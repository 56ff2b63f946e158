// Models with random weights, and runs of them.
#pragma once

#include "frugal/session.h"
#include "graph/builder.h"
#include "graph/op.h"
#include "support/support.h"

namespace frugal::test {

// Data for every weight of the graph: batch-norm variances positive, the rest about normal.
inline Model with_weights(Graph graph, std::uint64_t seed = 7) {
  Model model{std::move(graph), {}, {}};
  for (const Value& v : model.graph.values()) {
    if (v.kind != ValueKind::weight) continue;
    Tensor t = random_tensor(fixed_shape(v.type.shape), ++seed);
    const bool variance = v.name.ends_with("running_var"), kernel = t.rank() > 1;
    for (std::int64_t i = 0; i < t.numel(); ++i) {
      float& x = t.data<float>()[i];
      if (variance) x = 0.5f + x * x;
      if (kernel) x *= 0.3f;
    }
    model.weights.emplace(v.name, std::move(t));
  }
  return model;
}

inline std::vector<Tensor> run(const Model& model, const std::vector<Tensor>& inputs, SessionOptions options = {}) {
  Session session(model, std::move(options));
  return session.run(inputs);
}

// The oracle: node by node, scalar kernels, no memory shared.
inline std::vector<Tensor> run_plain(const Model& model, const std::vector<Tensor>& inputs) {
  return run(model, inputs, {.threads = 1, .optimize = false});
}

inline std::vector<std::string> node_ops(const Graph& graph) {
  std::vector<std::string> out;
  for (const Node& node : graph.nodes()) out.push_back(node.op->name);
  return out;
}

}  // namespace frugal::test
