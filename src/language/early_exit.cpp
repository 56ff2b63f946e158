#include "language/early_exit.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/check.h"
#include "language/language_model.h"
#include "language/runner.h"
#include "language/sampler.h"

namespace frugal {
namespace {

// Adds a b^T of one pair of vectors, many pairs at a time.
class Products {
 public:
  Products(std::size_t rows, std::size_t columns) : columns_(columns), sums_(rows * columns) {}
  void add(const float* a, const float* b, std::size_t rows) {
    for (std::size_t r = 0; r < rows; ++r) {
      const double x = a[r];
      double* sum = sums_.data() + r * columns_;
      for (std::size_t c = 0; c < columns_; ++c) sum[c] += x * b[c];
    }
  }
  double& at(std::size_t r, std::size_t c) { return sums_[r * columns_ + c]; }

 private:
  std::size_t columns_;
  std::vector<double> sums_;
};

// Solves the symmetric positive definite A X = B in place (Cholesky); X has `width` columns.
void solve(Products& a, Products& b, std::size_t n, std::size_t width) {
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t k = 0; k < j; ++k) a.at(j, j) -= a.at(j, k) * a.at(j, k);
    if (!(a.at(j, j) > 0)) fail("the states of the text do not determine a map; give a longer text");
    a.at(j, j) = std::sqrt(a.at(j, j));
    for (std::size_t i = j + 1; i < n; ++i) {
      double sum = a.at(i, j);
      for (std::size_t k = 0; k < j; ++k) sum -= a.at(i, k) * a.at(j, k);
      a.at(i, j) = sum / a.at(j, j);
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < i; ++k)
      for (std::size_t c = 0; c < width; ++c) b.at(i, c) -= a.at(i, k) * b.at(k, c);
    for (std::size_t c = 0; c < width; ++c) b.at(i, c) /= a.at(i, i);
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k)
      for (std::size_t c = 0; c < width; ++c) b.at(i, c) -= a.at(k, i) * b.at(k, c);
    for (std::size_t c = 0; c < width; ++c) b.at(i, c) /= a.at(i, i);
  }
}

void normalise(const float* x, std::size_t width, double eps, float* y) {
  double sum = 0;
  for (std::size_t i = 0; i < width; ++i) sum += static_cast<double>(x[i]) * x[i];
  const auto factor = static_cast<float>(1 / std::sqrt(sum / static_cast<double>(width) + eps));
  for (std::size_t i = 0; i < width; ++i) y[i] = x[i] * factor;
}

// Reads the text in windows; `see(rows)` looks at the runner's outputs after each.
template <typename F>
void read(Runner& runner, std::span<const std::int32_t> ids, int window, F see) {
  for (std::size_t begin = 0; begin < ids.size(); begin += static_cast<std::size_t>(window)) {
    const std::size_t end = std::min(ids.size(), begin + static_cast<std::size_t>(window));
    const int sequence = runner.cache().open();
    // Logits of large vocabularies take a megabyte a row: a few rows at a time.
    for (std::size_t at = begin; at < end; at += 32) {
      RowBatch batch;
      for (std::size_t i = at; i < std::min(end, at + 32); ++i) {
        const auto place = static_cast<std::int32_t>(i - begin);
        batch.add(ids[i], sequence, place, place, true);
      }
      const std::span<const float> logits = runner.run(batch);
      runner.cache().commit(sequence, static_cast<int>(std::min(end, at + 32) - begin));
      see(static_cast<std::size_t>(batch.size()), logits);
    }
    runner.cache().close(sequence);
  }
}

std::vector<std::int32_t> choices(Runner& runner, std::span<const std::int32_t> ids, int window) {
  std::vector<std::int32_t> out;
  const auto width = static_cast<std::size_t>(runner.vocabulary());
  read(runner, ids, window, [&](std::size_t rows, std::span<const float> logits) {
    for (std::size_t r = 0; r < rows; ++r) {
      const auto row = logits.subspan(r * width, width);
      out.push_back(likeliest(row));
    }
  });
  return out;
}

