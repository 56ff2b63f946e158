// Several convolutions of one value as one: the value is read, and for Winograd transformed, once, threads meet once,
// and register tiles are full where channels are few. What each gave is a part of the channels.
#include <algorithm>
#include <map>
#include <optional>

#include "graph/op.h"
#include "graph/passes/channel_affine.h"
#include "graph/passes/passes.h"
#include "graph/rewrite.h"

namespace frugal {
namespace {

// A convolution, and what goes into its store: nothing, or one activation.
struct Sibling {
  const Node* conv;
  const Node* activation = nullptr;
};
using Siblings = std::vector<Sibling>;

constexpr std::int64_t kWholeBlocks = 16;  // of channels: a part that ends within a block would have to be copied

// Results of one picture beyond which merging does not pay: 1 MB, a second-level cache. Below, two 1x1 convolutions
// take 6 to 9% less time as one, two 3x3 ones 4 to 8% (Winograd's transform of the input). Above, the results of the
// first are gone from the cache before somebody reads them: the two of Gold-YOLO-N at 80x80, of 32 channels each, take
// 3 to 13% more.
constexpr std::int64_t kMostResults = 1 << 18;
// Activations that differ become steps of their own, at a nanosecond for about 16 results; what merging gains is of the
// order of 3 microseconds.
constexpr std::int64_t kMostActivated = 1 << 16;

bool has_bias(const Node& conv) { return conv.inputs.size() > 2 && conv.inputs[2] != kNone; }

bool same_activation(const Sibling& a, const Sibling& b) {
  if (!a.activation || !b.activation) return !a.activation && !b.activation;
  return a.activation->op == b.activation->op && a.activation->attrs == b.activation->attrs;
}

// Puts an item into the first of the groups whose members are like it, or into one of its own.
template <typename Like>
void sort_into(std::vector<Siblings>& groups, const Sibling& item, Like like) {
  auto group = std::find_if(groups.begin(), groups.end(), [&](const Siblings& g) { return like(g[0], item); });
  if (group == groups.end()) group = groups.insert(groups.end(), Siblings{});
  group->push_back(item);
}

class Finder {
 public:
  Finder(const Rewriter& r, const StoreTest& in_store) : r_(r), in_store_(in_store) {}

  // By the convolution that comes first.
  std::map<const Node*, Siblings> run() const {
    std::map<ValueId, std::vector<Siblings>> of_value;
    for (const Node& node : r_.graph().nodes())
      if (const std::optional<Sibling> one = sibling(node))
        sort_into(of_value[node.inputs[0]], *one, [&](const Sibling& a, const Sibling& b) { return fit(a, b); });
    std::map<const Node*, Siblings> found;
    for (const auto& [value, alike] : of_value)
      for (const Siblings& all : alike) {
        std::vector<Siblings> groups{all};
        if (!activations_pay(all)) {
          groups.clear();
          for (const Sibling& s : all) sort_into(groups, s, same_activation);
        }
        for (const Siblings& group : groups)
          if (group.size() > 1 && pays(group)) found.emplace(group[0].conv, group);
      }
    return found;
  }

 private:
  const Shape& weight_shape(const Node& conv) const { return r_.data(conv.inputs[1])->shape(); }

  std::optional<Sibling> sibling(const Node& node) const {
    if (node.op->name != "conv2d" || attr_int(node, "groups") != 1) return std::nullopt;
    const ValueId bias = has_bias(node) ? node.inputs[2] : kNone;
    if (!have_floats(r_, {node.inputs[1], bias}) || weight_shape(node)[0] % kWholeBlocks != 0) return std::nullopt;
    // Another reader of the weights would keep them beside the merged ones.
    if (r_.uses().only_user(node.inputs[1]) == kNone || (bias != kNone && r_.uses().only_user(bias) == kNone))
      return std::nullopt;
    const NodeId id = r_.uses().only_user(node.outputs[0]);
    if (id == kNone || !in_store_(r_.graph().node(id))) return Sibling{&node};
    const Node& next = r_.graph().node(id);
    if (next.inputs.size() > 1) return std::nullopt;  // a sum, or slopes of these channels: the store would lose it
    return Sibling{&node, &next};
  }

