// Every row of the table through the engine.
#include <gtest/gtest.h>

#include "engine/engine_op.h"
#include "frugal/session.h"
#include "graph/op.h"
#include "kernels/kernels.h"
#include "ops/row_test.h"

namespace frugal::test {
namespace {

class OpEngine : public testing::TestWithParam<OpRow> {
 protected:
  // The node alone, and among layers that it can be fused with.
  std::vector<Model> models() const { return {row_model(GetParam()), surrounded_model(GetParam())}; }
  std::vector<Tensor> run(const Model& model, const SessionOptions& options) const {
    return Session(model, options).run(row_inputs(GetParam()));
  }
};
INSTANTIATE_TEST_SUITE_P(Table, OpEngine, testing::ValuesIn(test_rows()), row_name);

TEST_P(OpEngine, EachInstructionSetAgreesWithScalar) {
  for (const Model& model : models()) {
    std::vector<Tensor> expected = run(model, {.threads = 1, .optimize = false, .isa = "scalar"});
    for (Isa isa : {Isa::scalar, Isa::avx2, Isa::avx512}) {
      if (!isa_supported(isa)) continue;
      for (bool optimize : {false, true}) {
        SCOPED_TRACE(std::string(name(isa)) + (optimize ? ", optimized, " : ", plain, ") +
                     std::to_string(model.graph.nodes().size()) + " nodes");
        expect_rows_close(run(model, {.threads = 1, .optimize = optimize, .isa = std::string(name(isa))}), expected,
                          GetParam());
      }
    }
  }
}

TEST_P(OpEngine, OneThreadAndTwoGiveTheSameBits) {
  for (const Model& model : models())
    for (bool optimize : {false, true}) {
      std::vector<Tensor> one = run(model, {.threads = 1, .optimize = optimize}),
                          two = run(model, {.threads = 2, .optimize = optimize});
      for (std::size_t i = 0; i < one.size(); ++i)
        EXPECT_TRUE(same(two[i], one[i])) << "output " << i << (optimize ? ", optimized" : ", plain");
    }
}

TEST_P(OpEngine, TheShapeIsTheInferredOne) {
  Model model = row_model(GetParam());
  std::vector<Tensor> outputs = run(model, {.threads = 1});
  ASSERT_EQ(outputs.size(), model.graph.outputs().size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const ValueType& type = model.graph.value(model.graph.outputs()[i]).type;
    EXPECT_EQ(outputs[i].shape(), fixed_shape(type.shape));
    EXPECT_EQ(outputs[i].dtype(), type.dtype);
  }
}

TEST(OpTable, CoversEveryOpAndTheEngineRunsEach) {
  for (const std::string& op : OpRegistry::instance().names()) {
    EXPECT_TRUE(has_row(op)) << "no row of tests/ops/rows tests the op '" << op << "'";
    EXPECT_NE(EngineRegistry::instance().find(op), nullptr) << "the engine has no binding of '" << op << "'";
  }
}

}  // namespace
}  // namespace frugal::test
