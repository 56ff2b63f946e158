// Linear layers of language models on block-quantised weights, in the shapes of SmolLM2-135M, Gemma 3 270M and
// Qwen2.5-1.5B. Of each there are as many copies as do not stay in the caches; rounds go through all numbers of rows,
// the best of each is told: the share of what a bare loop reads from memory, multiply-adds, and the ratio to one row.
#include "block_layers.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <vector>

#include "base/random.h"
#include "kernels/block_linear.h"
#include "language/benchmark.h"
#include "tensor/block_types.h"
#include "tensor/slab.h"

namespace frugal {
namespace {

struct Shape2 {
  DType type;
  std::int64_t n, k;
};
constexpr Shape2 kLayers[] = {
    {DType::q4_1, 576, 576},   {DType::q4_1, 1536, 576},   {DType::q4_1, 576, 1536},  {DType::q8_0, 49152, 576},
    {DType::q5_0, 2048, 640},  {DType::q8_0, 262144, 640}, {DType::q4_k, 1536, 1536}, {DType::q4_k, 8960, 1536},
    {DType::q6_k, 1536, 8960}, {DType::q5_k, 1536, 1536},  {DType::q3_k, 1536, 1536}, {DType::q2_k, 1536, 1536},
    {DType::f16, 576, 576},
};
constexpr std::int64_t kRows[] = {1, 2, 4, 8, 16, 128}, kBeyondCaches = 128 << 20;
constexpr int kRounds = 5;

double seconds_of(FunctionRef<void()> body) {
  const auto start = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

struct Layer {
  BlockLinearPlan plan;
  std::vector<Tensor> copies;  // packed

  explicit Layer(const Shape2& s, const BlockLinearTable& table) : plan{&table, s.type, s.n, s.k} {
    const std::size_t row = byte_size(s.type, {s.k});
    Tensor weights(DType::u8, {s.n * static_cast<std::int64_t>(row)});
    std::vector<float> numbers(static_cast<std::size_t>(s.k));
    RandomStream random(1, "weights");
    for (std::int64_t i = 0; i < s.n; ++i) {
      std::uint8_t* to = weights.data<std::uint8_t>() + static_cast<std::size_t>(i) * row;
      if (i >= 64) {  // quantising takes longer than all else
        std::memcpy(to, weights.data<std::uint8_t>() + static_cast<std::size_t>(i % 64) * row, row);
        continue;
      }
      for (float& x : numbers) x = random.normal();
      quantize_row(s.type, numbers.data(), s.k, to);
    }
    ThreadPool one(1);
    for (std::int64_t bytes = 0; bytes < kBeyondCaches; bytes += static_cast<std::int64_t>(weights.bytes())) {
      Tensor packed = slab_tensor(block_packed_bytes(plan));
      if (copies.empty())
        block_pack(plan, one, weights.raw(), packed.data<std::uint8_t>());
      else
        std::memcpy(packed.raw(), copies[0].raw(), packed.bytes());
      copies.push_back(std::move(packed));
    }
  }
};

void bench_layer(ThreadPool& pool, const BlockLinearTable& table, const Shape2& shape, double rate) {
  const Layer layer(shape, table);
  const std::int64_t most = *std::max_element(std::begin(kRows), std::end(kRows));
  std::vector<float> x(static_cast<std::size_t>(most * shape.k)), y(static_cast<std::size_t>(most * shape.n));
  RandomStream random(2, "inputs");
  for (float& v : x) v = random.normal();
  Tensor scratch(DType::u8, {block_linear_scratch_bytes(most, shape.k, pool.threads())});
  double best[std::size(kRows)];
  std::fill(std::begin(best), std::end(best), 1e9);
  for (int round = 0; round < kRounds; ++round)
    for (std::size_t i = 0; i < std::size(kRows); ++i) {
      const std::size_t calls = std::min<std::size_t>(layer.copies.size(), kRows[i] >= 64 ? 2 : 1000);
      const double seconds = seconds_of([&] {
        for (std::size_t c = 0; c < calls; ++c) {
          const BlockLinearOutput output{layer.plan, layer.copies[c].data<std::uint8_t>(), y.data(), {}};
          block_linear_run(pool, kRows[i], shape.k, x.data(), true, {&output, 1}, scratch.data<std::uint8_t>());
        }
      });
      best[i] = std::min(best[i], seconds / static_cast<double>(calls));
    }
  const double bytes = static_cast<double>(layer.copies[0].bytes());
  for (std::size_t i = 0; i < std::size(kRows); ++i)
    fmt::print("  {:<8} {:>6} x {:<5} {:>4} rows {:9.1f} us {:6.1f} GB/s {:4.0f}% {:7.1f} GMAC/s  x{:.2f}\n",
               name(shape.type), shape.n, shape.k, kRows[i], best[i] * 1e6, bytes / best[i] * 1e-9,
               100 * bytes / best[i] / rate, static_cast<double>(shape.n * shape.k * kRows[i]) / best[i] * 1e-9,
               best[i] / best[0]);
}

}  // namespace

void bench_block_layers(int threads) {
  const Isa isa = active_isa();
  ThreadPool pool(threads);
  const double rate = measured_read_rate(threads);
  fmt::print("{} ({}), {} threads, memory {:.1f} GB/s\n", name(isa), block_linear_table(isa).instruction, threads,
             rate * 1e-9);
  for (const Shape2& shape : kLayers) bench_layer(pool, block_linear_table(isa), shape, rate);
}

}  // namespace frugal
