#include "kernels/conv2d.h"

#include <fmt/core.h>

#include "kernels/support.h"

namespace frugal::test {
namespace {

// in_c, height, width, out_c, kernel, stride, pad, dilation, groups, batch
struct Case {
  std::int64_t in_c, h, w, out_c, kernel, stride, pad, dilation, groups, batch;
};
const Case kCases[] = {
    {1, 1, 1, 1, 1, 1, 0, 1, 1, 1},      {3, 17, 19, 17, 3, 1, 1, 1, 1, 2},   {3, 32, 32, 16, 7, 2, 3, 1, 1, 1},
    {1, 28, 28, 6, 5, 1, 2, 1, 1, 2},    {17, 7, 7, 33, 3, 1, 1, 1, 1, 1},    {16, 14, 15, 32, 3, 2, 1, 1, 1, 1},
    {64, 7, 7, 40, 1, 1, 0, 1, 1, 2},    {20, 9, 31, 48, 1, 2, 0, 1, 1, 1},   {8, 12, 12, 16, 3, 1, 2, 2, 1, 1},
    {24, 5, 5, 24, 5, 3, 2, 1, 1, 1},    {16, 1, 1, 16, 3, 1, 1, 1, 1, 1},    {5, 2, 3, 7, 3, 1, 4, 1, 1, 1},
    {32, 8, 8, 64, 3, 1, 1, 1, 2, 1},    {12, 8, 9, 18, 3, 1, 1, 1, 3, 2},    {48, 6, 6, 48, 3, 2, 1, 1, 3, 1},
    {19, 11, 13, 19, 3, 1, 1, 1, 19, 2}, {32, 14, 14, 32, 5, 2, 2, 1, 32, 1}, {16, 7, 7, 16, 3, 1, 1, 1, 16, 1},
    {8, 9, 40, 8, 3, 1, 2, 2, 8, 1},     {17, 10, 10, 17, 4, 3, 0, 1, 17, 1}, {3, 20, 20, 16, 4, 4, 0, 1, 1, 1},
    {32, 28, 30, 48, 3, 1, 1, 1, 1, 1},  {17, 6, 23, 20, 3, 1, 0, 1, 1, 2},   {64, 13, 9, 32, 3, 1, 2, 1, 1, 1},
    {6, 10, 10, 12, 3, 1, 1, 1, 6, 1},   {4, 16, 70, 8, 3, 1, 1, 1, 1, 1},    {2, 30, 9, 35, 3, 2, 0, 3, 1, 1},
    {2, 6, 200, 4, 5, 1, 2, 1, 1, 2},    {5, 5, 75, 3, 3, 1, 1, 1, 1, 1},     {20, 9, 31, 24, 1, 1, 0, 1, 1, 2},
    {100, 12, 13, 40, 3, 1, 1, 1, 1, 2}, {700, 9, 10, 20, 1, 2, 0, 1, 1, 1},
};

Conv2dShape shape_of(const Case& c) {
  Conv2dShape s;
  s.batch = c.batch, s.in_c = c.in_c, s.in_h = c.h, s.in_w = c.w, s.out_c = c.out_c;
  s.kernel_h = s.kernel_w = c.kernel, s.stride_h = s.stride_w = c.stride, s.pad_top = s.pad_left = c.pad;
  s.dilation_h = s.dilation_w = c.dilation, s.groups = c.groups;
  s.out_h = conv_out_size(c.h, 2 * c.pad, c.kernel, c.stride, c.dilation);
  s.out_w = conv_out_size(c.w, 2 * c.pad, c.kernel, c.stride, c.dilation);
  return s;
}

std::string describe(const Case& c, ConvAlgorithm algorithm) {
  return fmt::format("{} in {}x{}x{} out {} kernel {} stride {} pad {} dilation {} groups {}", name(algorithm), c.in_c,
                     c.h, c.w, c.out_c, c.kernel, c.stride, c.pad, c.dilation, c.groups);
}

// Plain [batch, channels, pixels] to blocked, with NaN in the lanes that nobody may read.
std::vector<float> to_blocked(const KernelTable& table, std::int64_t batch, std::int64_t channels, std::int64_t pixels,
                              const std::vector<float>& plain) {
  const std::int64_t c = table.channel_block, blocks = (channels + c - 1) / c;
  std::vector<float> blocked(batch * blocks * c * pixels);
  for (std::int64_t n = 0; n < batch; ++n)
    table.to_blocked(channels, pixels, plain.data() + n * channels * pixels, blocked.data() + n * blocks * c * pixels,
                     0, blocks);
  for (std::int64_t n = 0; n < batch; ++n)
    for (std::int64_t channel = channels; channel < blocks * c; ++channel)
      for (std::int64_t p = 0; p < pixels; ++p)
        blocked[((n * blocks + channel / c) * pixels + p) * c + channel % c] = std::nanf("");
  return blocked;
}

std::vector<float> to_plain(const KernelTable& table, std::int64_t batch, std::int64_t channels, std::int64_t pixels,
                            const std::vector<float>& blocked) {
  const std::int64_t c = table.channel_block, blocks = (channels + c - 1) / c;
  std::vector<float> plain(batch * channels * pixels);
  for (std::int64_t n = 0; n < batch; ++n)
    table.to_plain(channels, pixels, blocked.data() + n * blocks * c * pixels, plain.data() + n * channels * pixels, 0,
                   blocks);
  return plain;
}

struct Problem {
  Conv2dShape s;
  std::vector<float> in, weights, bias, residual, slope;
  explicit Problem(const Case& c)
      : s(shape_of(c)),
        in(random_values(s.batch * s.in_c * s.in_h * s.in_w, "in")),
        weights(random_values(s.out_c * (s.in_c / s.groups) * s.kernel_h * s.kernel_w, "weights", -0.3f, 0.3f)),
        bias(random_values(s.out_c, "bias")),
        residual(random_values(s.batch * s.out_c * s.out_h * s.out_w, "residual")),
        slope(random_values(s.out_c, "slope")) {}

