// If, Loop and Scan, where what they do is known while the model is imported: the branch is taken, the steps are
// written one after the other.
#include "formats/onnx/importer.h"

namespace frugal::onnx_import {
namespace {

constexpr std::int64_t kMostSteps = 4096;

using Bindings = std::vector<std::shared_ptr<Binding>>;

std::shared_ptr<Binding> bound(Known known) {
  auto binding = std::make_shared<Binding>();
  binding->known = std::move(known);
  return binding;
}

std::shared_ptr<Binding> bound(ValueId id) {
  auto binding = std::make_shared<Binding>();
  binding->id = id;
  return binding;
}

const onnx::GraphProto& graph_of(ImportNode& n, const char* attribute) {
  const auto* found = n.find(attribute);
  n.require(found != nullptr, "it lacks its {}", attribute);
  return found->g();
}

// The binding of an input as the importer keeps it, so that a weight becomes one weight for all steps.
std::shared_ptr<Binding> input(ImportNode& n, std::size_t i) {
  n.require(n.has(i), "input {} is missing", i);
  Binding& binding = n.importer().lookup(n.scope(), n.proto().input(static_cast<int>(i)));
  return {std::shared_ptr<void>(), &binding};
}

void set_output(ImportNode& n, std::size_t i, const std::shared_ptr<Binding>& binding) {
  if (n.wants(i)) n.scope().names[n.proto().output(static_cast<int>(i))] = binding;
}

void if_node(ImportNode& n) {
  std::optional<Known> condition = n.known(0);
  n.require(condition && condition->elements.size() == 1,
            "its condition is computed from data; only constant ones are inlined");
  const bool yes = compare(condition->elements[0], Element::integer(0)) != 0;
  const Subgraph branch(n, graph_of(n, yes ? "then_branch" : "else_branch"));
  const Bindings outputs = branch.import({});
  n.require(outputs.size() >= n.output_count(), "its subgraph has too few outputs");
  for (std::size_t i = 0; i < n.output_count(); ++i) set_output(n, i, outputs[i]);
}

// What each step gives, one above the other along a new axis.
class Stack {
 public:
  Stack(std::int64_t axis, bool backwards) : axis_(axis), backwards_(backwards) {}

  void push(ImportNode& n, Binding& step) {
    const ValueId id = n.importer().materialise(n.label() + "/step", step);
    SymShape shape = n.type_of(id).shape;
    axis_ = n.axis(axis_, shape.size() + 1);
    shape.insert(shape.begin() + axis_, 1);
    parts_.insert(backwards_ ? parts_.begin() : parts_.end(), n.reshape(id, shape));
  }
  std::shared_ptr<Binding> finish(ImportNode& n) const {
    n.require(!parts_.empty(), "it takes no step");
    return bound(parts_.size() == 1 ? parts_[0] : n.op("concat", parts_, {{"axis", axis_}}));
  }

