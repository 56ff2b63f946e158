#include "kernels/support.h"

#include <cmath>
#include <cstdlib>
#include <functional>
#include <limits>

#include "frugal/error.h"
#include "kernels/resample.h"

namespace frugal::test {
namespace {

class Elementwise : public EachIsa {};
FRUGAL_EACH_ISA(Elementwise);

const std::int64_t kLengths[] = {1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 100, 1000};

TEST_P(Elementwise, ActivationsMatchTheReference) {
  for (const ActivationSpec& spec : all_activations())
    for (std::int64_t n : kLengths) {
      std::vector<float> in = random_values(n, "activate", -8, 8), want(in), got(in);
      reference().activate(n, in.data(), want.data(), spec);
      table().activate(n, got.data(), got.data(), spec);  // in place
      expect_close(got, want, 2e-6f, "activation " + std::to_string(static_cast<int>(spec.kind)));
    }
}

TEST_P(Elementwise, PicturesOfBytesAreScaled) {
  const ResizeAxis bilinear{.in = 3, .out = 5, .coordinates = Coordinates::half_pixel};
  for (const AxisTaps& taps : {window_taps(7, 3), linear_taps(bilinear)})
    for (std::int64_t width : kLengths)
      for (int channels : {1, 3}) {
        const AxisTaps along =
            cubic_taps({.in = width, .out = (width + 3) / 2, .coordinates = Coordinates::half_pixel});
        const ResampleAxis down = resample_axis(taps), across = resample_axis(along);
        std::vector<std::uint8_t> bytes(static_cast<std::size_t>(down.in * width * channels));
        for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 37 + i / 5 * 100);
        std::vector<float> scratch(static_cast<std::size_t>(scale_scratch(across, channels)), NAN);
        std::vector<std::uint8_t> want(static_cast<std::size_t>(across.out * channels)), got(want);
        for (std::int64_t y = 0; y < down.out; ++y) {
          reference().scale_bytes(down, across, y, channels, bytes.data(), scratch.data(), want.data());
          table().scale_bytes(down, across, y, channels, bytes.data(), scratch.data(), got.data());
          for (std::size_t i = 0; i < want.size(); ++i)
            ASSERT_LE(std::abs(got[i] - want[i]), 1) << width << " wide, " << channels << " channels, " << i;
        }
      }
}

TEST_P(Elementwise, ActivationsOfExtremes) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> in = {0, -0.0f, nan, 88.5f, -88.5f, 89.5f, -200, 200, 1e-30f, -1e-30f, 1e-42f, 0.62499f, 0.625f};
  for (const ActivationSpec& spec : all_activations()) {
    if (spec.kind == Activation::exp || spec.kind == Activation::tanh || spec.kind == Activation::sigmoid) {
      in.push_back(inf);
      in.push_back(-inf);
    }
    std::vector<float> want(in.size()), got(in.size());
    auto n = static_cast<std::int64_t>(in.size());
    reference().activate(n, in.data(), want.data(), spec);
    table().activate(n, in.data(), got.data(), spec);
    expect_close(got, want, 2e-6f, "activation " + std::to_string(static_cast<int>(spec.kind)));
  }
}

// Relative accuracy over the whole range, against double precision.
void expect_relative(const KernelTable& table, Activation kind, float lo, float hi,
                     const std::function<double(double)>& exact) {
  constexpr std::int64_t n = 200'000;
  std::vector<float> in(n), out(n);
  for (std::int64_t i = 0; i < n; ++i) in[i] = lo + (hi - lo) * static_cast<float>(i) / n;
  table.activate(n, in.data(), out.data(), ActivationSpec{kind, 0, 0, nullptr});
  double worst = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    double want = exact(in[i]);
    worst = std::max(worst, std::abs(out[i] - want) / std::max(std::abs(want), 1e-37));
  }
  EXPECT_LT(worst, 2e-6) << "activation " << static_cast<int>(kind);
}