  // The result in plain layout, whatever the algorithm works in.
  std::vector<float> run(const KernelTable& table, ConvAlgorithm algorithm, int threads, Epilogue e) const {
    const Conv2dPlan plan{&table, s, algorithm};
    const std::int64_t in_pixels = s.in_h * s.in_w, out_pixels = s.out_h * s.out_w;
    ThreadPool pool(threads);
    std::vector<float> packed(conv2d_packed_floats(plan)), scratch(conv2d_scratch_floats(plan, threads));
    conv2d_pack(plan, weights.data(), packed.data());
    std::vector<float> input = plan.blocked_input() ? to_blocked(table, s.batch, s.in_c, in_pixels, in) : in;
    // The residual is overwritten in place, as the memory plan does it.
    std::vector<float> out =
        plan.blocked_output() ? to_blocked(table, s.batch, s.out_c, out_pixels, residual) : residual;
    if (e.residual) e.residual = out.data();
    conv2d_run(plan, pool, input.data(), packed.data(), out.data(), e, scratch.data());
    return plan.blocked_output() ? to_plain(table, s.batch, s.out_c, out_pixels, out) : out;
  }
};

class Conv2d : public EachIsa {};
FRUGAL_EACH_ISA(Conv2d);

TEST(Conv2dReference, CountsTheTapsThatExist) {
  // All ones: each output is the number of taps inside the picture.
  Conv2dShape s = shape_of({1, 3, 3, 1, 3, 1, 1, 1, 1, 1});
  std::vector<float> ones(9, 1.0f), out(9);
  ThreadPool pool(1);
  conv2d_run({&kernels(Isa::scalar), s, ConvAlgorithm::direct}, pool, ones.data(), ones.data(), out.data(), {},
             nullptr);
  expect_same_bits(out, {4, 6, 4, 6, 9, 6, 4, 6, 4}, "taps");
}

TEST_P(Conv2d, EveryAlgorithmMatchesTheReference) {
  for (const Case& c : kCases) {
    Problem p(c);
    for (ConvAlgorithm algorithm : conv2d_algorithms(table(), p.s)) {
      for (const Epilogue& e : {Epilogue{}, Epilogue{p.bias.data(), nullptr, {Activation::relu, 0, 0, nullptr}, false},
                                Epilogue{p.bias.data(), p.residual.data(), {Activation::clip, 0, 0.7f, nullptr}, false},
                                Epilogue{p.bias.data(), p.residual.data(), {Activation::silu, 0, 0, nullptr}, true},
                                Epilogue{p.bias.data(), nullptr, {Activation::relu, 0, 0, nullptr}, false, 0.5f, -0.3f},
                                Epilogue{nullptr, nullptr, {Activation::prelu, 0, 0, p.slope.data()}, false}})
        expect_close(p.run(table(), algorithm, 1, e), p.run(reference(), ConvAlgorithm::direct, 1, e), 2e-5f,
                     describe(c, algorithm));
    }
  }
}

// Columns come in threes (stride 1) or pairs (stride 2), rows in pairs, with borders on all sides: every remainder.
TEST_P(Conv2d, DepthwiseOfEveryWidthAndHeight) {
  auto check = [&](const Case& c) {
    Problem p(c);
    for (const Epilogue& e :
         {Epilogue{p.bias.data(), nullptr, {Activation::relu, 0, 0, nullptr}, false},
          Epilogue{p.bias.data(), p.residual.data(), {Activation::hard_swish, 0, 0, nullptr}, false},
          Epilogue{nullptr, nullptr, {Activation::prelu, 0, 0, p.slope.data()}, false}}) {
      const std::vector<float> got = p.run(table(), ConvAlgorithm::depthwise, 1, e);
      expect_close(got, p.run(reference(), ConvAlgorithm::direct, 1, e), 2e-5f, describe(c, ConvAlgorithm::depthwise));
      expect_same_bits(p.run(table(), ConvAlgorithm::depthwise, 3, e), got, describe(c, ConvAlgorithm::depthwise));
    }
  };
  for (std::int64_t stride : {1, 2})
    for (std::int64_t pad : {0, 1}) {
      for (std::int64_t width = 3 - 2 * pad; width <= 20; ++width)
        check({17, 3 + width % 4, width, 17, 3, stride, pad, 1, 17, 1});
      check({3, 4, 37, 3, 3, stride, pad, 1, 3, 2});
      check({2, 3, 5000, 2, 3, stride, pad, 1, 2, 1});  // beyond what the kernel for 3x3 takes
    }
}

// The largest error against sums in double precision, relative to the largest output.
double relative_error(const Problem& p, const std::vector<float>& got) {
  const Conv2dShape& s = p.s;
  double worst = 0, largest = 0;
  for (std::int64_t o = 0; o < s.out_c; ++o)
    for (std::int64_t y = 0; y < s.out_h; ++y)
      for (std::int64_t x = 0; x < s.out_w; ++x) {
        double sum = 0;
        for (std::int64_t c = 0; c < s.in_c; ++c)
          for (std::int64_t ky = 0; ky < 3; ++ky)
            for (std::int64_t kx = 0; kx < 3; ++kx) {
              const std::int64_t iy = y + ky - 1, ix = x + kx - 1;
              if (iy < 0 || iy >= s.in_h || ix < 0 || ix >= s.in_w) continue;
              sum += static_cast<double>(p.in[(c * s.in_h + iy) * s.in_w + ix]) *
                     p.weights[((o * s.in_c + c) * 3 + ky) * 3 + kx];
            }
        worst = std::max(worst, std::abs(got[(o * s.out_h + y) * s.out_w + x] - sum));
        largest = std::max(largest, std::abs(sum));
      }
  return worst / largest;
}

TEST_P(Conv2d, WinogradsErrorIsBounded) {
  Problem p({256, 14, 14, 32, 3, 1, 1, 1, 1, 1});
  const double direct = relative_error(p, p.run(table(), ConvAlgorithm::direct, 1, {}));
  const double f2 = relative_error(p, p.run(table(), ConvAlgorithm::winograd_2, 1, {}));
  const double f4 = relative_error(p, p.run(table(), ConvAlgorithm::winograd_4, 1, {}));
  RecordProperty("direct", fmt::format("{:.1e}", direct));
  RecordProperty("winograd_2", fmt::format("{:.1e}", f2));
  RecordProperty("winograd_4", fmt::format("{:.1e}", f4));
  EXPECT_LT(direct, 2e-6);
  EXPECT_LT(f2, 2e-6);
  EXPECT_LT(f4, 5e-6);
}

TEST_P(Conv2d, WinogradCanBeSwitchedOff) {
  const Conv2dShape s = shape_of({64, 56, 56, 64, 3, 1, 1, 1, 1, 1});
  EXPECT_EQ(conv2d_algorithms(table(), s, {1, true}).front(), ConvAlgorithm::winograd_4);
  EXPECT_EQ(conv2d_algorithms(table(), s, {1, false}).front(), ConvAlgorithm::direct);
}

TEST_P(Conv2d, ThreadsDoNotChangeABit) {
  for (const Case& c : kCases) {
    Problem p(c);
    Epilogue e{p.bias.data(), p.residual.data(), {Activation::relu, 0, 0, nullptr}, false};
    for (ConvAlgorithm algorithm : conv2d_algorithms(table(), p.s))
      for (int threads : {2, 3})
        expect_same_bits(p.run(table(), algorithm, threads, e), p.run(table(), algorithm, 1, e),
                         describe(c, algorithm));
  }
}

TEST_P(Conv2d, ChoosesTheRightAlgorithmFirst) {
  auto first = [&](const Case& c) { return conv2d_algorithms(table(), shape_of(c)).front(); };
  EXPECT_EQ(first({3, 32, 32, 16, 7, 2, 3, 1, 1, 1}), ConvAlgorithm::plain_input);
  EXPECT_EQ(first({64, 7, 7, 64, 1, 1, 0, 1, 1, 1}), ConvAlgorithm::direct);
  EXPECT_EQ(first({32, 7, 7, 32, 3, 1, 1, 1, 32, 1}), ConvAlgorithm::depthwise);
  EXPECT_EQ(first({12, 7, 7, 12, 3, 1, 1, 1, 3, 1}), ConvAlgorithm::im2col);
}

TEST_P(Conv2d, LayoutsRoundTrip) {
  for (std::int64_t channels : {1, 3, 8, 16, 17, 40})
    for (std::int64_t pixels : {1, 5, 16, 33}) {
      std::vector<float> plain = random_values(2 * channels * pixels, "plain");
      std::vector<float> blocked = to_blocked(table(), 2, channels, pixels, plain);
      const std::int64_t c = table().channel_block;
      EXPECT_EQ(blocked[(channels - 1) / c * c * pixels + (pixels - 1) * c + (channels - 1) % c],
                plain[channels * pixels - 1]);
      expect_same_bits(to_plain(table(), 2, channels, pixels, blocked), plain, "round trip");
    }
}

TEST_P(Conv2d, PoolingMatchesTheReference) {
  struct PoolCase {
    std::int64_t h, w, kernel, stride, pad, dilation, extra;
  };
  for (Pool kind : {Pool::max, Pool::average, Pool::average_count_pad})
    for (PoolCase c : {PoolCase{112, 9, 3, 2, 1, 1, 0},
                       {7, 7, 7, 1, 0, 1, 0},
                       {5, 6, 2, 2, 0, 1, 1},
                       {9, 9, 3, 1, 2, 2, 0},
                       {1, 1, 1, 1, 0, 1, 0}})
      for (std::int64_t channels : {3, 16, 17}) {
        const std::int64_t reach = c.dilation * (c.kernel - 1) + 1;  // `extra` on the far side: ceil mode
        const std::int64_t out_h = (c.h + 2 * c.pad + c.extra - reach) / c.stride + 1;
        const std::int64_t out_w = (c.w + 2 * c.pad + c.extra - reach) / c.stride + 1;
        PoolArgs args{kind,     2,     channels, c.h,   c.w,   out_h,      out_w,      c.kernel, c.kernel, c.stride,
                      c.stride, c.pad, c.pad,    c.pad, c.pad, c.dilation, c.dilation, 1,        nullptr,  nullptr};
        std::vector<float> in = random_values(2 * channels * c.h * c.w, "pool"), want(2 * channels * out_h * out_w),
                           got(want);
        args.in = in.data(), args.out = want.data();
        reference().pool(args, 0, 2 * channels * out_h);
        args.out = got.data();
        table().pool(args, 0, channels * out_h);
        table().pool(args, channels * out_h, 2 * channels * out_h);
        expect_close(got, want, 1e-6f, "plain pool");
        const std::int64_t block = table().channel_block, blocks = (channels + block - 1) / block;
        std::vector<float> blocked = to_blocked(table(), 2, channels, c.h * c.w, in),
                           out(2 * blocks * block * out_h * out_w);
        args.in = blocked.data(), args.out = out.data(), args.channels = blocks, args.lanes = block;
        table().pool(args, 0, 2 * blocks * out_h);
        expect_close(to_plain(table(), 2, channels, out_h * out_w, out), want, 1e-6f, "blocked pool");
      }
}

}  // namespace
}  // namespace frugal::test
