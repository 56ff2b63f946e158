// Rounding to bytes goes from the layers that read a value into the store of the step that makes it.
#include <algorithm>

#include "engine/plan.h"

namespace frugal {
namespace {

class Rounder {
 public:
  Rounder(Plan& plan, const CompileOptions& options) : plan_(plan), options_(options) {}

  void run() {
    for (std::size_t s = 0; s < plan_.steps.size(); ++s) {
      PlanStep& step = plan_.steps[s];
      if (!step.op->stores_rounded || step.outputs.size() != 1 || plan_.value(step.outputs[0]).type.dtype != DType::f32)
        continue;
      std::vector<std::size_t> readers;
      const std::optional<ByteRounding> rounding = first_rounding(step.outputs[0], s, readers);
      if (rounding) store_rounded(step, *rounding, readers);
    }
  }

 private:
  std::optional<ByteRounding> rounding_of(const PlanStep& step) const {
    return step.op->rounds_input ? step.op->rounds_input(context_of(plan_, step, options_)) : std::nullopt;
  }

  // How the first step that rounds the value does it, and all steps that do it so.
  std::optional<ByteRounding> first_rounding(ValueId id, std::size_t maker, std::vector<std::size_t>& readers) const {
    std::optional<ByteRounding> found;
    for (std::size_t s = maker + 1; s < plan_.steps.size(); ++s) {
      const PlanStep& step = plan_.steps[s];
      if (step.inputs.empty() || step.inputs[0] != id) continue;
      const std::optional<ByteRounding> own = rounding_of(step);
      if (!own || (found && *found != *own)) continue;
      found = own;
      readers.push_back(s);
    }
    return found;
  }

  void store_rounded(PlanStep& step, const ByteRounding& rounding, const std::vector<std::size_t>& readers) {
    const ValueId floats = step.outputs[0];
    StoredType type = plan_.value(floats).type;
    type.dtype = DType::u8;
    type.grids = static_cast<int>(rounding.inverse.size());
    const ValueId rounded = plan_.add_value({.type = std::move(type)});
    for (std::size_t s : readers) plan_.steps[s].inputs[0] = rounded;
    step.rounding = rounding;
    if (is_read(floats))
      step.outputs.push_back(rounded);
    else
      step.outputs = {rounded};
  }

  bool is_read(ValueId id) const {
    return std::ranges::count(plan_.outputs, id) > 0 ||
           std::ranges::any_of(plan_.steps, [id](const PlanStep& s) { return std::ranges::count(s.inputs, id) > 0; });
  }

  Plan& plan_;
  const CompileOptions& options_;
};

}  // namespace

void round_in_stores(Plan& plan, const CompileOptions& options) { Rounder(plan, options).run(); }

}  // namespace frugal
