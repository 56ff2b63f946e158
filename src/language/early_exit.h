// A drafter from a model itself: its first layers, then a learned linear map in place of the rest, then its own norm
// and head, so that both share vocabulary and tensors.
//
// The map is the least-squares one from the normalised state behind the first layers to the normalised state behind the
// last (the "tuned lens" of Belrose et al., arXiv 2303.08112, fitted in closed form), found on a text.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "formats/gguf.h"

namespace frugal {

struct EarlyExitOptions {
  std::int64_t layers = 8;
  int window = 256;       // tokens that are read together
  double ridge = 1e-3;    // added to the diagonal, times its mean
  double held_out = 0.1;  // the end of the text, on which agreement is measured
  int threads = 0;
};

struct EarlyExitReport {
  std::int64_t tokens = 0, held_out_tokens = 0;
  double agreement = 0;          // share of held-out tokens whose most likely successor is the model's
  double agreement_without = 0;  // the same with no map, the head right behind the first layers
};

// The drafter as the tensors of a GGUF file. `ids`: the text. Error where layers or text are too few.
Gguf early_exit(const Gguf& source, const std::vector<std::int32_t>& ids, const EarlyExitOptions& options,
                EarlyExitReport* report = nullptr, const std::function<void(std::int64_t)>& progress = nullptr);

}  // namespace frugal
