#include "language/assemble.h"

#include "base/check.h"
#include "graph/initial_weights.h"

namespace frugal {
namespace {

// Rows [begin, end) of a tensor, sharing its memory.
Tensor rows_of(const Tensor& whole, std::int64_t begin, std::int64_t end) {
  FRUGAL_ASSERT(begin >= 0 && begin <= end && end <= whole.dim(0));
  Shape shape = whole.shape();
  const std::size_t row = whole.bytes() / static_cast<std::size_t>(shape[0]);
  shape[0] = end - begin;
  auto* data = static_cast<std::byte*>(const_cast<void*>(whole.raw())) + static_cast<std::size_t>(begin) * row;
  return Tensor::wrap(whole.dtype(), std::move(shape), data, std::make_shared<Tensor>(whole));
}

}  // namespace

void split_qkv(Weights& tensors, const DecoderConfig& c) {
  const std::int64_t q = c.heads * c.head_depth, kv = c.kv_heads * c.head_depth;
  for (std::int64_t layer = 0; layer < c.layers; ++layer)
    for (const char* kind : {"weight", "bias"}) {
      const std::string stem = fmt::format("blk.{}.attn_", layer);
      const auto found = tensors.find(stem + "qkv." + kind);
      if (found == tensors.end()) continue;
      const Tensor whole = found->second;
      require(whole.rank() > 0 && whole.dim(0) == q + 2 * kv,
              "tensor '{}' has shape {}; q, k and v together need {} rows", found->first, to_string(whole.shape()),
              q + 2 * kv);
      tensors.erase(found);
      tensors[stem + "q." + kind] = rows_of(whole, 0, q);
      tensors[stem + "k." + kind] = rows_of(whole, q, q + kv);
      tensors[stem + "v." + kind] = rows_of(whole, q + kv, q + 2 * kv);
    }
}

Model assemble_decoder(const DecoderConfig& config, Weights tensors) {
  auto type_of = [&](const std::string& name) {
    const auto found = tensors.find(name);
    return found != tensors.end() && found->second.rank() == 2 ? found->second.dtype() : DType::f32;
  };
  Model model;
  model.graph = build_decoder(config, type_of);
  for (const Value& value : model.graph.values()) {
    if (value.kind != ValueKind::weight) continue;
    const auto found = tensors.find(value.name);
    if (found == tensors.end()) {
      std::optional<Tensor> given = given_constant(value);
      if (!given)
        fail("the file lacks the tensor '{}' {} of a {} model", value.name, to_string(value.type), config.architecture);
      model.weights.emplace(value.name, std::move(*given));
      continue;
    }
    const Shape wanted = fixed_shape(value.type.shape);
    if (found->second.shape() != wanted)
      fail("the tensor '{}' has shape {}; a {} model of this size needs {}", value.name,
           to_string(found->second.shape()), config.architecture, to_string(wanted));
    // Norms and biases are read where they lie, at every step: a copy, or each would keep some MiB of the file in
    // memory.
    const Tensor given = found->second.to(value.type.dtype);
    model.weights.emplace(value.name, given.rank() < 2 ? given.clone() : given);
    tensors.erase(found);
  }
  if (!tensors.empty())
    fail("the tensor '{}' of the file has no place in a {} model; {} such tensors in all", tensors.begin()->first,
         config.architecture, tensors.size());
  return model;
}

}  // namespace frugal
