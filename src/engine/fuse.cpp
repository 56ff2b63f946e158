#include <algorithm>

#include "engine/plan.h"

namespace frugal {
namespace {

constexpr int kNotYet = -2, kMany = -2, kNobody = -1;

class Fuser {
 public:
  explicit Fuser(Plan& plan)
      : plan_(plan), user_(plan.values.size(), kNobody), made_(plan.values.size()), gone_(plan.steps.size()) {
    for (std::size_t s = 0; s < plan.steps.size(); ++s) {
      for (ValueId id : plan.steps[s].inputs) {
        if (id == kNone) continue;
        int& user = user_[static_cast<std::size_t>(id)];
        user = user == kNobody ? static_cast<int>(s) : kMany;
      }
      for (ValueId id : plan.steps[s].outputs) made_[static_cast<std::size_t>(id)] = kNotYet;
    }
    for (ValueId id : plan.outputs) user_[static_cast<std::size_t>(id)] = kMany;
  }

  void run() {
    for (std::size_t s = 0; s < plan_.steps.size(); ++s) {
      if (gone_[s]) continue;
      while (absorb(plan_.steps[s])) {}
      for (ValueId id : plan_.steps[s].outputs) made_[static_cast<std::size_t>(id)] = static_cast<int>(s);
    }
    std::vector<PlanStep> kept;
    for (std::size_t s = 0; s < plan_.steps.size(); ++s)
      if (!gone_[s]) kept.push_back(std::move(plan_.steps[s]));
    plan_.steps = std::move(kept);
  }

 private:
  bool absorb(PlanStep& step) {
    if (step.outputs.size() != 1) return false;
    int user = user_[static_cast<std::size_t>(step.outputs[0])];
    if (user < 0) return false;
    const PlanStep& next = plan_.steps[static_cast<std::size_t>(user)];
    if (!absorb_activation(step, next) && !absorb_number(step, next) && !absorb_residual(step, next)) return false;
    step.outputs = next.outputs;
    step.name += " + " + next.name;
    gone_[static_cast<std::size_t>(user)] = true;
    return true;
  }

  bool absorb_activation(PlanStep& step, const PlanStep& next) {
    EpilogueSpec& e = step.epilogue;
    if (!step.op->fuses_activation || !next.op->as_activation || e.activation.kind != Activation::none ||
        e.residual_last || e.scale != 1 || e.shift != 0)
      return false;
    if (next.inputs[0] != step.outputs[0] || !same_type(step.outputs[0], next.outputs[0])) return false;
    std::optional<ActivationSpec> activation = next.op->as_activation(*next.node);
    if (!activation || (activation->kind == Activation::prelu && !give_slope(step, next, *activation))) return false;
    e.activation = *activation;
    return true;
  }

  // The slopes of a prelu, where they are known and the producer can apply them; one for all is leaky_relu.
  bool give_slope(const PlanStep& step, const PlanStep& next, ActivationSpec& activation) {
    const Tensor* slope = plan_.value(next.inputs[1]).constant;
    const Shape& shape = plan_.value(next.outputs[0]).type.shape;
    if (!slope || slope->dtype() != DType::f32) return false;
    if (slope->numel() == 1) {
      activation = {.kind = Activation::leaky_relu, .alpha = slope->data<float>()[0]};
      return true;
    }
    activation.slope = slope->data<float>();
    return step.op->fuses_channel_slopes && shape.size() == 4 && slope->numel() == shape[1];
  }

  // A known number that is multiplied with the result or added to it.
  bool absorb_number(PlanStep& step, const PlanStep& next) {
    EpilogueSpec& e = step.epilogue;
    if (!step.op->fuses_activation || e.residual_last || !(next.op->is_scale || next.op->is_residual_add)) return false;
    const ValueId made = step.outputs[0];
    const Tensor* number = plan_.value(next.inputs[next.inputs[0] == made ? 1 : 0]).constant;
    if (!number || number->dtype() != DType::f32 || number->numel() != 1 || !same_type(made, next.outputs[0]))
      return false;
    const float x = number->data<float>()[0];
    if (next.op->is_scale) e.scale *= x, e.shift *= x;
    if (next.op->is_residual_add) e.shift += x;
    return true;
  }

  bool absorb_residual(PlanStep& step, const PlanStep& next) {
    EpilogueSpec& e = step.epilogue;
    if (!step.op->fuses_residual || !next.op->is_residual_add || e.residual || next.inputs.size() != 2) return false;
    ValueId sum = step.outputs[0], other = next.inputs[next.inputs[0] == sum ? 1 : 0];
    bool there = made_[static_cast<std::size_t>(other)] != kNotYet && !plan_.value(other).constant;
    if (other == sum || !there || !same_type(sum, other) || !same_type(sum, next.outputs[0])) return false;
    step.inputs.push_back(other);
    step.residual_input = static_cast<int>(step.inputs.size()) - 1;
    e.residual = true;
    e.residual_last = e.activation.kind != Activation::none || e.scale != 1 || e.shift != 0;
    return true;
  }

  bool same_type(ValueId a, ValueId b) const {
    const StoredType &x = plan_.value(a).type, &y = plan_.value(b).type;
    return x.dtype == y.dtype && x.shape == y.shape;
  }

  Plan& plan_;
  std::vector<int> user_;  // of each value: its one user, or kMany, or kNobody
  std::vector<int> made_;  // the step that makes a value, as far as run() has come
  std::vector<bool> gone_;
};

}  // namespace

void fuse(Plan& plan) { Fuser(plan).run(); }

}  // namespace frugal
