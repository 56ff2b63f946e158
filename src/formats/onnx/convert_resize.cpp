// Pictures made larger or smaller, and sampled at given places.
#include <algorithm>
#include <cmath>

#include "formats/onnx/importer.h"

namespace frugal::onnx_import {
namespace {

const AttrSpec* resize_attribute(const char* name) {
  for (const AttrSpec& a : OpRegistry::instance().get("resize").attrs)
    if (a.name == name) return &a;
  return nullptr;
}

bool knows(const char* attribute, const std::string& choice) {
  const AttrSpec* a = resize_attribute(attribute);
  return a && std::find(a->choices.begin(), a->choices.end(), choice) != a->choices.end();
}

// Sets an attribute that may be missing here; then only its usual value will do.
void set(ImportNode& n, Attrs& attrs, const char* name, const Attr& value, bool usual) {
  if (resize_attribute(name))
    attrs[name] = value;
  else
    n.require(usual, "its attribute {} is not supported", name);
}

std::string mode_of(ImportNode& n) {
  const std::string mode = n.text("mode", "nearest");
  if (mode == "linear" || mode == "bilinear") return "bilinear";
  return mode == "cubic" ? "bicubic" : mode;
}

struct Target {
  SymShape size;  // of every axis, or
  Floats scale;
};

void resized(ImportNode& n, Target target, Attrs attrs) {
  SymShape x = n.shape(0);
  const std::size_t rank = x.size();
  n.require(rank == 3 || rank == 4, "only [N,C,H,W] and [N,C,L] are supported, not [{}]", to_string(x));
  for (std::size_t i = 0; i < 2; ++i)
    n.require(target.size.empty() ? target.scale[i] == 1 : target.size[i] == x[i], "batch or channels are resized");
  if (rank == 3) {
    if (target.size.empty())
      target.scale.insert(target.scale.begin() + 2, 1);
    else
      target.size.insert(target.size.begin() + 2, 1);
  }
  if (target.size.empty())
    attrs["scale"] = Floats{target.scale[2], target.scale[3]};
  else
    attrs["size"] = Attr(SymShape{target.size[2], target.size[3]});
  if (rank == 4) return n.result("resize", {n.in(0)}, attrs);
  ValueId y = n.op("resize", {n.reshape(n.in(0), {x[0], x[1], 1, x[2]})}, attrs);
  SymShape out = n.type_of(y).shape;
  out.erase(out.begin() + 2);
  n.result("reshape", {y}, {{"shape", Attr(out)}});
}

Floats scales_of(ImportNode& n, std::size_t input) {
  Floats out;
  Known known = n.need(input, "the scales");
  if (known.symbolic()) throw DependsOnSize{known.symbols()};
  for (const Element& e : known.elements) out.push_back(e.value());
  return out;
}

// Scales or sizes of only some axes become those of all.
Target target_of(ImportNode& n, const SymShape& x) {
  const std::size_t scales = n.opset() < 11 ? 1 : 2, sizes = 3;
  Ints axes = n.ints("axes");
  Target target;
  auto given = [&](std::size_t i) { return n.has(i) && n.shape(i) != SymShape{Dim(0)}; };
  if (given(sizes)) {
    SymShape some = n.need_dims(sizes, "the sizes");
    n.require(some.size() == (axes.empty() ? x.size() : axes.size()), "it has {} sizes", some.size());
    target.size = x;
    for (std::size_t i = 0; i < some.size(); ++i)
      target.size[axes.empty() ? i : static_cast<std::size_t>(n.axis(axes[i], x.size()))] = some[i];
    n.require(n.text("keep_aspect_ratio_policy", "stretch") == "stretch", "keep_aspect_ratio_policy is not stretch");
    return target;
  }
  n.require(given(scales), "it has neither scales nor sizes");
  Floats some = scales_of(n, scales);
  n.require(some.size() == (axes.empty() ? x.size() : axes.size()), "it has {} scales", some.size());
  target.scale.assign(x.size(), 1);
  for (std::size_t i = 0; i < some.size(); ++i)
    target.scale[axes.empty() ? i : static_cast<std::size_t>(n.axis(axes[i], x.size()))] = some[i];
  return target;
}

void resize(ImportNode& n) {
  const SymShape x = n.shape(0);
  const std::string mode = mode_of(n);
  std::string coordinates = n.opset() < 11 ? "asymmetric" : n.text("coordinate_transformation_mode", "half_pixel");
  n.require(knows("coordinates", coordinates), "coordinate_transformation_mode {} is not supported", coordinates);
  Attrs attrs{{"mode", mode}, {"coordinates", coordinates}};
  const std::string nearest = n.opset() < 11 ? "floor" : n.text("nearest_mode", "round_prefer_floor");
  if (mode == "nearest") {
    set(n, attrs, "nearest_mode", nearest, nearest == "floor" && coordinates == "asymmetric");
  }
  if (mode == "bicubic") {
    const double a = n.real("cubic_coeff_a", -0.75);
    set(n, attrs, "cubic_coeff", a, a == -0.75);
  }
  const bool exclude = n.integer("exclude_outside", 0) != 0;
  if (exclude) set(n, attrs, "exclude_outside", true, false);
  n.require(n.integer("antialias", 0) == 0, "antialias is not supported");
  Target target = target_of(n, x);
  // The corners of a size that is cut to a whole number lie elsewhere in ONNX.
  for (std::size_t i = 0; i < target.scale.size() && coordinates == "align_corners"; ++i) {
    const double size = x[i].fixed() ? static_cast<double>(x[i].value()) * target.scale[i] : 0;
    n.require(size == std::floor(size), "a scale of {} does not give a whole size to align the corners of",
              target.scale[i]);
  }
  resized(n, target, attrs);
}

void upsample(ImportNode& n) {
  Target target;
  target.scale = n.opset() < 9 ? n.reals("scales") : scales_of(n, 1);
  n.require(target.scale.size() == n.rank(0), "it has {} scales", target.scale.size());
  Attrs attrs{{"mode", mode_of(n)}, {"coordinates", "asymmetric"}};
  if (mode_of(n) == "nearest") set(n, attrs, "nearest_mode", "floor", true);
  resized(n, target, attrs);
}

void grid_sample(ImportNode& n) {
  std::string mode = n.text("mode", "linear");
  if (mode == "linear") mode = "bilinear";
  if (mode == "cubic") mode = "bicubic";
  n.require(n.rank(0) == 4, "only pictures are supported");
  n.result("grid_sample", {n.in(0), n.in(1)},
           {{"mode", mode},
            {"padding_mode", n.text("padding_mode", "zeros")},
            {"align_corners", n.integer("align_corners", 0) != 0}});
}

}  // namespace

void add_resize(ConverterTable& t) {
  t["Resize"] = resize;
  t["Upsample"] = upsample;
  t["GridSample"] = grid_sample;
}

}  // namespace frugal::onnx_import
