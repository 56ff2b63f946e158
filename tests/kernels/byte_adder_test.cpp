// The adder convolution of bytes: every instruction set against a loop over the windows, to the last bit.
#include "kernels/byte_adder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include "base/random.h"
#include "frugal/tensor.h"
#include "kernels/conv2d.h"
#include "kernels/kernels.h"

namespace frugal::test {
namespace {

struct Quantizer {
  int qmax = 255, zero = 0;
  float limit = 0;
  bool restore = false;

  // The number of steps, without an upper end.
  std::int64_t steps(float x, float step) const {
    if (limit > 0) x = std::min(x, limit);
    if (limit > 0 && zero > 0) x = std::max(x, -limit);
    const float s = x * (1.0f / step);
    return (std::isnan(s) ? 0 : std::llrint(std::clamp(s, -1e6f, 1e6f))) + zero;
  }
};

struct Layer {
  Conv2dShape s;
  std::vector<std::uint8_t> group, v;
  std::vector<float> step, x;
  Quantizer q;

  Layer(std::int64_t in, std::int64_t out, std::int64_t groups, std::int64_t h, std::int64_t w, std::int64_t kernel,
        std::int64_t stride = 1, std::int64_t pad = 0, std::int64_t dilation = 1) {
    s.in_c = in, s.out_c = out, s.in_h = h, s.in_w = w, s.kernel_h = s.kernel_w = kernel;
    s.stride_h = s.stride_w = stride, s.pad_top = s.pad_left = pad, s.dilation_h = s.dilation_w = dilation;
    s.out_h = conv_out_size(h, 2 * pad, kernel, stride, dilation);
    s.out_w = conv_out_size(w, 2 * pad, kernel, stride, dilation);
    RandomStream random(1, "byte adder");
    const auto below = [&](int n) { return static_cast<std::uint8_t>(random.below(static_cast<std::uint32_t>(n))); };
    for (std::int64_t i = 0; i < out; ++i) group.push_back(below(static_cast<int>(groups)));
    v.resize(static_cast<std::size_t>(out * in * kernel * kernel));
    for (std::uint8_t& value : v) value = below(256);
    for (std::int64_t g = 0; g < groups; ++g) step.push_back(random.uniform(0.5f, 2.0f));
    x.resize(static_cast<std::size_t>(in * h * w));
    for (float& value : x) value = random.uniform(-60.0f, 400.0f);
  }

  Layer& with(const Quantizer& quantizer) {
    q = quantizer;
    for (std::uint8_t& value : v) value = static_cast<std::uint8_t>(value % (q.qmax + 1));
    return *this;
  }

  std::vector<float> expected() const {
    std::vector<float> y;
    for (std::int64_t t = 0; t < s.out_c; ++t)
      for (std::int64_t oy = 0; oy < s.out_h; ++oy)
        for (std::int64_t ox = 0; ox < s.out_w; ++ox) y.push_back(static_cast<float>(window(t, oy, ox)));
    return y;
  }

  std::int64_t window(std::int64_t t, std::int64_t oy, std::int64_t ox) const {
    std::int64_t sum = 0;
    const auto* number = v.data() + t * s.in_c * s.kernel_h * s.kernel_w;
    for (std::int64_t c = 0; c < s.in_c; ++c)
      for (std::int64_t ky = 0; ky < s.kernel_h; ++ky)
        for (std::int64_t kx = 0; kx < s.kernel_w; ++kx, ++number) {
          const std::int64_t iy = oy * s.stride_h - s.pad_top + ky * s.dilation_h,
                             ix = ox * s.stride_w - s.pad_left + kx * s.dilation_w;
          const bool inside = iy >= 0 && iy < s.in_h && ix >= 0 && ix < s.in_w;
          const std::int64_t steps = q.steps(inside ? x[static_cast<std::size_t>((c * s.in_h + iy) * s.in_w + ix)] : 0,
                                             step[group[static_cast<std::size_t>(t)]]);
          sum += std::abs(std::clamp<std::int64_t>(steps, 0, q.qmax) - *number);
          if (q.restore) sum += std::clamp<std::int64_t>(steps - q.qmax, 0, 65535);
        }
    return sum;
  }

