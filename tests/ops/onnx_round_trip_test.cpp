// Every row of the table out as ONNX and in again: the network that is read computes the same.
#include "formats/onnx/load.h"
#include "frugal/onnx.h"
#include "frugal/session.h"
#include "ops/row_test.h"

namespace frugal::test {
namespace {

// Without those that compute in two-byte floats, for which what is read computes in float32.
std::vector<OpRow> rows() {
  std::vector<OpRow> out = test_rows();
  std::erase_if(out, [](const OpRow& row) {
    const Model model = row_model(row);
    return std::any_of(model.graph.values().begin(), model.graph.values().end(), [](const Value& value) {
      return value.type.dtype == DType::f16 || value.type.dtype == DType::bf16;
    });
  });
  return out;
}

class OnnxRoundTrip : public testing::TestWithParam<OpRow> {};
INSTANTIATE_TEST_SUITE_P(Table, OnnxRoundTrip, testing::ValuesIn(rows()), row_name);

TEST_P(OnnxRoundTrip, ComputesTheSame) {
  const OpRow& row = GetParam();
  const Model model = row_model(row);
  std::string bytes;
  try {
    bytes = onnx_bytes(model);
  } catch (const Error& e) {
    ASSERT_NE(std::string(e.what()).find("cannot be written as ONNX"), std::string::npos) << e.what();
    GTEST_SKIP() << e.what();
  }
  const Model back = model_from_onnx(std::as_bytes(std::span(bytes)), "");
  for (std::size_t i = 0; i < model.graph.outputs().size(); ++i)
    EXPECT_EQ(back.graph.output_name(i), model.graph.output_name(i));
  const SessionOptions plain{.threads = 1, .optimize = false};
  OpRow wider = row;  // steps of an op are rounded one by one
  wider.tolerance = std::max(row.tolerance, 2e-5);
  expect_rows_close(Session(back, plain).run(row_inputs(row)), Session(model, plain).run(row_inputs(row)), wider,
                    row.op.starts_with("int8_") ? 1 : 0);
}

}  // namespace
}  // namespace frugal::test
