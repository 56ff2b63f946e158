// The meaning of the 8-bit kernels: maps are plain, weights [out][in / groups][kh][kw] signed bytes.
#include <cmath>

#include "kernels/scalar/activation.h"
#include "kernels/simd/tables.h"

namespace frugal::scalar {
namespace {

void quantize(std::int64_t n, const float* in, std::uint8_t* out, float scale, std::int32_t zero, std::int32_t low) {
  for (std::int64_t i = 0; i < n; ++i) {
    const float lo = static_cast<float>(low - zero), hi = static_cast<float>(low + 255 - zero), v = in[i] / scale;
    const float held = !(v > lo) ? lo : v > hi ? hi : v;
    out[i] = static_cast<std::uint8_t>(static_cast<std::int32_t>(std::nearbyint(held)) + zero);
  }
}

void dequantize(std::int64_t n, const std::uint8_t* in, float* out, float scale, std::int32_t zero, std::int32_t low) {
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int32_t q = low < 0 ? static_cast<std::int8_t>(in[i]) : in[i];
    out[i] = static_cast<float>(q - zero) * scale;
  }
}

void quantize_to_blocked(std::int64_t, std::int64_t pixels, const float* in, std::uint8_t* out, float scale,
                         std::int32_t zero, std::int64_t begin, std::int64_t end) {
  quantize((end - begin) * pixels, in + begin * pixels, out + begin * pixels, scale, zero, 0);
}

void finish(float sum, const Int8Epilogue& e, std::int64_t channel, std::int64_t at, void* out) {
  auto add_residual = [&](float v) {
    const float r = e.residual_is_float ? static_cast<const float*>(e.residual)[at]
                                        : static_cast<float>(static_cast<const std::uint8_t*>(e.residual)[at]) -
                                              static_cast<float>(e.residual_zero);
    return std::fma(r, e.residual_scale, v);
  };
  float v = std::fma(sum, e.multiplier[channel], e.bias[channel]);
  if (e.residual && !e.residual_last) v = add_residual(v);
  v = activate(v, e.activation, channel);
  if (e.residual && e.residual_last) v = add_residual(v);
  if (!e.quantized) {
    static_cast<float*>(out)[at] = v;
    return;
  }
  const float lo = static_cast<float>(-e.zero), hi = static_cast<float>(255 - e.zero), q = v * e.to_steps;
  const float held = q < lo ? lo : q > hi ? hi : q;
  static_cast<std::uint8_t*>(out)[at] =
      static_cast<std::uint8_t>(static_cast<std::int32_t>(std::nearbyint(held)) + e.zero);
}

Extent extent(const Int8Args& a) { return {a.shape.out_c, a.shape.batch * a.shape.out_h * a.shape.out_w}; }

void convolve(const Int8Args& a, Extent begin, Extent end, std::uint8_t*) {
  const Conv2dShape& s = a.shape;
  const std::int64_t in_c = s.in_c / s.groups, pixels = s.out_h * s.out_w;
  for (std::int64_t strip = begin.strips; strip < end.strips; ++strip)
    for (std::int64_t oc = begin.chunks; oc < end.chunks; ++oc) {
      const std::int64_t image = strip / pixels, y = strip % pixels / s.out_w, x = strip % s.out_w;
      const auto* w = static_cast<const std::int8_t*>(a.weights) + oc * in_c * s.kernel_h * s.kernel_w;
      std::int32_t sum = a.first[oc];
      if (a.weight_zero) sum -= a.weight_zero[oc] * a.window_sums[strip];
      for (std::int64_t ic = 0; ic < in_c; ++ic)
        for (std::int64_t ky = 0; ky < s.kernel_h; ++ky)
          for (std::int64_t kx = 0; kx < s.kernel_w; ++kx, ++w) {
            const std::int64_t iy = y * s.stride_h - s.pad_top + ky * s.dilation_h,
                               ix = x * s.stride_w - s.pad_left + kx * s.dilation_w;
            const bool inside = iy >= 0 && iy < s.in_h && ix >= 0 && ix < s.in_w;
            const std::int64_t c = oc / (s.out_c / s.groups) * in_c + ic;
            const std::int64_t at = a.row_major ? ix * s.in_c + c : ((image * s.in_c + c) * s.in_h + iy) * s.in_w + ix;
            sum += (inside ? a.in[at] : a.in_zero) * *w;
          }
      const std::int64_t at = a.row_major ? x * s.out_c + oc : (image * s.out_c + oc) * pixels + strip % pixels;
      const float row_scale = a.epilogue.row_scale ? a.epilogue.row_scale[x] : 1;
      finish(static_cast<float>(sum) * row_scale, a.epilogue, oc, at, a.out);
    }
}

std::int64_t no_scratch(const Int8Args&) { return 0; }

void add(const Int8AddArgs& a, std::int64_t begin, std::int64_t end) {
  for (std::int64_t i = begin; i < end; ++i)
    finish(static_cast<float>(a.a[i]) - static_cast<float>(a.a_zero), a.epilogue, 0, i, a.out);
}

void max_pool(const PoolArgs& a, const std::uint8_t* in, std::uint8_t* out, std::int64_t begin, std::int64_t end) {
  for (std::int64_t item = begin; item < end; ++item) {
    const std::int64_t plane = item % a.channels, y = item / a.channels % a.out_h, image = item / a.channels / a.out_h;
    for (std::int64_t x = 0; x < a.out_w; ++x) {
      std::uint8_t most = 0;
      for (std::int64_t ky = 0; ky < a.kernel_h; ++ky)
        for (std::int64_t kx = 0; kx < a.kernel_w; ++kx) {
          const std::int64_t iy = y * a.stride_h - a.pad_top + ky * a.dilation_h,
                             ix = x * a.stride_w - a.pad_left + kx * a.dilation_w;
          if (iy < 0 || iy >= a.in_h || ix < 0 || ix >= a.in_w) continue;
          most = std::max(most, in[((image * a.channels + plane) * a.in_h + iy) * a.in_w + ix]);
        }
      out[((image * a.channels + plane) * a.out_h + y) * a.out_w + x] = most;
    }
  }
}

}  // namespace

void fill_int8(KernelTable& table) {
  table.int8 = {.quantize = quantize,
                .dequantize = dequantize,
                .quantize_to_blocked = quantize_to_blocked,
                .dense = {extent, convolve, no_scratch, 1, false, "reference"},
                .depthwise = {extent, convolve, no_scratch, 1, false, "reference"},
                .add = add,
                .max_pool = max_pool};
}

}  // namespace frugal::scalar
