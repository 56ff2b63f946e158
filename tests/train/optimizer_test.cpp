// Our optimisers against LibTorch's own, and the running mean of the weights.
#include "train/optimizer.h"

#include <gtest/gtest.h>

#include <fmt/core.h>

#include <cmath>
#include <functional>

#include "support/support.h"
#include "train/ema.h"

namespace frugal {
namespace {

std::vector<torch::Tensor> start() {
  torch::manual_seed(3);
  return {torch::randn({4, 3}).requires_grad_(), torch::randn({4}).requires_grad_()};
}

torch::Tensor loss_of(const std::vector<torch::Tensor>& p) {
  torch::Tensor x = torch::linspace(-1, 1, 15).view({5, 3});
  return (torch::linear(x, p[0], p[1]).sin() + p[1].square()).square().sum();
}

// Ten steps each; the rate changes on the way.
void expect_equal(const Recipe::Optimizer& options,
                  const std::function<std::unique_ptr<torch::optim::Optimizer>(std::vector<torch::Tensor>)>& theirs) {
  std::vector<torch::Tensor> a = start(), b = start();
  Optimizer ours(options, {"w", "b"}, a);
  auto reference = theirs(b);
  for (int i = 0; i < 10; ++i) {
    double lr = 0.05 / (1 + i);
    for (auto& group : reference->param_groups()) group.options().set_lr(lr);
    for (auto* p : {&a, &b})
      for (torch::Tensor& t : *p) t.mutable_grad() = torch::Tensor();
    loss_of(a).backward();
    loss_of(b).backward();
    ours.step(lr);
    reference->step();
  }
  for (std::size_t i = 0; i < 2; ++i) EXPECT_LT((a[i] - b[i]).abs().max().item<float>(), 1e-6) << "parameter " << i;
  EXPECT_GT((a[0] - start()[0]).abs().max().item<float>(), 1e-3) << "it moved";
}

TEST(Optimizer, SgdIsLibTorchs) {
  for (double decay : {0.0, 0.01})
    for (double momentum : {0.0, 0.9})
      for (bool nesterov : {false, true}) {
        if (nesterov && momentum == 0) continue;
        SCOPED_TRACE(fmt::format("decay {} momentum {} nesterov {}", decay, momentum, nesterov));
        expect_equal(
            {.weight_decay = decay, .momentum = momentum, .nesterov = nesterov}, [&](std::vector<torch::Tensor> p) {
              auto options = torch::optim::SGDOptions(0.1).momentum(momentum).nesterov(nesterov).weight_decay(decay);
              return std::make_unique<torch::optim::SGD>(p, options);
            });
      }
}

TEST(Optimizer, AdamWIsLibTorchs) {
  expect_equal({.kind = "adamw", .weight_decay = 0.02, .betas = {0.8, 0.95}, .eps = 1e-6},
               [](std::vector<torch::Tensor> p) {
                 auto options = torch::optim::AdamWOptions(0.1).betas({0.8, 0.95}).eps(1e-6).weight_decay(0.02);
                 return std::make_unique<torch::optim::AdamW>(p, options);
               });
}

// By hand: after one step the running means over each other are the signs of the gradient.
TEST(Optimizer, LambGivesAStepTheLengthOfItsParameter) {
  const auto moved = [](std::vector<float> from, std::vector<float> gradient, double decay) {
    torch::Tensor p = torch::tensor(from).view({1, -1}).requires_grad_();
    Optimizer optimizer({.kind = "lamb", .weight_decay = decay, .eps = 1e-16}, {"w"}, {p});
    p.mutable_grad() = torch::tensor(gradient).view({1, -1});
    optimizer.step(0.1);
    return p.detach();
  };
  // u = (1 + 0.5 * 3, -1 + 0.5 * 4), of length sqrt(7.25); the parameter has 5.
  const double factor = 0.1 * 5 / std::sqrt(7.25);
  EXPECT_TRUE(torch::allclose(moved({3, 4}, {0.2f, -7}, 0.5),
                              torch::tensor({3 - 2.5 * factor, 4 - factor}).view({1, 2}).to(torch::kFloat32)));
  EXPECT_TRUE(torch::allclose(moved({3, 4}, {0.2f, -7}, 0), torch::tensor({2.9f, 4.1f}).view({1, 2})));  // Adam
  EXPECT_TRUE(torch::allclose(moved({0, 0}, {0.2f, -7}, 0.5), torch::tensor({-0.1f, 0.1f}).view({1, 2})));
  EXPECT_TRUE(torch::equal(moved({0, 0}, {0, 0}, 0.5), torch::zeros({1, 2})));
}

// Ten steps against the formula, with running means and a decay that moves.
TEST(Optimizer, LambFollowsItsFormula) {
  std::vector<torch::Tensor> p = start();
  Optimizer optimizer(
      {.kind = "lamb", .weight_decay = 0.1, .decay_norm_and_bias = false, .betas = {0.8, 0.95}, .eps = 1e-6},
      {"w", "b"}, p);
  std::vector<torch::Tensor> mine, m, v;
  for (const torch::Tensor& t : start())
    mine.push_back(t.detach().clone()), m.push_back(torch::zeros_like(t)), v.push_back(torch::zeros_like(t));
  for (int step = 1; step <= 10; ++step) {
    for (torch::Tensor& t : p) t.mutable_grad() = torch::Tensor();
    loss_of(p).backward();
    for (std::size_t i = 0; i < 2; ++i) {
      const torch::Tensor g = p[i].grad();
      m[i] = 0.8 * m[i] + 0.2 * g;
      v[i] = 0.95 * v[i] + 0.05 * g * g;
      torch::Tensor u = m[i] / (1 - std::pow(0.8, step)) / ((v[i] / (1 - std::pow(0.95, step))).sqrt() + 1e-6);
      if (i == 0) u = u + 0.1 * step * mine[i], u = u * (mine[i].norm() / u.norm());
      mine[i] = mine[i] - 0.02 * u;
    }
    optimizer.step({.lr = 0.02, .bias_lr = 0.02, .decay = static_cast<double>(step)});
    for (std::size_t i = 0; i < 2; ++i) EXPECT_TRUE(torch::allclose(p[i], mine[i], 1e-4, 1e-6)) << step;
  }
}

TEST(StepRates, WeightDecayMovesByACosine) {
  const Recipe r = parse_recipe(
      "model: {name: resnet20_cifar}", "test",
      {"data.name=x", "output=x", "epochs=5", "optimizer.weight_decay=0.04", "schedule.final_weight_decay=0.2"});
  const auto decay = [&](std::int64_t step) { return step_rates(r, step, 5).decay * 0.04; };
  EXPECT_NEAR(decay(0), 0.04, 1e-12);
  EXPECT_NEAR(decay(6), 0.2 - 0.16 * (0.5 + 0.5 * std::cos(M_PI / 4)), 1e-12);
  EXPECT_NEAR(decay(12), 0.12, 1e-12);
  EXPECT_NEAR(decay(24), 0.2, 1e-12);
}

TEST(Optimizer, NormsAndBiasesCanBeSparedFromDecay) {
  std::vector<torch::Tensor> p = start();
  Optimizer optimizer({.weight_decay = 0.5, .decay_norm_and_bias = false, .momentum = 0, .nesterov = false}, {"w", "b"},
                      p);
  for (torch::Tensor& t : p) t.mutable_grad() = torch::zeros_like(t);
  optimizer.step(0.1);
  EXPECT_TRUE(torch::allclose(p[0], start()[0] * 0.95));
  EXPECT_TRUE(torch::equal(p[1], start()[1]));
}

// Two backward passes whose gradients are summed are one pass of the sum; biases have a rate of their own.
TEST(Optimizer, CollectsGradientsAndGivesBiasesTheirRate) {
  Recipe::Optimizer options;
  std::vector<torch::Tensor> a = start(), b = start();
  Optimizer twice(options, {"layer.weight", "layer.bias"}, a), once(options, {"layer.weight", "layer.bias"}, b);
  const auto clear = [](std::vector<torch::Tensor>& p) {
    for (torch::Tensor& t : p) t.mutable_grad() = torch::Tensor();
  };
  for (int step = 0; step < 4; ++step) {
    if (twice.fresh()) clear(a);
    loss_of(a).backward();
    EXPECT_EQ(twice.collect(2), step % 2 == 1);
    EXPECT_EQ(twice.state().contains("gradient/layer.bias"), true);
    if (step % 2 == 0) continue;
    twice.step({0.01, 0.02, 0.9});
    clear(b);
    (2 * loss_of(b)).backward();
    EXPECT_TRUE(once.collect(1));
    once.step({0.01, 0.02, 0.9});
  }
  for (std::size_t i = 0; i < 2; ++i) EXPECT_TRUE(torch::allclose(a[i], b[i], 1e-5, 1e-6));
  Recipe::Optimizer bare{.momentum = 0, .nesterov = false};
  std::vector<torch::Tensor> c = start();
  Optimizer rates(bare, {"layer.weight", "layer.bias"}, c);
  for (torch::Tensor& t : c) t.mutable_grad() = torch::ones_like(t);
  rates.step({.lr = 0.5, .bias_lr = 0.25});
  EXPECT_TRUE(torch::allclose(c[0], start()[0] - 0.5));
  EXPECT_TRUE(torch::allclose(c[1], start()[1] - 0.25));
}

TEST(Optimizer, StateCanBeMovedToAnother) {
  for (const char* kind : {"sgd", "adamw", "lamb"}) {
    Recipe::Optimizer options{.kind = kind, .weight_decay = 0.01};
    std::vector<torch::Tensor> a = start();
    Optimizer first(options, {"w", "b"}, a);
    auto run = [](Optimizer& o, std::vector<torch::Tensor>& p) {
      for (torch::Tensor& t : p) t.mutable_grad() = torch::Tensor();
      loss_of(p).backward();
      o.step(0.01);
    };
    for (int i = 0; i < 3; ++i) run(first, a);
    std::vector<torch::Tensor> b;
    for (const torch::Tensor& t : a) b.push_back(t.detach().clone().requires_grad_());
    Optimizer second(options, {"w", "b"}, b);
    second.load(first.state());
    for (int i = 0; i < 3; ++i) run(first, a), run(second, b);
    EXPECT_TRUE(torch::equal(a[0], b[0])) << kind;
    auto state = first.state();
    state.erase("first/w");
    EXPECT_ERROR(second.load(state), "'first/w' is missing");
    state["first/w"] = torch::zeros({2});
    EXPECT_ERROR(second.load(state), "another shape");
  }
}

TEST(Ema, CanRiseOverARamp) {
  torch::Tensor w = torch::zeros({1});
  Ema ema({{"w", w}}, 0.5, 3);
  double mean = 0;
  for (int n = 1; n < 9; ++n) {
    w.fill_(n);
    ema.update();
    const double d = 0.5 * (1 - std::exp(-n / 3.0));
    mean = d * mean + (1 - d) * n;
  }
  EXPECT_NEAR(ema.means().at("w")[0].item<double>(), mean, 1e-5);
}

TEST(Ema, FollowsTheFormulaAndSwaps) {
  torch::Tensor w = torch::zeros({2}), count = torch::zeros({1}, torch::kInt64);
  Ema ema({{"w", w}, {"count", count}}, 0.5);
  double mean = 0;
  for (int n = 0; n < 12; ++n) {
    w.fill_(n + 1);
    ema.update();
    double d = std::min(0.5, (1.0 + n) / (10.0 + n));
    mean = d * mean + (1 - d) * (n + 1);
  }
  EXPECT_NEAR(ema.means().at("w")[0].item<double>(), mean, 1e-5);
  EXPECT_FALSE(ema.means().contains("count"));
  {
    EmaScope scope(&ema);
    EXPECT_NEAR(w[1].item<double>(), mean, 1e-5);
  }
  EXPECT_EQ(w[0].item<float>(), 12);
  EXPECT_ERROR(ema.load({}, 0), "'w' is missing");
  EmaScope nothing(nullptr);
}

}  // namespace
}  // namespace frugal
