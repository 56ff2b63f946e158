#include "methods/ptq/ptq.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "frugal/session.h"
#include "graph/builder.h"
#include "graph/initial_weights.h"
#include "graph/op.h"
#include "kernels/kernels.h"
#include "methods/method.h"
#include "support/support.h"

namespace frugal::test {
namespace {

double snr(const Tensor& exact, const Tensor& got) {
  double signal = 0, noise = 0;
  for (std::int64_t i = 0; i < exact.numel(); ++i) {
    const double x = exact.data<float>()[i], d = x - got.data<float>()[i];
    signal += x * x, noise += d * d;
  }
  return 10 * std::log10(signal / std::max(noise, 1e-300));
}

Model with_weights(GraphBuilder& b) {
  Graph graph = b.finish();
  Weights weights = initial_weights(graph, 5);
  return {std::move(graph), std::move(weights), {}};
}

std::vector<std::vector<Tensor>> pictures(std::int64_t n = 4, std::int64_t size = 16) {
  return {{random_tensor({n, 3, size, size}, 1)}, {random_tensor({n, 3, size, size}, 2)}};
}

std::string ops_of(const Model& model, const std::vector<Tensor>& input) {
  Session session(model, {.threads = 1, .profile = true});
  session.run(input);
  std::string ops;
  for (const NodeProfile& node : session.profile()) ops += node.op + " ";
  return ops;
}

// A residual block, pooling, a depthwise convolution and a linear layer.
Model residual_network() {
  GraphBuilder b("residual");
  ValueId x = b.relu(b.batch_norm("bn1", b.conv2d("stem", b.image_input(3, 16, 16), {.out = 24, .kernel = 3})));
  x = b.op("max_pool2d", {x}, {{"kernel", Ints{2, 2}}, {"stride", Ints{2, 2}}});
  ValueId y = b.relu(b.conv2d("a", x, {.out = 24, .kernel = 3, .bias = true}));
  x = b.relu(b.add(b.conv2d("b", y, {.out = 24, .kernel = 3}), x));
  x = b.op("silu", {b.conv2d("dw", x, {.out = 24, .kernel = 3, .stride = 2, .groups = 24})});
  x = b.conv2d("mix", x, {.out = 40});
  b.output(b.linear("fc", b.flatten(b.op("global_avg_pool", {x})), 10), "logits");
  return with_weights(b);
}

TEST(Ptq, AResidualNetworkComputesOnBytesAndKeepsItsOutput) {
  const Model model = residual_network();
  PtqReport report;
  const Model made = quantize_model(model, pictures(), {}, report);
  EXPECT_EQ(report.layers.size(), 6u);
  const std::vector<Tensor> input = pictures()[1];
  const Tensor exact = Session(model, {.threads = 1}).run(input)[0];
  EXPECT_GT(snr(exact, Session(made, {.threads = 1}).run(input)[0]), 25);
  // Node by node in floats, the graph means the same: only roundings at a tie may differ.
  const Tensor plain = Session(made, {.threads = 1, .optimize = false, .isa = "scalar"}).run(input)[0];
  for (Isa isa : {Isa::scalar, Isa::avx2, Isa::avx512}) {
    if (!isa_supported(isa)) continue;
    const std::string text(name(isa));
    EXPECT_GT(snr(plain, Session(made, {.threads = 1, .isa = text}).run(input)[0]), 45) << text;
  }
  const std::string ops = ops_of(made, input);
  EXPECT_EQ(ops.find(" conv2d"), std::string::npos) << ops;
  EXPECT_EQ(ops.find(" add "), std::string::npos) << ops;
  EXPECT_EQ(ops.find(" linear "), std::string::npos) << ops;
}

// Tokens of a transformer's size of which a few have values 40 times as large: with one scale for all the others are
// left with a few steps, with scales of their own none is the worse for it.
TEST(Ptq, RowsOfTheirOwnScalesAreNotDrownedByLoudOnes) {
  constexpr std::int64_t kTokens = 197, kWidth = 192;
  GraphBuilder b("block");
  ValueId x = b.input("x", {Dim::symbol("batch"), kTokens, kWidth});
  ValueId y = b.op("gelu", {b.linear("fc1", x, 4 * kWidth)});
  b.output(b.add(b.linear("fc2", y, kWidth), x), "y");
  const Model model = with_weights(b);
  auto tokens = [&](std::uint64_t seed) {
    Tensor t = random_tensor({2, kTokens, kWidth}, seed);
    for (std::int64_t row : {0, 50, 300})
      for (std::int64_t i = 0; i < kWidth; ++i) t.data<float>()[row * kWidth + i] *= 40;
    return t;
  };
  const Tensor input = tokens(9), exact = Session(model, {.threads = 1}).run({input})[0];
  auto quiet_row = [&](const Tensor& t) {
    return Tensor::wrap(DType::f32, {kWidth}, const_cast<float*>(t.data<float>()) + 7 * kWidth, nullptr);
  };
  std::map<Activations, double> quality;
  for (Activations activations : {Activations::tensor, Activations::row}) {
    PtqReport report;
    const Model made = quantize_model(model, {{tokens(1)}}, {.activations = activations}, report);
    for (Isa isa : {Isa::scalar, Isa::avx2, Isa::avx512}) {
      if (!isa_supported(isa)) continue;
      for (int threads : {1, 2}) {
        const Tensor got = Session(made, {.threads = threads, .isa = std::string(name(isa))}).run({input})[0];
        quality[activations] = snr(quiet_row(exact), quiet_row(got));
        EXPECT_GT(quality[activations], activations == Activations::row ? 35 : 0) << name(isa) << " " << threads;
      }
    }
    const Tensor plain = Session(made, {.threads = 1, .optimize = false, .isa = "scalar"}).run({input})[0];
    EXPECT_NEAR(snr(quiet_row(exact), quiet_row(plain)), quality[activations], 1);
    const std::string ops = ops_of(made, {input});
    EXPECT_EQ(ops.find(" linear "), std::string::npos) << ops;
    EXPECT_EQ(ops.find(" mul "), std::string::npos) << ops;
  }
  EXPECT_GT(quality[Activations::row], quality[Activations::tensor] + 15);
}

// mish, say: it stays a node between layers on bytes.
TEST(Ptq, AnActivationThatTheStoreLacksIsKept) {
  GraphBuilder b("mish");
  ValueId x = b.op("mish", {b.conv2d("a", b.image_input(3, 16, 16), {.out = 24, .kernel = 3})});
  b.output(b.conv2d("b", x, {.out = 8, .kernel = 3}), "y");
  const Model model = with_weights(b);
  PtqReport report;
  const Model made = quantize_model(model, pictures(), {}, report);
  const std::vector<Tensor> input = pictures()[1];
  EXPECT_GT(snr(Session(model, {.threads = 1}).run(input)[0], Session(made, {.threads = 1}).run(input)[0]), 25);
  const std::string ops = ops_of(made, input);
  EXPECT_NE(ops.find("mish"), std::string::npos) << ops;
}

// Two branches whose values differ a thousandfold meet in a concat: each keeps a scale of its own.
TEST(Ptq, PartsOfAConcatKeepTheirScales) {
  GraphBuilder b("branches");
  ValueId x = b.image_input(3, 16, 16);
  ValueId big = b.relu(b.conv2d("big", x, {.out = 16, .kernel = 3})),
          small = b.relu(b.conv2d("small", x, {.out = 16, .kernel = 3}));
  ValueId whole = b.op("concat", {big, small});
  b.output(b.conv2d("head", whole, {.out = 8}), "y");
  Model model = with_weights(b);
  Tensor &w = model.weights.at("small.weight"), &head = model.weights.at("head.weight");
  for (std::int64_t i = 0; i < w.numel(); ++i) w.data<float>()[i] *= 1e-3f;
  for (std::int64_t o = 0; o < 8; ++o)  // the head hears the small branch only
    for (std::int64_t i = 0; i < 16; ++i) head.data<float>()[o * 32 + i] = 0;
  PtqReport report;
  const Model made = quantize_model(model, pictures(), {}, report);
  const std::vector<Tensor> input = pictures()[1];
  EXPECT_GT(snr(Session(model, {.threads = 1}).run(input)[0], Session(made, {.threads = 1}).run(input)[0]), 25);
  EXPECT_EQ(ops_of(made, input).find(" dequantize"), std::string::npos) << "the parts lie side by side as bytes";
}

// Boxes and scores that meet only in the output of the network are never quantised together.
TEST(Ptq, ADetectionHeadKeepsBoxesAndScores) {
  GraphBuilder b("head");
  ValueId x = b.relu(b.conv2d("stem", b.image_input(3, 16, 16), {.out = 16, .kernel = 3}));
  ValueId boxes = b.conv2d("boxes", x, {.out = 4, .bias = true}),
          scores = b.op("sigmoid", {b.conv2d("scores", x, {.out = 3})});
  b.output(b.op("concat", {boxes, scores}), "y");
  Model model = with_weights(b);
  for (std::int64_t i = 0; i < 4; ++i) model.weights.at("boxes.bias").data<float>()[i] = 600;
  PtqReport report;
  const Model made = quantize_model(model, pictures(), {}, report);
  const std::vector<Tensor> input = pictures()[1];
  const Tensor exact = Session(model, {.threads = 1}).run(input)[0], got = Session(made, {.threads = 1}).run(input)[0];
  const std::int64_t plane = 16 * 16;
  for (std::int64_t i = 4 * plane; i < 7 * plane; ++i)
    ASSERT_NEAR(got.data<float>()[i], exact.data<float>()[i], 0.03) << "a score";
}

TEST(Ptq, TheWorstLayersStayInFloats) {
  const Model model = residual_network();
  PtqReport all, some;
  quantize_model(model, pictures(), {}, all);
  PtqSettings settings;
  settings.float_layers = 2;
  const Model made = quantize_model(model, pictures(), settings, some);
  std::vector<double> db;
  for (const PtqLayer& l : all.layers) db.push_back(l.snr_db);
  std::nth_element(db.begin(), db.begin() + 1, db.end());
  int floats = 0;
  for (const PtqLayer& l : some.layers) {
    floats += l.float32;
    EXPECT_EQ(l.float32, l.snr_db <= db[1]) << l.name;
  }
  EXPECT_EQ(floats, 2);
  EXPECT_GE(some.output_snr_db[0], all.output_snr_db[0] - 1);
}

TEST(Ptq, WeightsSuitTheKernelWithoutVnni) {
  PtqReport report;
  const Model made = quantize_model(residual_network(), pictures(), {}, report);
  const Tensor& w = made.weights.at("a.weight");
  ASSERT_EQ(w.dtype(), DType::i8);
  int most = 0;
  for (std::int64_t o = 0; o < w.dim(0); ++o)
    for (std::int64_t i = 0; i + 1 < w.dim(1); i += 2)
      for (std::int64_t t = 0; t < 9; ++t) {
        const int a = w.data<std::int8_t>()[(o * w.dim(1) + i) * 9 + t],
                  c = w.data<std::int8_t>()[(o * w.dim(1) + i + 1) * 9 + t];
        most = std::max({most, std::max(a, 0) + std::max(c, 0), -std::min(a, 0) - std::min(c, 0)});
      }
  EXPECT_LE(most, 128);
  EXPECT_GT(most, 120);
}

TEST(Ptq, RangesCutWhatFewValuesReach) {
  std::vector<std::int64_t> counts(100, 100);
  counts[99] = 1;
  EXPECT_EQ(percentile_range(counts, 0, 100, 100), (std::pair{0.0f, 100.0f}));
  EXPECT_EQ(percentile_range(counts, 0, 100, 99.9), (std::pair{0.0f, 99.0f}));
  std::vector<std::int64_t> tail(2048, 0);
  for (int i = 0; i < 512; ++i)  // a bell, and one value far out
    tail[static_cast<std::size_t>(i)] = static_cast<std::int64_t>(1e5 * std::exp(-0.5 * i * i / (60.0 * 60.0)));
  tail[2047] = 1;
  EXPECT_LT(entropy_threshold(tail, 2048), 600);
}

TEST(Methods, WhatIsUnknownIsNamedWithTheNearest) {
  try {
    MethodRegistry::instance().get("ptqs");
    FAIL();
  } catch (const UsageError& e) {
    EXPECT_NE(std::string(e.what()).find("ptq"), std::string::npos) << e.what();
  }
  const Method& ptq = MethodRegistry::instance().get("ptq");
  EXPECT_THROW(MethodOptions("ptq", ptq.options, {"calibratoin=minmax"}), UsageError);
  EXPECT_THROW(MethodOptions("ptq", ptq.options, {"calibration=best"}), UsageError);
  EXPECT_THROW(MethodOptions("ptq", ptq.options, {"percentile=101"}).number("percentile", 50, 100), UsageError);
}

}  // namespace
}  // namespace frugal::test
