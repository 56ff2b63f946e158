#include "methods/method.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "graph/op.h"
#include "graph/passes/passes.h"

namespace frugal {
namespace {

std::int64_t count(const Model& model, std::string_view op) {
  return std::count_if(model.graph.nodes().begin(), model.graph.nodes().end(),
                       [&](const Node& node) { return node.op->name == op; });
}

MethodResult run(const Model& model, const MethodInput& input) {
  MethodResult out;
  out.model = reparameterize(model);
  if (input.options.text("batch_norm") == "fold") out.model = fold_batch_norm(out.model);
  nlohmann::ordered_json report;
  for (const char* op : {"conv2d", "batch_norm", "add"}) {
    report[op] = {{"before", count(model, op)}, {"after", count(out.model, op)}};
    out.text += fmt::format("{:<10}  {:>4} -> {}\n", op, count(model, op), count(out.model, op));
  }
  out.report = report.dump();
  return out;
}

}  // namespace

FRUGAL_METHOD(reparameterize) {
  registry.add({.name = "reparameterize",
                .doc = "one convolution for parallel ones that are summed (Ding et al. 2021), batch norms folded; "
                       "computes the same; an engine does so by itself, a file gets smaller and other programs faster",
                .options = {{"batch_norm", "fold", "what becomes of the other batch norms", {"fold", "keep"}}},
                .run = run});
}

}  // namespace frugal
