// Times a built-in network in the engine on request, so that a script can alternate it with other systems.
//   engine_runner NETWORK THREADS [MODEL_OUT.safetensors] [profile]
// writes the network (fresh weights, seed 0) if asked, prints "ready" and the instruction set, then answers each line
// on stdin:
//   "run N"   N inferences; prints their milliseconds on one line
//   "output"  prints the first output of the last run
//   "memory"  prints bytes of activations and of packed weights
//   "profile N" N inferences; prints every node's least milliseconds, op, algorithm and name
#include <chrono>
#include <iostream>
#include <sstream>

#include "base/check.h"
#include "base/random.h"
#include "frugal/session.h"
#include "graph/initial_weights.h"
#include "kernels/kernels.h"
#include "models/registry.h"

namespace frugal {
namespace {

// The same numbers in bench/peers.py: i * 2654435761 mod 2^32, scaled to [-1, 1).
Tensor test_picture(const Graph& graph) {
  Shape shape;
  for (const Dim& d : graph.value(graph.inputs()[0]).type.shape) shape.push_back(d.fixed() ? d.value() : 1);
  Tensor picture(DType::f32, shape);
  for (std::int64_t i = 0; i < picture.numel(); ++i)
    picture.data<float>()[i] = static_cast<float>(static_cast<std::uint32_t>(i) * 2654435761u) / 2147483648.0f - 1.0f;
  return picture;
}

void serve(const std::string& network, int threads, const std::string& save_to, bool profile) {
  const ModelEntry& entry = ModelRegistry::instance().get(network);
  Model model{entry.build(entry.defaults), {}, {}};
  model.weights = initial_weights(model.graph, 0);
  if (!save_to.empty() && save_to != "-") save_model(save_to, model);
  std::vector<Tensor> inputs = {test_picture(model.graph)}, outputs;
  Session session(std::move(model), {.threads = threads, .profile = profile});
  session.run(inputs, outputs);
  std::cout << "ready " << name(active_isa()) << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string verb;
    int count = 0;
    words >> verb >> count;
    if (verb == "run") {
      for (int i = 0; i < count; ++i) {
        auto start = std::chrono::steady_clock::now();
        session.run(inputs, outputs);
        std::cout << std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count() << ' ';
      }
    } else if (verb == "output") {
      std::cout.precision(9);
      for (std::int64_t i = 0; i < outputs[0].numel(); ++i) std::cout << outputs[0].data<float>()[i] << ' ';
    } else if (verb == "memory") {
      std::cout << session.arena_bytes() << ' ' << session.packed_bytes();
    } else if (verb == "profile") {
      std::vector<NodeProfile> best;
      for (int i = 0; i < std::max(count, 1); ++i) {
        session.run(inputs, outputs);
        std::vector<NodeProfile> now = session.profile();
        if (best.empty()) best = now;
        for (std::size_t n = 0; n < best.size(); ++n)
          best[n].milliseconds = std::min(best[n].milliseconds, now[n].milliseconds);
      }
      for (const NodeProfile& n : best)
        std::cout << n.milliseconds << '\t' << static_cast<double>(n.macs) * 1e-6 / n.milliseconds << " GMAC/s\t"
                  << n.op << '\t' << n.algorithm << '\t' << n.name << '\n';
    }
    std::cout << std::endl;
  }
}

}  // namespace
}  // namespace frugal

int main(int argc, char** argv) {
  try {
    frugal::require(argc >= 3, "usage: engine_runner NETWORK THREADS [MODEL_OUT] [profile]");
    frugal::serve(argv[1], std::stoi(argv[2]), argc > 3 ? argv[3] : "", argc > 4);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