  // What x is on the grids, [group][channel][row][column].
  std::vector<std::uint8_t> numbers() const {
    std::vector<std::uint8_t> out;
    for (float one : step)
      for (float value : x) out.push_back(number(value, one, q));
    return out;
  }
  static std::uint8_t number(float value, float step, const Quantizer& q) {
    return static_cast<std::uint8_t>(std::clamp<std::int64_t>(q.steps(value, step), 0, q.qmax));
  }

  // In three parts, so that parts begin everywhere. `change` is told what the image would be.
  template <typename Change>
  std::vector<float> run(Isa isa, Epilogue epilogue, float factor, Change change) const {
    const ByteAdderPlan plan = byte_adder_plan(kernels(isa), s, group, static_cast<std::int64_t>(step.size()));
    Tensor packed(DType::u8, {plan.weight_bytes}), scratch(DType::u8, {byte_adder_scratch_bytes(plan, q.restore)});
    std::fill_n(scratch.data<std::uint8_t>(), scratch.numel(), std::uint8_t{0xcd});
    byte_adder_pack(plan, v.data(), q.zero, packed.data<std::uint8_t>());
    std::vector<float> inverse, factors(group.size(), factor), bias(group.size());
    for (float one : step) inverse.push_back(1.0f / one);
    std::vector<float> y(static_cast<std::size_t>(s.out_c * s.out_h * s.out_w), -1);
    ByteAdderImage image{x.data(),       {inverse.data(), q.qmax, q.zero, q.limit},
                         q.restore,      packed.data<std::uint8_t>(),
                         factors.data(), bias.data(),
                         y.data(),       epilogue};
    change(image);
    const ByteAdderPass pass(plan, image, scratch.raw());
    in_parts(pass.rows(), [&](std::int64_t a, std::int64_t b) { pass.planes(a, b); });
    in_parts(pass.restored_rows(), [&](std::int64_t a, std::int64_t b) { pass.restore(a, b); });
    in_parts(pass.items(), [&](std::int64_t a, std::int64_t b) { pass.sums(a, b); });
    return y;
  }
  std::vector<float> run(Isa isa, Epilogue epilogue = {}, float factor = 1) const {
    return run(isa, epilogue, factor, [](const ByteAdderImage&) {});
  }
  std::vector<float> run() const { return run(best_isa()); }

