// An adder layer of bytes beside what it replaces, on one thread, one after the other in every round: a bare loop of
// its inner instructions, the kernel from ready planes, the same with the planes made of floats, the exact 8-bit
// convolution, fp32 GEMM, and the fp32 convolution that the engine picks (Winograd multiplies less than it counts).
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

#include "adder_kernels.h"
#include "base/random.h"
#include "frugal/tensor.h"
#include "kernels/byte_adder.h"
#include "kernels/conv2d.h"
#include "kernels/gemm.h"
#include "kernels/int8.h"

namespace frugal {
namespace {

Conv2dShape layer_shape(std::int64_t channels, std::int64_t size) {
  Conv2dShape s;
  s.in_c = s.out_c = channels, s.in_h = s.in_w = s.out_h = s.out_w = size;
  s.kernel_h = s.kernel_w = 3, s.pad_top = s.pad_left = 1;
  return s;
}

double operations(const Conv2dShape& s) {
  return static_cast<double>(s.out_c * s.out_h * s.out_w * s.in_c * s.kernel_h * s.kernel_w);
}

Tensor random_bytes(std::int64_t count, std::uint32_t below) {
  Tensor out(DType::u8, {count});
  RandomStream random(1, "bytes");
  for (std::int64_t i = 0; i < count; ++i) out.data<std::uint8_t>()[i] = static_cast<std::uint8_t>(random.below(below));
  return out;
}

struct Adder {
  ByteAdderPlan plan;
  Tensor packed, scratch, x, y;
  std::vector<float> inverse, factor, bias;

  Adder(const KernelTable& table, const Conv2dShape& s, int groups)
      : plan(byte_adder_plan(table, s, group_of_each(s, groups), groups)),
        packed(DType::u8, {plan.weight_bytes}),
        scratch(DType::u8, {byte_adder_scratch_bytes(plan, false)}),
        x(DType::f32, {s.in_c * s.in_h * s.in_w}),
        y(DType::f32, {s.out_c * s.out_h * s.out_w}),
        inverse(static_cast<std::size_t>(groups), 255.0f),
        factor(static_cast<std::size_t>(s.out_c), -0.01f),
        bias(static_cast<std::size_t>(s.out_c), 1.0f) {
    byte_adder_pack(plan, random_bytes(s.out_c * s.in_c * 9, 256).data<std::uint8_t>(), 0, packed.data<std::uint8_t>());
    RandomStream random(2, "floats");
    for (std::int64_t i = 0; i < x.numel(); ++i) x.data<float>()[i] = random.uniform();
    make_planes();
  }

  static std::vector<std::uint8_t> group_of_each(const Conv2dShape& s, int groups) {
    std::vector<std::uint8_t> out;
    for (std::int64_t t = 0; t < s.out_c; ++t) out.push_back(static_cast<std::uint8_t>(t % groups));
    return out;
  }
  ByteAdderPass pass() {
    Epilogue epilogue;
    epilogue.activation.kind = Activation::relu;
    return {plan,
            {x.data<float>(),
             {inverse.data(), 255, 0, 0},
             false,
             packed.data<std::uint8_t>(),
             factor.data(),
             bias.data(),
             y.data<float>(),
             epilogue},
            scratch.raw()};
  }
  void make_planes() {
    const ByteAdderPass all = pass();
    all.planes(0, all.rows());
    all.restore(0, all.restored_rows());
  }
  void run() {
    const ByteAdderPass all = pass();
    all.sums(0, all.items());
  }
};

struct Int8Convolution {
  ThreadPool& pool;
  Int8Plan plan;
  std::vector<std::uint8_t> packed, scratch;
  Tensor in, out;
  std::vector<float> multiplier, bias;

  Int8Convolution(const KernelTable& table, ThreadPool& one, const Conv2dShape& s)
      : pool(one),
        plan{&table, s},
        in(random_bytes(blocked_floats(table, s.in_c, s.in_h * s.in_w), 256)),
        out(DType::u8, {blocked_floats(table, s.out_c, s.out_h * s.out_w)}),
        multiplier(static_cast<std::size_t>(s.out_c), 0.001f),
        bias(multiplier) {
    // About normal, as trained weights are: the engine picks its kernel by them.
    std::vector<std::int8_t> weights(static_cast<std::size_t>(s.out_c * s.in_c * 9));
    RandomStream random(3, "weights");
    for (std::int8_t& w : weights) w = static_cast<std::int8_t>(std::clamp(36 * random.normal(), -127.0f, 127.0f));
    const std::int8_t* bytes = weights.data();
    plan.words = int8_prefers_words(plan, bytes);
    packed = int8_pack(plan, bytes);
    scratch.resize(static_cast<std::size_t>(int8_scratch_bytes(plan, 1)));
  }
  void run() {
    Int8Epilogue e;
    e.multiplier = multiplier.data(), e.bias = bias.data(), e.quantized = true;
    e.activation.kind = Activation::relu;
    int8_run(plan, pool, in.data<std::uint8_t>(), packed.data(), out.raw(), e, scratch.data());
  }
};

struct Gemm {
  const KernelTable& table;
  ThreadPool& pool;
  std::int64_t m, n, k;
  Tensor a, c;
  std::vector<float> packed, scratch;

