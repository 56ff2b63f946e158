#include <algorithm>
#include <map>
#include <optional>

#include "graph/op.h"
#include "graph/passes/channel_affine.h"
#include "graph/passes/passes.h"
#include "graph/rewrite.h"

namespace frugal {
namespace {

// One summand: a convolution of the common input, or that input itself; with a batch norm behind it or without.
struct Branch {
  const Node* conv = nullptr;  // nullptr: the input itself
  const Node* norm = nullptr;
};

// A value that is a sum of branches of one input.
struct Sum {
  ValueId input = kNone;
  std::vector<Branch> branches;
  std::vector<NodeId> inner;  // nodes that nobody needs once the sum is one convolution
};

struct Kernel {
  std::int64_t height, width, top, left;  // size and padding
  std::int64_t area() const { return height * width; }
};

Kernel kernel_of(const Rewriter& r, const Node& conv) {
  const Shape& w = r.data(conv.inputs[1])->shape();
  const Ints& padding = attr_ints(conv, "padding");
  return {w[2], w[3], padding[0], padding[1]};
}

// Where a branch's kernel lies within the widest one; nothing where it does not lie within.
std::optional<std::pair<std::int64_t, std::int64_t>> place(const Kernel& wide, const Kernel& k) {
  const std::int64_t down = wide.top - k.top, right = wide.left - k.left;
  if (down < 0 || right < 0 || down + k.height > wide.height || right + k.width > wide.width) return std::nullopt;
  return std::pair(down, right);
}

Kernel kernel_of(const Rewriter& r, const Branch& branch) {
  return branch.conv ? kernel_of(r, *branch.conv) : Kernel{1, 1, 0, 0};
}

const Branch& widest(const Rewriter& r, const Sum& sum) {
  return *std::max_element(sum.branches.begin(), sum.branches.end(), [&](const Branch& a, const Branch& b) {
    auto area = [&](const Branch& branch) { return branch.conv ? kernel_of(r, branch).area() : 0; };
    return area(a) < area(b);
  });
}

constexpr int kLongest = 64;  // additions, so that a hostile file cannot exhaust the stack

bool is(const Node* node, std::string_view op) { return node && node->op->name == op; }

class Finder {
 public:
  explicit Finder(const Rewriter& r) : r_(r) {}

  std::optional<Sum> sum_at(const Node& node, int depth = 0) const {
    if (!is(&node, "add") || depth > kLongest) return std::nullopt;
    const SymShape& shape = r_.graph().value(node.outputs[0]).type.shape;
    for (ValueId id : node.inputs)
      if (r_.graph().value(id).type.shape != shape) return std::nullopt;
    std::optional<Sum> a = branches(node.inputs[0], depth), b = branches(node.inputs[1], depth);
    if (a && b && a->input == b->input) {
      a->branches.insert(a->branches.end(), b->branches.begin(), b->branches.end());
      a->inner.insert(a->inner.end(), b->inner.begin(), b->inner.end());
      return a;
    }
    // The input itself can be a summand; then it is the other side that tells which value that is.
    for (auto& [sum, other] : {std::pair(&a, node.inputs[1]), std::pair(&b, node.inputs[0])}) {
      if (!*sum || (*sum)->input != other) continue;
      (*sum)->branches.push_back({});
      return *sum;
    }
    return std::nullopt;
  }

  // Can one convolution stand for the sum?
  bool mergeable(const Sum& sum) const {
    const Branch& wide = widest(r_, sum);
    // One layer and its input are a residual connection, which an engine adds for nothing in the layer's store.
    const auto layers =
        std::count_if(sum.branches.begin(), sum.branches.end(), [](const Branch& b) { return b.conv || b.norm; });
    if (!wide.conv || layers < 2) return false;
    const Kernel kernel = kernel_of(r_, wide);
    for (const Branch& b : sum.branches) {
      if (!place(kernel, kernel_of(r_, b))) return false;
      if (b.conv && (attr_ints(*b.conv, "stride") != attr_ints(*wide.conv, "stride") ||
                     attr_int(*b.conv, "groups") != attr_int(*wide.conv, "groups")))
        return false;
      if (!b.conv && attr_ints(*wide.conv, "stride") != Ints{1, 1}) return false;
    }
    return true;
  }

 private:
  // What a value is the sum of; it has no other user. Never its own input: that is for the caller to see.
  std::optional<Sum> branches(ValueId value, int depth) const {
    const NodeId id = r_.graph().value(value).producer;
    if (id == kNone || r_.uses().only_user(value) == kNone) return std::nullopt;
    const Node& node = r_.graph().node(id);
    std::optional<Sum> out;
    if (is(&node, "add"))
      out = sum_at(node, depth + 1);
    else if (is(&node, "conv2d"))
      out = convolution(node);
    else if (is(&node, "batch_norm") && batch_norm_affine(r_, node))
      out = normed(node, depth);
    if (out) out->inner.push_back(id);
    return out;
  }

