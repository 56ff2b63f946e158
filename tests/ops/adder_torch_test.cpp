// The rules of the adder convolution's gradients, and the official layer's outputs (shared/data/parity/adder).
#include <gtest/gtest.h>

#include <array>

#include "graph/builder.h"
#include "support/formula.h"
#include "support/reference.h"
#include "support/support.h"
#include "train/interpreter.h"

namespace frugal::test {
namespace {

using torch::Tensor;

struct Layer {
  std::int64_t kernel = 3, stride = 1, padding = 1;
  double eta = 0.2;
  std::string gradient = "full";
};

struct Result {
  Tensor y, dx, dw;
};

Result run(Tensor x, const Tensor& w, const Tensor& g, const Layer& layer) {
  GraphBuilder b("adder");
  const ValueId in = b.input("x", {x.size(0), x.size(1), x.size(2), x.size(3)});
  const ValueId weight = b.weight("w", w.sizes().vec());
  const std::int64_t p = layer.padding;
  b.output(b.op("adder_conv2d", {in, weight},
                {{"stride", Ints{layer.stride, layer.stride}},
                 {"padding", Ints{p, p, p, p}},
                 {"eta", layer.eta},
                 {"gradient", layer.gradient}}),
           "y");
  const Graph graph = b.finish();  // which the interpreter only looks at
  Interpreter interpreter(graph, {{"w", from_torch(w.to(torch::kFloat32))}}, torch::kCPU, x.scalar_type());
  x = x.detach().requires_grad_();
  const Tensor y = interpreter.forward({x}, true)[0];
  y.backward(g);
  return {y.detach(), x.grad(), interpreter.parameters()[0].grad()};
}

Tensor random(std::vector<std::int64_t> shape, std::uint64_t seed, torch::ScalarType type = torch::kFloat64) {
  torch::manual_seed(seed);
  return torch::randn(shape, torch::kFloat32).to(type);
}

double rms(const Tensor& t) { return t.to(torch::kFloat64).square().mean().sqrt().item<double>(); }
double worst(const Tensor& a, const Tensor& b) { return (a - b).abs().max().item<double>(); }

TEST(AdderConv2d, GivesWhatTheOfficialLayerGives) {
  const auto path = shared_path("data/parity/adder/layer.safetensors");
  FRUGAL_SKIP_WITHOUT(path);
  const auto references = read_references(path);
  struct Case {
    std::string name;
    std::vector<std::int64_t> x, w;
    Layer layer;
  };
  for (const Case& c :
       {Case{"k3s1p1", {2, 5, 9, 7}, {6, 5, 3, 3}, {3, 1, 1}}, Case{"k3s2p1", {2, 5, 9, 7}, {6, 5, 3, 3}, {3, 2, 1}},
        Case{"k1s2p0", {2, 8, 8, 8}, {4, 8, 1, 1}, {1, 2, 0}}, Case{"k5s1p2", {1, 3, 8, 6}, {4, 3, 5, 5}, {5, 1, 2}}}) {
    SCOPED_TRACE(c.name);
    const auto stream = [&](const std::string& name, const std::vector<std::int64_t>& shape) {
      return to_torch(formula_input("adder." + c.name + "." + name, shape)).to(torch::kFloat64);
    };
    const auto single = [](const Tensor& t) { return t.to(torch::kFloat32).to(torch::kFloat64); };
    const Tensor x = single(3 * stream("x", c.x) - 1), w = single((2 * stream("w", c.w) - 1) * std::sqrt(3.0));
    const Tensor g = single(2 * stream("g", references.at(c.name + ".y").shape) - 1);
    for (torch::ScalarType type : {torch::kFloat32, torch::kFloat64}) {
      const double tolerance = type == torch::kFloat32 ? 1e-5 : 1e-12;
      const Result scaled = run(x.to(type), w, g.to(type), c.layer);
      Layer plain = c.layer;
      plain.eta = 0;
      const Result raw = run(x.to(type), w, g.to(type), plain);
      EXPECT_TRUE(agrees(from_torch(scaled.y), references.at(c.name + ".y"), tolerance));
      EXPECT_TRUE(agrees(from_torch(scaled.dx), references.at(c.name + ".dX"), tolerance));
      EXPECT_TRUE(agrees(from_torch(scaled.dw), references.at(c.name + ".dW"), tolerance));
      EXPECT_TRUE(agrees(from_torch(raw.dw), references.at(c.name + ".dW_raw"), tolerance));
    }
  }
}

// x - w and clamp(w - x, -1, 1), added up tap by tap; the weights' is a product less another behind the scenes.
TEST(AdderConv2d, GradientsAreTheSumsWrittenOut) {
  const Tensor x = 2 * random({2, 3, 6, 5}, 20), w = 2 * random({4, 3, 3, 3}, 21), g = random({2, 4, 3, 3}, 22);
  const Result r = run(x, w, g, {.stride = 2, .padding = 1, .eta = 0});
  const Tensor padded = torch::constant_pad_nd(x, {1, 1, 1, 1}), weight = w.to(torch::kFloat32).to(torch::kFloat64);
  Tensor dx = torch::zeros_like(padded), dw = torch::zeros_like(weight);
  for (std::int64_t n = 0; n < 2; ++n)
    for (std::int64_t t = 0; t < 4; ++t)
      for (std::int64_t i = 0; i < 9; ++i) {
        const auto window = [&](const Tensor& of) {
          return of[n].slice(1, i / 3 * 2, i / 3 * 2 + 3).slice(2, i % 3 * 2, i % 3 * 2 + 3);
        };
        const double of_output = g[n][t][i / 3][i % 3].item<double>();
        const Tensor difference = window(padded) - weight[t];
        dw[t].add_(of_output * difference);
        window(dx).add_(of_output * (-difference).clamp(-1, 1));
      }
  EXPECT_LT(worst(r.dw.to(torch::kFloat64), dw), 1e-12);
  EXPECT_LT(worst(r.dx, dx.slice(2, 1, 7).slice(3, 1, 6)), 1e-12);
}

TEST(AdderConv2d, TheWeightsGradientHasTheGivenSizeWhateverTheLoss) {
  const Tensor x = random({2, 5, 6, 7}, 1, torch::kFloat32), w = random({4, 5, 3, 3}, 2);
  const Tensor g = random({2, 4, 6, 7}, 3, torch::kFloat32);
  for (double scale : {1e-6, 1.0, 1e6})
    for (double eta : {0.1, 0.2}) EXPECT_NEAR(rms(run(x, w, scale * g, {.eta = eta}).dw), eta, 1e-6);
  EXPECT_EQ(rms(run(x, w, 0 * g, {}).dw), 0);
}

TEST(AdderConv2d, FarFromTheWeightsTheClippedGradientIsTheTrueOne) {
  const Tensor x = random({1, 3, 5, 5}, 4).clamp(-1, 1), g = random({1, 4, 3, 3}, 5);
  const Tensor w = random({4, 3, 3, 3}, 6).sign() * 4;
  const Result r = run(x, w, g, {.padding = 0, .eta = 0, .gradient = "sign"});
  // With every |w - x| above 1, moving x by a little moves y by as much.
  const double step = 1.0 / 1024, before = (r.y * g).sum().item<double>();
  for (std::int64_t i = 0; i < x.numel(); i += 7) {
    Tensor moved = x.clone();
    moved.view(-1)[i] += step;
    const double slope = ((run(moved, w, g, {.padding = 0}).y * g).sum().item<double>() - before) / step;
    EXPECT_NEAR(r.dx.reshape(-1)[i].item<double>(), slope, 1e-9);
  }
  Tensor moved = w.clone();
  moved.view(-1)[5] += step;  // the sign is the true derivative of |w - x| too
  const double slope = ((run(x, moved, g, {.padding = 0}).y * g).sum().item<double>() - before) / step;
  EXPECT_NEAR(r.dw.reshape(-1)[5].item<double>(), slope, 1e-6);
}

TEST(AdderConv2d, IsZeroWhereTheWindowIsTheKernelAndKeepsCommonShifts) {
  const Tensor x = random({1, 6, 4, 4}, 7), w = x.slice(2, 1, 4).slice(3, 0, 3).clone();
  const Tensor g = torch::ones({1, 1, 2, 2}, torch::kFloat64);
  const Tensor y = run(x, w, g, {.padding = 0}).y;
  EXPECT_EQ(y[0][0][1][0].item<double>(), 0);
  EXPECT_LT((y.sum() - y[0][0][1][0]).item<double>(), 0);
  EXPECT_LE(y.max().item<double>(), 0);
  EXPECT_LT(worst(run(x + 8, w + 8, g, {.padding = 0}).y, y), 1e-5);
}

// mean = -2 D / sqrt(pi), variance / D = 2 (1 - 2 / pi) for normal inputs and weights.
TEST(AdderConv2d, HasTheMomentsOfTheory) {
  const Tensor x = random({2, 64, 40, 40}, 8, torch::kFloat32), w = random({64, 64, 3, 3}, 9);
  const Tensor y = run(x, w, torch::zeros({2, 64, 38, 38}), {.padding = 0}).y.to(torch::kFloat64);
  EXPECT_NEAR(y.mean().item<double>(), -576 * 2 / std::sqrt(M_PI), 1);
  EXPECT_NEAR(y.var().item<double>() / 576, 2 * (1 - 2 / M_PI), 0.05 * 2 * (1 - 2 / M_PI));
}

}  // namespace
}  // namespace frugal::test
