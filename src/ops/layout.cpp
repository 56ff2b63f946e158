#include "ops/layout.h"

namespace frugal {

Shape memory_shape(const StoredType& type) {
  if (type.block == 1) return type.shape;
  const Shape& s = type.shape;
  return {s[0], (s[1] + type.block - 1) / type.block, s[2], s[3], type.block};
}

Shape dense_strides(const Shape& shape) {
  Shape strides(shape.size());
  std::int64_t stride = 1;
  for (std::size_t i = shape.size(); i-- > 0; stride *= shape[i]) strides[i] = stride;
  return strides;
}

bool whole_blocks(std::int64_t axis, std::int64_t start, std::int64_t length, int block) {
  return axis != 1 || (start % block == 0 && length % block == 0);
}

bool all_rank4(const NodeContext& context) {
  for (const auto& in : context.inputs)
    if (in && in->shape.size() != 4) return false;
  for (const StoredType& out : context.outputs)
    if (out.shape.size() != 4) return false;
  return true;
}

}  // namespace frugal