  bool fit(const Sibling& a, const Sibling& b) const {
    const Shape &x = weight_shape(*a.conv), &y = weight_shape(*b.conv);
    return a.conv->attrs == b.conv->attrs && x[2] == y[2] && x[3] == y[3];
  }

  // Of one picture; nothing where the size is not known yet.
  std::optional<std::int64_t> results(const Node& conv) const {
    const SymShape& out = r_.graph().value(conv.outputs[0]).type.shape;
    if (!out[2].fixed() || !out[3].fixed()) return std::nullopt;
    return out[1].value() * out[2].value() * out[3].value();
  }

  bool pays(const Siblings& group) const {
    std::int64_t all = 0;
    for (const Sibling& s : group) all += results(*s.conv).value_or(kMostResults + 1);
    return all <= kMostResults;
  }

  // All the same, so that one behind the merged convolution stands for them; or they may be steps of their own.
  bool activations_pay(const Siblings& group) const {
    std::int64_t activated = 0;
    bool same = true;
    for (const Sibling& s : group) {
      same = same && same_activation(s, group[0]);
      if (s.activation) activated += results(*s.conv).value_or(kMostActivated + 1);
    }
    return same || activated <= kMostActivated;
  }

  const Rewriter& r_;
  const StoreTest& in_store_;
};

// The weights (input 1) or biases (input 2) one behind the other; a bias that is not there is zeros.
Tensor stacked(const Rewriter& r, const Siblings& group, std::size_t input) {
  Shape shape = r.data(group[0].conv->inputs[1])->shape();
  std::int64_t channels = 0;
  for (const Sibling& s : group) channels += r.data(s.conv->inputs[1])->dim(0);
  shape[0] = channels;
  if (input == 2) shape.resize(1);
  Tensor all(DType::f32, shape);
  float* to = all.data<float>();
  for (const Sibling& s : group) {
    const std::int64_t count = r.data(s.conv->inputs[1])->dim(0);
    if (input == 2 && !has_bias(*s.conv)) {
      to = std::fill_n(to, count, 0.0f);
      continue;
    }
    const Tensor& part = *r.data(s.conv->inputs[input]);
    to = std::copy_n(part.data<float>(), part.numel(), to);
  }
  return all;
}

void merge(Rewriter& r, const Siblings& group) {
  const std::string& name = group[0].conv->name;
  Ints sizes;
  bool some_bias = false, all_biases = true;
  for (const Sibling& s : group) {
    sizes.push_back(r.data(s.conv->inputs[1])->dim(0));
    some_bias = some_bias || has_bias(*s.conv);
    all_biases = all_biases && has_bias(*s.conv);
  }
  std::vector<ValueId> inputs{
      r.map(group[0].conv->inputs[0]),
      r.add_weight(r.fresh_name(name + ".weight"), stacked(r, group, 1), WeightRole::parameter)};
  // Zeros that were no parameters do not become some.
  if (some_bias)
    inputs.push_back(r.add_weight(r.fresh_name(name + ".bias"), stacked(r, group, 2),
                                  all_biases ? WeightRole::parameter : WeightRole::constant));
  ValueId all = r.add_node("conv2d", name, std::move(inputs), group[0].conv->attrs)[0];
  const bool same =
      std::all_of(group.begin(), group.end(), [&](const Sibling& s) { return same_activation(s, group[0]); });
  const Node* activation = same ? group[0].activation : nullptr;
  if (activation) all = r.add_node(activation->op->name, activation->name, {all}, activation->attrs)[0];
  const std::vector<ValueId> parts =
      r.add_node("split", r.fresh_name(name + ".parts"), {all}, {{"sizes", sizes}, {"axis", 1}});
  for (std::size_t i = 0; i < group.size(); ++i) {
    r.replace(group[i].conv->outputs[0], parts[i]);
    if (activation) r.replace(group[i].activation->outputs[0], parts[i]);
  }
}

}  // namespace

Model merge_siblings(const Model& model, const StoreTest& in_store) {
  std::optional<std::map<const Node*, Siblings>> groups;
  return rewrite(model, [&](Rewriter& r, const Node& node) {
    if (!groups) groups = Finder(r, in_store).run();
    const auto group = groups->find(&node);
    if (group == groups->end()) return Visit::copy;
    merge(r, group->second);
    return Visit::done;
  });
}

}  // namespace frugal