  std::optional<Sum> convolution(const Node& node) const {
    const bool plain = attr_ints(node, "dilation") == Ints{1, 1} && r_.uses().only_user(node.inputs[1]) != kNone &&
                       have_floats(r_, {node.inputs[1], node.inputs[2]});
    if (!plain) return std::nullopt;
    return Sum{node.inputs[0], {{.conv = &node}}, {}};
  }

  std::optional<Sum> normed(const Node& norm, int depth) const {
    const ValueId x = norm.inputs[0];
    if (r_.graph().value(x).type.shape.size() != 4) return std::nullopt;
    const NodeId producer = r_.graph().value(x).producer;
    if (producer != kNone && is(&r_.graph().node(producer), "conv2d"))
      if (std::optional<Sum> conv = branches(x, depth)) {
        conv->branches[0].norm = &norm;
        return conv;
      }
    return Sum{x, {{.norm = &norm}}, {}};
  }

  const Rewriter& r_;
};

// The kernel and the bias of all branches, summed in double precision.
struct Merged {
  Shape shape;
  Kernel kernel;
  std::vector<double> weight, bias;
  bool has_bias = false;
};

void accumulate(const Rewriter& r, const Branch& branch, Merged& to) {
  const std::int64_t out = to.shape[0], in = to.shape[1];
  std::optional<ChannelAffine> affine;
  if (branch.norm) affine = batch_norm_affine(r, *branch.norm);
  const Kernel k = kernel_of(r, branch);
  const auto [down, right] = *place(to.kernel, k);
  const float* from = branch.conv ? r.data(branch.conv->inputs[1])->data<float>() : nullptr;
  const Tensor* bias = branch.conv ? r.data(branch.conv->inputs[2]) : nullptr;
  for (std::int64_t o = 0; o < out; ++o) {
    const auto at = static_cast<std::size_t>(o);
    const double scale = affine ? affine->scale[at] : 1;
    to.bias[at] += (bias ? bias->data<float>()[o] : 0.0) * scale + (affine ? affine->shift[at] : 0);
    for (std::int64_t i = 0; i < in; ++i)
      for (std::int64_t y = 0; y < k.height; ++y)
        for (std::int64_t x = 0; x < k.width; ++x) {
          const double value = from ? from[((o * in + i) * k.height + y) * k.width + x] : (i == o % in ? 1.0 : 0.0);
          to.weight[static_cast<std::size_t>(((o * in + i) * to.kernel.height + down + y) * to.kernel.width + right +
                                             x)] += value * scale;
        }
  }
  to.has_bias = to.has_bias || bias || affine;
}

Tensor to_float(const std::vector<double>& values, Shape shape) {
  Tensor out(DType::f32, std::move(shape));
  std::transform(values.begin(), values.end(), out.data<float>(), [](double v) { return static_cast<float>(v); });
  return out;
}

ValueId merge(Rewriter& r, const Node& last, const Sum& sum) {
  const Branch& wide = widest(r, sum);
  Merged merged{r.data(wide.conv->inputs[1])->shape(), kernel_of(r, wide), {}, {}};
  merged.weight.resize(static_cast<std::size_t>(element_count(merged.shape)));
  merged.bias.resize(static_cast<std::size_t>(merged.shape[0]));
  for (const Branch& branch : sum.branches) accumulate(r, branch, merged);
  auto add = [&](const char* part, const std::vector<double>& values, Shape shape) {
    return r.add_weight(r.fresh_name(last.name + part), to_float(values, std::move(shape)), WeightRole::parameter);
  };
  const ValueId weight = add(".weight", merged.weight, merged.shape);
  const ValueId bias = merged.has_bias ? add(".bias", merged.bias, Shape{merged.shape[0]}) : kNone;
  return r.add_node("conv2d", last.name, {r.map(sum.input), weight, bias}, wide.conv->attrs)[0];
}

// Sums by the node of their last addition; the longest are found first.
std::map<const Node*, Sum> find_sums(const Rewriter& r) {
  const Finder finder(r);
  std::map<const Node*, Sum> found;
  std::vector<bool> inside(r.graph().nodes().size());
  for (std::size_t n = inside.size(); n-- > 0;) {
    if (inside[n]) continue;
    std::optional<Sum> sum = finder.sum_at(r.graph().nodes()[n]);
    if (!sum || !finder.mergeable(*sum)) continue;
    for (NodeId id : sum->inner) inside[static_cast<std::size_t>(id)] = true;
    found.emplace(&r.graph().nodes()[n], std::move(*sum));
  }
  return found;
}

}  // namespace

Model reparameterize(const Model& model) {
  std::optional<std::map<const Node*, Sum>> sums;
  std::vector<bool> inner(model.graph.nodes().size());
  return rewrite(model, [&](Rewriter& r, const Node& node) {
    if (!sums) {
      sums = find_sums(r);
      for (const auto& [last, sum] : *sums)
        for (NodeId id : sum.inner) inner[static_cast<std::size_t>(id)] = true;
    }
    auto sum = sums->find(&node);
    if (sum != sums->end()) {
      r.replace(node.outputs[0], merge(r, node, sum->second));
      return Visit::done;
    }
    return inner[static_cast<std::size_t>(&node - model.graph.nodes().data())] ? Visit::done : Visit::copy;
  });
}

}  // namespace frugal
