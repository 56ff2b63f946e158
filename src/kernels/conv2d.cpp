#include "kernels/conv2d_common.h"

#include <algorithm>
#include <limits>

namespace frugal {
namespace {

// The first layer's row segment lives on the stack of the kernel (kRowSegment
// in simd/conv.inl).
constexpr std::int64_t kMaxPlainReach = 256, kMaxPlainStride = 16;

bool whole_blocks(std::int64_t channels, const Conv2dShape& s, int block) {
  return s.groups == 1 || channels / s.groups % block == 0;
}

bool fits(const KernelTable& table, const Conv2dShape& s, ConvAlgorithm algorithm) {
  const int block = table.channel_block;
  switch (algorithm) {
    case ConvAlgorithm::direct: return whole_blocks(s.in_c, s, block) && whole_blocks(s.out_c, s, block);
    case ConvAlgorithm::columns: return columns_of(table) && s.groups == 1;
    case ConvAlgorithm::plain_input:
      return table.conv_plain && s.groups == 1 && s.stride_w <= kMaxPlainStride &&
             (s.kernel_w - 1) * s.dilation_w < kMaxPlainReach;
    case ConvAlgorithm::depthwise: return table.conv_depthwise && s.groups == s.in_c && s.groups == s.out_c;
    case ConvAlgorithm::winograd_2:
    case ConvAlgorithm::winograd_4:
      return table.winograd_input && s.groups == 1 && s.kernel_h == 3 && s.kernel_w == 3 && s.stride_h == 1 &&
             s.stride_w == 1 && s.dilation_h == 1 && s.dilation_w == 1;
    case ConvAlgorithm::pixels:
      return table.conv_pixels && s.groups == 1 && s.stride_w == 1 && (s.kernel_w - 1) * s.dilation_w < kMaxPlainReach;
    case ConvAlgorithm::im2col: return true;
  }
  return false;
}

// The share of the lanes that `items` use.
double lanes_used(std::int64_t items, std::int64_t lanes) {
  return static_cast<double>(items) / static_cast<double>(ceil_div(items, lanes) * lanes);
}

// Multiply-adds that pass while a byte of weights comes from memory. Zen 4: 27 GB/s against 59 GMAC/s, of which half
// hides behind the arithmetic. Processors with AVX2 alone are older: Zen 3 gets 9 GB/s against 48 GMAC/s.
double stream_cost(const KernelTable& table) { return table.isa == Isa::avx512 ? 1 : 4; }

// `columns` beside `direct`, where measured (AVX2): gathering costs about 9 multiply-adds an element. In return the
// next weights are fetched meanwhile, and neither strides nor narrow maps leave tiles unfilled.
double columns_cost(const KernelTable& table, const Conv2dShape& s, int threads) {
  if (table.isa == Isa::avx512) return std::numeric_limits<double>::max();
  const auto gathered = static_cast<double>(s.batch * s.out_h * s.out_w * s.in_c * taps(s));
  const auto weights = static_cast<double>(s.in_c * s.out_c * taps(s));
  return (macs_of(s) + 9 * gathered) / threads + weights * 4 * (weights > 0.5e6 ? 1 : 0.5);
}
// What of the time of `direct` goes into tiles that are not full and pixels that do not lie side by side.
double direct_loss(const KernelTable& table, const Conv2dShape& s) {
  const bool flat = taps(s) == 1 && s.stride_h == 1 && s.stride_w == 1;
  if (table.isa == Isa::avx512 || flat) return 1;
  return s.out_w <= 8 ? 1.3 : s.out_w <= 16 ? 1.15 : taps(s) == 1 ? 1.25 : 1.05;
}

// Expected time in multiply-adds of one core: arithmetic, plus the weights. Weights that stay in cache between two runs
// of the network cost little; more than 2 MB stream from memory at a rate that all threads share.
double expected_cost(const KernelTable& table, const Conv2dShape& s, ConvAlgorithm algorithm, int threads) {
  const auto in = static_cast<double>(s.in_c), out = static_cast<double>(s.out_c), batch = static_cast<double>(s.batch);
  const double rate = stream_cost(table);
  const auto streamed = [rate](double floats) { return floats * 4 * (floats > 0.5e6 ? rate : 0.5); };
  if (algorithm == ConvAlgorithm::columns) return columns_cost(table, s, threads);
  if (algorithm == ConvAlgorithm::direct)
    return macs_of(s) * direct_loss(table, s) / threads + streamed(in * out * static_cast<double>(taps(s)));
  const int m = winograd_size(algorithm), points = (m + 2) * (m + 2);
  const auto tiles = batch * static_cast<double>(ceil_div(s.out_h, m) * ceil_div(s.out_w, m));
  // A transform costs about 6 multiply-adds a point and channel; lanes beyond
  // the last channel work in vain.
  const double transforms = tiles * points * 6 * (in + out);
  const auto width = static_cast<double>(ceil_div(s.out_c, table.channel_block) * table.channel_block);
  return (tiles * points * in * width + transforms) / threads + streamed(in * out * points);
}

}  // namespace

std::string_view name(ConvAlgorithm algorithm) {
  switch (algorithm) {
    case ConvAlgorithm::direct: return "direct";
    case ConvAlgorithm::columns: return "columns";
    case ConvAlgorithm::plain_input: return "plain_input";
    case ConvAlgorithm::depthwise: return "depthwise";
    case ConvAlgorithm::winograd_2: return "winograd_2";
    case ConvAlgorithm::winograd_4: return "winograd_4";
    case ConvAlgorithm::pixels: return "pixels";
    case ConvAlgorithm::im2col: return "im2col";
  }
  return "?";
}

std::vector<ConvAlgorithm> conv2d_algorithms(const KernelTable& table, const Conv2dShape& shape,
                                             const Conv2dOptions& options) {
  using enum ConvAlgorithm;
  std::vector<ConvAlgorithm> dense, found;
  for (ConvAlgorithm algorithm : {direct, columns, winograd_2, winograd_4})
    if (fits(table, shape, algorithm) && (options.winograd || algorithm == direct || algorithm == columns))
      dense.push_back(algorithm);
  std::sort(dense.begin(), dense.end(), [&](ConvAlgorithm a, ConvAlgorithm b) {
    const double cost_a = expected_cost(table, shape, a, options.threads),
                 cost_b = expected_cost(table, shape, b, options.threads);
    return cost_a != cost_b ? cost_a < cost_b : a < b;
  });
  const bool few_channels = shape.in_c <= 4;
  if (few_channels && fits(table, shape, plain_input)) found.push_back(plain_input);
  if (fits(table, shape, depthwise)) found.push_back(depthwise);
  found.insert(found.end(), dense.begin(), dense.end());
  if (!few_channels && fits(table, shape, plain_input)) found.push_back(plain_input);
  if (fits(table, shape, pixels)) found.push_back(pixels);
  found.push_back(im2col);
  if (lanes_used(shape.out_w, table.channel_block) < 0.7 && fits(table, shape, pixels))
    std::swap(found[found.size() - 1], found[found.size() - 2]);
  return found;
}

bool conv2d_prefers_pixels(const KernelTable& table, const Conv2dShape& s) {
  const std::int64_t few = std::min(s.in_c, s.out_c), many = std::max(s.in_c, s.out_c), c = table.channel_block;
  return fits(table, s, ConvAlgorithm::pixels) && many <= 64 && lanes_used(few, c) < 0.8 &&
         lanes_used(s.out_w, c) > 0.9;
}

std::int64_t blocked_floats(const KernelTable& table, std::int64_t channels, std::int64_t pixels) {
  return ceil_div(channels, table.channel_block) * table.channel_block * pixels;
}

}  // namespace frugal
