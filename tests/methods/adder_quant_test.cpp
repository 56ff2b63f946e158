// The quantiser of adder networks as a whole (arXiv 2212.10200), with the engine.
#include "methods/adder_quant/adder_quant.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "frugal/session.h"
#include "graph/costs.h"
#include "graph/op.h"
#include "methods/adder_network.h"
#include "methods/adder_quant/options.h"
#include "methods/measure.h"
#include "methods/method.h"

namespace frugal::test {
namespace {

Tensor run(const Model& model, const std::vector<Tensor>& input) {
  return Session(model, {.threads = 1}).run(input)[0];
}

// Signal to noise of the logits on pictures that were not measured on, in decibels.
double quality(const Model& model, const std::vector<std::string>& given) {
  AdderQuantReport report;
  const Model made = quantize_adder_network(model, adder_pictures(), settings_of(given), report);
  const std::vector<Tensor> fresh{random_tensor({32, 3, 12, 12}, 99)};
  Snr snr;
  snr.add(run(model, fresh), run(made, fresh));
  return snr.db();
}

TEST(AdderQuant, MoreBitsAreBetterAndEightAreClose) {
  const Model model = adder_network();
  double before = -100;
  for (const char* bits : {"bits=2", "bits=4", "bits=6", "bits=8"}) {
    const double db = quality(model, {bits});
    EXPECT_GT(db, before + 3) << bits;
    before = db;
  }
  EXPECT_GT(before, 35);
}

TEST(AdderQuant, ItsPartsHelpAtFourBits) {
  const Model model = adder_network();
  const double full = quality(model, {"bits=4"});
  EXPECT_GT(full, quality(model, {"bits=4", "clamp=signed", "restore=off", "align=1", "cluster=kmeans"}));
  EXPECT_GT(full, quality(model, {"bits=4", "clamp=none", "restore=off"}) + 3);
  EXPECT_GT(full, quality(model, {"bits=4", "scheme=qssf"}) + 3);
  EXPECT_GT(full, quality(model, {"bits=4", "scheme=qssf", "range=weights"}) + 3);
}

TEST(AdderQuant, OnlyAdderLayersChange) {
  const Model model = adder_network();
  AdderQuantReport report;
  const Model made = quantize_adder_network(model, adder_pictures(), settings_of({"bits=4"}), report);
  ASSERT_EQ(report.layers.size(), 3u);
  ASSERT_EQ(made.graph.nodes().size(), model.graph.nodes().size());
  for (std::size_t i = 0; i < model.graph.nodes().size(); ++i) {
    const Node &was = model.graph.nodes()[i], &is = made.graph.nodes()[i];
    EXPECT_EQ(is.name, was.name);
    EXPECT_EQ(is.op->name, was.op->name == "adder_conv2d" ? "quantized_adder_conv2d" : was.op->name);
  }
  EXPECT_EQ(made.weights.at("b.adder").shape(), (Shape{24, 24 * 9 / 2}));  // half a byte a weight
  for (const AdderLayerReport& layer : report.layers) {
    EXPECT_GT(layer.snr_db, 10) << layer.name;
    EXPECT_FALSE(layer.input.negative);
    std::int64_t kernels = 0;
    for (std::size_t g = 0; g < layer.ranges.size(); ++g) {
      EXPECT_LE(layer.ranges[g], layer.input.magnitude);
      EXPECT_EQ(layer.kernels[g] % 4, 0);
      kernels += layer.kernels[g];
    }
    EXPECT_EQ(kernels, 24);
    EXPECT_GT(layer.cut, 0.4);  // weights around 0: the negative ones are beyond [0, A]
  }
}

TEST(AdderQuant, TheReportAddsUp) {
  AdderQuantReport report;
  const Model made = quantize_adder_network(adder_network(), adder_pictures(), settings_of({"bits=4"}), report);
  const std::int64_t adder = 24 * 12 * 9 * 36 + 24 * 24 * 9 * 36 + 24 * 12 * 36, conv = 12 * 27 * 144 + 24 * 5;
  EXPECT_EQ(compute_costs(made.graph).macs, adder + conv);
  EXPECT_NEAR(report.energy.float_conv, static_cast<double>(adder + conv) * 4.6e-6, 1e-9);
  EXPECT_NEAR(report.energy.int8_conv, static_cast<double>(adder) * 0.23e-6 + static_cast<double>(conv) * 4.6e-6, 1e-9);
  EXPECT_NEAR(report.energy.taps, static_cast<double>(adder) * 0.03e-6 + static_cast<double>(conv) * 4.6e-6, 1e-9);
  EXPECT_GT(report.energy.scales, 0);
  const std::int64_t floats = 24 * (12 * 9 + 24 * 9 + 12);
  EXPECT_EQ(report.float_bytes, compute_costs(adder_graph()).weight_bytes);
  const std::int64_t saved = report.float_bytes - report.bytes;
  EXPECT_LT(saved, floats * 4 - floats / 2);
  EXPECT_GT(saved, floats * 4 - floats / 2 - 1500);  // what is left: biases, groups, steps
}

// The network in training mode: statistics of the batch, also of what the statistics before it changed.
TEST(AdderQuant, BatchNormsGetTheStatisticsOfTheirBatches) {
  Model model = adder_network();
  for (auto& [name, t] : model.weights)
    if (name.ends_with("running_var"))
      for (std::int64_t i = 0; i < t.numel(); ++i) t.data<float>()[i] *= 3;
  const Batches one{{random_tensor({16, 3, 12, 12}, 7)}};
  const Model made = reestimate_batch_norm(model, one, 1);
  const Node* norm = nullptr;
  for (const Node& node : made.graph.nodes())
    if (node.op->name == "batch_norm") {
      norm = &node;
      const Tensor x = Session(with_taps(made, {node.inputs[0]}), {.threads = 1}).run(one[0])[1];
      const std::int64_t n = x.dim(0), channels = x.dim(1), inner = x.numel() / n / channels;
      for (std::int64_t c = 0; c < channels; ++c) {
        double sum = 0, squares = 0;
        for (std::int64_t i = 0; i < n; ++i)
          for (std::int64_t k = 0; k < inner; ++k) {
            const double v = x.data<float>()[(i * channels + c) * inner + k];
            sum += v, squares += v * v;
          }
        const auto count = static_cast<double>(n * inner);
        const double mean = sum / count, variance = (squares / count - mean * mean) * count / (count - 1);
        const float got_mean = made.weights.at(made.graph.value(node.inputs[3]).name).data<float>()[c],
                    got_variance = made.weights.at(made.graph.value(node.inputs[4]).name).data<float>()[c];
        ASSERT_NEAR(got_mean, mean, 2e-3 * (1 + std::abs(mean))) << node.name;
        // Behind other norms the batch's own variance and the unbiased one differ by 1 / n.
        ASSERT_NEAR(got_variance, variance, 0.02 * (1 + variance)) << node.name;
      }
    }
  ASSERT_NE(norm, nullptr);
}

TEST(AdderQuant, BatchNormsMoveByWhatQuantisingChanges) {
  Model model = adder_network();
  for (auto& [name, t] : model.weights)  // statistics of other pictures than those measured on
    for (std::int64_t i = 0; i < t.numel(); ++i) {
      if (name.ends_with("running_mean")) t.data<float>()[i] += 0.25f;
      if (name.ends_with("running_var")) t.data<float>()[i] *= 3;
    }
  const Model same_network = shift_batch_norm(model, model, adder_pictures(), 1);
  Model other = model;
  Tensor moved = model.weights.at("a.adder").clone();
  for (std::int64_t i = 0; i < 9; ++i) moved.data<float>()[i] += 1;
  other.weights.insert_or_assign("a.adder", moved);
  const Model shifted = shift_batch_norm(model, other, adder_pictures(), 1),
              before = reestimate_batch_norm(model, adder_pictures(), 1),
              after = reestimate_batch_norm(other, adder_pictures(), 1);
  for (const auto& [name, running] : model.weights) {
    if (!name.ends_with("running_mean") && !name.ends_with("running_var")) continue;
    EXPECT_TRUE(same(same_network.weights.at(name), running)) << name;
    for (std::int64_t c = 0; c < running.numel(); ++c) {
      const auto of = [&](const Model& m) { return m.weights.at(name).data<float>()[c]; };
      const float expected =
          name.ends_with("running_mean") ? of(model) + of(after) - of(before) : of(model) * of(after) / of(before);
      EXPECT_NEAR(of(shifted), expected, 1e-4 * (1 + std::abs(expected))) << name;
    }
  }
  EXPECT_FALSE(same(shifted.weights.at("a_bn.running_mean"), model.weights.at("a_bn.running_mean")));
}

TEST(AdderQuant, KeepingBatchNormKeepsIt) {
  const Model model = adder_network();
  AdderQuantReport report;
  const Model kept =
      quantize_adder_network(model, adder_pictures(), settings_of({"bits=4", "batch_norm=keep"}), report);
  const Model made = quantize_adder_network(model, adder_pictures(), settings_of({"bits=4"}), report);
  EXPECT_TRUE(same(kept.weights.at("a_bn.running_mean"), model.weights.at("a_bn.running_mean")));
  EXPECT_FALSE(same(made.weights.at("a_bn.running_mean"), model.weights.at("a_bn.running_mean")));
}

TEST(AdderQuant, InputsBelowZeroGetASignedGrid) {
  const Model model = adder_network({.relu_before = false});
  AdderQuantReport report;
  const Model made = quantize_adder_network(model, adder_pictures(), settings_of({"bits=8"}), report);
  EXPECT_TRUE(report.layers[0].input.negative);   // a
  EXPECT_FALSE(report.layers[1].input.negative);  // b
  EXPECT_EQ(report.layers[0].ranges.size(), 1u);
  for (const Node& node : made.graph.nodes())
    if (node.op->name == "quantized_adder_conv2d") {
      EXPECT_EQ(attr_int(node, "zero"), node.name == "b" ? 0 : 128) << node.name;
    }
  EXPECT_GT(quality(model, {"bits=8"}), 30);
}

// A negative gamma turns what comes from below 0 around: the far distances, which are the outliers, are kept by the
// relu.
TEST(AdderQuant, NegativeGammas) {
  const Model model = adder_network({.negative_gammas = true});
  double before = -100;
  for (const char* bits : {"bits=2", "bits=4", "bits=6", "bits=8"}) {
    const double db = quality(model, {bits, "alpha=1"});
    EXPECT_GT(db, before + 3) << bits;
    before = db;
  }
  EXPECT_GT(before, 35);
}

TEST(AdderQuant, TheRangeLeavesOutliersAside) {
  Tensor x(DType::f32, {1, 10000});
  for (std::int64_t i = 0; i < 10000; ++i) x.data<float>()[i] = static_cast<float>(i % 2 ? -i : i);
  EXPECT_EQ(outlier_free_magnitude(x, 1), 9999);
  EXPECT_EQ(outlier_free_magnitude(x, 0.9997), std::floor((9997 - 1) * 0.9997));
  EXPECT_EQ(outlier_free_magnitude(Tensor(DType::f32, {1}), 0.9997), 0);
}

TEST(AdderQuant, WhatCannotBeQuantisedIsSaid) {
  AdderQuantReport report;
  GraphBuilder b("plain");
  b.output(b.relu(b.conv2d("conv", b.image_input(3, 12, 12), {.out = 4, .kernel = 3})), "y");
  Graph plain = b.finish();
  Weights weights = initial_weights(plain, 1);
  EXPECT_ERROR(quantize_adder_network({std::move(plain), std::move(weights), {}}, adder_pictures(), {}, report),
               "no adder layers");
  const Model model = adder_network();
  EXPECT_ERROR(quantize_adder_network(model, {}, {}, report), "at least one sample");
  for (float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Model broken = model;
    Tensor w = broken.weights.at("a_bn.bias").clone();
    w.data<float>()[0] = bad;
    broken.weights.insert_or_assign("a_bn.bias", w);
    EXPECT_ERROR(quantize_adder_network(broken, adder_pictures(), {.threads = 1}, report), "'b'");
  }
  for (const char* given : {"bits=1", "bits=9", "groups=0", "align=0", "alpha=1.1", "clamp=half", "range=weights"})
    EXPECT_THROW(settings_of({given}), UsageError) << given;
  EXPECT_THROW(settings_of({"scheme=qssf", "groups=2"}), UsageError);
}

TEST(AdderQuant, DeadInputsAndDeadKernelsAreNoTrouble) {
  Model model = adder_network();
  for (const char* name : {"a_bn.weight", "a_bn.bias", "b.adder"}) {
    Tensor& t = model.weights.at(name);
    t = Tensor(DType::f32, t.shape());
  }
  AdderQuantReport report;
  const Model made = quantize_adder_network(model, adder_pictures(), settings_of({"bits=4"}), report);
  EXPECT_EQ(report.layers[1].input.magnitude, 1e-3f);
  EXPECT_EQ(report.layers[1].ranges, std::vector<float>{1e-3f});
  const Tensor y = run(made, adder_pictures()[0]);
  for (std::int64_t i = 0; i < y.numel(); ++i) ASSERT_TRUE(std::isfinite(y.data<float>()[i]));
  const Model narrow = adder_network({.channels = 1});  // fewer kernels than groups
  EXPECT_GT(quality(narrow, {"bits=8", "align=1"}), 10);
}

TEST(AdderQuant, TheMethodReportsEveryLayer) {
  const Method& method = MethodRegistry::instance().get("adder_quant");
  EXPECT_TRUE(method.needs_data);
  const MethodOptions options("adder_quant", method.options, {"bits=5", "groups=3"});
  const MethodResult result =
      method.run(adder_network(), {.options = options, .batches = adder_pictures(), .threads = 1});
  const nlohmann::json report = nlohmann::json::parse(result.report);
  EXPECT_EQ(report.at("settings").at("bits"), "5");
  EXPECT_EQ(report.at("samples"), 48);
  ASSERT_EQ(report.at("layers").size(), 3u);
  EXPECT_LE(report.at("layers").at(1).at("groups").size(), 3u);
  EXPECT_NE(result.text.find("down"), std::string::npos);
}

}  // namespace
}  // namespace frugal::test
