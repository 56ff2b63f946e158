// The reference convolution: plain layout (a channel block of 1), weights [out_c][in_c / groups][kh][kw].
#include "kernels/scalar/activation.h"
#include "kernels/simd/tables.h"

namespace frugal::scalar {
namespace {

float output_sum(const Conv2dArgs& args, std::int64_t image, std::int64_t c, std::int64_t y, std::int64_t x) {
  const Conv2dShape& s = args.shape;
  const std::int64_t group_in = s.in_c / s.groups, group = c / (s.out_c / s.groups);
  float sum = 0;
  for (std::int64_t ic = 0; ic < group_in; ++ic)
    for (std::int64_t ky = 0; ky < s.kernel_h; ++ky)
      for (std::int64_t kx = 0; kx < s.kernel_w; ++kx) {
        std::int64_t iy = y * s.stride_h - s.pad_top + ky * s.dilation_h;
        std::int64_t ix = x * s.stride_w - s.pad_left + kx * s.dilation_w;
        if (iy < 0 || iy >= s.in_h || ix < 0 || ix >= s.in_w) continue;
        sum += args.in[((image * s.in_c + group * group_in + ic) * s.in_h + iy) * s.in_w + ix] *
               args.weights[((c * group_in + ic) * s.kernel_h + ky) * s.kernel_w + kx];
      }
  return sum;
}

Extent extent(const Conv2dShape& s) { return {s.out_c, s.batch * s.out_h}; }

void conv(const Conv2dArgs& args, Extent begin, Extent end) {
  const Conv2dShape& s = args.shape;
  for (std::int64_t c = begin.chunks; c < end.chunks; ++c)
    for (std::int64_t strip = begin.strips; strip < end.strips; ++strip)
      for (std::int64_t x = 0; x < s.out_w; ++x) {
        const std::int64_t image = strip / s.out_h, y = strip % s.out_h;
        const std::int64_t at = ((image * s.out_c + c) * s.out_h + y) * s.out_w + x;
        args.out[at] = finish(output_sum(args, image, c, y, x), args.epilogue, c, at);
      }
}

}  // namespace

void fill_conv(KernelTable& table) {
  table.conv_chunk = 1;
  table.conv_direct_extent = extent;
  table.conv_direct = conv;
}

}  // namespace frugal::scalar
