#include "engine/storage.h"

#include <algorithm>

#include "base/check.h"

namespace frugal {
namespace {

class Placer {
 public:
  Placer(const Plan& plan, const CompileOptions& options) : plan_(plan), options_(options) {
    p_.elided.resize(plan.steps.size());
    p_.copies.resize(plan.steps.size());
    for (std::size_t i = 0; i < plan.values.size(); ++i) {
      const PlanValue& v = plan.values[i];
      p_.values.push_back({static_cast<int>(i), 0});
      p_.storages.push_back(
          {.bytes = v.bytes(), .members = {static_cast<ValueId>(i)}, .external = v.constant || v.input >= 0});
    }
    for (std::size_t s = 0; s < plan.steps.size(); ++s) {
      for (ValueId id : plan.steps[s].inputs)
        if (id != kNone) mine(id).last = std::max(mine(id).last, static_cast<int>(s));
      for (ValueId id : plan.steps[s].outputs) mine(id).first = mine(id).last = static_cast<int>(s);
    }
    for (ValueId id : plan.outputs) mine(id).last = static_cast<int>(plan.steps.size());
  }

  Placement run(bool share) {
    each([&](std::size_t s, const PlanStep& step) { place_view(s, step); });
    if (share) {
      each([&](std::size_t s, const PlanStep& step) { place_split(s, step); });
      each([&](std::size_t s, const PlanStep& step) { place_concat(s, step); });
      each([&](std::size_t s, const PlanStep& step) { place_over_input(s, step); });
    }
    return std::move(p_);
  }

 private:
  template <typename F>
  void each(F&& f) {
    for (std::size_t s = 0; s < plan_.steps.size(); ++s) f(s, plan_.steps[s]);
  }
  int storage_of(ValueId id) const { return p_.values[static_cast<std::size_t>(id)].storage; }
  Storage& mine(ValueId id) { return p_.storages[static_cast<std::size_t>(storage_of(id))]; }
  std::size_t bytes(ValueId id) const { return plan_.value(id).bytes(); }
  bool whole(ValueId id) { return p_.offset(id) == 0 && mine(id).bytes == bytes(id); }

  // All of `inner` comes to lie `offset` bytes into the storage of `outer`.
  void merge(ValueId inner, ValueId outer, std::size_t offset) {
    Storage &from = mine(inner), &to = mine(outer);
    int target = storage_of(outer);
    FRUGAL_ASSERT(&from != &to && offset + from.bytes <= to.bytes);
    for (ValueId id : from.members) {
      p_.values[static_cast<std::size_t>(id)].storage = target;
      p_.values[static_cast<std::size_t>(id)].offset += offset;
      to.members.push_back(id);
    }
    to.first = std::min(to.first, from.first);
    to.last = std::max(to.last, from.last);
    from = {};
  }

  void place_view(std::size_t s, const PlanStep& step) {
    ValueId in = step.inputs.empty() ? kNone : step.inputs[0], out = step.outputs[0];
    bool view = step.kind == PlanStep::Kind::reorder ? reorder_is_free(plan_.value(in).type, plan_.value(out).type)
                                                     : step.op->view;
    if (!view) return;
    merge(out, in, p_.offset(in));
    p_.elided[s] = true;
  }

  // Offsets in bytes of the parts of `whole` along an axis, if each part is one run of memory; else empty.
  std::vector<std::size_t> part_offsets(ValueId whole, const std::vector<ValueId>& parts, int axis) const {
    const StoredType& type = plan_.value(whole).type;
    std::int64_t outer = 1;
    for (int d = 0; d < axis; ++d) outer *= type.shape[static_cast<std::size_t>(d)];
    if (outer != 1 || (type.block > 1 && axis > 1)) return {};
    std::vector<std::size_t> out;
    std::size_t at = 0;
    for (ValueId part : parts) {
      const StoredType& t = plan_.value(part).type;
      bool last = out.size() + 1 == parts.size();
      if (t.block != type.block || (axis == 1 && !last && t.shape[1] % t.block != 0)) return {};
      out.push_back(at);
      at += t.bytes();
    }
    return at == type.bytes() ? out : std::vector<std::size_t>{};
  }

  void place_split(std::size_t s, const PlanStep& step) {
    if (!step.op || !step.op->split_axis) return;
    ValueId in = step.inputs[0];
    std::vector<std::size_t> offsets =
        part_offsets(in, step.outputs, step.op->split_axis(context_of(plan_, step, options_)));
    if (offsets.empty()) return;
    for (std::size_t i = 0; i < offsets.size(); ++i) merge(step.outputs[i], in, p_.offset(in) + offsets[i]);
    p_.elided[s] = true;
  }

  void place_concat(std::size_t s, const PlanStep& step) {
    if (!step.op || !step.op->concat_axis) return;
    ValueId out = step.outputs[0];
    std::vector<std::size_t> offsets =
        part_offsets(out, step.inputs, step.op->concat_axis(context_of(plan_, step, options_)));
    for (std::size_t i = 0; i < offsets.size(); ++i) {
      ValueId part = step.inputs[i];
      if (storage_of(part) != storage_of(out) && whole(part) && !mine(part).external)
        merge(part, out, p_.offset(out) + offsets[i]);
      else
        p_.copies[s].push_back(static_cast<int>(i));
    }
    p_.elided[s] = !offsets.empty() && p_.copies[s].empty();
  }

  // Over input 0, or over the residual that is read right where the result is written.
  void place_over_input(std::size_t s, const PlanStep& step) {
    if (!step.op || p_.elided[s] || !p_.copies[s].empty()) return;
    if (step.op->in_place && place_over(s, step, 0)) return;
    if (step.residual_input >= 0) place_over(s, step, static_cast<std::size_t>(step.residual_input));
  }

  bool place_over(std::size_t s, const PlanStep& step, std::size_t input) {
    ValueId in = step.inputs[input], out = step.outputs[0];
    const StoredType &a = plan_.value(in).type, &b = plan_.value(out).type;
    bool fits = a.dtype == b.dtype && a.block == b.block && bytes(in) == bytes(out) && whole(in) && !mine(in).external;
    bool dies = mine(in).last == static_cast<int>(s) && storage_of(in) != storage_of(out);
    for (std::size_t i = 0; i < step.inputs.size(); ++i)
      if (i != input && step.inputs[i] != kNone && storage_of(step.inputs[i]) == storage_of(in)) dies = false;
    if (fits && dies) merge(in, out, p_.offset(out));
    return fits && dies;
  }

  const Plan& plan_;
  const CompileOptions& options_;
  Placement p_;
};

}  // namespace

Placement place_values(const Plan& plan, const CompileOptions& options, bool share) {
  return Placer(plan, options).run(share);
}

}  // namespace frugal
