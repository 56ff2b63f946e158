#include <algorithm>
#include <map>

#include "engine/plan.h"

namespace frugal {
namespace {

class LayoutPass {
 public:
  LayoutPass(Plan& plan, const CompileOptions& options)
      : plan_(plan), options_(options), block_(options.kernels->channel_block) {}

  void run() {
    plain_network_ = prefers_plain_mostly();
    std::vector<PlanStep> steps = std::move(plan_.steps);
    plan_.steps.clear();
    for (PlanStep& step : steps) {
      if (!place_blocked(step))
        for (ValueId& id : step.inputs) id = in_layout(id, 1);
      plan_.steps.push_back(std::move(step));
    }
    for (ValueId& id : plan_.outputs) id = in_layout(id, 1);
  }

 private:
  static bool may_block(const StoredType& type) {
    return (type.dtype == DType::f32 || type.dtype == DType::u8) && type.shape.size() == 4;
  }
  static bool is_map(const PlanValue& v) { return may_block(v.type) && !v.constant; }

  // True where four fifths of the multiply-adds are in steps that prefer the plain layout: changing between layouts
  // for each of them would cost more than they gain.
  bool prefers_plain_mostly() const {
    double plain = 0, all = 0;
    for (const PlanStep& step : plan_.steps) {
      const auto macs = static_cast<double>(macs_of(plan_, step));
      all += macs;
      if (step.op->prefers_plain && step.op->prefers_plain(context_of(plan_, step, options_))) plain += macs;
    }
    return all > 0 && plain >= 0.8 * all;
  }

  // Gives the step blocked inputs and outputs where that is possible and wanted.
  bool place_blocked(PlanStep& step) {
    if (!step.op->can_block) return false;
    NodeContext context = context_of(plan_, step, options_);
    if (plain_network_ && step.op->prefers_plain && step.op->prefers_plain(context)) return false;
    bool wanted = step.op->prefers_blocked;
    for (std::size_t i = 0; i < step.inputs.size(); ++i) {
      if (step.inputs[i] == kNone || !is_map(plan_.value(step.inputs[i]))) continue;
      wanted = wanted || context.inputs[i]->block > 1;
      context.inputs[i]->block = block_;
    }
    for (StoredType& out : context.outputs) {
      if (!may_block(out)) return false;
      out.block = block_;
    }
    if (!wanted) return false;
    const bool plain_out = step.op->plain_output && step.op->plain_output(context, block_);
    if (!plain_out && !step.op->can_block(context, block_)) return false;
    for (std::size_t i = 0; i < step.inputs.size(); ++i) {
      ValueId& id = step.inputs[i];
      if (id == kNone || !is_map(plan_.value(id)) || plan_.value(id).type.block == block_) continue;
      bool plain_ok = i == 0 && step.op->plain_input_ok && step.op->plain_input_ok(context, block_);
      if (!plain_ok) id = in_layout(id, block_);
    }
    for (ValueId id : step.outputs) plan_.value(id).type.block = plain_out ? 1 : block_;
    return true;
  }

  // The same value in the layout asked for: itself, or the output of a reorder, made once.
  ValueId in_layout(ValueId id, int block) {
    if (id == kNone || plan_.value(id).type.block == block) return id;
    auto [found, fresh] = other_.try_emplace(id, kNone);
    if (fresh) {
      StoredType type = plan_.value(id).type;
      type.block = block;
      found->second = plan_.add_value({.type = std::move(type)});
      other_[found->second] = id;  // and back again costs nothing
      plan_.steps.push_back(
          {.kind = PlanStep::Kind::reorder, .inputs = {id}, .outputs = {found->second}, .name = "reorder"});
    }
    return other_.at(id);
  }

  Plan& plan_;
  const CompileOptions& options_;
  const int block_;
  bool plain_network_ = false;
  std::map<ValueId, ValueId> other_;
};

}  // namespace

bool reorder_is_free(const StoredType& from, const StoredType& to) {
  const Shape& s = from.shape;
  int block = std::max(from.block, to.block);
  bool whole_blocks = s[1] % block == 0;
  return s[2] * s[3] == 1 && (whole_blocks || (s[0] == 1 && to.block == 1));
}

void assign_layouts(Plan& plan, const CompileOptions& options) {
  if (options.kernels->channel_block > 1) LayoutPass(plan, options).run();
}

}  // namespace frugal
