#include "ops/quantization.h"

#include "graph/shape_rules.h"

namespace frugal {

void require_scales(const OpContext& c, const char* element) {
  c.require(c.input(1).dtype == DType::f32, "the scale must be float32, not {}", name(c.input(1).dtype));
  const SymShape& scale = c.shape(1);
  c.require(scale.size() <= 1, "the scale must be one number or a list, not [{}]", to_string(scale));
  if (scale.size() == 1 && !(scale[0] == Dim(1))) {
    const std::size_t axis = normalize_axis(c, c.integer("axis"), c.shape(0).size());
    c.require(scale[0] == c.shape(0)[axis], "there are {} scales, but axis {} of [{}] has another size",
              scale[0].text(), axis, to_string(c.shape(0)));
  }
  if (!c.has(2)) return;
  const bool single = product(c.shape(2)) == Dim(1) && product(scale) == Dim(1);  // [] or [1]
  c.require(single || c.shape(2) == scale, "the zero point has shape [{}], the scale [{}]", to_string(c.shape(2)),
            to_string(scale));
  c.require(c.input(2).dtype == DType::u8 || c.input(2).dtype == DType::i8 || c.input(2).dtype == DType::i32,
            "the zero point is {}, but {} is uint8 or int8", name(c.input(2).dtype), element);
}

}  // namespace frugal
