#include "formats/model_file.h"

#include "frugal/task_info.h"
#include "fuzz.h"
#include "graph/builder.h"
#include "graph/initial_weights.h"

namespace frugal::fuzz {

void parse(std::span<const std::byte> input) {
  Model model = model_from_safetensors(read_safetensors(input, nullptr));
  task_info(model);
  class_labels(model);
}

std::vector<std::string> seeds() {
  GraphBuilder b("tiny");
  ValueId x = b.image_input(1, 6, 6);
  x = b.relu(b.batch_norm("bn", b.conv2d("conv", x, {.out = 2, .kernel = 3})));
  x = b.op("max_pool2d", {b.add(x, x)}, {{"kernel", Ints{2, 2}}, {"stride", Ints{2, 2}}});
  b.output(b.linear("fc", b.flatten(b.op("global_avg_pool", {x})), 3), "logits");
  Model model{.graph = b.finish(), .weights = {}, .metadata = {}};
  model.weights = initial_weights(model.graph, 1);
  set_task_info(model, {.channels = 1, .mean = {0.5f}, .std = {0.25f}});
  set_class_labels(model, {"a", "b", "c"});
  return {written([&](const std::string& path) { save_model(path, model); })};
}

std::string repair(std::string input) {
  std::size_t end = input.rfind('}');
  if (input.size() >= 8 && end != std::string::npos && end >= 8) input.replace(0, 8, number(end + 1 - 8, 8));
  return input;
}

}  // namespace frugal::fuzz
