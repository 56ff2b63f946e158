#include <algorithm>
#include <limits>

#include "formats/onnx/form.h"
#include "graph/op.h"

namespace frugal {
namespace {

// Where the size is symbolic: 0 for a dim that stays in its place, -1 for one other, else computed.
void reshape(const OnnxNode& n) {
  const SymShape &in = n.type(0).shape, &out = n.out_type().shape;
  bool empty = false;  // a real 0 must not be taken for "as it was"
  for (const Dim& d : out) empty = empty || d == Dim(0);
  Ints shape;
  int unknown = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const bool stays = !empty && i < in.size() && in[i] == out[i];
    shape.push_back(out[i].fixed() ? out[i].value() : stays ? 0 : -1);
    unknown += shape.back() == -1;
  }
  if (empty) return n.emit("Reshape", {n.in(0), n.dims(out)}, {{"allowzero", 1}});
  n.emit("Reshape", {n.in(0), unknown <= 1 ? n.ints(shape) : n.dims(out)});
}

void slice(const OnnxNode& n) {
  const SymShape starts = attr_dims(n.node(), "starts"), ends = attr_dims(n.node(), "ends");
  Ints axes = attr_ints(n.node(), "axes"), steps = attr_ints(n.node(), "steps");
  for (std::size_t i = axes.size(); i < starts.size(); ++i) axes.push_back(static_cast<std::int64_t>(i));
  steps.resize(starts.size(), 1);
  n.emit("Slice", {n.in(0), n.dims(starts), n.dims(ends), n.ints(axes), n.ints(steps)});
}

void pad(const OnnxNode& n) {
  const std::string& mode = attr_text(n.node(), "mode");
  const Ints& amounts = attr_ints(n.node(), "pads");
  if (mode == "wrap" && std::any_of(amounts.begin(), amounts.end(), [](std::int64_t p) { return p < 0; }))
    n.refuse("what is cut away on one side and wrapped around from the other has no agreed meaning there");
  const std::string value = mode == "constant" ? n.number(attr_real(n.node(), "value")) : "";
  n.emit("Pad", {n.in(0), n.ints(attr_ints(n.node(), "pads")), value}, {{"mode", mode}});
}

// The factors of height and width where they are known and exact in float32; empty where not. Some programs read no
// sizes of two axes.
Floats exact_scale(const SymShape& in, const SymShape& out) {
  Floats scale;
  for (std::size_t i = 2; i < 4; ++i) {
    if (!in[i].fixed() || !out[i].fixed()) return {};
    scale.push_back(static_cast<float>(out[i].value()) / static_cast<float>(in[i].value()));
    if (scale.back() * static_cast<double>(in[i].value()) != static_cast<double>(out[i].value())) return {};
  }
  return scale;
}

// Ours "nearest" is floor for asymmetric coordinates; for half_pixel it is PyTorch's nearest-exact, which ONNX calls
// rounding up at the middle.
void resize(const OnnxNode& n) {
  const std::string &mode = attr_text(n.node(), "mode"), &coordinates = attr_text(n.node(), "coordinates");
  Attrs attrs{{"mode", mode == "bilinear"  ? "linear"
                       : mode == "bicubic" ? "cubic"
                                           : "nearest"},
              {"coordinate_transformation_mode", coordinates}};
  if (mode == "bicubic") {
    attrs["cubic_coeff_a"] = attr_real(n.node(), "cubic_coeff");
    attrs["exclude_outside"] = attr_flag(n.node(), "exclude_outside");
  }
  if (mode == "nearest") {
    const std::string& rounding = attr_text(n.node(), "nearest_mode");
    attrs["nearest_mode"] = rounding != "of_coordinates"  ? rounding
                            : coordinates == "asymmetric" ? "floor"
                                                          : "round_prefer_ceil";
  }
  Floats scale = attr_reals(n.node(), "scale");
  if (scale.empty()) scale = exact_scale(n.type(0).shape, n.out_type().shape);
  // Corners are aligned of the size as it is, not of a product that was cut to it.
  if (!scale.empty() && !(coordinates == "align_corners" && fixed(n.out_type().shape))) {
    Tensor scales = Tensor::from<float>({4}, {1, 1, static_cast<float>(scale[0]), static_cast<float>(scale[1])});
    return n.emit("Resize", {n.in(0), "", n.tensor(std::move(scales))}, attrs);
  }
  attrs["axes"] = Ints{2, 3};
  const SymShape& out = n.out_type().shape;
  n.emit("Resize", {n.in(0), "", "", n.dims({out[2], out[3]})}, attrs);
}

OnnxForm reduction(const std::string& onnx_op) {
  return [onnx_op](const OnnxNode& n) {
    const Ints& axes = attr_ints(n.node(), "axes");
    n.emit(onnx_op, {n.in(0), axes.empty() ? "" : n.ints(axes)}, {{"keepdims", attr_flag(n.node(), "keep_dims")}});
  };
}

OnnxForm index_of(const std::string& onnx_op) {
  return [onnx_op](const OnnxNode& n) {
    Attrs attrs{{"axis", attr_int(n.node(), "axis")}, {"keepdims", attr_flag(n.node(), "keep_dims")}};
    if (auto last = n.node().attrs.find("last"); last != n.node().attrs.end())
      attrs["select_last_index"] = last->second;
    n.emit(onnx_op, {n.in(0)}, attrs);
  };
}

void cumulative_sum(const OnnxNode& n) {
  n.emit("CumSum", {n.in(0), n.tensor(Tensor::scalar<std::int64_t>(attr_int(n.node(), "axis")))},
         {{"exclusive", attr_flag(n.node(), "exclusive")}, {"reverse", attr_flag(n.node(), "reverse")}});
}

void top_k(const OnnxNode& n) {
  n.emit("TopK", {n.in(0), n.ints({attr_int(n.node(), "k")})},
         {{"axis", attr_int(n.node(), "axis")},
          {"largest", attr_flag(n.node(), "largest")},
          {"sorted", attr_flag(n.node(), "sorted")}});
}

// From the last element back to the first.
void flip(const OnnxNode& n) {
  Ints axes = attr_ints(n.node(), "axes");
  if (axes.empty())
    for (std::size_t i = 0; i < n.rank(0); ++i) axes.push_back(static_cast<std::int64_t>(i));
  if (axes.empty()) return n.emit("Identity", {n.in(0)});
  auto all = [&](std::int64_t v) { return n.ints(Ints(axes.size(), v)); };
  n.emit("Slice", {n.in(0), all(-1), all(std::numeric_limits<std::int64_t>::min()), n.ints(axes), all(-1)});
}

void one_hot(const OnnxNode& n) {
  Tensor values = Tensor::from<float>(
      {2}, {static_cast<float>(attr_real(n.node(), "off")), static_cast<float>(attr_real(n.node(), "on"))});
  const std::string depth = n.ints({attr_int(n.node(), "depth")}), on_off = n.tensor(std::move(values));
  if (n.rank(0) > 0) return n.emit("OneHot", {n.in(0), depth, on_off}, {{"axis", attr_int(n.node(), "axis")}});
  // ONNX has no index without dims.
  const std::string one = n.step("OneHot", {n.step("Reshape", {n.in(0), n.ints({1})}), depth, on_off});
  n.emit("Reshape", {one, depth});
}

// ONNX's output has as many rows as there are; ours goes on with rows of -1.
void non_max_suppression(const OnnxNode& n) {
  auto limit = [&](const char* name) { return n.number(attr_real(n.node(), name)); };
  const std::string most = n.tensor(Tensor::scalar<std::int64_t>(attr_int(n.node(), "most")));
  const std::string kept = n.step("NonMaxSuppression", {n.in(0), n.in(1), most, limit("iou"), limit("score")},
                                  {{"center_point_box", attr_flag(n.node(), "centre")}});
  const SymShape& out = n.out_type().shape;
  const std::string none = n.step("Expand", {n.tensor(Tensor::scalar<std::int64_t>(-1)), n.dims(out)});
  const std::string all = n.step("Concat", {kept, none}, {{"axis", 0}});
  n.emit("Slice", {all, n.ints({0}), n.dims({out[0]}), n.ints({0})});
}

}  // namespace