 private:
  std::int64_t axis_;
  bool backwards_;
  std::vector<ValueId> parts_;
};

bool truth(ImportNode& n, const Binding& condition) {
  std::optional<Known> known = condition.known;
  if (!known && condition.data.defined() && can_be_known(condition.data)) known = known_from(condition.data);
  n.require(known && known->elements.size() == 1, "how many steps it takes depends on data");
  return compare(known->elements[0], Element::integer(0)) != 0;
}

void loop(ImportNode& n) {
  const Subgraph body(n, graph_of(n, "body"));
  const std::int64_t most = n.has(0) ? n.need_ints(0, "the number of its steps").at(0) : kMostSteps + 1;
  n.require(!n.has(0) || n.has(1) || most <= kMostSteps, "it takes {} steps, more than {}", most, kMostSteps);
  const std::size_t states = n.input_count() < 2 ? 0 : n.input_count() - 2;
  n.require(body.inputs() == states + 2 && body.outputs() > states, "its body has another number of values");
  bool more = n.has(1) ? truth(n, *input(n, 1)) : true;
  Bindings state;
  for (std::size_t i = 0; i < states; ++i) state.push_back(input(n, i + 2));
  std::vector<Stack> stacks(body.outputs() - 1 - states, Stack(0, false));
  for (std::int64_t step = 0; more && step < most; ++step) {
    n.require(step < kMostSteps, "it takes more than {} steps", kMostSteps);
    Bindings in{bound(Known{DType::i64, {}, {Element::integer(step)}}),
                bound(Known{DType::boolean, {}, {Element::integer(1)}})};
    in.insert(in.end(), state.begin(), state.end());
    const Bindings out = body.import(in);
    more = truth(n, *out[0]);
    state.assign(out.begin() + 1, out.begin() + 1 + static_cast<std::ptrdiff_t>(states));
    for (std::size_t i = 0; i < stacks.size(); ++i) stacks[i].push(n, *out[1 + states + i]);
  }
  for (std::size_t i = 0; i < states; ++i) set_output(n, i, state[i]);
  for (std::size_t i = 0; i < stacks.size(); ++i)
    if (n.wants(states + i)) set_output(n, states + i, stacks[i].finish(n));
}

void scan(ImportNode& n) {
  n.require(n.opset() >= 9, "before opset 9 it had a batch axis of its own");
  const Subgraph body(n, graph_of(n, "body"));
  const std::int64_t scanned = n.integer("num_scan_inputs", 0);
  n.require(scanned > 0 && static_cast<std::size_t>(scanned) <= n.input_count(), "it scans {} inputs", scanned);
  const std::size_t count = static_cast<std::size_t>(scanned), states = n.input_count() - count;
  n.require(body.inputs() == n.input_count() && body.outputs() >= states, "its body has another number of values");
  const std::size_t stacked = body.outputs() - states;
  const Ints axes = n.ints("scan_input_axes", Ints(count, 0)), turned = n.ints("scan_input_directions", Ints(count, 0)),
             out_axes = n.ints("scan_output_axes", Ints(stacked, 0)),
             out_turned = n.ints("scan_output_directions", Ints(stacked, 0));
  n.require(
      axes.size() == count && turned.size() == count && out_axes.size() == stacked && out_turned.size() == stacked,
      "its axes or directions do not fit");
  const auto size = [&](std::size_t i) {
    const SymShape x = n.shape(states + i);
    const Dim d = x[static_cast<std::size_t>(n.axis(axes[i], x.size()))];
    if (!d.fixed()) throw DependsOnSize{d.text()};
    return d.value();
  };
  const std::int64_t steps = size(0);
  n.require(steps <= kMostSteps, "it takes {} steps, more than {}", steps, kMostSteps);
  Bindings state;
  for (std::size_t i = 0; i < states; ++i) state.push_back(input(n, i));
  std::vector<Stack> stacks;
  for (std::size_t i = 0; i < stacked; ++i) stacks.emplace_back(out_axes[i], out_turned[i] != 0);
  for (std::int64_t step = 0; step < steps; ++step) {
    Bindings in = state;
    for (std::size_t i = 0; i < count; ++i) {
      n.require(size(i) == steps, "the inputs it scans differ in length");
      SymShape x = n.shape(states + i);
      const std::int64_t axis = n.axis(axes[i], x.size()), at = turned[i] != 0 ? steps - 1 - step : step;
      const ValueId slice =
          n.op("slice", {n.in(states + i)},
               {{"starts", Attr(SymShape{at})}, {"ends", Attr(SymShape{at + 1})}, {"axes", Ints{axis}}});
      x.erase(x.begin() + axis);
      in.push_back(bound(n.reshape(slice, x)));
    }
    const Bindings out = body.import(in);
    state.assign(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(states));
    for (std::size_t i = 0; i < stacked; ++i) stacks[i].push(n, *out[states + i]);
  }
  for (std::size_t i = 0; i < states; ++i) set_output(n, i, state[i]);
  for (std::size_t i = 0; i < stacked; ++i)
    if (n.wants(states + i)) set_output(n, states + i, stacks[i].finish(n));
}

}  // namespace

void add_loops(ConverterTable& t) {
  t["If"] = if_node;
  t["Loop"] = loop;
  t["Scan"] = scan;
}

}  // namespace frugal::onnx_import