  template <typename F>
  static void in_parts(std::int64_t items, F f) {
    const std::int64_t a = items / 3, b = (2 * items + 1) / 3;
    f(b, items);
    f(0, a);
    f(a, b);
  }
};

// f(instruction set) for all that this processor has.
template <typename F>
void each_isa(F f) {
  for (Isa isa : {Isa::scalar, Isa::avx2, Isa::avx512})
    if (isa_supported(isa)) f(isa);
}

void expect_exact(const Layer& layer) {
  const std::vector<float> expected = layer.expected();
  each_isa([&](Isa isa) {
    ASSERT_EQ(layer.run(isa), expected) << name(isa) << ", " << layer.s.in_c << " channels of " << layer.s.in_h << "x"
                                        << layer.s.in_w << ", window " << layer.s.kernel_h << ", stride "
                                        << layer.s.stride_h << ", padding " << layer.s.pad_top;
  });
}

TEST(ByteAdder, EveryLengthOfASum) {
  for (std::int64_t channels = 1; channels <= 200; ++channels) expect_exact(Layer(channels, 7, 2, 3, 3, 1));
}

TEST(ByteAdder, WindowsStridesPaddingDilation) {
  for (std::int64_t kernel : {1, 3, 5})
    for (std::int64_t stride : {1, 2, 3})
      for (std::int64_t pad : {0, 1, 2})
        for (std::int64_t dilation : {1, 2})
          for (std::int64_t channels : {3, 16})
            expect_exact(Layer(channels, 9, 3, 11, 13, kernel, stride, pad, dilation));
}

TEST(ByteAdder, WidthsAndGroupsThatFillNoVector) {
  for (std::int64_t width = 1; width <= 20; ++width) expect_exact(Layer(8, 5, 2, 2, width, 3, 1, 1));
  for (std::int64_t out = 1; out <= 30; ++out) expect_exact(Layer(5, out, 1 + out / 3, 4, 6, 3, 1, 1));
}

// Windows of 3 to 8 columns, and of fewer rows than columns; the largest sums.
TEST(ByteAdder, WideWindows) {
  for (std::int64_t kernel = 3; kernel <= 8; ++kernel)
    for (std::int64_t width : {8, 9, 16, 31, 64}) expect_exact(Layer(5, 19, 2, 9, width, kernel, 1, kernel / 2));
  for (std::int64_t channels : {21, 22, 43, 64, 130}) expect_exact(Layer(channels, 9, 2, 8, 16, 3, 1, 1));
  expect_exact(Layer(70, 9, 2, 8, 8, 5, 1, 2));
  Layer wide(12, 8, 1, 6, 24, 5, 1, 2);
  wide.s.kernel_h = 1, wide.s.pad_top = 0;
  wide.v.resize(12 * 8 * 5);
  expect_exact(wide);
  Layer brightest(64, 8, 1, 8, 32, 3, 1, 1);
  std::fill(brightest.x.begin(), brightest.x.end(), 1e6f);
  std::fill(brightest.v.begin(), brightest.v.end(), std::uint8_t{0});
  expect_exact(brightest);
}

// Windows of one pixel leave no gaps between rows.
TEST(ByteAdder, RowsWithoutGaps) {
  for (std::int64_t width = 1; width <= 20; ++width)
    for (std::int64_t stride : {1, 2}) expect_exact(Layer(9, 10, 3, 5, width, 1, stride).with({15, 7, 90, true}));
  expect_exact(Layer(9, 10, 3, 5, 7, 1, 1, 1));
}

TEST(ByteAdder, WeightsThatDoNotFitTheNearestCache) { expect_exact(Layer(300, 70, 1, 7, 7, 3, 1, 1)); }

// Activations that were rounded before give what their floats give.
TEST(ByteAdder, FromNumbers) {
  std::vector<Layer> layers;
  for (std::int64_t width : {1, 5, 7, 8, 14, 19})
    for (std::int64_t stride : {1, 2, 3})
      for (std::int64_t channels : {8, 13}) layers.emplace_back(channels, 34, 3, 6, width, 3, stride, 1);
  layers.emplace_back(16, 8, 2, 9, 9, 1, 2);
  for (const Quantizer& q : {Quantizer{}, Quantizer{15, 7, 90}})
    for (Layer& layer : layers) {
      const std::vector<std::uint8_t> numbers = layer.with(q).numbers();
      each_isa([&](Isa isa) {
        const std::vector<float> y = layer.run(isa, {}, 1, [&](ByteAdderImage& image) {
          image.x = nullptr;
          image.numbers = numbers.data();
        });
        ASSERT_EQ(y, layer.expected()) << name(isa) << ", width " << layer.s.in_w << ", stride " << layer.s.stride_w;
      });
    }
}

// The store on grids: what the floats of the same store are on them.
void expect_rounded(const Layer& layer, Isa isa, const Epilogue& epilogue, const Quantizer& q) {
  const std::vector<float> steps{9.5f, 700.0f}, inverse{1 / steps[0], 1 / steps[1]};
  const std::vector<float> y = layer.run(isa, epilogue, -1);
  for (bool floats : {false, true}) {
    std::vector<std::uint8_t> numbers(2 * y.size(), 0xee), expected;
    const std::vector<float> beside = layer.run(isa, epilogue, -1, [&](ByteAdderImage& image) {
      if (!floats) image.y = nullptr;
      image.rounded = {numbers.data(), 2, {inverse.data(), q.qmax, q.zero, q.limit}};
    });
    for (float step : steps)
      for (float value : y) expected.push_back(Layer::number(value, step, q));
    for (std::size_t i = 0; i < expected.size(); ++i)
      ASSERT_EQ(int{numbers[i]}, int{expected[i]}) << name(isa) << ", width " << layer.s.in_w << ", zero " << q.zero
                                                   << ", of " << y[i % y.size()] << " at " << i;
    if (floats) {
      ASSERT_EQ(std::memcmp(beside.data(), y.data(), y.size() * sizeof(float)), 0);
    }
  }
}

TEST(ByteAdder, TheStoreRounds) {
  for (std::int64_t width : {1, 3, 7, 8, 14, 16, 27}) {
    const Layer layer(9, 34, 3, 5, width, 3, 1, 1);
    std::vector<float> residual(static_cast<std::size_t>(34 * 5 * width));
    RandomStream random(3, "residual");
    for (float& value : residual) value = random.uniform(0.0f, 30000.0f);
    residual[0] = std::numeric_limits<float>::quiet_NaN();
    residual[1 % residual.size()] = std::numeric_limits<float>::infinity();
    each_isa([&](Isa isa) {
      for (const Quantizer& q : {Quantizer{}, Quantizer{15}, Quantizer{255, 117, 4000.0f}, Quantizer{255, 0, 2000.0f}})
        for (Activation kind : {Activation::none, Activation::relu, Activation::leaky_relu}) {
          Epilogue e;
          e.activation = {.kind = kind, .alpha = 0.5f};
          expect_rounded(layer, isa, e, q);
          e.residual = residual.data();
          expect_rounded(layer, isa, e, q);
        }
    });
  }
}

TEST(ByteAdder, PictureSmallerThanTheWindow) {
  expect_exact(Layer(8, 8, 2, 1, 1, 3, 1, 1));
  expect_exact(Layer(6, 8, 2, 1, 2, 5, 2, 2));
  expect_exact(Layer(4, 4, 1, 2, 2, 5, 1, 4));
}

TEST(ByteAdder, GridsOfFewBitsZeroPointsLimitsAndWhatExceedsThem) {
  for (int bits = 2; bits <= 8; ++bits)
    for (int zero : {0, (1 << bits) / 2, (1 << bits) - 1})
      for (float limit : {0.0f, 50.0f})
        for (bool restore : {false, true})
          expect_exact(Layer(11, 10, 3, 5, 9, 3, 1 + bits % 2, 1).with({(1 << bits) - 1, zero, limit, restore}));
}

TEST(ByteAdder, NumbersThatAreNone) {
  constexpr float kInf = std::numeric_limits<float>::infinity(), kNan = std::numeric_limits<float>::quiet_NaN();
  for (int zero : {0, 9})
    for (float limit : {0.0f, 3.0f})
      for (bool restore : {false, true}) {
        Layer layer(9, 6, 2, 4, 9, 3, 1, 1);
        for (std::size_t i = 0; i < layer.x.size(); ++i) {
          const float odd[] = {kNan, kInf, -kInf, 3e38f, -3e38f, -0.0f, 0.5f, 1.5f, 2.5f, -0.5f, 1e-42f, 3e9f};
          layer.x[i] = odd[i % std::size(odd)];
        }
        layer.step = {1, 1};  // so that halves are halves
        expect_exact(layer.with({15, zero, limit, restore}));
      }
}

// Steps so unlike that what is many for one group is not yet one for another.
TEST(ByteAdder, GroupsWithStepsFarApart) {
  Layer layer(9, 12, 4, 4, 9, 3, 1, 1);
  layer.step = {1e-12f, 1e-3f, 1, 1e3f};
  for (std::size_t i = 0; i < layer.x.size(); i += 3) layer.x[i] = 2e5f;
  expect_exact(layer);
}

TEST(ByteAdder, AllZeros) {
  Layer layer(16, 8, 2, 6, 6, 3, 1, 1);
  std::fill(layer.x.begin(), layer.x.end(), 0.0f);
  expect_exact(layer);
  // y = 0 where the window equals the kernel
  std::fill(layer.v.begin(), layer.v.end(), std::uint8_t{0});
  EXPECT_EQ(layer.run(), std::vector<float>(static_cast<std::size_t>(8 * 36)));
}

// |a - w| with a signed weight w = 2 u, folded: max(w, 0) is the weight, max(-w, 0) goes to the bias.
TEST(ByteAdder, SignedWeightsAreUnsignedOnesAndAConstant) {
  for (int bits : {4, 5, 6, 8}) {
    Layer layer = Layer(16, 12, 2, 5, 5, 3).with({(1 << bits) - 1});
    layer.step = {1, 1};
    RandomStream random(2, "signed");
    const auto taps = layer.v.size() / 12;
    std::vector<std::int64_t> w(layer.v.size());
    for (std::size_t i = 0; i < w.size(); ++i) {
      w[i] = 2 * (static_cast<std::int64_t>(random.below(1u << bits)) - (1 << (bits - 1)));
      if (i % 7 == 0) w[i] = -(1 << bits);
      layer.v[i] = static_cast<std::uint8_t>(std::max<std::int64_t>(w[i], 0));
    }
    for (float& value : layer.x) value = static_cast<float>(random.below(1u << bits));
    layer.x[0] = static_cast<float>((1 << bits) - 1);
    std::vector<float> folded = layer.run();
    for (std::size_t t = 0; t < 12; ++t)
      for (std::size_t p = 0; p < 9; ++p) {
        std::int64_t direct = 0, constant = 0;
        for (std::size_t i = 0; i < taps; ++i) {
          const std::size_t c = i / 9, y = p / 3 + i % 9 / 3, x = p % 3 + i % 3;
          direct += std::abs(std::lround(layer.x[(c * 5 + y) * 5 + x]) - w[t * taps + i]);
          constant += std::max<std::int64_t>(-w[t * taps + i], 0);
        }
        ASSERT_EQ(folded[t * 9 + p] + static_cast<float>(constant), static_cast<float>(direct)) << bits << " bits";
      }
  }
}

// Where weights fit the grid, the restored sum is that of activations that are not cut.
TEST(ByteAdder, WhatIsRestoredIsTheUncutSum) {
  Layer cut = Layer(10, 9, 3, 6, 7, 3, 1, 1).with({15, 0, 0, true});
  for (float& value : cut.x) value = std::min(value, 200.0f);
  cut.step = {1, 1, 1};
  Layer whole = cut;
  whole.q = {};
  EXPECT_EQ(cut.run(), whole.run());
}

TEST(ByteAdder, TheStoreIsThatOfFloats) {
  Layer layer(16, 10, 2, 6, 7, 3, 1, 1);
  const std::vector<float> sums = layer.expected();
  std::vector<float> residual(sums.size());
  RandomStream random(3, "residual");
  for (float& value : residual) value = random.uniform(0.0f, 60000.0f);
  each_isa([&](Isa isa) {
    for (Activation kind : {Activation::none, Activation::relu, Activation::leaky_relu})
      for (bool last : {false, true}) {
        Epilogue e;
        e.activation = {.kind = kind, .alpha = 0.5f};
        e.residual = residual.data(), e.residual_last = last, e.scale = 2, e.shift = 3;
        const std::vector<float> y = layer.run(isa, e, -1);
        for (std::size_t i = 0; i < y.size(); ++i) {
          float expected = -sums[i] + (last ? 0 : residual[i]);
          if (expected < 0) expected *= kind == Activation::relu ? 0 : kind == Activation::leaky_relu ? 0.5f : 1;
          expected = 2 * expected + 3 + (last ? residual[i] : 0);
          ASSERT_NEAR(y[i], expected, 0.02f) << name(isa);
        }
      }
  });
}

}  // namespace
}  // namespace frugal::test