void add_shape_forms(OnnxForms& forms) {
  forms.add("reshape", reshape);
  forms.rename("transpose", "Transpose", {{"perm", "perm"}});
  forms.rename("concat", "Concat", {{"axis", "axis"}});
  forms.add("split", [](const OnnxNode& n) {
    n.emit("Split", {n.in(0), n.ints(attr_ints(n.node(), "sizes"))}, {{"axis", attr_int(n.node(), "axis")}});
  });
  forms.add("slice", slice);
  forms.add("pad", pad);
  forms.add("resize", resize);
  forms.rename("depth_to_space", "DepthToSpace", {{"block", "blocksize"}, {"mode", "mode"}});
  forms.rename("space_to_depth", "SpaceToDepth", {{"block", "blocksize"}});
  forms.add("expand", [](const OnnxNode& n) { n.emit("Expand", {n.in(0), n.dims(n.out_type().shape)}); });
  forms.add("tile", [](const OnnxNode& n) { n.emit("Tile", {n.in(0), n.dims(attr_dims(n.node(), "repeats"))}); });
  forms.add("embedding", [](const OnnxNode& n) { n.emit("Gather", {n.in(1), n.in(0)}, {{"axis", 0}}); });
  forms.rename("gather", "Gather", {{"axis", "axis"}});
  forms.rename("gather_elements", "GatherElements", {{"axis", "axis"}});
  forms.rename("gather_nd", "GatherND", {{"batch_dims", "batch_dims"}});
  forms.rename("scatter_elements", "ScatterElements", {{"axis", "axis"}, {"reduction", "reduction"}});
  forms.rename("scatter_nd", "ScatterND", {{"reduction", "reduction"}});
  for (auto [ours, theirs] :
       std::initializer_list<std::pair<const char*, const char*>>{{"reduce_mean", "ReduceMean"},
                                                                  {"reduce_sum", "ReduceSum"},
                                                                  {"reduce_max", "ReduceMax"},
                                                                  {"reduce_min", "ReduceMin"},
                                                                  {"reduce_prod", "ReduceProd"},
                                                                  {"reduce_l1", "ReduceL1"},
                                                                  {"reduce_l2", "ReduceL2"},
                                                                  {"reduce_log_sum_exp", "ReduceLogSumExp"}})
    forms.add(ours, reduction(theirs));
  forms.add("argmax", index_of("ArgMax"));
  forms.add("argmin", index_of("ArgMin"));
  forms.add("cum_sum", cumulative_sum);
  forms.add("top_k", top_k);
  forms.add("flip", flip);
  forms.add("one_hot", one_hot);
  forms.add("non_max_suppression", non_max_suppression);
  forms.add("trilu", [](const OnnxNode& n) {
    n.emit("Trilu", {n.in(0), n.tensor(Tensor::scalar<std::int64_t>(attr_int(n.node(), "k")))},
           {{"upper", attr_flag(n.node(), "upper")}});
  });
  forms.rename("grid_sample", "GridSample",
               {{"mode", "mode"}, {"padding_mode", "padding_mode"}, {"align_corners", "align_corners"}});
}

}  // namespace frugal
