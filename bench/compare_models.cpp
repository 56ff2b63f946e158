// Model files beside each other, run in turn in one process: compare_models [--threads N] [--rounds N] FILE...
// With one thread the time is that of the processor, which others on the machine disturb little; with more it is the
// clock's. Ratios are to the first file. FRUGAL_ISA chooses the kernels.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "frugal/frugal.h"

namespace {

double milliseconds(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) * 1e-6;
}

struct Candidate {
  std::string path;
  frugal::Session session;
  std::vector<frugal::Tensor> inputs{}, outputs{};
  std::vector<double> times{};
};

std::vector<frugal::Tensor> inputs_of(const frugal::Graph& graph) {
  std::vector<frugal::Tensor> inputs;
  for (frugal::ValueId id : graph.inputs()) {
    frugal::Shape shape;
    for (const frugal::Dim& d : graph.value(id).type.shape) shape.push_back(d.fixed() ? d.value() : 1);
    frugal::Tensor x(frugal::DType::f32, shape);
    for (std::int64_t i = 0; i < x.numel(); ++i) x.data<float>()[i] = static_cast<float>(i * 7919 % 1000) / 500 - 1;
    inputs.push_back(x);
  }
  return inputs;
}

}  // namespace

int main(int argc, char** argv) try {
  int threads = 1, rounds = 15;
  std::vector<Candidate> all;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--threads" && i + 1 < argc)
      threads = std::atoi(argv[++i]);
    else if (word == "--rounds" && i + 1 < argc)
      rounds = std::atoi(argv[++i]);
    else
      all.push_back({word, frugal::Session(frugal::load_model(word), {.threads = threads})});
  }
  const clockid_t clock = threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
  for (Candidate& c : all) {
    c.inputs = inputs_of(c.session.model().graph);
    c.session.run(c.inputs, c.outputs);  // compiles
  }
  for (int round = 0; round < rounds; ++round)
    for (Candidate& c : all) {
      const double before = milliseconds(clock);
      c.session.run(c.inputs, c.outputs);
      c.times.push_back(milliseconds(clock) - before);
    }
  for (Candidate& c : all) {
    std::sort(c.times.begin(), c.times.end());
    const double least = c.times.front(), median = c.times[c.times.size() / 2];
    std::printf("%8.2f ms  median %8.2f  %5.2fx  median %5.2fx  %s\n", least, median, all[0].times.front() / least,
                all[0].times[all[0].times.size() / 2] / median, c.path.c_str());
  }
  return 0;
} catch (const frugal::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
