#include "language/perplexity.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/check.h"
#include "language/sampler.h"

namespace frugal {
namespace {

constexpr std::int32_t kRows = 64;  // at once: logits of large vocabularies take 1 MB a row

double window_loss(Runner& runner, std::span<const std::int32_t> ids) {
  const int sequence = runner.cache().open();
  const auto count = static_cast<std::int32_t>(ids.size());
  const auto width = static_cast<std::size_t>(runner.vocabulary());
  double loss = 0;
  for (std::int32_t begin = 0; begin + 1 < count; begin += kRows) {
    RowBatch batch;
    const std::int32_t end = std::min(begin + kRows, count - 1);  // the last token foretells nothing that is known
    for (std::int32_t i = begin; i < end; ++i) batch.add(ids[static_cast<std::size_t>(i)], sequence, i, i, true);
    const std::span<const float> logits = runner.run(batch);
    runner.cache().commit(sequence, end);
    for (std::int32_t i = begin; i < end; ++i)
      loss -= log_probabilities(logits.subspan(static_cast<std::size_t>(i - begin) * width, width),
                                ids[static_cast<std::size_t>(i) + 1], 0)
                  .chosen;
  }
  runner.cache().close(sequence);
  return loss;
}

}  // namespace

Perplexity perplexity(Runner& runner, std::span<const std::int32_t> ids, int window, std::optional<std::int32_t> bos,
                      const std::function<void(std::int64_t)>& progress) {
  if (window < 2) fail_usage("a window of {} tokens foretells nothing; at least 2 are needed", window);
  if (ids.size() + (bos ? 1 : 0) < 2) fail("the text has {} tokens; at least 2 are needed", ids.size());
  Perplexity out;
  double loss = 0;
  const std::size_t step = static_cast<std::size_t>(window) - (bos ? 1 : 0);
  for (std::size_t begin = 0; begin < ids.size(); begin += step) {
    const std::span<const std::int32_t> part = ids.subspan(begin, std::min(step, ids.size() - begin));
    std::vector<std::int32_t> tokens;
    if (bos) tokens.push_back(*bos);
    tokens.insert(tokens.end(), part.begin(), part.end());
    if (tokens.size() < 2) break;
    loss += window_loss(runner, tokens);
    out.tokens += std::ssize(tokens) - 1;
    if (progress) progress(std::ssize(part));
  }
  out.perplexity = std::exp(loss / static_cast<double>(out.tokens));
  return out;
}

}  // namespace frugal
