// Writes every row of the op test table as an ONNX model, with inputs and what the engine makes of them, for
// onnx_test.py. Usage: write_onnx FOLDER
#include <cstdio>

#include "formats/npy.h"
#include "frugal/error.h"
#include "frugal/onnx.h"
#include "frugal/session.h"
#include "ops/table.h"

namespace {

void write(const frugal::OpRow& row, const std::string& folder, int number) {
  frugal::Model model = frugal::row_model(row);
  const std::string stem = folder + "/" + std::to_string(number) + "_" + row.op;
  frugal::save_onnx(stem + ".onnx", model);
  std::vector<frugal::Tensor> inputs = frugal::row_inputs(row);
  std::map<std::string, frugal::Tensor> arrays;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    arrays.emplace(model.graph.value(model.graph.inputs()[i]).name, inputs[i]);
  std::vector<frugal::Tensor> outputs = frugal::Session(model, {.threads = 1, .optimize = false}).run(inputs);
  for (std::size_t i = 0; i < outputs.size(); ++i) arrays.emplace(model.graph.output_name(i), outputs[i]);
  frugal::write_npz(stem + ".npz", arrays);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  int number = 0, refused = 0;
  for (const frugal::OpRow& row : frugal::test_rows()) {
    try {
      write(row, argv[1], number);
      ++number;
    } catch (const frugal::Error& e) {
      std::fprintf(stderr, "%s\n", e.what());
      ++refused;
    }
  }
  std::printf("%d %d\n", number, refused);
}
