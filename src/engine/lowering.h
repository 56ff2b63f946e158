// The rewrite behind lower_int8.h: what it knows of the source's values while it walks over the nodes.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/int8_constants.h"
#include "graph/rewrite.h"
#include "kernels/kernels.h"

namespace frugal {

// A float value of the source as bytes of the result: (q - zero) * scale.
struct Bytes {
  ValueId q;
  float scale;
  std::int32_t zero;
  ValueId rows = kNone;  // of the result: a scale for each row of the last dim, beside `scale`
  bool same_numbers(const Bytes& o) const {
    return scale == o.scale && zero == o.zero && rows == kNone && o.rows == kNone;
  }
};

// What goes into the store of a layer, and the value it then makes.
struct Tail {
  ValueId value;  // of the source
  std::optional<Tensor> bias{};
  std::vector<float> factor{};  // of each channel, before the bias
  bool dynamic = false;         // the zero point of x is computed, products with scales follow (ONNX)
  bool whole = false;           // sums are whole numbers
  ValueId x_scale = kNone;      // of the result
  std::int64_t channels = 0;    // of a layer, else 0
  bool conv = false;            // the channels are dim 1, else the last one
  ActivationSpec activation{};
  ValueId residual = kNone;  // of the result
  std::optional<Bytes> residual_bytes{};
  bool residual_last = false;
  std::optional<Bytes> out{};  // as bytes; q is not used
};

class Lowering {
 public:
  explicit Lowering(const KernelTable& table) : table_(table) {}

  Visit visit(Rewriter& r, const Node& node);
  // The node's work has been taken over by a layer before it.
  bool taken(const Node& node) const { return done_.contains(node.outputs[0]); }

 private:
  const Graph& graph() const { return r_->graph(); }
  const Value& value(ValueId id) const { return graph().value(id); }
  DType made_by(const Node& q) const { return value(q.outputs[0]).type.dtype; }
  bool is_one(ValueId id) const { return product(value(id).type.shape) == Dim(1); }

  // Q and D, and ops that commute with them (lower_int8.cpp).
  // Scale and zero point of a Q or D, where they are one known number each; zero as for unsigned bytes.
  std::optional<Bytes> numbers(const Node& node, DType byte) const;
  Visit quantize(const Node& node);
  Visit dequantize(const Node& node);
  // A product of bytes with one number for each row, which is computed: rows with scales of their own.
  bool scale_rows(const Node& node);
  // D of bytes whose zero point is computed in every run, with the scale 1.
  bool is_dynamic(const Node& node) const;
  // The value as bytes with these numbers, made where it is not.
  Bytes as_bytes(ValueId id, Bytes to, const std::string& name);
  ValueId number(const std::string& name, Tensor t);
  // Floats of the source's value in the result.
  void need_floats(ValueId id);
  static bool moves(const Node& node);
  bool move(const Node& node);

  // Layers and what goes into their stores (lower_int8_layers.cpp).
  std::optional<Int8Weight> weight_of(ValueId id, bool transposed) const;
  std::optional<Tensor> bias_of(ValueId id) const;
  bool fits(const Node& node, const Int8Weight& w) const;
  bool layer(const Node& node);
  bool add(const Node& node);
  Attrs store_attrs(const Tail& tail) const;
  // Follows the one user of the value as long as it fits into the store.
  void extend(Tail& tail);
  // One number for each channel of the layer, as it is broadcast.
  static bool of_channels(const Tail& tail, SymShape shape);
  bool plain(const Tail& tail) const;
  // A sum of integers to int32 and back.
  bool take_casts(Tail& tail, const Node& next);
  // A product with the scales of x and of the weights, where those of x are computed.
  bool take_scale(Tail& tail, const Node& next);
  // The add behind a product without a bias, of one number a channel.
  bool take_bias(Tail& tail, const Node& next) const;
  bool take_activation(Tail& tail, const Node& next) const;
  bool take_residual(Tail& tail, const Node& next);
  // Records what a layer has made; nodes whose work it did are passed over.
  void finish(const Tail& tail, ValueId made);

  const KernelTable& table_;
  Rewriter* r_ = nullptr;
  std::map<ValueId, Bytes> bytes_;            // of the source's values, float and quantised
  std::map<ValueId, const Node*> constants_;  // D whose floats are made only where somebody needs them
  std::map<ValueId, const Node*> dynamic_;    // of these, those of is_dynamic
  std::set<ValueId> done_;
};

}  // namespace frugal
