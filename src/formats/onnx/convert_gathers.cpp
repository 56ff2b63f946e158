// Picking and placing by index, and what sorts.
#include <algorithm>
#include <limits>

#include "formats/onnx/importer.h"

namespace frugal::onnx_import {
namespace {

// A single known index is a cut, which needs no table of indices.
void gather(ImportNode& n) {
  SymShape shape = n.shape(0);
  const std::int64_t axis = n.axis(n.integer("axis", 0), shape.size());
  std::optional<Known> index = n.known(1);
  if (index && index->shape.empty() && !index->symbolic()) {
    const std::int64_t at = index->elements[0].whole.value();
    ValueId cut =
        n.op("slice", {n.in(0)},
             {{"starts", Ints{at}}, {"ends", Ints{at == -1 ? std::int64_t{1} << 31 : at + 1}}, {"axes", Ints{axis}}});
    n.require(n.type_of(cut).shape[static_cast<std::size_t>(axis)] == Dim(1), "index {} is outside of {}", at,
              shape[static_cast<std::size_t>(axis)].text());
    shape.erase(shape.begin() + axis);
    return n.result("reshape", {cut}, {{"shape", Attr(shape)}});
  }
  n.result("gather", {n.in(0), n.in(1)}, {{"axis", axis}});
}

void top_k(ImportNode& n) {
  const std::int64_t k = n.opset() < 10 ? n.integer("k", 0) : n.need_ints(1, "k").at(0);
  std::vector<ValueId> both = n.ops("top_k", {n.in(0)},
                                    {{"k", k},
                                     {"axis", n.integer("axis", -1)},
                                     {"largest", n.integer("largest", 1) != 0},
                                     {"sorted", n.integer("sorted", 1) != 0}});
  for (std::size_t i = 0; i < both.size(); ++i) n.out(i, both[i]);
}

void one_hot(ImportNode& n) {
  Known values = n.need(2, "the values");
  n.require(values.elements.size() == 2 && !values.symbolic(), "it needs two values");
  Known depth_input = n.need(1, "the depth");
  n.require(depth_input.elements.size() == 1 && !depth_input.symbolic(), "the depth must be one number");
  ValueId indices = n.in(0);
  if (n.type(0).dtype != DType::i64) indices = n.op("cast", {indices}, {{"to", "int64"}});
  Attrs attrs{{"depth", static_cast<std::int64_t>(depth_input.elements[0].value())},
              {"off", values.elements[0].value()},
              {"on", values.elements[1].value()},
              {"axis", n.integer("axis", -1)}};
  if (values.dtype == DType::f32) return n.result("one_hot", {indices}, attrs);
  n.result("cast", {n.op("one_hot", {indices}, attrs)}, {{"to", std::string(name(values.dtype))}});
}

void cum_sum(ImportNode& n) {
  n.result("cum_sum", {n.in(0)},
           {{"axis", n.need_ints(1, "the axis").at(0)},
            {"exclusive", n.integer("exclusive", 0) != 0},
            {"reverse", n.integer("reverse", 0) != 0}});
}

void non_max_suppression(ImportNode& n) {
  auto limit = [&](std::size_t i, double fallback) { return n.has(i) ? n.need_real(i, "a limit") : fallback; };
  constexpr double kMost = 1 << 30;
  n.result("non_max_suppression", {n.in(0), n.in(1)},
           {{"most", static_cast<std::int64_t>(std::clamp(limit(2, 0), 0.0, kMost))},
            {"iou", limit(3, 0)},
            {"score", limit(4, std::numeric_limits<float>::lowest())},
            {"centre", n.integer("center_point_box", 0) != 0}});
}

}  // namespace

void add_gathers(ConverterTable& t) {
  t["Gather"] = gather;
  t["TopK"] = top_k;
  t["OneHot"] = one_hot;
  t["NonMaxSuppression"] = non_max_suppression;
  t["CumSum"] = cum_sum;
  t["GatherElements"] = [](ImportNode& n) {
    n.result("gather_elements", {n.in(0), n.in(1)}, {{"axis", n.integer("axis", 0)}});
  };
  t["GatherND"] = [](ImportNode& n) {
    n.result("gather_nd", {n.in(0), n.in(1)}, {{"batch_dims", n.integer("batch_dims", 0)}});
  };
  t["ScatterElements"] = t["Scatter"] = [](ImportNode& n) {
    n.result("scatter_elements", {n.in(0), n.in(1), n.in(2)},
             {{"axis", n.integer("axis", 0)}, {"reduction", n.text("reduction", "none")}});
  };
  t["ScatterND"] = [](ImportNode& n) {
    n.result("scatter_nd", {n.in(0), n.in(1), n.in(2)}, {{"reduction", n.text("reduction", "none")}});
  };
}

}  // namespace frugal::onnx_import
