#include "ops/int8.h"

#include "kernels/activation_names.h"

namespace frugal {

std::vector<AttrSpec> int8_store_attrs(std::vector<AttrSpec> more) {
  std::vector<std::string> names;
  for (const ActivationName& activation : activation_names()) names.emplace_back(activation.text);
  std::vector<AttrSpec> common = {
      {"activation", AttrType::text, Attr(std::string("none")), "of the sum", {}, {}, names},
      {"alpha", AttrType::real, Attr(0.0), "of the activation"},
      {"beta", AttrType::real, Attr(0.0), "of the activation"},
      {"residual_scale", AttrType::real, Attr(1.0), "of a residual of bytes"},
      {"residual_zero", AttrType::integer, Attr(0), "of a residual of bytes", 0, 255},
      {"residual_last", AttrType::boolean, Attr(false), "the residual is added after the activation"},
      {"y_scale", AttrType::real, Attr(0.0), "of the output; 0: the output is float32", 0},
      {"y_zero", AttrType::integer, Attr(0), "of the output", 0, 255}};
  more.insert(more.end(), common.begin(), common.end());
  return more;
}

ValueType int8_output(const OpContext& c, SymShape shape) {
  return {c.real("y_scale") > 0 ? DType::u8 : DType::f32, std::move(shape)};
}

void require_residual(const OpContext& c, std::size_t i, const SymShape& shape) {
  if (!c.has(i)) return;
  c.require(c.input(i).dtype == DType::u8 || c.input(i).dtype == DType::f32, "the residual is {}, not uint8 or float32",
            name(c.input(i).dtype));
  c.require(c.shape(i) == shape, "the residual has shape [{}], the output [{}]", to_string(c.shape(i)),
            to_string(shape));
}

std::vector<InputSpec> int8_layer_inputs() {
  return {{.name = "x", .type = InputType::any},
          {.name = "weight", .type = InputType::any},
          {"scale"},
          {"bias", true},
          {.name = "residual", .optional = true, .type = InputType::any},
          {.name = "x_zero", .optional = true, .type = InputType::any},
          {"x_scale", true},
          {.name = "weight_zero", .optional = true, .type = InputType::any}};
}

void require_int8_layer(const OpContext& c, const Dim& channels, const SymShape* rows) {
  c.require(c.input(0).dtype == DType::u8, "x must be uint8, not {}", name(c.input(0).dtype));
  c.require(c.input(1).dtype == DType::i8, "the weight must be int8, not {}", name(c.input(1).dtype));
  for (std::size_t i : {2, 3})
    c.require(!c.has(i) || c.shape(i) == SymShape{channels}, "{} has shape [{}], not [{}]", i == 2 ? "scale" : "bias",
              c.has(i) ? to_string(c.shape(i)) : "", channels.text());
  c.require(!c.has(5) || (product(c.shape(5)) == Dim(1) && c.input(5).dtype == DType::u8),
            "the zero point of x must be one number");
  if (c.has(6))
    c.require(product(c.shape(6)) == Dim(1) || (rows && c.shape(6) == *rows),
              "the scale of x has shape [{}]; it must be one number{}", to_string(c.shape(6)),
              rows ? fmt::format(", or one for each row: [{}]", to_string(*rows)) : "");
  c.require(!c.has(7) || (c.shape(7) == SymShape{channels} && c.input(7).dtype == DType::i32),
            "the zero points of the weight must be int32, one for each of {} channels", channels.text());
}

}  // namespace frugal
