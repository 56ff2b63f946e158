// How well a model foretells a text.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "language/runner.h"

namespace frugal {

struct Perplexity {
  double perplexity = 0;
  std::int64_t tokens = 0;  // that were foretold
};

// exp of the mean of -ln p over windows of `window` tokens, each read from an empty cache; every token but the first of
// a window counts. With `bos` every window begins with it, and so many tokens of the text fewer fit. `progress` is told
// the tokens that are done. Error for a text of fewer than two tokens.
Perplexity perplexity(Runner& runner, std::span<const std::int32_t> ids, int window,
                      std::optional<std::int32_t> bos = {},
                      const std::function<void(std::int64_t)>& progress = nullptr);

}  // namespace frugal
