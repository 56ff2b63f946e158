// Random nodes through LibTorch and through the engine: the same shapes and the same numbers.
#ifdef FRUGAL_HAS_RAPIDCHECK
#include <gtest/gtest.h>

#include <optional>

#include "frugal/session.h"
#include "graph/schema.h"
#include "ops/candidates.h"
#include "ops/row_test.h"
#include "train/interpreter.h"

namespace frugal::test {
namespace {

class Differential : public testing::TestWithParam<std::string> {};

std::vector<std::string> family_names() {
  std::vector<std::string> names;
  for (const auto& [name, draw] : candidate_families()) names.push_back(name);
  return names;
}
INSTANTIATE_TEST_SUITE_P(Random, Differential, testing::ValuesIn(family_names()),
                         [](const auto& info) { return info.param; });

bool has_empty(const OpRow& row) {
  return std::any_of(row.inputs.begin(), row.inputs.end(),
                     [](const RowInput& i) { return !i.absent && element_count(i.shape) == 0; });
}

TEST_P(Differential, LibTorchAgrees) {
  torch::NoGradGuard no_grad;
  int compared = 0;
  bool ok = rc::check([&] {
    OpRow row = candidate_families().at(GetParam())();
    row.name = row.op;
    std::optional<Model> model;
    try {
      model = row_model(row);
    } catch (const Error&) {
      return;
    }
    for (const RowInput& input : row.inputs) RC_LOG() << (input.absent ? "-" : to_string(input.shape)) << ' ';
    for (const auto& [name, value] : model->graph.node(0).attrs) RC_LOG() << name << '=' << to_string(value) << ' ';
    RC_LOG() << row.op << std::endl;

    const std::vector<Tensor> inputs = row_inputs(row), got = Session(*model, {.threads = 1}).run(inputs);
    std::vector<torch::Tensor> torch_inputs, expected;
    for (const Tensor& t : inputs) torch_inputs.push_back(to_torch(t));
    try {
      expected = Interpreter(model->graph, model->weights).forward(torch_inputs, false);
    } catch (const c10::Error& error) {
      RC_ASSERT(has_empty(row));  // LibTorch refuses some shapes without elements, nothing else
      return;
    }
    RC_ASSERT(got.size() == expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      const Tensor want = from_torch(expected[i]);
      const auto result = close(got[i], want, row.tolerance * largest(want), 0);
      RC_LOG() << result.message();
      RC_ASSERT(static_cast<bool>(result));
    }
    ++compared;
  });
  EXPECT_TRUE(ok);
  EXPECT_GT(compared, 10);
}

}  // namespace
}  // namespace frugal::test
#endif  // FRUGAL_HAS_RAPIDCHECK
