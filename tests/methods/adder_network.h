// A small network of adder layers for the tests of their quantiser: stem, a block with a projection, classifier.
#pragma once

#include "graph/builder.h"
#include "graph/initial_weights.h"
#include "methods/adder_quant/adder_quant.h"
#include "methods/adder_quant/options.h"
#include "support/support.h"

namespace frugal::test {

struct AdderNetwork {
  bool relu_before = true;  // else the block's first layer sees what batch norm gives, of both signs
  std::int64_t channels = 12;
  bool negative_gammas = false;  // of every second channel behind an adder layer
};

inline Graph adder_graph(const AdderNetwork& o = {}) {
  GraphBuilder b("adder_network");
  ValueId x = b.batch_norm("bn1", b.conv2d("conv1", b.image_input(3, 12, 12), {.out = o.channels, .kernel = 3}));
  if (o.relu_before) x = b.relu(x);
  ValueId y = b.adder_conv2d("a", x, {.out = 2 * o.channels, .kernel = 3, .stride = 2});
  y = b.relu(b.batch_norm("a_bn", y));
  y = b.batch_norm("b_bn", b.adder_conv2d("b", y, {.out = 2 * o.channels, .kernel = 3}));
  ValueId shortcut = b.adder_conv2d("down", x, {.out = 2 * o.channels, .kernel = 1, .stride = 2});
  x = b.relu(b.add(y, b.batch_norm("down_bn", shortcut)));
  x = b.conv2d("fc", b.op("global_avg_pool", {x}), {.out = 5});
  b.output(b.flatten(b.batch_norm("fc_bn", x)), "logits");
  return b.finish();
}

inline AdderQuantSettings settings_of(const std::vector<std::string>& given) {
  AdderQuantSettings s = read_adder_quant_settings(MethodOptions("adder_quant", adder_quant_options(), given));
  s.threads = 1;
  return s;
}

inline Batches adder_pictures(std::int64_t batches = 3, std::int64_t n = 16) {
  Batches out;
  for (std::int64_t i = 0; i < batches; ++i)
    out.push_back({random_tensor({n, 3, 12, 12}, static_cast<std::uint64_t>(i) + 1)});
  return out;
}

// With statistics of its own, as a trained network has them.
inline Model adder_network(const AdderNetwork& o = {}) {
  Graph graph = adder_graph(o);
  Weights weights = initial_weights(graph, 3);
  for (const char* name : {"a_bn.weight", "b_bn.weight", "down_bn.weight"}) {
    Tensor& gamma = weights.at(name);
    for (std::int64_t c = 0; o.negative_gammas && c < gamma.numel(); c += 2) gamma.data<float>()[c] *= -1;
  }
  return reestimate_batch_norm({std::move(graph), std::move(weights), {}}, adder_pictures(), 1);
}

}  // namespace frugal::test
