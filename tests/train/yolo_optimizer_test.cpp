// The optimiser of the official training of Gold-YOLO on five small parameters: groups, warm-up, accumulation, schedule
// and averaged weights (shared/data/parity/gold_yolo/optimizer.json).
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "support/formula.h"
#include "support/support.h"
#include "train/ema.h"
#include "train/optimizer.h"
#include "train/schedule.h"

namespace frugal::test {
namespace {

using nlohmann::json;
using torch::Tensor;

constexpr std::int64_t kStepsPerEpoch = 400;

double probe(const Tensor& t) {
  const FormulaStream u("probe");
  double sum = 0;
  for (std::int64_t i = 0; i < t.numel(); ++i) sum += t.data_ptr<double>()[i] * (2 * u(i) - 1);
  return sum;
}

Tensor made(const std::string& name, std::vector<std::int64_t> shape, const std::function<double(double)>& value) {
  const FormulaStream u(name);
  Tensor t = torch::empty(shape, torch::kFloat64);
  for (std::int64_t i = 0; i < t.numel(); ++i)
    t.data_ptr<double>()[i] = static_cast<double>(static_cast<float>(value(u(i))));
  return t;
}

std::map<std::string, Tensor> toy() {
  const auto around = [](double a) { return [a](double u) { return (2 * u - 1) * a; }; };
  const auto positive = [](double u) { return 0.5 + u; };
  return {{"conv.weight", made("conv.weight", {4, 3, 3, 3}, around(std::sqrt(3 / 27.0)))},
          {"bn.weight", made("bn.weight", {4}, positive)},
          {"bn.bias", made("bn.bias", {4}, around(0.2))},
          {"bn.running_mean", made("bn.running_mean", {4}, around(0.2))},
          {"bn.running_var", made("bn.running_var", {4}, positive)},
          {"pred.weight", made("pred.weight", {2, 4, 1, 1}, around(std::sqrt(3 / 4.0)))},
          {"pred.bias", made("pred.bias", {2}, around(0.1))},
          {"alpha", made("alpha", {1}, positive)}};
}

Recipe recipe_of(const json& setting) {
  const double batch = setting.at("batch"), lr = setting.at("lr0");
  const auto set = [](const char* key, double value) { return std::string(key) + "=" + std::to_string(value); };
  return parse_recipe("model: {name: x}\ndata: {name: x}\noutput: x", "test",
                      {"optimizer.momentum=0.937", "optimizer.decay_norm_and_bias=false", set("optimizer.lr", lr),
                       set("optimizer.weight_decay", setting.at("weight_decay")[1]),
                       set("optimizer.accumulate", std::max(1.0, 64 / batch)), "schedule.kind=yolo",
                       set("schedule.final_lr", 0.01 * lr), "schedule.warmup_epochs=3", "schedule.warmup_steps=1000",
                       "schedule.warmup_bias_lr=0.1", "schedule.warmup_momentum=0.8", "epochs=20"});
}

void follow(const json& setting) {
  const Recipe recipe = recipe_of(setting);
  std::map<std::string, Tensor> weights = toy();
  const std::vector<std::string> names{"conv.weight", "bn.weight", "bn.bias", "pred.weight", "pred.bias"};  // no alpha
  std::vector<Tensor> parameters;
  for (const std::string& name : names) parameters.push_back(weights.at(name));
  Optimizer optimizer(recipe.optimizer, names, parameters);
  Ema ema(weights, 0.9999, 2000);
  std::int64_t steps = 0;
  for (std::int64_t step = 0, row = 0; row < static_cast<std::int64_t>(setting.at("log").size()); ++step) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      const FormulaStream u("grad." + std::to_string(step) + "." + names[i]);
      Tensor& gradient = parameters[i].mutable_grad();
      if (optimizer.fresh() || step % kStepsPerEpoch == 0) gradient = torch::zeros_like(parameters[i]);
      for (std::int64_t k = 0; k < gradient.numel(); ++k) gradient.data_ptr<double>()[k] += (2 * u(k) - 1) * 0.1;
    }
    weights.at("bn.running_mean") *= 0.999;
    const StepRates rates = step_rates(recipe, step, kStepsPerEpoch);
    const bool stepped = optimizer.collect(rates.accumulate);
    if (stepped) {
      optimizer.step(rates);
      ema.update();
      ++steps;
    }
    const json& log = setting.at("log")[static_cast<std::size_t>(row)];
    if (log.at("step") != step) continue;
    SCOPED_TRACE(step);
    ++row;
    EXPECT_EQ(rates.accumulate, log.at("accumulate").get<double>());
    EXPECT_EQ(stepped, log.at("stepped").get<bool>());
    EXPECT_EQ(steps, log.at("steps_so_far").get<std::int64_t>());
    EXPECT_NEAR(rates.lr, log.at("lr_bn_weight_bias")[0].get<double>(), 1e-14);
    EXPECT_NEAR(rates.bias_lr, log.at("lr_bn_weight_bias")[2].get<double>(), 1e-14);
    EXPECT_NEAR(rates.momentum, log.at("momentum")[0].get<double>(), 1e-14);
    for (const auto& [name, value] : log.at("param").items())
      EXPECT_NEAR(probe(weights.at(name)), value.get<double>(), 1e-11) << name;
    for (const auto& [name, value] : log.at("ema").items())
      EXPECT_NEAR(probe(ema.means().at(name)), value.get<double>(), 1e-11) << name;
  }
}

TEST(YoloOptimizer, MovesTheParametersAsTheOfficialOne) {
  const std::filesystem::path file = shared_path("data/parity/gold_yolo/optimizer.json");
  FRUGAL_SKIP_WITHOUT(file);
  std::ifstream stream(file);
  const json document = json::parse(stream);
  ASSERT_EQ(document.size(), 2u);
  for (const auto& [name, setting] : document.items()) {
    SCOPED_TRACE(name);
    follow(setting);
  }
}

// By hand: 4 epochs of 10 steps, 2 of them warm-up.
TEST(YoloSchedule, FallsAnEpochLate) {
  const Recipe r = parse_recipe("model: {name: x}\ndata: {name: x}\noutput: x", "test",
                                {"optimizer.lr=1", "schedule.kind=yolo", "schedule.warmup_epochs=2", "epochs=4",
                                 "optimizer.accumulate=4", "optimizer.momentum=0.9", "schedule.warmup_momentum=0.5"});
  const double after1 = 0.85355339059, after2 = 0.5;  // of the cosine
  EXPECT_EQ(learning_rate(r, 0, 10), 0);
  EXPECT_NEAR(learning_rate(r, 5, 10), 0.25, 1e-9);
  EXPECT_NEAR(learning_rate(r, 10, 10), 0.5 * after1, 1e-9);
  EXPECT_NEAR(learning_rate(r, 20, 10), after2, 1e-9);
  EXPECT_NEAR(learning_rate(r, 29, 10), after2, 1e-9);
  EXPECT_NEAR(learning_rate(r, 30, 10), after2, 1e-9);
  EXPECT_EQ(step_rates(r, 0, 10).accumulate, 1);
  EXPECT_EQ(step_rates(r, 10, 10).accumulate, 2);  // 2.5, rounded to even
  EXPECT_EQ(step_rates(r, 21, 10).accumulate, 4);
  EXPECT_NEAR(step_rates(r, 10, 10).momentum, 0.7, 1e-12);
  EXPECT_EQ(step_rates(r, 21, 10).momentum, 0.9);
  EXPECT_EQ(step_rates(r, 5, 10).bias_lr, step_rates(r, 5, 10).lr);
}

}  // namespace
}  // namespace frugal::test