double agreement(const Gguf& drafter, std::span<const std::int32_t> ids, const std::vector<std::int32_t>& expected,
                 const EarlyExitOptions& options) {
  Runner runner(gguf_model(drafter, gguf_config(drafter)), {.threads = options.threads});
  const std::vector<std::int32_t> got = choices(runner, ids, options.window);
  std::size_t same = 0;
  for (std::size_t i = 0; i < got.size(); ++i) same += got[i] == expected[i] ? 1 : 0;
  return static_cast<double>(same) / static_cast<double>(got.size());
}

bool belongs(const std::string& name, std::int64_t layers) {
  if (!name.starts_with("blk.")) return true;
  return std::stoll(name.substr(4)) < layers;
}

Gguf first_layers(const Gguf& source, const DecoderConfig& config, std::int64_t layers) {
  Gguf out;
  out.metadata = source.metadata;
  out.metadata[config.architecture + ".block_count"] = GgufValue::u32(static_cast<std::uint32_t>(layers));
  if (const GgufValue* name = source.find("general.name"); name && std::holds_alternative<std::string>(name->value))
    out.metadata["general.name"] =
        GgufValue::text(fmt::format("{}, first {} layers", source.text("general.name"), layers));
  for (const GgufTensor& t : source.tensors)
    if (belongs(t.name, layers)) out.tensors.push_back(t);
  return out;
}

}  // namespace

Gguf early_exit(const Gguf& source, const std::vector<std::int32_t>& ids, const EarlyExitOptions& options,
                EarlyExitReport* report, const std::function<void(std::int64_t)>& progress) {
  DecoderConfig config = gguf_config(source);
  if (options.layers < 1 || options.layers >= config.layers)
    fail_usage("a drafter of {} layers from a model of {}; it must have fewer, and at least 1", options.layers,
               config.layers);
  const auto width = static_cast<std::size_t>(config.width);
  const auto held = static_cast<std::size_t>(static_cast<double>(ids.size()) * options.held_out);
  if (ids.size() - held < 4 * width)
    fail("the text has {} tokens; to learn a map of {} numbers a state at least {} are needed", ids.size(), width,
         static_cast<std::size_t>(static_cast<double>(4 * width) / (1 - options.held_out)) + 1);
  const std::span<const std::int32_t> all(ids), learned = all.first(ids.size() - held), rest = all.last(held);

  config.taps = {options.layers - 1, config.layers - 1};
  Runner runner(gguf_model(source, config), {.threads = options.threads});
  Products a(width + 1, width + 1), b(width + 1, width);
  std::vector<float> x(width + 1, 1.0f), y(width);
  read(runner, learned, options.window, [&](std::size_t rows, std::span<const float>) {
    for (std::size_t r = 0; r < rows; ++r) {
      normalise(runner.output(1).data<float>() + r * width, width, config.norm_eps, x.data());
      normalise(runner.output(2).data<float>() + r * width, width, config.norm_eps, y.data());
      a.add(x.data(), x.data(), width + 1);
      b.add(x.data(), y.data(), width + 1);
    }
    if (progress) progress(static_cast<std::int64_t>(rows));
  });
  double mean = 0;
  for (std::size_t i = 0; i <= width; ++i) mean += a.at(i, i) / static_cast<double>(width + 1);
  for (std::size_t i = 0; i <= width; ++i) a.at(i, i) += options.ridge * mean;
  solve(a, b, width + 1, width);

  Gguf out = first_layers(source, config, options.layers);
  Tensor map(DType::f32, {config.width, config.width}), bias(DType::f32, {config.width}),
      ones(DType::f32, {config.width});
  for (std::size_t o = 0; o < width; ++o) {
    for (std::size_t i = 0; i < width; ++i) map.data<float>()[o * width + i] = static_cast<float>(b.at(i, o));
    bias.data<float>()[o] = static_cast<float>(b.at(width, o));
    ones.data<float>()[o] = 1;
  }
  const Gguf without = out;
  out.tensors.push_back({"exit_norm.weight", ones});
  out.tensors.push_back({"exit.weight", width % 32 == 0 ? map.to(DType::q8_0) : map});
  out.tensors.push_back({"exit.bias", bias});
  if (report) {
    report->tokens = std::ssize(learned);
    report->held_out_tokens = std::ssize(rest);
    if (held > 0) {
      const std::vector<std::int32_t> expected = choices(runner, rest, options.window);
      report->agreement = agreement(out, rest, expected, options);
      report->agreement_without = agreement(without, rest, expected, options);
    }
  }
  return out;
}

}  // namespace frugal
