#include "ops/resize/resize.h"

#include <cmath>

#include "graph/shape_rules.h"

namespace frugal {
namespace {

// A symbolic size is scaled exactly, so the factor must be a fraction with a small divisor.
Dim scaled(const OpContext& c, const Dim& in, double scale) {
  if (in.fixed()) return scaled_size(in.value(), scale);
  for (std::int64_t divisor = 1; divisor <= 64; ++divisor) {
    double numerator = scale * static_cast<double>(divisor);
    if (numerator == std::floor(numerator)) return floor_div(in * Dim(static_cast<std::int64_t>(numerator)), divisor);
  }
  c.refuse(fmt::format("the size '{}' cannot be scaled by {}, which is no simple fraction: fix the size of the input",
                       in.text(), scale));
}

std::vector<ValueType> infer(const OpContext& c) {
  const DType type = c.input(0).dtype;
  c.require(type == DType::f32 || (type == DType::u8 && c.text("mode") == "nearest"),
            "x must be float32 (or uint8 where the mode is nearest), not {}", name(type));
  c.require_rank(0, 4);
  const SymShape size = c.dims("size");
  const Floats& scale = c.reals("scale");
  c.require((size.size() == 2 && scale.empty()) || (size.empty() && scale.size() == 2),
            "either 'size' or 'scale' must be given, two numbers (height, width)");
  ValueType out = c.input(0);
  for (std::size_t i = 0; i < 2; ++i) {
    Dim& d = out.shape[i + 2];
    c.require(!d.fixed() || d.value() > 0, "there is nothing to resize in shape [{}]", to_string(c.shape(0)));
    d = size.empty() ? scaled(c, d, scale[i]) : size[i];
    c.require(!d.fixed() || d.value() > 0, "the output would be empty: [{}] scaled by {} and {}", to_string(c.shape(0)),
              scale.empty() ? 0 : scale[0], scale.empty() ? 0 : scale[1]);
  }
  return {out};
}

}  // namespace

std::int64_t scaled_size(std::int64_t in, double scale) {
  return static_cast<std::int64_t>(std::floor(static_cast<double>(in) * scale));
}

ResizeAxis resize_axis(const Node& node, std::size_t axis, std::int64_t in, std::int64_t out) {
  const std::string& name = attr_text(node, "coordinates");
  const Floats& scale = attr_reals(node, "scale");
  return {in, out,
          name == "half_pixel"      ? Coordinates::half_pixel
          : name == "align_corners" ? Coordinates::align_corners
                                    : Coordinates::asymmetric,
          scale.empty() ? 0 : scale[axis]};
}

FRUGAL_OP(resize) {
  return {.name = "resize",
          .doc =
              "[N,C,H,W] to another height and width. nearest: with asymmetric coordinates PyTorch's \"nearest\", with "
              "half_pixel its \"nearest-exact\"; bicubic: a = -0.75, the border repeated.",
          .inputs = {{.name = "x", .type = InputType::any}},
          .attrs = {{"mode", AttrType::text, std::nullopt, "interpolation", {}, {}, {"nearest", "bilinear", "bicubic"}},
                    {"coordinates",
                     AttrType::text,
                     Attr("half_pixel"),
                     "where output pixels lie in the input",
                     {},
                     {},
                     {"half_pixel", "align_corners", "asymmetric"}},
                    {"size", AttrType::dims, Attr(Ints{}), "height and width of the output", 1, 1 << 20},
                    {"scale", AttrType::reals, Attr(Floats{}), "or: factors of height and width", 1e-4, 1e4}},
          .infer = infer};
}

}  // namespace frugal
