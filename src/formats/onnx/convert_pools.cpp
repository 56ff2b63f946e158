// Poolings.
#include <algorithm>

#include "formats/onnx/windows.h"

namespace frugal::onnx_import {
namespace {

bool has_attribute(const char* op, const char* attribute) {
  const OpDef* def = OpRegistry::instance().find(op);
  return def &&
         std::any_of(def->attrs.begin(), def->attrs.end(), [&](const AttrSpec& a) { return a.name == attribute; });
}

void pool(ImportNode& n, const char* op) {
  const SymShape x = n.shape(0);
  const Windows w = as_picture(windows_of(n, n.ints("kernel_shape"), x));
  Attrs attrs{{"kernel", w.kernel},
              {"stride", w.stride},
              {"padding", padding_of(w)},
              {"ceil_mode", n.integer("ceil_mode", 0) != 0}};
  const bool dilated = std::any_of(w.dilation.begin(), w.dilation.end(), [](std::int64_t d) { return d != 1; });
  if (has_attribute(op, "dilation"))
    attrs["dilation"] = w.dilation;
  else
    n.require(!dilated, "dilated windows are not supported");
  if (std::string_view(op) == "avg_pool2d") attrs["count_include_pad"] = n.integer("count_include_pad", 0) != 0;
  for (std::size_t i = 1; i < n.output_count(); ++i) n.require(!n.wants(i), "its indices are used");
  n.require(n.integer("storage_order", 0) == 0, "storage_order is not 0");
  ValueId from = n.in(0);
  const DType dtype = n.type(0).dtype;
  if (dtype != DType::f32 && !(dtype == DType::u8 && std::string_view(op) == "max_pool2d"))
    n.refuse("pooling of {} is not supported", name(dtype));
  picture_result(n, op, {as_picture(n, from)}, attrs, x.size() == 3);
}

// (sum |x|^p)^(1/p) of each window: a mean of powers, as often as the window has elements.
void lp_pool(ImportNode& n) {
  const SymShape x = n.shape(0);
  const double p = static_cast<double>(n.integer("p", 2));
  n.require(p >= 1, "p is {}", p);
  n.require(n.integer("ceil_mode", 0) == 0, "its sizes are rounded up");
  const Windows w = as_picture(windows_of(n, n.ints("kernel_shape"), x));
  const ValueId size = n.op("abs", {as_picture(n, n.in(0))});
  ValueId y = n.op("avg_pool2d", {n.op("pow", {size, n.scalar(p)})},
                   {{"kernel", w.kernel},
                    {"stride", w.stride},
                    {"padding", padding_of(w)},
                    {"dilation", w.dilation},
                    {"count_include_pad", true}});
  y = n.op("mul", {y, n.scalar(static_cast<double>(w.kernel[0] * w.kernel[1]))});
  picture_result(n, "pow", {y, n.scalar(1 / p)}, {}, x.size() == 3);
}

// Global over any number of axes: [N,C,...] -> [N,C,1,...].
void global(ImportNode& n, const char* op) {
  const SymShape x = n.shape(0);
  n.require(x.size() >= 2, "its input has shape [{}]", to_string(x));
  if (x.size() == 4) return n.result(op, {n.in(0)});
  SymShape out(x.size(), 1);
  out[0] = x[0];
  out[1] = x[1];
  ValueId flat = n.reshape(n.in(0), {x[0], x[1], 1, product(SymShape(x.begin() + 2, x.end()))});
  n.result("reshape", {n.op(op, {flat})}, {{"shape", Attr(out)}});
}

}  // namespace

void add_pools(ConverterTable& t) {
  t["MaxPool"] = [](ImportNode& n) { pool(n, "max_pool2d"); };
  t["AveragePool"] = [](ImportNode& n) { pool(n, "avg_pool2d"); };
  t["LpPool"] = lp_pool;
  t["GlobalAveragePool"] = [](ImportNode& n) { global(n, "global_avg_pool"); };
  t["GlobalMaxPool"] = [](ImportNode& n) { global(n, "global_max_pool"); };
}

}  // namespace frugal::onnx_import
