// Linear layers of one input become one step: the input is prepared once, and the threads meet once.
#include <algorithm>

#include "engine/plan.h"
#include "graph/op.h"
#include "kernels/block_units.h"

namespace frugal {
namespace {

bool can_join(const Plan& plan, const PlanStep& step) {
  if (!step.node || step.node->op->name != "linear" || step.epilogue.residual) return false;
  const PlanValue& weight = plan.value(step.inputs[1]);
  const bool bias_known = step.inputs[2] == kNone || plan.value(step.inputs[2]).constant;
  return weight.constant && has_block_form(weight.type.dtype) && bias_known;
}

// The first of `steps`, which now does the work of all.
void join(Plan& plan, const std::vector<PlanStep*>& steps) {
  Node node;
  PlanStep all = *steps[0];
  all.inputs.resize(1);
  all.outputs.clear();
  all.name.clear();
  for (const PlanStep* step : steps) {
    all.inputs.insert(all.inputs.end(), step->inputs.begin() + 1, step->inputs.end());
    all.outputs.push_back(step->outputs[0]);
    all.epilogues.push_back(step->epilogue);
    all.name += (all.name.empty() ? "" : " | ") + step->name;
  }
  all.epilogue = {};
  node.name = all.name, node.op = &OpRegistry::instance().get("linear_group");
  node.inputs = all.inputs, node.outputs = all.outputs;
  all.node = &plan.bound.emplace_back(std::move(node));
  all.op = &EngineRegistry::instance().get("linear_group");
  *steps[0] = std::move(all);
}

}  // namespace

void group_linears(Plan& plan) {
  std::vector<PlanStep> kept;
  std::vector<bool> gone(plan.steps.size());
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    if (gone[s]) continue;
    std::vector<PlanStep*> same{&plan.steps[s]};
    const bool joins = can_join(plan, plan.steps[s]);
    for (std::size_t t = s + 1; joins && t < plan.steps.size(); ++t) {
      const PlanStep& other = plan.steps[t];
      if (gone[t] || other.inputs.empty() || other.inputs[0] != plan.steps[s].inputs[0] || !can_join(plan, other))
        continue;
      same.push_back(&plan.steps[t]);
      gone[t] = true;
    }
    if (same.size() > 1) join(plan, same);
    kept.push_back(std::move(plan.steps[s]));
  }
  plan.steps = std::move(kept);
}

}  // namespace frugal