  Gemm(const KernelTable& t, ThreadPool& one, const Conv2dShape& s)
      : table(t),
        pool(one),
        m(s.out_h * s.out_w),
        n(s.out_c),
        k(s.in_c * 9),
        a(DType::f32, {m * k}),
        c(DType::f32, {m * n}),
        packed(static_cast<std::size_t>(gemm_packed_floats(t, n, k))),
        scratch(static_cast<std::size_t>(gemm_scratch_floats(t, k, 1))) {
    std::fill_n(a.data<float>(), a.numel(), 0.1f);
    const std::vector<float> b(static_cast<std::size_t>(n * k), 0.1f);
    gemm_pack(table, pool, n, k, b.data(), k, true, packed.data());
  }
  void run() {
    gemm_run(table, pool, {m, n, k, a.data<float>(), k, packed.data(), c.data<float>(), n, {}, false}, scratch.data());
  }
};

struct Convolution {
  ThreadPool& pool;
  Conv2dPlan plan;
  Tensor in, out;
  std::vector<float> packed, scratch;

  Convolution(const KernelTable& table, ThreadPool& one, const Conv2dShape& s)
      : pool(one),
        plan{&table, s, conv2d_algorithms(table, s, {1, true})[0]},
        in(DType::f32, {blocked_floats(table, s.in_c, s.in_h * s.in_w)}),
        out(DType::f32, {blocked_floats(table, s.out_c, s.out_h * s.out_w)}),
        packed(static_cast<std::size_t>(conv2d_packed_floats(plan))),
        scratch(static_cast<std::size_t>(conv2d_scratch_floats(plan, 1))) {
    std::fill_n(in.data<float>(), in.numel(), 0.1f);
    const std::vector<float> weights(static_cast<std::size_t>(s.out_c * s.in_c * 9), 0.01f);
    conv2d_pack(plan, weights.data(), packed.data());
  }
  void run() { conv2d_run(plan, pool, in.data<float>(), packed.data(), out.data<float>(), {}, scratch.data()); }
};

double seconds(const std::function<void()>& body) {
  const auto start = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

struct Contender {
  const char* name;
  std::function<void()> body;
  double operations;
  std::vector<double> times{};

  double best() const { return *std::min_element(times.begin(), times.end()); }
  double median() {
    std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
    return times[times.size() / 2];
  }
};

void compare(const KernelTable& table, const Conv2dShape& s, int groups, int rounds) {
  ThreadPool one(1);
  Adder adder(table, s, groups);
  Int8Convolution int8(table, one, s);
  Gemm gemm(table, one, s);
  Convolution convolution(table, one, s);
  const auto bare_loop = table.byte_adder.bare_loop;
  const double ops = operations(s);
  constexpr std::int64_t kSteps = 20'000;
  const double bare = bare_loop(1) * kSteps;
  std::vector<Contender> all = {
      {"bare psadbw loop", [&] { bare_loop(kSteps); }, bare},
      {"u8 adder", [&] { adder.run(); }, ops},
      {"u8 adder from floats", [&] { adder.make_planes(), adder.run(); }, ops},
      {"exact int8 convolution", [&] { int8.run(); }, ops},
      {"fp32 GEMM", [&] { gemm.run(); }, ops},
      {"fp32 convolution", [&] { convolution.run(); }, ops},
  };
  for (int round = 0; round < rounds; ++round)
    for (Contender& c : all) c.times.push_back(seconds(c.body));
  fmt::print("3x3 {} > {}, {}x{}, {} groups; fp32 by {}, int8 by {}\n", s.in_c, s.out_c, s.out_h, s.out_w, groups,
             name(convolution.plan.algorithm), int8_instruction(int8.plan));
  const double kernel_best = ops / all[1].best(), kernel_median = ops / all[1].median();
  for (Contender& c : all) {
    const double best = c.operations / c.best(), median = c.operations / c.median();
    fmt::print("  {:<24} {:7.1f} G op/s best {:7.1f} median   u8 adder / this {:5.2f} best {:5.2f} median\n", c.name,
               best * 1e-9, median * 1e-9, kernel_best / best, kernel_median / median);
  }
}

}  // namespace

void bench_adder(const KernelTable& table, int groups) {
  fmt::print("{}, one thread\n", name(table.isa));
  for (auto [channels, size] : {std::pair{16, 32}, {32, 16}, {64, 8}, {64, 56}, {128, 28}, {256, 14}, {512, 7}}) {
    const Conv2dShape shape = layer_shape(channels, size);
    compare(table, shape, groups, static_cast<int>(std::clamp(1e10 / operations(shape), 101.0, 2001.0)));
  }
}

}  // namespace frugal
