// The meaning of the bfloat16 kernels: inputs are rounded, half to even, weights are already; sums are float32.
#include "kernels/scalar/activation.h"
#include "kernels/simd/tables.h"
#include "tensor/half.h"

namespace frugal::scalar {
namespace {

Extent extent(const Bf16Args& a) { return {a.shape.out_c, a.shape.batch * a.shape.out_h * a.shape.out_w}; }

void convolve(const Bf16Args& a, Extent begin, Extent end, std::uint8_t*) {
  const Conv2dShape& s = a.shape;
  const std::int64_t in_c = s.in_c / s.groups, pixels = s.out_h * s.out_w;
  for (std::int64_t strip = begin.strips; strip < end.strips; ++strip)
    for (std::int64_t oc = begin.chunks; oc < end.chunks; ++oc) {
      const std::int64_t image = strip / pixels, y = strip % pixels / s.out_w, x = strip % s.out_w;
      const auto* w = static_cast<const std::uint16_t*>(a.weights) + oc * in_c * s.kernel_h * s.kernel_w;
      float sum = 0;
      for (std::int64_t ic = 0; ic < in_c; ++ic)
        for (std::int64_t ky = 0; ky < s.kernel_h; ++ky)
          for (std::int64_t kx = 0; kx < s.kernel_w; ++kx, ++w) {
            const std::int64_t iy = y * s.stride_h - s.pad_top + ky * s.dilation_h,
                               ix = x * s.stride_w - s.pad_left + kx * s.dilation_w;
            if (iy < 0 || iy >= s.in_h || ix < 0 || ix >= s.in_w) continue;
            const std::int64_t c = oc / (s.out_c / s.groups) * in_c + ic;
            const std::int64_t at = a.row_major ? ix * s.in_c + c : ((image * s.in_c + c) * s.in_h + iy) * s.in_w + ix;
            sum += bf16_to_float(float_to_bf16(a.in[at])) * bf16_to_float(*w);
          }
      const std::int64_t at = a.row_major ? x * s.out_c + oc : (image * s.out_c + oc) * pixels + strip % pixels;
      a.out[at] = finish(sum, a.epilogue, oc, at);
    }
}

std::int64_t no_scratch(const Bf16Args&) { return 0; }

}  // namespace

void fill_bf16(KernelTable& table) { table.bf16 = {extent, convolve, no_scratch, 1, false, "reference"}; }

}  // namespace frugal::scalar
