// The 8-bit kernels that are no dot products over channels: depthwise convolutions, sums, pooling, and between floats
// and bytes.
#pragma once

#include "kernels/simd/dense_stage.inl"
#include "kernels/simd/int8_store.inl"

namespace frugal::FRUGAL_SIMD {
namespace {

// --- Depthwise: sums of few taps are exact in floats too, and need no pairs of channels ---

Extent depthwise_extent(const Int8Args& a) { return {blocks_of(a.shape.out_c), a.shape.batch * a.shape.out_h}; }

inline std::int64_t depthwise_rows(const Int8Args& a, const Window& w) {
  const std::int64_t rows = (32 << 10) / (w.row_pixels() * a.shape.stride_h * kLanes * 4);
  return rows < 1 ? 1 : rows > a.shape.out_h ? a.shape.out_h : rows;
}

inline Window depthwise_window(const Int8Args& a) {
  Window w(a.shape, 1, kLanes * 4);
  w.flat = false;
  w.phases = a.shape.stride_w;
  w.run = a.shape.out_w + (a.shape.kernel_w - 1) * a.shape.dilation_w / a.shape.stride_w;
  return w;
}

std::int64_t depthwise_scratch(const Int8Args& a) {
  const Window w = depthwise_window(a);
  return w.rows(a.shape, depthwise_rows(a, w)) * w.row_pixels() * kLanes * 4;
}

template <int R>
void depthwise_tile(const float* x, std::int64_t taps, const std::int64_t* offsets, const float* weights,
                    const Int8Store& to, const Int8Epilogue& e) {
  V acc[R];
#pragma GCC unroll 16
  for (int p = 0; p < R; ++p) acc[p] = zero();
  for (std::int64_t t = 0; t < taps; ++t) {
    const V w = load(weights + t * kLanes);
    const float* at = x + offsets[t];
#pragma GCC unroll 16
    for (int p = 0; p < R; ++p) acc[p] = fma(load(at + p * kLanes), w, acc[p]);
  }
  alignas(64) float sums[R * kLanes];
#pragma GCC unroll 16
  for (int p = 0; p < R; ++p) store(sums + p * kLanes, acc[p]);
  finish_int8(sums, R, 1, to, e);
}

void depthwise8(const Int8Args& a, Extent begin, Extent end, std::uint8_t* scratch) {
  const Conv2dShape& s = a.shape;
  const Window w = depthwise_window(a);
  const std::int64_t step = depthwise_rows(a, w), blocks = blocks_of(s.in_c), taps = s.kernel_h * s.kernel_w,
                     row = w.row_pixels() * kLanes;
  auto* staged = reinterpret_cast<float*>(scratch);
  const V zero_point = set1(static_cast<float>(a.in_zero));
  std::int64_t offsets[kMaxDotTaps];
  for (std::int64_t ky = 0, t = 0; ky < s.kernel_h; ++ky)
    for (std::int64_t kx = 0; kx < s.kernel_w; ++kx, ++t) {
      const std::int64_t x = kx * s.dilation_w;
      offsets[t] = ky * s.dilation_h * row + (x % s.stride_w * w.run + x / s.stride_w) * kLanes;
    }
  for (std::int64_t first = begin.strips, last; first < end.strips; first = last) {
    const std::int64_t image = first / s.out_h, y0 = first % s.out_h;
    last = first + step < end.strips ? first + step : end.strips;
    if (last > (image + 1) * s.out_h) last = (image + 1) * s.out_h;
    for (std::int64_t b = begin.chunks; b < end.chunks; ++b) {
      const std::uint8_t* plane = a.in + (image * blocks + b) * s.in_h * s.in_w * kLanes;
      float* to = staged;
      for (std::int64_t r = 0; r < w.rows(s, last - first); ++r, to += row) {
        const std::int64_t y = y0 * s.stride_h - s.pad_top + r;
        if (y < 0 || y >= s.in_h) {
          std::memset(to, 0, static_cast<std::size_t>(row) * sizeof(float));
          continue;
        }
        each_run(s, w, [&](std::int64_t at, std::int64_t from, std::int64_t stride, std::int64_t n) {
          for (std::int64_t i = 0; i < n; ++i)
            store(to + (at + i) * kLanes,
                  from < 0 ? zero() : sub(load_bytes(plane + (y * s.in_w + from + i * stride) * kLanes), zero_point));
        });
      }
      const float* weights = static_cast<const float*>(a.weights) + b * taps * kLanes;
      for (std::int64_t y = y0; y < y0 + last - first; ++y)
        for (std::int64_t x = 0; x < s.out_w;) {
          const int rows = next_tile(s.out_w - x);
          const Int8Store place = int8_store(a, image, b, 1, y * s.out_w + x);
          const float* at = staged + (y - y0) * s.stride_h * row + x * kLanes;
          with_rows<kTileRows>(rows,
                               [&]<int R>() { depthwise_tile<R>(at, taps, offsets, weights, place, a.epilogue); });
          x += rows;
        }
    }
  }
}

// --- Elementwise and pooling ---

constexpr std::int64_t kRun = 32;  // vectors handed to the store at once

void add8(const Int8AddArgs& args, std::int64_t begin, std::int64_t end) {
  const V a_zero = set1(static_cast<float>(args.a_zero));
  alignas(64) float sums[kRun * kLanes], multiplier[kLanes], bias[kLanes];
  store(multiplier, set1(*args.epilogue.multiplier));
  store(bias, set1(*args.epilogue.bias));
  const Int8Epilogue& e = args.epilogue;
  for (std::int64_t at = begin; at < end;) {
    const std::int64_t left = end - at;
    int rows = left >= kLanes ? static_cast<int>(left / kLanes < kRun ? left / kLanes : kRun) : 1;
    const int lanes = static_cast<int>(left < kLanes ? left : kLanes);
    for (int r = 0; r < rows; ++r)
      store(sums + r * kLanes, sub(load_bytes_first(args.a + at + r * kLanes, lanes), a_zero));
    auto offset = [at](const void* p, bool bytes) {
      return bytes ? static_cast<const void*>(static_cast<const std::uint8_t*>(p) + at)
                   : static_cast<const void*>(static_cast<const float*>(p) + at);
    };
    const Int8Store to{const_cast<void*>(offset(args.out, e.quantized)),
                       e.residual ? offset(e.residual, !e.residual_is_float) : nullptr,
                       kLanes,
                       0,
                       multiplier,
                       bias,
                       lanes,
                       false};
    finish_int8(sums, rows, 1, to, e);
    at += static_cast<std::int64_t>(rows - 1) * kLanes + lanes;
  }
}

void quantize(std::int64_t n, const float* in, std::uint8_t* out, float scale, std::int32_t zero_point,
              std::int32_t low) {
  const V s = set1(scale), lo = set1(static_cast<float>(low - zero_point)),
          hi = set1(static_cast<float>(low + 255 - zero_point));
  // Bytes of -128..127 are those of 0..255 with the top bit turned.
  const I shift = set1_i(zero_point - low);
  const std::uint8_t flip = low < 0 ? 0x80 : 0;
  for (std::int64_t i = 0; i < n; i += kLanes) {
    const int lanes = static_cast<int>(n - i < kLanes ? n - i : kLanes);
    V v = min(max(div(load_first(in + i, lanes), s), lo), hi);
    store_bytes_first(out + i, v, shift, lanes);
  }
  if (flip)
    for (std::int64_t i = 0; i < n; ++i) out[i] ^= flip;
}

void dequantize(std::int64_t n, const std::uint8_t* in, float* out, float scale, std::int32_t zero_point,
                std::int32_t low) {
  const V s = set1(scale), z = set1(static_cast<float>(zero_point));
  for (std::int64_t i = 0; i < n; i += kLanes) {
    const int lanes = static_cast<int>(n - i < kLanes ? n - i : kLanes);
    V v;
    if (low < 0) {
      float values[kLanes] = {};
      for (int l = 0; l < lanes; ++l) values[l] = static_cast<float>(static_cast<std::int8_t>(in[i + l]));
      v = load(values);
    } else {
      v = load_bytes_first(in + i, lanes);
    }
    store_first(out + i, mul(sub(v, z), s), lanes);
  }
}

void quantize_to_blocked(std::int64_t channels, std::int64_t pixels, const float* in, std::uint8_t* out, float scale,
                         std::int32_t zero_point, std::int64_t begin, std::int64_t end) {
  constexpr std::int64_t kPixels = 64;
  std::uint8_t rows[kLanes][kPixels] = {};
  for (std::int64_t b = begin; b < end; ++b) {
    const std::int64_t valid = channels - b * kLanes < kLanes ? channels - b * kLanes : kLanes;
    const std::int64_t filled = valid <= 4 ? 4 : kLanes;
    for (std::int64_t first = 0; first < pixels; first += kPixels) {
      const std::int64_t n = pixels - first < kPixels ? pixels - first : kPixels;
      for (std::int64_t c = 0; c < valid; ++c)
        quantize(n, in + (b * kLanes + c) * pixels + first, rows[c], scale, zero_point, 0);
      std::uint8_t* to = out + (b * pixels + first) * kLanes;
      if (filled == 4)
        for (std::int64_t p = 0; p < n; ++p, to += kLanes) {
          const std::uint8_t pixel[4] = {rows[0][p], rows[1][p], rows[2][p], rows[3][p]};
          std::memcpy(to, pixel, 4);
        }
      else
        for (std::int64_t p = 0; p < n; ++p, to += kLanes)
          for (std::int64_t c = 0; c < kLanes; ++c) to[c] = rows[c][p];
    }
  }
}

void max_pool8(const PoolArgs& a, const std::uint8_t* in, std::uint8_t* out, std::int64_t begin, std::int64_t end) {
  const std::int64_t in_plane = a.in_h * a.in_w * kLanes;
  for (std::int64_t item = begin; item < end; ++item) {
    const std::int64_t plane = item % a.channels, y = item / a.channels % a.out_h, image = item / a.channels / a.out_h;
    const std::uint8_t* from = in + (image * a.channels + plane) * in_plane;
    std::uint8_t* to = out + (((image * a.channels + plane) * a.out_h + y) * a.out_w) * kLanes;
    for (std::int64_t x = 0; x < a.out_w; ++x, to += kLanes) {
      __m128i most = _mm_setzero_si128();
      for (std::int64_t ky = 0; ky < a.kernel_h; ++ky) {
        const std::int64_t iy = y * a.stride_h - a.pad_top + ky * a.dilation_h;
        if (iy < 0 || iy >= a.in_h) continue;
        for (std::int64_t kx = 0; kx < a.kernel_w; ++kx) {
          const std::int64_t ix = x * a.stride_w - a.pad_left + kx * a.dilation_w;
          if (ix >= 0 && ix < a.in_w) most = _mm_max_epu8(most, load_lanes(from + (iy * a.in_w + ix) * kLanes));
        }
      }
      store_lanes(to, most);
    }
  }
}

}  // namespace

void fill_int8(KernelTable& table) {
  Int8Table& t = table.int8;
  t.quantize = quantize;
  t.dequantize = dequantize;
  t.quantize_to_blocked = quantize_to_blocked;
  t.depthwise = {depthwise_extent, depthwise8, depthwise_scratch, 1, false, "fma"};
  t.add = add8;
  t.max_pool = max_pool8;
}

}  // namespace frugal::FRUGAL_SIMD
