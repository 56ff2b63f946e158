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

ResizeAxis resize_axis(const Node& node, std::size_t axis, std::int64_t in, std::int64_t out_size) {
  const std::string &name = attr_text(node, "coordinates"), &rounding = attr_text(node, "nearest_mode");
  const Floats& scale = attr_reals(node, "scale");
  ResizeAxis out{in, out_size, Coordinates::half_pixel, scale.empty() ? 0 : scale[axis]};
  out.coordinates = name == "half_pixel"           ? Coordinates::half_pixel
                    : name == "align_corners"      ? Coordinates::align_corners
                    : name == "pytorch_half_pixel" ? Coordinates::pytorch_half_pixel
                    : name == "asymmetric"         ? Coordinates::asymmetric
                                                   : Coordinates::half_pixel_symmetric;
  out.rounding = rounding == "floor"                ? Rounding::floor
                 : rounding == "ceil"               ? Rounding::ceil
                 : rounding == "round_prefer_floor" ? Rounding::prefer_floor
                 : rounding == "round_prefer_ceil"  ? Rounding::prefer_ceil
                                                    : Rounding::of_coordinates;
  out.cubic = static_cast<float>(attr_real(node, "cubic_coeff"));
  out.exclude_outside = attr_flag(node, "exclude_outside");
  return out;
}

FRUGAL_OP(resize) {
  return {.name = "resize",
          .doc =
              "[N,C,H,W] to another height and width. nearest: with asymmetric coordinates PyTorch's \"nearest\", with "
              "half_pixel its \"nearest-exact\"; bicubic repeats the border.",
          .inputs = {{.name = "x", .type = InputType::any}},
          .attrs = {{"mode", AttrType::text, std::nullopt, "interpolation", {}, {}, {"nearest", "bilinear", "bicubic"}},
                    {"coordinates",
                     AttrType::text,
                     Attr("half_pixel"),
                     "where output pixels lie in the input",
                     {},
                     {},
                     {"half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel", "half_pixel_symmetric"}},
                    {"nearest_mode",
                     AttrType::text,
                     Attr("of_coordinates"),
                     "how nearest rounds; of_coordinates: see above",
                     {},
                     {},
                     {"of_coordinates", "round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}},
                    {"cubic_coeff", AttrType::real, Attr(-0.75), "a of the bicubic weights", -4, 4},
                    {"exclude_outside", AttrType::boolean, Attr(false), "bicubic weights outside count nothing"},
                    {"size", AttrType::dims, Attr(Ints{}), "height and width of the output", 1, 1 << 20},
                    {"scale", AttrType::reals, Attr(Floats{}), "or: factors of height and width", 1e-4, 1e4}},
          .infer = infer};
}

}  // namespace frugal
