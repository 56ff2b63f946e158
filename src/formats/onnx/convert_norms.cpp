// Normalisations and softmax.
#include <algorithm>

#include "formats/onnx/importer.h"

namespace frugal::onnx_import {
namespace {

void only_first_output(ImportNode& n) {
  for (std::size_t i = 1; i < n.output_count(); ++i) n.require(!n.wants(i), "its further outputs are used");
}

void batch_norm(ImportNode& n) {
  n.require(n.integer("training_mode", 0) == 0, "it is in training mode");
  only_first_output(n);
  for (int i : {3, 4})
    if (n.has(static_cast<std::size_t>(i))) n.importer().set_role(n.scope(), n.proto().input(i), WeightRole::buffer);
  n.result("batch_norm", {n.in(0), n.in(1), n.in(2), n.in(3), n.in(4)}, {{"eps", n.real("epsilon", 1e-5)}});
}

void instance_norm(ImportNode& n) {
  n.result("instance_norm", {n.in(0), n.in(1), n.in(2)}, {{"eps", n.real("epsilon", 1e-5)}});
}

// Before opset 21 there was one scale a group; it is repeated for the channels.
void group_norm(ImportNode& n) {
  const SymShape x = n.shape(0);
  const std::int64_t groups = n.integer("num_groups", 0);
  n.require(x.size() >= 2 && x[1].fixed() && groups > 0 && x[1].value() % groups == 0, "{} groups do not fit [{}]",
            groups, to_string(x));
  auto per_channel = [&](std::size_t i) {
    ValueId v = n.in(i);
    if (n.shape(i) == SymShape{x[1]}) return v;
    const Dim each = x[1].value() / groups;
    ValueId wide = n.op("expand", {n.reshape(v, {groups, 1})}, {{"shape", Attr(SymShape{groups, each})}});
    return n.reshape(wide, {x[1]});
  };
  n.result("group_norm", {n.in(0), per_channel(1), per_channel(2)},
           {{"groups", groups}, {"eps", n.real("epsilon", 1e-5)}});
}

// Mean and 1 / standard deviation, which ONNX gives out too.
void norm_statistics(ImportNode& n, const Ints& axes) {
  if (!n.wants(1) && !n.wants(2)) return;
  const ValueId mean = n.op("reduce_mean", {n.in(0)}, {{"axes", axes}}), centred = n.op("sub", {n.in(0), mean});
  const ValueId variance = n.op("reduce_mean", {n.op("mul", {centred, centred})}, {{"axes", axes}});
  n.out(1, mean);
  n.out(2, n.op("reciprocal", {n.op("sqrt", {n.op("add", {variance, n.scalar(n.real("epsilon", 1e-5))})})}));
}

// Scale and bias may broadcast; ours have the normalised shape.
void layer_norm(ImportNode& n, const char* op) {
  const SymShape x = n.shape(0);
  const std::int64_t axis = n.axis(n.integer("axis", -1), x.size()), rank = static_cast<std::int64_t>(x.size());
  const SymShape normalised(x.begin() + axis, x.end());
  const Attrs attrs{{"eps", n.real("epsilon", 1e-5)}, {"axis", axis - rank}};
  auto fits = [&](std::size_t i) { return !n.has(i) || n.shape(i) == normalised; };
  if (std::string_view(op) == "rms_norm") {
    n.require(fits(1), "its scale does not have the normalised shape");
    return n.result(op, {n.in(0), n.in(1)}, attrs);
  }
  Ints axes;
  for (std::int64_t i = axis; i < rank; ++i) axes.push_back(i);
  norm_statistics(n, axes);
  if (fits(1) && fits(2)) return n.result(op, {n.in(0), n.optional_in(1), n.optional_in(2)}, attrs);
  ValueId y = n.op(op, {n.in(0), kNone, kNone}, attrs);
  if (!n.has(2)) return n.result("mul", {y, n.in(1)});
  n.result("add", {n.op("mul", {y, n.in(1)}), n.in(2)});
}

// Until opset 12 everything from the axis on was one.
void softmax(ImportNode& n, const char* op) {
  const SymShape x = n.shape(0);
  if (n.opset() >= 13) return n.result(op, {n.in(0)}, {{"axis", n.integer("axis", -1)}});
  std::int64_t axis = n.integer("axis", 1);
  if (axis != static_cast<std::int64_t>(x.size())) axis = n.axis(axis, x.size());
  if (axis + 1 == static_cast<std::int64_t>(x.size())) return n.result(op, {n.in(0)}, {{"axis", -1}});
  bool ones = true;
  for (std::size_t i = static_cast<std::size_t>(axis) + 1; i < x.size(); ++i) ones = ones && x[i] == Dim(1);
  if (ones) return n.result(op, {n.in(0)}, {{"axis", axis}});
  ValueId flat = n.reshape(
      n.in(0), {product(SymShape(x.begin(), x.begin() + axis)), product(SymShape(x.begin() + axis, x.end()))});
  n.result("reshape", {n.op(op, {flat}, {{"axis", -1}})}, {{"shape", Attr(x)}});
}

void mean_variance(ImportNode& n) {
  Ints axes = n.ints("axes", {0, 2, 3});
  ValueId x = n.in(0), mean = n.op("reduce_mean", {x}, {{"axes", axes}}), centred = n.op("sub", {x, mean});
  ValueId variance = n.op("reduce_mean", {n.op("mul", {centred, centred})}, {{"axes", axes}});
  n.result("div", {centred, n.op("add", {n.op("sqrt", {variance}), n.scalar(1e-9)})});
}

}  // namespace

void add_norms(ConverterTable& t) {
  t["BatchNormalization"] = batch_norm;
  t["InstanceNormalization"] = instance_norm;
  t["GroupNormalization"] = group_norm;
  t["LayerNormalization"] = [](ImportNode& n) { layer_norm(n, "layer_norm"); };
  t["RMSNormalization"] = [](ImportNode& n) { layer_norm(n, "rms_norm"); };
  t["Softmax"] = [](ImportNode& n) { softmax(n, "softmax"); };
  t["LogSoftmax"] = [](ImportNode& n) { softmax(n, "log_softmax"); };
  t["Hardmax"] = [](ImportNode& n) { softmax(n, "hardmax"); };
  t["MeanVarianceNormalization"] = mean_variance;
  t["LRN"] = [](ImportNode& n) {
    n.result("lrn", {n.in(0)},
             {{"size", n.integer("size", 1)},
              {"alpha", n.real("alpha", 1e-4)},
              {"beta", n.real("beta", 0.75)},
              {"bias", n.real("bias", 1)}});
  };
  t["LpNormalization"] = [](ImportNode& n) {
    n.result("lp_normalize", {n.in(0)}, {{"axis", n.integer("axis", -1)}, {"p", n.integer("p", 2)}});
  };
}

}  // namespace frugal::onnx_import
