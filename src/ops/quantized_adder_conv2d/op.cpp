#include "base/bit_stream.h"
#include "graph/shape_rules.h"
#include "ops/layer.h"
#include "ops/quantized_adder_conv2d/layer.h"

namespace frugal {
namespace {

std::vector<AttrSpec> attributes() {
  std::vector<AttrSpec> attrs = convolution_attributes();
  std::erase_if(attrs, [](const AttrSpec& a) { return a.name == "groups"; });
  const AttrSpec own[] = {
      {"kernel", AttrType::integers, {}, "height and width of the window", 1, 65536, {}, 2},
      {"bits", AttrType::integer, {}, "of an activation's step number; the largest is 2^bits - 1", 2, 8},
      {"doubled", AttrType::boolean, Attr(false), "weights count two steps each and have one bit less"},
      {"zero", AttrType::integer, Attr(0), "the step number of 0", 0, 255},
      {"limit", AttrType::real, Attr(0.0),
       "activations are cut at this (and at -limit where zero > 0); 0: they are not", 0, 1e30},
      {"restore", AttrType::boolean, Attr(false), "adds the steps by which activations exceed the largest number"},
  };
  attrs.insert(attrs.end(), std::begin(own), std::end(own));
  return attrs;
}

std::vector<ValueType> infer(const OpContext& c) {
  c.require_rank(0, 4);
  for (std::size_t i : {1, 2, 3}) c.require(fixed(c.shape(i)), "the shape of every weight must be known");
  const SymShape &x = c.shape(0), &w = c.shape(1);
  const std::int64_t bits = c.integer("bits");
  const Ints &kernel = c.ints("kernel"), &stride = c.ints("stride"), &pad = c.ints("padding"),
             &dilation = c.ints("dilation");
  c.require(x[1].fixed(), "the number of input channels must be known, not {}", x[1].text());
  c.require(c.input(1).dtype == DType::u8, "the weight is {}, not u8", name(c.input(1).dtype));
  c.require(c.input(3).dtype == DType::u8, "the group numbers are {}, not u8", name(c.input(3).dtype));
  c.require_rank(1, 2);
  const int number = adder_weight_bits(bits, c.flag("doubled"));
  const std::int64_t taps = product({x[1], Dim(kernel[0]), Dim(kernel[1])}).value();  // refuses what overflows
  c.require(taps <= std::int64_t{1} << 48, "a kernel of {} numbers is too large", taps);
  const std::int64_t row = packed_bytes(taps, number);
  c.require(w[1] == Dim(row), "a row of the weight has {} bytes, but {} channels and {}x{} taps of {} bits take {}",
            w[1].text(), x[1].text(), kernel[0], kernel[1], number, row);
  c.require(c.shape(2).size() == 1 && c.shape(2)[0].value() >= 1 && c.shape(2)[0].value() <= 256,
            "there are 1 to 256 steps, one for each group, not [{}]", to_string(c.shape(2)));
  c.require(c.shape(3) == SymShape{w[0]}, "the group numbers have shape [{}], not [{}]", to_string(c.shape(3)),
            w[0].text());
  require_bias(c, 4, w[0]);
  if (c.has(5))
    c.require(c.shape(5) == SymShape{w[0]}, "the scale has shape [{}], not [{}]", to_string(c.shape(5)), w[0].text());
  c.require(c.integer("zero") < (std::int64_t{1} << bits), "zero is {}, but the largest number of {} bits is {}",
            c.integer("zero"), bits, (1 << bits) - 1);
  return {{c.input(0).dtype,
           {x[0], w[0], window_output(c, x[2], kernel[0], stride[0], dilation[0], pad[0] + pad[2]),
            window_output(c, x[3], kernel[1], stride[1], dilation[1], pad[1] + pad[3])}}};
}

Dim macs(const OpContext& c) {
  const Ints& kernel = c.ints("kernel");
  return product(c.output(0).shape) * product({c.shape(0)[1], Dim(kernel[0]), Dim(kernel[1])});
}

}  // namespace

FRUGAL_OP(quantized_adder_conv2d) {
  return {.name = "quantized_adder_conv2d",
          .doc =
              "An adder convolution of whole numbers (Nie et al. 2022): scale * -step * sum of |a - v| + bias, a the "
              "activation in steps of the output channel's group, v its weight, a packed row of numbers.",
          .inputs = {{"x"},
                     {.name = "weight", .type = InputType::integer},
                     {"step"},
                     {.name = "group", .type = InputType::integer},
                     {"bias", true},
                     {"scale", true}},
          .attrs = attributes(),
          .infer = infer,
          .macs = macs};
}

}  // namespace frugal
