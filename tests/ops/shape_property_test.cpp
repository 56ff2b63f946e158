// Shape inference on random nodes: what is accepted runs and gives the inferred shapes, with symbolic dims too; what
// is refused is refused with an Error.
#ifdef FRUGAL_HAS_RAPIDCHECK
#include <gtest/gtest.h>

#include <optional>

#include "frugal/session.h"
#include "graph/costs.h"
#include "graph/schema.h"
#include "ops/candidates.h"
#include "ops/row_test.h"

namespace frugal::test {
namespace {

class ShapeInference : public testing::TestWithParam<std::string> {
 protected:
  OpRow draw() const {
    OpRow row = candidate_families().at(GetParam())();
    row.name = row.op;
    return row;
  }
};

std::vector<std::string> family_names() {
  std::vector<std::string> names;
  for (const auto& [name, draw] : candidate_families()) names.push_back(name);
  return names;
}
INSTANTIATE_TEST_SUITE_P(Random, ShapeInference, testing::ValuesIn(family_names()),
                         [](const auto& info) { return info.param; });

// nullopt where the node is refused.
std::optional<Model> accepted(const OpRow& row) {
  try {
    return row_model(row);
  } catch (const Error& error) {
    RC_ASSERT(std::string(error.what()).find("node 'node' (" + row.op + ")") == 0);
    return std::nullopt;
  }
}

std::string text(const OpRow& row, const Model& model) {
  std::string out = row.op;
  for (const RowInput& input : row.inputs) out += " " + (input.absent ? "-" : to_string(input.shape));
  for (const auto& [name, value] : model.graph.node(0).attrs) out += " " + name + "=" + to_string(value);
  return out;
}

TEST_P(ShapeInference, TheEngineGivesTheInferredShapes) {
  int ran = 0;
  bool ok = rc::check([&] {
    const OpRow row = draw();
    const std::optional<Model> model = accepted(row);
    if (!model) return;
    RC_LOG() << text(row, *model) << std::endl;
    const std::vector<Tensor> outputs = Session(*model, {.threads = 1}).run(row_inputs(row));
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const ValueType& type = model->graph.value(model->graph.outputs()[i]).type;
      RC_ASSERT(outputs[i].shape() == fixed_shape(type.shape));
      RC_ASSERT(outputs[i].dtype() == type.dtype);
    }
    ++ran;
  });
  EXPECT_TRUE(ok);
  EXPECT_GT(ran, 5) << "too few of the random nodes are right ones";
}

// Equal sizes become the same symbol; `symbolic` says which sizes.
Graph with_symbols(const OpRow& row, const std::vector<bool>& symbolic, Bindings& bindings) {
  return row_model(row,
                   [&](const Shape& fixed) {
                     SymShape shape;
                     for (std::int64_t d : fixed) {
                       const std::string name = "n" + std::to_string(d);
                       const bool replace = symbolic[static_cast<std::size_t>(d) % symbolic.size()];
                       shape.push_back(replace ? Dim::symbol(name) : Dim(d));
                       if (replace) bindings[name] = d;
                     }
                     return shape;
                   })
      .graph;
}

TEST_P(ShapeInference, SymbolsBoundAfterwardsGiveTheSameShapes) {
  int compared = 0;
  bool ok = rc::check([&] {
    const OpRow row = draw();
    const std::vector<bool> symbolic = *rc::gen::container<std::vector<bool>>(5, rc::gen::arbitrary<bool>());
    const std::optional<Model> model = accepted(row);
    Bindings bindings;
    std::optional<Graph> graph;
    try {
      graph = with_symbols(row, symbolic, bindings);
    } catch (const Error&) {
      return;  // more can be proven about numbers than about symbols
    }
    if (!model) {
      // What symbols could not rule out is refused when they are bound.
      if (!bindings.empty()) RC_ASSERT_THROWS_AS(infer_types(*graph, bindings), Error);
      return;
    }
    RC_LOG() << text(row, *model) << std::endl;
    const std::vector<ValueType> types = infer_types(*graph, bindings);
    for (std::size_t i = 0; i < graph->outputs().size(); ++i) {
      const SymShape& expected = model->graph.value(model->graph.outputs()[i]).type.shape;
      RC_ASSERT(types[static_cast<std::size_t>(graph->outputs()[i])].shape == expected);
      // Only once the size is known are a slice's bounds clamped and a window that starts beyond the border dropped,
      // and no more boxes kept than there are;
      // broadcasting takes a size that is not known to be another than 1.
      const bool ones = std::any_of(bindings.begin(), bindings.end(), [](const auto& b) { return b.second == 1; });
      const bool exact =
          row.op != "slice" && row.op != "non_max_suppression" && !row.attrs.contains("ceil_mode") && !ones;
      if (exact) RC_ASSERT(frugal::bind(graph->value(graph->outputs()[i]).type.shape, bindings) == expected);
    }
    ++compared;
  });
  EXPECT_TRUE(ok);
  EXPECT_GT(compared, 3);
}

}  // namespace
}  // namespace frugal::test
#endif  // FRUGAL_HAS_RAPIDCHECK
