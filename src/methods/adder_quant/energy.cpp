#include <algorithm>

#include "graph/costs.h"
#include "graph/op.h"
#include "methods/adder_quant/adder_quant.h"

namespace frugal {
namespace {

// Picojoules at 45 nm: Horowitz, "Computing's energy problem", ISSCC 2014.
constexpr double kAddByte = 0.03, kMultiplyByte = 0.2, kAddFloat = 0.9, kMultiplyFloat = 3.7;

double per_tap(int bits) { return 2 * kAddByte * bits / 8; }  // an adder's energy grows with its width

}  // namespace

AdderEnergy adder_energy(const Model& quantized) {
  const Graph& graph = quantized.graph;
  const Costs costs = compute_costs(graph);
  const std::vector<ValueType> types = infer_types(graph, {{"batch", 1}});
  AdderEnergy e;
  for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
    const Node& node = graph.nodes()[i];
    const auto macs = static_cast<double>(costs.layers[i].macs);
    if (node.op->name != "quantized_adder_conv2d") {
      const double same = macs * (kAddFloat + kMultiplyFloat);
      e.float_conv += same, e.int8_conv += same, e.float_adder += same, e.taps += same;
      continue;
    }
    e.float_conv += macs * (kAddFloat + kMultiplyFloat);
    e.int8_conv += macs * (kAddByte + kMultiplyByte);
    e.float_adder += macs * 2 * kAddFloat;
    e.taps += macs * per_tap(static_cast<int>(attr_int(node, "bits")));
    const auto inputs =
        static_cast<double>(element_count(fixed_shape(types[static_cast<std::size_t>(node.inputs[0])].shape)));
    const auto groups = static_cast<double>(graph.value(node.inputs[2]).type.shape[0].value());
    e.scales += inputs * groups * kMultiplyFloat;
  }
  for (double* joules : {&e.float_conv, &e.int8_conv, &e.float_adder, &e.taps, &e.scales}) *joules *= 1e-6;
  return e;
}

}  // namespace frugal
