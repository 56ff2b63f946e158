// The engine gives what the official code of each network gave.
#include "models/parity.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "formats/weights.h"
#include "frugal/session.h"
#include "graph/initial_weights.h"
#include "kernels/kernels.h"

namespace frugal::test {
namespace {

// README.md section 1: hash and first elements of two streams.
TEST(Formula, IsTheOneOfTheReferenceData) {
  FormulaStream u("input");
  for (auto [i, element] : {std::pair{0, 1641119}, {1, 10944791}, {2, 3416248}, {3, 4604417}})
    EXPECT_EQ(u(i) * 16777216, element);
  Weights w = formula_weights({{"backbone.stem.rbr_dense.conv.weight", {16, 3, 3, 3}, "w"}});
  const float* values = w.begin()->second.data<float>();
  EXPECT_NEAR(values[0], .29902573, 2e-8);
  EXPECT_NEAR(values[1], -.24381451, 2e-8);
  EXPECT_NEAR(values[2], -.25422597, 2e-8);
}

class Parity : public testing::TestWithParam<ParityCase> {
  void SetUp() override { FRUGAL_SKIP_WITHOUT(GetParam().path(GetParam().references)); }
};
INSTANTIATE_TEST_SUITE_P(Official, Parity, testing::ValuesIn(parity_cases()), case_name);

TEST_P(Parity, WeightsAreTheFormulas) {
  std::vector<NamedTensor> names = read_names(GetParam().path(GetParam().names));
  EXPECT_EQ(formula_crc32(names, parity_weights(GetParam())), GetParam().crc);
}

TEST_P(Parity, TensorsHaveTheOfficialNamesAndShapes) {
  std::map<std::string, Shape> official, ours;
  for (const NamedTensor& t : read_names(GetParam().path(GetParam().names)))
    if (!t.name.ends_with("num_batches_tracked") && t.name != GetParam().beside) official[t.name] = t.shape;
  for (const Value& value : GetParam().graph.values())
    if (value.kind == ValueKind::weight && (!given_constant(value) || official.contains(value.name)))
      ours[value.name] = fixed_shape(value.type.shape);
  EXPECT_EQ(ours, official);
}

TEST_P(Parity, EngineGivesTheOfficialOutputs) {
  const ParityCase& c = GetParam();
  Model model{c.graph, match_weights(c.graph, parity_weights(c), c.names), {}};
  Tensor input = formula_input("input", c.input);
  for (bool optimize : {false, true})
    for (Isa isa : {Isa::avx2, Isa::avx512}) {
      if (!isa_supported(isa)) continue;
      SCOPED_TRACE(std::string(name(isa)) + (optimize ? ", optimized" : ", plain"));
      // Winograd's rounding is of another size: its tests are those of the convolution.
      Session session(model, {.threads = 2, .optimize = optimize, .winograd = false, .isa = std::string(name(isa))});
      expect_parity(c, session.run({input}), c.tolerance);
    }
}

TEST_P(Parity, EngineWithWinogradStaysNear) {
  const ParityCase& c = GetParam();
  Session session({c.graph, match_weights(c.graph, parity_weights(c), c.names), {}}, {.threads = 2});
  expect_parity(c, session.run({formula_input("input", c.input)}), std::max(5e-5, 2 * c.tolerance));
}

}  // namespace
}  // namespace frugal::test