TEST_P(Elementwise, ExpTanhSigmoidAndErfAreAccurate) {
  expect_relative(table(), Activation::exp, -87, 88, [](double x) { return std::exp(x); });
  expect_relative(table(), Activation::tanh, -10, 10, [](double x) { return std::tanh(x); });
  expect_relative(table(), Activation::sigmoid, -80, 80, [](double x) { return 1 / (1 + std::exp(-x)); });
  // Below -1 the exact GELU cancels in fp32 whatever computes erf; there the absolute error counts.
  expect_relative(table(), Activation::gelu, -0.5f, 8,
                  [](double x) { return 0.5 * x * (1 + std::erf(x * std::sqrt(0.5))); });
}

TEST_P(Elementwise, BinaryMatchesTheReference) {
  for (Binary op :
       {Binary::add, Binary::sub, Binary::rsub, Binary::mul, Binary::div, Binary::rdiv, Binary::min, Binary::max})
    for (std::int64_t n : kLengths) {
      std::vector<float> a = random_values(n, "a"), b = random_values(n + 16, "b", 0.5f, 2), want(a), got(a);
      for (Operand operand : {Operand::full, Operand::scalar}) {
        reference().binary(op, operand, n, a.data(), b.data(), want.data());
        table().binary(op, operand, n, a.data(), b.data(), got.data());
        expect_close(got, want, 0, "binary");
      }
      // A block operand repeats with the period of the channel block: tile it and compare with full.
      int block = table().channel_block;
      std::vector<float> tiled(n);
      for (std::int64_t i = 0; i < n; ++i) tiled[i] = b[i % block];
      reference().binary(op, Operand::full, n, a.data(), tiled.data(), want.data());
      table().binary(op, Operand::block, n, a.data(), b.data(), got.data());
      expect_close(got, want, 0, "binary block");
    }
}

TEST_P(Elementwise, RowsMatchTheReference) {
  for (std::int64_t rows : {1, 3})
    for (std::int64_t n : kLengths) {
      std::vector<float> in = random_values(rows * n, "rows", -20, 20), want(in), got(in);
      reference().softmax(rows, n, in.data(), want.data());
      table().softmax(rows, n, got.data(), got.data());
      expect_close(got, want, 2e-6f, "softmax of " + std::to_string(n));
      std::vector<float> gamma = random_values(n, "gamma"), beta = random_values(n, "beta");
      for (bool affine : {false, true}) {
        const float *g = affine ? gamma.data() : nullptr, *b = affine ? beta.data() : nullptr;
        reference().layer_norm(rows, n, in.data(), g, b, 1e-5f, want.data());
        table().layer_norm(rows, n, in.data(), g, b, 1e-5f, got.data());
        expect_close(got, want, 2e-5f, "layer_norm of " + std::to_string(n));
      }
      for (Reduce kind : {Reduce::sum, Reduce::max, Reduce::min, Reduce::prod, Reduce::l1, Reduce::l2}) {
        if (kind == Reduce::prod && n > 33) continue;  // beyond float
        const float want = reference().reduce(kind, n, in.data());
        EXPECT_NEAR(table().reduce(kind, n, in.data()), want, 1e-3f + 1e-5f * std::abs(want));
      }
    }
}

TEST(Dispatch, EnvironmentChoosesTheInstructionSet) {
  const char* kept = std::getenv("FRUGAL_ISA");
  std::string before = kept ? kept : "";
  ::setenv("FRUGAL_ISA", "scalar", 1);
  EXPECT_EQ(active_isa(), Isa::scalar);
  ::setenv("FRUGAL_ISA", "sse9", 1);
  try {
    active_isa();
    ADD_FAILURE() << "sse9 was accepted";
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("avx512"), std::string::npos) << error.what();
  }
  ::setenv("FRUGAL_ISA", "", 1);
  EXPECT_EQ(active_isa(), best_isa());
  if (kept)
    ::setenv("FRUGAL_ISA", before.c_str(), 1);
  else
    ::unsetenv("FRUGAL_ISA");
}

TEST(Dispatch, PeakIsPlausible) {
  double scalar = measured_peak_gmacs(Isa::scalar);
  EXPECT_GT(scalar, 0.1);
  for (Isa isa : wide_isas()) EXPECT_GT(measured_peak_gmacs(isa), 2 * scalar) << name(isa);
}

}  // namespace
}  // namespace frugal::test
