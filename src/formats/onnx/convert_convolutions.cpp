// Convolutions and their transposes, over one axis or two.
#include <algorithm>

#include "formats/onnx/windows.h"

namespace frugal::onnx_import {

Windows windows_of(ImportNode& n, Ints kernel, const SymShape& x) {
  const std::size_t axes = kernel.size();
  n.require(x.size() == axes + 2, "the window has {} axes, but the input has shape [{}]", axes, to_string(x));
  n.require(axes == 1 || axes == 2, "windows over {} axes are not supported, only over one or two", axes);
  Windows w{kernel, n.ints("strides", Ints(axes, 1)), n.ints("dilations", Ints(axes, 1)),
            n.ints("pads", Ints(2 * axes, 0))};
  n.require(w.stride.size() == axes && w.dilation.size() == axes && w.pads.size() == 2 * axes,
            "strides, dilations or pads do not fit {} axes", axes);
  const std::string automatic = n.text("auto_pad", "NOTSET");
  if (automatic == "NOTSET" || automatic.empty()) return w;
  w.pads.assign(2 * axes, 0);
  if (automatic == "VALID") return w;
  n.require(automatic == "SAME_UPPER" || automatic == "SAME_LOWER", "auto_pad is '{}'", automatic);
  for (std::size_t i = 0; i < axes; ++i) {
    const std::int64_t span = w.dilation[i] * (kernel[i] - 1) + 1;
    std::int64_t total = span - 1;
    if (w.stride[i] != 1) {
      if (!x[i + 2].fixed()) throw DependsOnSize{x[i + 2].text()};
      const std::int64_t size = x[i + 2].value(), out = (size + w.stride[i] - 1) / w.stride[i];
      total = std::max<std::int64_t>(0, (out - 1) * w.stride[i] + span - size);
    }
    const std::int64_t less = total / 2;
    w.pads[i] = automatic == "SAME_UPPER" ? less : total - less;
    w.pads[i + axes] = total - w.pads[i];
  }
  return w;
}

ValueId as_picture(ImportNode& n, ValueId x) {
  SymShape shape = n.type_of(x).shape;
  if (shape.size() != 3) return x;
  shape.insert(shape.begin() + 2, 1);
  return n.reshape(x, shape);
}

Windows as_picture(Windows w) {
  if (w.kernel.size() != 1) return w;
  return {{1, w.kernel[0]}, {1, w.stride[0]}, {1, w.dilation[0]}, {0, w.pads[0], 0, w.pads[1]}};
}

void picture_result(ImportNode& n, std::string_view op, std::vector<ValueId> inputs, Attrs attrs, bool one_axis) {
  if (!one_axis) return n.result(op, std::move(inputs), std::move(attrs));
  std::vector<ValueId> made = n.ops(op, std::move(inputs), std::move(attrs));
  for (std::size_t i = 1; i < made.size(); ++i) n.refuse("its further outputs are not supported over one axis");
  SymShape shape = n.type_of(made[0]).shape;
  shape.erase(shape.begin() + 2);
  n.result("reshape", {made[0]}, {{"shape", Attr(shape)}});
}

namespace {

Ints kernel_of(ImportNode& n, const SymShape& weight) {
  Ints kernel;
  n.require(weight.size() >= 3, "its weight has shape [{}]", to_string(weight));
  for (std::size_t i = 2; i < weight.size(); ++i) {
    if (!weight[i].fixed()) throw DependsOnSize{weight[i].text()};
    kernel.push_back(weight[i].value());
  }
  n.require(n.ints("kernel_shape", kernel) == kernel, "kernel_shape does not fit its weight");
  return kernel;
}

void conv_of(ImportNode& n, ValueId x, ValueId weight, ValueId bias) {
  const SymShape shape = n.type_of(x).shape;
  const Windows w = as_picture(windows_of(n, kernel_of(n, n.type_of(weight).shape), shape));
  ValueId from = as_picture(n, x);
  Windows rest = w;
  if (std::any_of(w.pads.begin(), w.pads.end(), [](std::int64_t p) { return p < 0; })) {  // crops
    from = n.op("pad", {from}, {{"pads", Ints{0, 0, w.pads[0], w.pads[1], 0, 0, w.pads[2], w.pads[3]}}});
    rest.pads.assign(4, 0);
  }
  picture_result(n, "conv2d", {from, as_picture(n, weight), bias},
                 {{"stride", w.stride},
                  {"dilation", w.dilation},
                  {"padding", padding_of(rest)},
                  {"groups", n.integer("group", 1)}},
                 shape.size() == 3);
}

void conv(ImportNode& n) { conv_of(n, n.in(0), n.in(1), n.optional_in(2)); }

// Integers are convolved as reals, which is exact up to 2^24.
void conv_integer(ImportNode& n) {
  auto real = [&](std::size_t i, std::size_t zero) {
    ValueId x = n.op("cast", {n.in(i)}, {{"to", "float32"}});
    if (!n.has(zero)) return x;
    ValueId z = n.op("cast", {n.in(zero)}, {{"to", "float32"}});
    if (n.rank(zero) == 1 && n.shape(zero)[0] != Dim(1)) z = n.reshape(z, {n.shape(zero)[0], 1, 1, 1});
    return n.op("sub", {x, z});
  };
  ValueId x = real(0, 2), weight = real(1, 3);
  const SymShape shape = n.type_of(x).shape;
  n.require(shape.size() == 4, "only pictures are supported");
  const Windows w = windows_of(n, kernel_of(n, n.type_of(weight).shape), shape);
  ValueId y = n.op(
      "conv2d", {x, weight, kNone},
      {{"stride", w.stride}, {"dilation", w.dilation}, {"padding", padding_of(w)}, {"groups", n.integer("group", 1)}});
  n.result("cast", {y}, {{"to", "int32"}});
}

// Paddings from the size that is wanted, as the operator's definition says.
void fit_output(ImportNode& n, Windows& w, Ints& more, const SymShape& x) {
  const std::size_t axes = w.kernel.size();
  const Ints wanted = n.ints("output_shape");
  const std::string automatic = n.text("auto_pad", "NOTSET");
  const bool same = automatic == "SAME_UPPER" || automatic == "SAME_LOWER";
  if (wanted.empty() && !same) return;
  n.require(wanted.empty() || wanted.size() >= axes, "output_shape does not fit {} axes", axes);
  for (std::size_t i = 0; i < axes; ++i) {
    const std::int64_t span = w.dilation[i] * (w.kernel[i] - 1) + 1;
    std::int64_t total;
    if (wanted.empty()) {
      total = span - w.stride[i] + more[i];
    } else {
      if (!x[i + 2].fixed()) throw DependsOnSize{x[i + 2].text()};
      total = w.stride[i] * (x[i + 2].value() - 1) + more[i] + span - wanted[wanted.size() - axes + i];
    }
    if (total < 0) {
      more[i] -= total;
      total = 0;
    }
    const std::int64_t before = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
    w.pads[i] = before;
    w.pads[i + axes] = total - before;
  }
}

void conv_transpose(ImportNode& n) {
  const SymShape x = n.shape(0);
  const Ints kernel = kernel_of(n, n.shape(1));
  const std::size_t axes = kernel.size();
  n.require((axes == 1 || axes == 2) && x.size() == axes + 2, "only over one or two axes");
  Windows w{kernel, n.ints("strides", Ints(axes, 1)), n.ints("dilations", Ints(axes, 1)),
            n.ints("pads", Ints(2 * axes, 0))};
  Ints more = n.ints("output_padding", Ints(axes, 0));
  n.require(w.stride.size() == axes && w.dilation.size() == axes && w.pads.size() == 2 * axes && more.size() == axes,
            "strides, dilations, pads or output_padding do not fit {} axes", axes);
  fit_output(n, w, more, x);
  w = as_picture(w);
  if (more.size() == 1) more.insert(more.begin(), 0);
  picture_result(n, "conv_transpose2d", {as_picture(n, n.in(0)), as_picture(n, n.in(1)), n.optional_in(2)},
                 {{"stride", w.stride},
                  {"dilation", w.dilation},
                  {"padding", padding_of(w)},
                  {"output_padding", more},
                  {"groups", n.integer("group", 1)}},
                 axes == 1);
}

}  // namespace

void add_convolutions(ConverterTable& t) {
  t["Conv"] = conv;
  t["ConvInteger"] = conv_integer;
  t["ConvTranspose"] = conv_transpose;
}

}  // namespace frugal::onnx_import
