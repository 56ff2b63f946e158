#include "engine/int8_constants.h"

#include <algorithm>

#include "graph/op.h"

namespace frugal {

std::optional<Int8Weight> constant_weight(const Rewriter& r, const Node& node, bool transposed) {
  const Tensor *q = r.data(node.inputs[0]), *scale = r.data(node.inputs[1]),
               *zero = node.inputs.size() > 2 ? r.data(node.inputs[2]) : nullptr;
  if (!q || !scale || (q->dtype() != DType::i8 && q->dtype() != DType::u8) || q->rank() < 2) return std::nullopt;
  if (!zero && node.inputs.size() > 2 && node.inputs[2] != kNone) return std::nullopt;
  std::int64_t axis = attr_int(node, "axis");
  if (axis < 0) axis += q->rank();
  const int out_axis = transposed ? 1 : 0;
  if (scale->numel() != 1 && axis != out_axis) return std::nullopt;
  Int8Weight w{*q, {}};
  auto at = [](const Tensor& t, std::int64_t o) { return t.numel() == 1 ? 0 : o; };
  const bool shifted = q->dtype() == DType::u8;
  const Tensor zeros = zero ? zero->to(DType::i32) : Tensor::scalar(std::int32_t{0});
  for (std::int64_t o = 0; o < q->dim(out_axis); ++o) {
    w.scale.push_back(scale->data<float>()[at(*scale, o)]);
    w.zero.push_back(zeros.data<std::int32_t>()[at(zeros, o)] - (shifted ? 128 : 0));
  }
  if (std::all_of(w.zero.begin(), w.zero.end(), [](std::int32_t z) { return z == 0; })) w.zero.clear();
  if (shifted) {
    w.data = Tensor(DType::i8, q->shape());
    for (std::int64_t i = 0; i < q->numel(); ++i)
      w.data.data<std::int8_t>()[i] = static_cast<std::int8_t>(q->data<std::uint8_t>()[i] ^ 0x80);
  }
  if (!transposed) return w;
  const Tensor plain = w.data;
  w.data = Tensor(DType::i8, {q->dim(1), q->dim(0)});
  for (std::int64_t i = 0; i < q->dim(0); ++i)
    for (std::int64_t o = 0; o < q->dim(1); ++o)
      w.data.data<std::int8_t>()[o * q->dim(0) + i] = plain.data<std::int8_t>()[i * q->dim(1) + o];
  return w;
}

std::optional<Tensor> constant_bias(const Rewriter& r, ValueId id, const Node* dequantize) {
  if (const Tensor* data = r.data(id)) return data->dtype() == DType::f32 ? std::optional(*data) : std::nullopt;
  if (!dequantize) return std::nullopt;
  const Node& node = *dequantize;
  const Tensor *q = r.data(node.inputs[0]), *scale = r.data(node.inputs[1]),
               *zero = node.inputs.size() > 2 ? r.data(node.inputs[2]) : nullptr;
  if (!q || !scale || q->rank() != 1) return std::nullopt;
  const Tensor values = q->to(DType::i64), zeros = zero ? zero->to(DType::i64) : Tensor();
  Tensor out(DType::f32, q->shape());
  auto at = [](const Tensor& t, std::int64_t i) { return t.numel() == 1 ? 0 : i; };
  for (std::int64_t i = 0; i < out.numel(); ++i) {
    const std::int64_t z = zero ? zeros.data<std::int64_t>()[at(zeros, i)] : 0;
    out.data<float>()[i] = static_cast<float>(values.data<std::int64_t>()[i] - z) * scale->data<float>()[at(*scale, i)];
  }
  return out;
}

}  // namespace frugal
