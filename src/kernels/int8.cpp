#include "kernels/int8.h"

#include <algorithm>
#include <cstring>

#include "kernels/simd/int8_pairs.h"

namespace frugal {
namespace {

constexpr std::int64_t kMaxTaps = 256;          // the kernels keep the taps' places on the stack
constexpr std::int64_t kMaxProducts = 1 << 16;  // 255 * 128 * 65536 is below 2^31

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
std::int64_t round_up(std::int64_t a, std::int64_t b) { return ceil_div(a, b) * b; }
std::int64_t taps(const Conv2dShape& s) { return s.kernel_h * s.kernel_w; }
std::int64_t products(const Conv2dShape& s) { return s.in_c / s.groups * taps(s); }

// Padded output channels, of which each group has whole blocks.
std::int64_t padded_out(const Int8Plan& plan) { return round_up(plan.shape.out_c, plan.table->channel_block); }
std::int64_t header_bytes(const Int8Plan& plan) { return round_up(padded_out(plan) * 4, 64); }

Int8Dense dense_of(const Int8Plan& plan) {
  const Int8Table& t = plan.table->int8;
  if (plan.pairs) return avx2::int8_pairs();
  return {t.step, t.weight_bytes, t.dense_extent, t.dense, t.dense_scratch};
}

// Dot products of one tap over all input channels of a group.
std::int64_t dots(const Int8Plan& plan) {
  const std::int64_t c = plan.table->channel_block, in_c = plan.shape.in_c / plan.shape.groups,
                     step = dense_of(plan).step;
  return in_c / c * (c / step) + ceil_div(in_c % c, step);
}

template <typename T>
void pack_dense(const Int8Plan& plan, const std::int8_t* weights, T* to) {
  const Conv2dShape& s = plan.shape;
  const std::int64_t c = plan.table->channel_block, step = dense_of(plan).step, chunk = 2 * c;
  const std::int64_t out_c = s.out_c / s.groups, in_c = s.in_c / s.groups;
  for (std::int64_t g = 0; g < s.groups; ++g)
    for (std::int64_t first = 0; first < out_c; first += chunk) {
      const std::int64_t width = first + c < out_c ? chunk : c;
      for (std::int64_t block = 0; block < in_c; block += c)
        for (std::int64_t tap = 0; tap < taps(s); ++tap)
          for (std::int64_t ic = block; ic < std::min(block + c, in_c); ic += step)
            for (std::int64_t o = first; o < first + width; ++o)
              for (std::int64_t i = ic; i < ic + step; ++i)
                *to++ = o < out_c && i < in_c ? weights[((g * out_c + o) * in_c + i) * taps(s) + tap] : 0;
    }
}

void pack_depthwise(const Int8Plan& plan, const std::int8_t* weights, float* to) {
  const std::int64_t c = plan.table->channel_block, n = taps(plan.shape);
  for (std::int64_t b = 0; b < padded_out(plan); b += c)
    for (std::int64_t tap = 0; tap < n; ++tap)
      for (std::int64_t o = b; o < b + c; ++o) *to++ = o < plan.shape.out_c ? weights[o * n + tap] : 0;
}

Int8Dense kernel_of(const Int8Plan& plan) {
  const Int8Table& t = plan.table->int8;
  if (int8_depthwise(plan)) return {1, 4, t.depthwise_extent, t.depthwise, t.depthwise_scratch};
  return dense_of(plan);
}

std::int64_t scratch_step(const Int8Plan& plan) {
  Int8Args args;
  args.shape = plan.shape, args.row_major = plan.row_major;
  return round_up(kernel_of(plan).scratch(args), 64);
}

// Split by strips of the picture or by output channels? As for floats (conv2d.cpp), in 8-bit multiply-adds: a byte
// of weights from the shared cache, and a byte that the other core has just written.
bool split_by_strips(const Int8Plan& plan, const Extent& extent, int threads) {
  constexpr double kShared = 2, kForeign = 12;
  const Conv2dShape& s = plan.shape;
  auto share = [&](std::int64_t items) {
    return static_cast<double>(ceil_div(items, threads)) / static_cast<double>(std::max<std::int64_t>(items, 1));
  };
  const auto pixels = static_cast<double>(s.batch * s.out_h * s.out_w);
  const double macs = pixels * static_cast<double>(s.out_c * products(s));
  const auto weights = static_cast<double>(int8_packed_bytes(plan));
  const double maps = static_cast<double>(s.batch * s.in_c * s.in_h * s.in_w) + pixels * static_cast<double>(s.out_c);
  return macs * share(extent.strips) + kShared * weights <=
         macs * share(extent.chunks) + kShared * weights / threads + kForeign * maps * (threads - 1) / threads;
}

}  // namespace

bool int8_fits(const KernelTable& table, const Conv2dShape& s) {
  if (taps(s) > kMaxTaps || products(s) > kMaxProducts || s.stride_h > 16 || s.stride_w > 16) return false;
  const int block = table.channel_block;
  const bool depthwise = s.groups == s.in_c && s.groups == s.out_c;
  return s.groups == 1 || depthwise || (s.in_c / s.groups % block == 0 && s.out_c / s.groups % block == 0);
}

bool int8_pairs_fit(const KernelTable& table, const Conv2dShape& s, const std::int8_t* weights) {
  if (table.isa != Isa::avx2) return false;
  constexpr int kMost = 128;  // 255 * 128 is below 2^15
  const std::int64_t in_c = s.in_c / s.groups, n = taps(s);
  for (std::int64_t o = 0; o < s.out_c; ++o)
    for (std::int64_t i = 0; i + 1 < in_c; i += 2)
      for (std::int64_t t = 0; t < n; ++t) {
        const int a = weights[(o * in_c + i) * n + t], b = weights[(o * in_c + i + 1) * n + t];
        if (std::max(a, 0) + std::max(b, 0) > kMost || std::min(a, 0) + std::min(b, 0) < -kMost) return false;
      }
  return true;
}

bool int8_depthwise(const Int8Plan& plan) {
  const Conv2dShape& s = plan.shape;
  return plan.table->channel_block > 1 && s.groups > 1 && s.groups == s.in_c && s.groups == s.out_c;
}

std::int64_t int8_packed_bytes(const Int8Plan& plan) {
  const Conv2dShape& s = plan.shape;
  if (plan.table->channel_block == 1) return header_bytes(plan) + s.out_c * products(s);
  if (int8_depthwise(plan)) return header_bytes(plan) + padded_out(plan) * taps(s) * 4;
  return header_bytes(plan) +
         padded_out(plan) * dots(plan) * taps(s) * dense_of(plan).step * dense_of(plan).weight_bytes;
}

void int8_pack(const Int8Plan& plan, const std::int8_t* weights, std::uint8_t* packed) {
  const Conv2dShape& s = plan.shape;
  std::memset(packed, 0, static_cast<std::size_t>(header_bytes(plan)));
  auto* first = reinterpret_cast<std::int32_t*>(packed);
  for (std::int64_t o = 0; o < s.out_c; ++o) {
    std::int32_t sum = 0;
    for (std::int64_t i = 0; i < products(s); ++i) sum += weights[o * products(s) + i];
    first[o] = -plan.in_zero * sum;
  }
  std::uint8_t* to = packed + header_bytes(plan);
  if (plan.table->channel_block == 1)
    std::memcpy(to, weights, static_cast<std::size_t>(s.out_c * products(s)));
  else if (int8_depthwise(plan))
    pack_depthwise(plan, weights, reinterpret_cast<float*>(to));
  else if (dense_of(plan).weight_bytes == 1)
    pack_dense(plan, weights, reinterpret_cast<std::int8_t*>(to));
  else
    pack_dense(plan, weights, reinterpret_cast<std::int16_t*>(to));
}

std::int64_t int8_scratch_bytes(const Int8Plan& plan, int threads) { return scratch_step(plan) * threads; }

void int8_run(const Int8Plan& plan, ThreadPool& pool, const std::uint8_t* in, const std::uint8_t* packed, void* out,
              const Int8Epilogue& epilogue, std::uint8_t* scratch) {
  const Int8Args args{.shape = plan.shape,
                      .in = in,
                      .in_zero = plan.in_zero,
                      .weights = packed + header_bytes(plan),
                      .first = reinterpret_cast<const std::int32_t*>(packed),
                      .out = out,
                      .row_major = plan.row_major,
                      .epilogue = epilogue};
  const Int8Dense kernel = kernel_of(plan);
  const Extent extent = kernel.extent(args);
  const std::int64_t step = scratch_step(plan);
  if (split_by_strips(plan, extent, pool.threads())) {
    pool.parallel_for(extent.strips, 1, [&](std::int64_t begin, std::int64_t end, int thread) {
      kernel.run(args, {0, begin}, {extent.chunks, end}, scratch + thread * step);
    });
  } else {
    pool.parallel_for(extent.chunks, 1, [&](std::int64_t begin, std::int64_t end, int thread) {
      kernel.run(args, {begin, 0}, {end, extent.strips}, scratch + thread * step);
    });
  }
}

}  // namespace frugal
