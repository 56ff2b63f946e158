// The adder convolution's kernels against sums written out in double precision.
#include "kernels/adder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/conv2d.h"
#include "support/support.h"

namespace frugal::test {
namespace {

struct Adder {
  Conv2dShape s;
  Tensor x, w, dy;

  Adder(std::int64_t in, std::int64_t out, std::int64_t size, std::int64_t kernel, std::int64_t stride,
        std::int64_t pad) {
    s.in_c = in, s.out_c = out, s.in_h = size, s.in_w = size + 1;
    s.kernel_h = s.kernel_w = kernel, s.stride_h = s.stride_w = stride, s.pad_top = s.pad_left = pad;
    s.out_h = conv_out_size(s.in_h, 2 * pad, kernel, stride, 1),
    s.out_w = conv_out_size(s.in_w, 2 * pad, kernel, stride, 1);
    x = random_tensor({in, s.in_h, s.in_w}, 1);
    w = random_tensor({out, in, kernel, kernel}, 2);
    dy = random_tensor({out, s.out_h, s.out_w}, 3);
  }

  // f(output index, weight index, input index or -1 in the padding) for every tap.
  template <typename F>
  void each_tap(F f) const {
    for (std::int64_t t = 0; t < s.out_c; ++t)
      for (std::int64_t y = 0; y < s.out_h; ++y)
        for (std::int64_t z = 0; z < s.out_w; ++z)
          for (std::int64_t c = 0; c < s.in_c; ++c)
            for (std::int64_t ky = 0; ky < s.kernel_h; ++ky)
              for (std::int64_t kx = 0; kx < s.kernel_w; ++kx) {
                const std::int64_t iy = y * s.stride_h - s.pad_top + ky, ix = z * s.stride_w - s.pad_left + kx;
                const bool inside = iy >= 0 && iy < s.in_h && ix >= 0 && ix < s.in_w;
                f((t * s.out_h + y) * s.out_w + z, ((t * s.in_c + c) * s.kernel_h + ky) * s.kernel_w + kx,
                  inside ? (c * s.in_h + iy) * s.in_w + ix : -1);
              }
  }
};

void expect_near(const std::vector<float>& got, const std::vector<double>& expected) {
  double top = 1;
  for (double v : expected) top = std::max(top, std::abs(v));
  for (std::size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], expected[i], 2e-5 * top) << i;
}

TEST(Adder, OutputAndInputGradientOfEveryInstructionSet) {
  for (const Adder& a : {Adder(1, 1, 1, 1, 1, 0), Adder(3, 5, 7, 3, 1, 1), Adder(16, 33, 9, 3, 2, 1),
                         Adder(5, 13, 6, 5, 1, 2), Adder(40, 16, 8, 1, 2, 0)}) {
    std::vector<double> y(static_cast<std::size_t>(a.dy.numel())), dx(static_cast<std::size_t>(a.x.numel()));
    a.each_tap([&](std::int64_t out, std::int64_t weight, std::int64_t in) {
      const double w = a.w.data<float>()[weight], x = in < 0 ? 0 : a.x.data<float>()[in];
      y[static_cast<std::size_t>(out)] -= std::abs(w - x);
      if (in >= 0) dx[static_cast<std::size_t>(in)] += std::clamp(w - x, -1.0, 1.0) * a.dy.data<float>()[out];
    });
    for (Isa isa : {Isa::scalar, Isa::avx2, Isa::avx512}) {
      if (!isa_supported(isa)) continue;
      SCOPED_TRACE(name(isa));
      const KernelTable& table = kernels(isa);
      std::vector<float> scratch(static_cast<std::size_t>(adder_scratch_floats(table, a.s)));
      std::vector<float> got_y(y.size()), got_dx(dx.size());
      adder_conv2d(table, a.s, a.x.data<float>(), a.w.data<float>(), got_y.data(), {}, scratch.data(), 0,
                   adder_panels(table, a.s));
      adder_conv2d_input_gradient(table, a.s, a.x.data<float>(), a.w.data<float>(), a.dy.data<float>(), got_dx.data(),
                                  scratch.data());
      expect_near(got_y, y);
      expect_near(got_dx, dx);
    }
  }
}

}  // namespace
}  // namespace frugal::test
