// Predictions of every level, and the boxes that they mean.
#include "models/gold_yolo/builder.h"

#include <cmath>

#include "base/check.h"
#include "models/detection.h"

namespace frugal::gold_yolo {

ValueId GoldYolo::prediction(const std::string& name, ValueId x, std::int64_t out, double bias,
                             const std::string& value) {
  ValueId w = b_.weight(name + ".weight", {out, b_.channels(x), 1, 1}, {Init::Kind::zeros, 0, false});
  ValueId start = b_.weight(name + ".bias", {out}, {Init::Kind::constant, bias, false});
  return b_.op("conv2d", {x, w, start}, {}, value);
}

// [batch, 4 * bins, h, w] to the four distances [batch, 4, cells]: the mean of 0 .. 16 under the softmax of the bins
// (Li et al., "Generalized focal loss", 2020).
ValueId GoldYolo::expectation(ValueId bins) {
  const std::int64_t cells = height(bins) * width(bins);
  bins = b_.op("reshape", {bins}, {{"shape", Ints{0, 4, kBins, cells}}});
  bins = b_.op("softmax", {b_.op("transpose", {bins}, {{"perm", Ints{0, 2, 1, 3}}})}, {{"axis", 1}});
  const std::string name = "detect.proj_conv.weight";
  ValueId values = b_.graph().find(name);
  if (values == kNone)
    values = b_.weight(name, {1, kBins, 1, 1}, {Init::Kind::sequence, 0, false}, WeightRole::constant);
  return b_.op("reshape", {b_.op("conv2d", {bins, values}, {}, b_.graph().fresh_name("detect.proj_conv"))},
               {{"shape", Ints{0, 4, cells}}});
}

// One branch for classes and one for the box a level. `head`: dfl, the box as a distribution for each side; lrtb, the
// four distances as such, what the released N and S use at inference; both, for learning the second from the first;
// anchor_aided, dfl with two more predictions that only help to learn.
void GoldYolo::head(const std::vector<ValueId>& levels) {
  const std::string& kind = option("head");
  if (kind != "dfl" && kind != "lrtb" && kind != "both" && kind != "anchor_aided")
    fail_usage("network option 'head' is '{}', but must be dfl, lrtb, both, anchor_aided or none", kind);
  const std::string free = kind == "anchor_aided" ? "_af" : "";
  std::vector<ValueId> scores, plain, bins;
  std::vector<std::pair<ValueId, ValueId>> branches;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const std::string n = "." + std::to_string(i);
    const std::int64_t c = b_.channels(levels[i]);
    ValueId x = conv("detect.stems" + n, levels[i], c, 1, Act::silu);
    ValueId of_class = conv("detect.cls_convs" + n, x, c, 3, Act::silu);
    ValueId score = prediction("detect.cls_preds" + free + n, of_class, o_.classes, -std::log(99.0), "cls_logits" + n);
    scores.push_back(b_.op("reshape", {score}, {{"shape", Ints{0, o_.classes, height(x) * width(x)}}}));
    ValueId box = conv("detect.reg_convs" + n, x, c, 3, Act::silu);
    branches.emplace_back(of_class, box);
    if (kind != "lrtb")
      bins.push_back(expectation(prediction("detect.reg_preds" + free + n, box, 4 * kBins, 1, "reg_logits" + n)));
    if (kind == "lrtb" || kind == "both") {
      ValueId sides = prediction("detect.reg_preds_lrtb" + n, box, 4, 1, "lrtb" + n);
      plain.push_back(b_.op("reshape", {sides}, {{"shape", Ints{0, 4, height(x) * width(x)}}}));
    }
  }
  ValueId probabilities = b_.op("sigmoid", {concat(scores, "detect.cls_logits", 2)}, {}, "detect.scores");
  if (!plain.empty()) b_.output(rows("detect.lrtb", plain, probabilities, levels), "rows");
  if (!bins.empty()) b_.output(rows("detect.dfl", bins, probabilities, levels), kind == "both" ? "rows_dfl" : "rows");
  if (kind == "anchor_aided") anchor_outputs(branches);
}

// As they come, [batch, level, anchor, cell; values]: `anchor_logits` of the classes, `anchor_sides` of the boxes.
void GoldYolo::anchor_outputs(const std::vector<std::pair<ValueId, ValueId>>& levels) {
  std::vector<ValueId> logits, sides;
  const auto by_anchor = [&](const std::string& name, ValueId x, std::int64_t values, double bias) {
    const std::int64_t cells = height(x) * width(x);
    ValueId y = prediction(name, x, kAnchors * values, bias, "");
    y = b_.op("reshape", {y}, {{"shape", Ints{0, kAnchors, values, cells}}});
    y = b_.op("transpose", {y}, {{"perm", Ints{0, 1, 3, 2}}});
    return b_.op("reshape", {y}, {{"shape", Ints{0, kAnchors * cells, values}}});
  };
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const std::string n = "." + std::to_string(i);
    logits.push_back(by_anchor("detect.cls_preds_ab" + n, levels[i].first, o_.classes, -std::log(99.0)));
    sides.push_back(by_anchor("detect.reg_preds_ab" + n, levels[i].second, 4, 1));
  }
  b_.output(concat(logits, "anchor_logits"), "anchor_logits");
  b_.output(concat(sides, "anchor_sides"), "anchor_sides");
}

// Distances to left, top, right and bottom, in strides, become boxes in pixels.
ValueId GoldYolo::rows(const std::string& name, const std::vector<ValueId>& sides, ValueId scores,
                       const std::vector<ValueId>& levels) {
  std::vector<ValueId> cells, strides;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const std::string n = std::to_string(i);
    const std::int64_t h = height(levels[i]), w = width(levels[i]);
    cells.push_back(cell_centres(b_, name + ".cells" + n, h, w));
    strides.push_back(b_.weight(name + ".stride" + n, {1, 1, h * w},
                                {Init::Kind::constant, static_cast<double>(8 << i), false}, WeightRole::constant));
  }
  ValueId centre = concat(cells, name + ".cells", 2), stride = concat(strides, name + ".strides", 2);
  ValueId half = b_.weight(name + ".half", {1}, {Init::Kind::constant, 0.5, false}, WeightRole::constant);
  std::vector<ValueId> corners =
      b_.ops("split", {concat(sides, name + ".sides", 2)}, {{"sizes", Ints{2, 2}}, {"axis", 1}}, name + ".corners");
  ValueId first = b_.op("sub", {centre, corners[0]}), second = b_.add(centre, corners[1]);
  ValueId boxes = concat({b_.op("mul", {b_.add(first, second), half}), b_.op("sub", {second, first})}, name + ".boxes");
  ValueId all = concat({b_.op("mul", {boxes, stride}), scores}, name);
  return b_.op("transpose", {all}, {{"perm", Ints{0, 2, 1}}}, name + ".rows");
}

}  // namespace frugal::gold_yolo
