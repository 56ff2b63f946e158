// Times a network in the engine on request, so that a script can alternate it with other systems.
//   engine_runner MODEL THREADS [BATCH]
// prints "ready", the milliseconds of loading and of the first run, the instruction set, multiply-adds and the
// machine's peak in GMAC/s, then answers each line on stdin:
//   "run N"        N inferences; prints their milliseconds on one line
//   "output FILE"  writes the first output of the last run as raw float32
//   "memory"       prints the MiB that loading and running took at most
//   "profile N"    N inferences; prints every node's least milliseconds, op, algorithm and name
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include "base/check.h"
#include "frugal/session.h"
#include "kernels/kernels.h"

namespace frugal {
namespace {

// The same numbers in bench/peers.py: i * 2654435761 mod 2^32, scaled to [-1, 1).
Tensor test_picture(const Shape& shape) {
  Tensor picture(DType::f32, shape);
  for (std::int64_t i = 0; i < picture.numel(); ++i)
    picture.data<float>()[i] = static_cast<float>(static_cast<std::uint32_t>(i) * 2654435761u) / 2147483648.0f - 1.0f;
  return picture;
}

double milliseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

double status_mib(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(key)) return std::stod(line.substr(key.size() + 1)) / 1024;
  return 0;
}

void serve(const std::string& file, int threads, std::int64_t batch) {
  const double before = status_mib("VmRSS");
  const auto begin = std::chrono::steady_clock::now();
  Session session(load_model(file), {.threads = threads, .profile = true});
  const Graph& graph = session.model().graph;
  const SymShape& symbolic = graph.value(graph.inputs()[0]).type.shape;
  Shape shape;
  for (const Dim& d : symbolic) shape.push_back(d.fixed() ? d.value() : batch);
  std::vector<Tensor> inputs = {test_picture(shape)}, outputs;
  session.run(inputs, outputs);
  const double load = milliseconds_since(begin);
  double macs = 0;
  for (const NodeProfile& n : session.profile()) macs += static_cast<double>(n.macs);
  std::cout << "ready " << load << ' ' << name(active_isa()) << ' ' << macs << ' ' << measured_peak_gmacs(active_isa())
            << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string verb;
    std::string value;
    words >> verb >> value;
    const int count = std::atoi(value.c_str());
    if (verb == "run") {
      for (int i = 0; i < count; ++i) {
        auto start = std::chrono::steady_clock::now();
        session.run(inputs, outputs);
        std::cout << milliseconds_since(start) << ' ';
      }
    } else if (verb == "output") {
      std::ofstream(value, std::ios::binary)
          .write(reinterpret_cast<const char*>(outputs[0].raw()), static_cast<std::streamsize>(outputs[0].bytes()));
    } else if (verb == "memory") {
      std::cout << status_mib("VmHWM") - before;
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
    frugal::require(argc == 3 || argc == 4, "usage: engine_runner MODEL THREADS [BATCH]");
    frugal::serve(argv[1], std::stoi(argv[2]), argc == 4 ? std::stoi(argv[3]) : 1);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
