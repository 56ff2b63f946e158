// A small random language model, and generation without any of the machinery under test.
#pragma once

#include <algorithm>
#include <vector>

#include "base/random.h"
#include "graph/initial_weights.h"
#include "language/runner.h"
#include "language/scheduler.h"
#include "models/decoder.h"

namespace frugal::test {

using Ids = std::vector<std::int32_t>;

inline DecoderConfig toy_config(std::int64_t layers = 2) {
  DecoderConfig c;
  c.layers = layers;
  c.width = 64;
  c.hidden = 96;
  c.heads = 4;
  c.kv_heads = 2;
  c.head_depth = 16;
  c.vocabulary = 256;
  c.context = 512;
  c.rotary.dims = 16;
  return c;
}

// Weights far from their usual small beginnings, so that the most likely tokens vary with what was read. `noise`: a
// second set of weights mixed in, for drafters that are sometimes right.
inline Model toy_model(const DecoderConfig& config, double noise = 0) {
  Model model;
  model.graph = build_decoder(config);
  model.weights = initial_weights(model.graph, 7);
  const Weights other = initial_weights(model.graph, 8);
  for (auto& [name, w] : model.weights) {
    if (w.dtype() != DType::f32 || w.rank() < 2) continue;
    w = w.clone();
    for (std::int64_t i = 0; i < w.numel(); ++i)
      w.data<float>()[i] = 8 * (w.data<float>()[i] + static_cast<float>(noise) * other.at(name).data<float>()[i]);
  }
  return model;
}

inline RunnerOptions toy_options(CacheType cache = CacheType::f32, int threads = 1) {
  RunnerOptions options{.threads = threads, .cache = cache, .cache_bytes = std::size_t{64} << 20};
  return options;
}

// A scheduler that drafts as many tokens as it may, whether that pays or not.
inline SchedulerOptions toy_batch(int batch, int drafts = 7, Padding padding = {}) {
  return {.batch = batch, .most_drafts = drafts, .adaptive = false, .padding = padding};
}

// The most likely tokens, one forward pass for each, the whole text read anew every time.
inline Ids plain_greedy(Runner& runner, Ids tokens, int count, std::int32_t end = -1) {
  const std::size_t prompt = tokens.size();
  for (int i = 0; i < count; ++i) {
    const int sequence = runner.cache().open();
    RowBatch batch;
    for (std::int32_t at = 0; at < std::ssize(tokens); ++at)
      batch.add(tokens[static_cast<std::size_t>(at)], sequence, at, at, at + 1 == std::ssize(tokens));
    const std::span<const float> logits = runner.run(batch);
    runner.cache().close(sequence);
    tokens.push_back(static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin()));
    if (tokens.back() == end) break;
  }
  return {tokens.begin() + static_cast<std::ptrdiff_t>(prompt), tokens.end()};
}

inline Ids random_prompt(std::uint64_t seed, std::size_t length, std::int32_t vocabulary = 256) {
  RandomStream random(seed, "prompt");
  Ids out;
  for (std::size_t i = 0; i < length; ++i)
    out.push_back(static_cast<std::int32_t>(random.below(static_cast<std::uint32_t>(vocabulary))));
  return out;
}

}  // namespace frugal::test
