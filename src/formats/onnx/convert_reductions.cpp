// Reductions, and the place of extremes.
#include "formats/onnx/importer.h"

namespace frugal::onnx_import {
namespace {

// Axes and keepdims of a reduction; nullopt where it reduces nothing.
std::optional<Attrs> reduction(ImportNode& n) {
  Ints axes = n.has(1) ? n.need_ints(1, "the axes") : n.ints("axes");
  if (axes.empty() && n.integer("noop_with_empty_axes", 0) != 0) return std::nullopt;
  return Attrs{{"axes", axes}, {"keep_dims", n.integer("keepdims", 1) != 0}};
}

Converter plain(const char* op) {
  return [op](ImportNode& n) {
    std::optional<Attrs> attrs = reduction(n);
    if (!attrs) return n.out(0, n.in(0));
    n.result(op, {n.in(0)}, *attrs);
  };
}

Converter extreme(const char* op) {
  return [op](ImportNode& n) {
    Attrs attrs{{"axis", n.integer("axis", 0)}, {"keep_dims", n.integer("keepdims", 1) != 0}};
    if (n.integer("select_last_index", 0) != 0) attrs["last"] = true;
    n.result(op, {n.in(0)}, attrs);
  };
}

}  // namespace

void add_reductions(ConverterTable& t) {
  t["ReduceMean"] = plain("reduce_mean");
  t["ReduceSum"] = plain("reduce_sum");
  t["ReduceMax"] = plain("reduce_max");
  t["ReduceMin"] = plain("reduce_min");
  t["ReduceProd"] = plain("reduce_prod");
  t["ReduceL1"] = plain("reduce_l1");
  t["ReduceL2"] = plain("reduce_l2");
  t["ReduceLogSumExp"] = plain("reduce_log_sum_exp");
  t["ReduceSumSquare"] = [](ImportNode& n) {
    ValueId squares = n.op("mul", {n.in(0), n.in(0)});
    std::optional<Attrs> attrs = reduction(n);
    if (!attrs) return n.out(0, squares);
    n.result("reduce_sum", {squares}, *attrs);
  };
  t["ReduceLogSum"] = [](ImportNode& n) {
    std::optional<Attrs> attrs = reduction(n);
    n.result("log", {attrs ? n.op("reduce_sum", {n.in(0)}, *attrs) : n.in(0)});
  };
  t["ArgMax"] = extreme("argmax");
  t["ArgMin"] = extreme("argmin");
}

}  // namespace frugal::onnx_import
