#include "kernels/conv2d.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/check.h"
#include "kernels/gemm.h"
#include "kernels/winograd.h"

namespace frugal {
namespace {

// The first layer's row segment lives on the stack of the kernel (kRowSegment in simd/conv.inl).
constexpr std::int64_t kMaxPlainReach = 256, kMaxPlainStride = 16;

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

std::int64_t taps(const Conv2dShape& s) { return s.kernel_h * s.kernel_w; }

bool whole_blocks(std::int64_t channels, const Conv2dShape& s, int block) {
  return s.groups == 1 || channels / s.groups % block == 0;
}

bool fits(const KernelTable& table, const Conv2dShape& s, ConvAlgorithm algorithm) {
  const int block = table.channel_block;
  switch (algorithm) {
    case ConvAlgorithm::direct: return whole_blocks(s.in_c, s, block) && whole_blocks(s.out_c, s, block);
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

// [groups of channels][chunk][...][ic][chunk width], shared by direct and plain: `in_block` input channels
// lie innermost, padded with zeros to whole blocks.
void pack_chunks(const Conv2dPlan& plan, std::int64_t in_block, const float* weights, float* to) {
  const Conv2dShape& s = plan.shape;
  const std::int64_t c = plan.table->channel_block, chunk = plan.table->conv_chunk;
  const std::int64_t out_c = s.out_c / s.groups, in_c = s.in_c / s.groups;
  for (std::int64_t g = 0; g < s.groups; ++g)
    for (std::int64_t first = 0; first < out_c; first += chunk) {
      const std::int64_t width = first + c < out_c ? chunk : c;
      for (std::int64_t ib = 0; ib < ceil_div(in_c, in_block); ++ib)
        for (std::int64_t tap = 0; tap < taps(s); ++tap)
          for (std::int64_t i = 0; i < in_block; ++i)
            for (std::int64_t o = 0; o < width; ++o) {
              const std::int64_t ic = ib * in_block + i, oc = first + o;
              *to++ = ic < in_c && oc < out_c ? weights[((g * out_c + oc) * in_c + ic) * taps(s) + tap] : 0;
            }
    }
}

void pack_depthwise(const Conv2dPlan& plan, const float* weights, float* to) {
  const Conv2dShape& s = plan.shape;
  const std::int64_t c = plan.table->channel_block;
  for (std::int64_t b = 0; b < ceil_div(s.out_c, c); ++b)
    for (std::int64_t tap = 0; tap < taps(s); ++tap)
      for (std::int64_t lane = 0; lane < c; ++lane)
        *to++ = b * c + lane < s.out_c ? weights[(b * c + lane) * taps(s) + tap] : 0;
}

// [chunk][channel][tap][output channel of the chunk]
void pack_pixels(const Conv2dPlan& plan, const float* weights, float* to) {
  const Conv2dShape& s = plan.shape;
  const std::int64_t chunks = plan.table->conv_pixels_extent(s).chunks, one = s.in_c * taps(s);
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk)
    for (std::int64_t i = 0; i < one; ++i)
      for (std::int64_t o = s.out_c * chunk / chunks; o < s.out_c * (chunk + 1) / chunks; ++o)
        *to++ = weights[o * one + i];
}

// The share of the lanes that `items` use.
double lanes_used(std::int64_t items, std::int64_t lanes) {
  return static_cast<double>(items) / static_cast<double>(ceil_div(items, lanes) * lanes);
}

int winograd_size(ConvAlgorithm algorithm) { return algorithm == ConvAlgorithm::winograd_2 ? 2 : 4; }

// [chunk][point][input block][c][chunk]
void pack_winograd(const Conv2dPlan& plan, const float* weights, float* packed, ThreadPool* pool) {
  const Conv2dShape& s = plan.shape;
  const int m = winograd_size(plan.algorithm), points = (m + 2) * (m + 2);
  const std::int64_t c = plan.table->channel_block, chunk = plan.table->conv_chunk, in_c = ceil_div(s.in_c, c) * c;
  FRUGAL_ASSERT(chunk <= kWinogradFilters);
  auto pack = [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t first = begin * chunk; first < std::min(end * chunk, s.out_c); first += chunk) {
      float* to = packed + first * points * in_c;
      const std::int64_t width = first + c < s.out_c ? chunk : c, valid = std::min(width, s.out_c - first);
      if (valid < width || in_c > s.in_c) std::fill(to, to + points * in_c * width, 0.0f);
      for (std::int64_t i = 0; i < s.in_c; ++i)
        winograd_filters(m, static_cast<int>(valid), weights + (first * s.in_c + i) * 9, s.in_c * 9, to + i * width,
                         in_c * width);
    }
  };
  const std::int64_t chunks = ceil_div(s.out_c, chunk);
  pool ? pool->parallel_for(chunks, 1, pack) : pack(0, chunks, 0);
}

// --- Splitting over threads ---

// A machine in multiply-adds of one core: a byte of weights from the shared cache, and a byte that the other core
// has just written (Zen 4, 59 GMAC/s). A thread that works on its own part of the picture finds its input where it
// left it; one that works on its own channels reads what others wrote, and so will those that read its output.
constexpr double kShared = 0.6, kForeign = 4.0;

double worst_share(std::int64_t items, int threads) {
  return static_cast<double>(ceil_div(items, threads)) / static_cast<double>(std::max<std::int64_t>(items, 1));
}

bool split_by_strips(const Extent& extent, int threads, double macs, double weight_bytes, double map_bytes) {
  const double others = static_cast<double>(threads - 1) / threads;
  const double strips = macs * worst_share(extent.strips, threads) + kShared * weight_bytes;
  const double chunks =
      macs * worst_share(extent.chunks, threads) + kShared * weight_bytes / threads + kForeign * map_bytes * others;
  return strips <= chunks;
}

double macs_of(const Conv2dShape& s) {
  return static_cast<double>(s.batch * s.out_c * s.out_h * s.out_w) * static_cast<double>(s.in_c / s.groups * taps(s));
}

double input_bytes(const Conv2dShape& s) {
  return static_cast<double>(s.batch * s.in_c * s.in_h * s.in_w) * sizeof(float);
}
double output_bytes(const Conv2dShape& s) {
  return static_cast<double>(s.batch * s.out_c * s.out_h * s.out_w) * sizeof(float);
}

void run_rectangle(const Conv2dPlan& plan, ThreadPool& pool, const Conv2dArgs& args,
                   Extent (*extent_of)(const Conv2dShape&), void (*kernel)(const Conv2dArgs&, Extent, Extent)) {
  const Extent extent = extent_of(plan.shape);
  const auto weights = static_cast<double>(conv2d_packed_floats(plan)) * sizeof(float);
  if (split_by_strips(extent, pool.threads(), macs_of(plan.shape), weights,
                      input_bytes(plan.shape) + output_bytes(plan.shape))) {
    pool.parallel_for(extent.strips, 1, [&](std::int64_t begin, std::int64_t end, int) {
      kernel(args, {0, begin}, {extent.chunks, end});
    });
  } else {
    pool.parallel_for(extent.chunks, 1, [&](std::int64_t begin, std::int64_t end, int) {
      kernel(args, {begin, 0}, {end, extent.strips});
    });
  }
}

// --- Winograd ---

struct Winograd {
  const KernelTable& table;
  const Conv2dShape& shape;
  int m;
  Extent extent;
  explicit Winograd(const Conv2dPlan& plan)
      : table(*plan.table),
        shape(plan.shape),
        m(winograd_size(plan.algorithm)),
        extent(table.winograd_extent(shape, m)) {}

  // Transformed input of so many tiles.
  std::int64_t floats(std::int64_t tiles) const {
    const std::int64_t c = table.channel_block;
    return (m + 2) * (m + 2) * ceil_div(shape.in_c, c) * c * tiles;
  }
  bool by_tiles(const Conv2dPlan& plan, int threads) const {
    const double macs =
        static_cast<double>(extent.strips * (m + 2) * (m + 2)) * static_cast<double>(shape.in_c * shape.out_c);
    return split_by_strips(extent, threads, macs, static_cast<double>(conv2d_packed_floats(plan)) * sizeof(float),
                           static_cast<double>(floats(extent.strips)) * sizeof(float) + output_bytes(shape));
  }
  std::int64_t scratch_floats(const Conv2dPlan& plan, int threads) const {
    const std::int64_t products = threads * table.winograd_products_floats(m);
    return products + (by_tiles(plan, threads) ? threads * floats(own_tiles()) : floats(extent.strips));
  }
  std::int64_t own_tiles() const { return std::min<std::int64_t>(table.winograd_group, extent.strips); }
  // Groups of about equal size within [begin, end).
  template <typename F>
  void each_group(std::int64_t begin, std::int64_t end, F f) const {
    const std::int64_t groups = ceil_div(end - begin, table.winograd_group);
    for (std::int64_t g = 0; g < groups; ++g)
      f(begin + (end - begin) * g / groups, begin + (end - begin) * (g + 1) / groups);
  }
};

void run_winograd(const Conv2dPlan& plan, ThreadPool& pool, const Conv2dArgs& args, float* scratch) {
  const Winograd w(plan);
  const KernelTable& t = w.table;
  const std::int64_t products_floats = t.winograd_products_floats(w.m);
  float* transformed = scratch + pool.threads() * products_floats;
  if (w.by_tiles(plan, pool.threads())) {  // every thread has its own tiles from end to end
    pool.parallel_for(w.extent.strips, 1, [&](std::int64_t begin, std::int64_t end, int thread) {
      w.each_group(begin, end, [&](std::int64_t first, std::int64_t last) {
        const WinogradTiles tiles{transformed + thread * w.floats(w.own_tiles()), first, last - first};
        t.winograd_input(args, w.m, tiles, first, last);
        t.winograd_multiply(args, w.m, tiles, {0, first}, {w.extent.chunks, last}, scratch + thread * products_floats);
      });
    });
    return;
  }
  const WinogradTiles tiles{transformed, 0, w.extent.strips};
  pool.parallel_for(w.extent.strips, 1,
                    [&](std::int64_t begin, std::int64_t end, int) { t.winograd_input(args, w.m, tiles, begin, end); });
  pool.parallel_for(w.extent.chunks, 1, [&](std::int64_t begin, std::int64_t end, int thread) {
    for (std::int64_t chunk = begin; chunk < end; ++chunk)
      w.each_group(0, w.extent.strips, [&](std::int64_t first, std::int64_t last) {
        t.winograd_multiply(args, w.m, tiles, {chunk, first}, {chunk + 1, last}, scratch + thread * products_floats);
      });
  });
}

// Expected time in multiply-adds of one core: arithmetic, plus the weights. Weights that stay in cache between
// two runs of the network cost little; more than 2 MB stream from memory at a rate that all threads share (27 GB/s
// against 59 GMAC/s on Zen 4 would be 2 multiply-adds a byte; half of it hides behind the arithmetic).
double expected_cost(const KernelTable& table, const Conv2dShape& s, ConvAlgorithm algorithm, int threads) {
  const auto in = static_cast<double>(s.in_c), out = static_cast<double>(s.out_c), batch = static_cast<double>(s.batch);
  const auto streamed = [](double floats) { return floats * 4 * (floats > 0.5e6 ? 1 : 0.5); };
  if (algorithm == ConvAlgorithm::direct) {
    return macs_of(s) / threads + streamed(in * out * static_cast<double>(taps(s)));
  }
  const int m = winograd_size(algorithm), points = (m + 2) * (m + 2);
  const auto tiles = batch * static_cast<double>(ceil_div(s.out_h, m) * ceil_div(s.out_w, m));
  // A transform costs about 6 multiply-adds a point and channel; lanes beyond the last channel work in vain.
  const double transforms = tiles * points * 6 * (in + out);
  const auto width = static_cast<double>(ceil_div(s.out_c, table.channel_block) * table.channel_block);
  return (tiles * points * in * width + transforms) / threads + streamed(in * out * points);
}

// --- im2col ---

struct Im2col {
  const KernelTable& table;
  const Conv2dShape& shape;
  std::int64_t pixels, k, panels;
  explicit Im2col(const Conv2dPlan& plan)
      : table(*plan.table),
        shape(plan.shape),
        pixels(shape.out_h * shape.out_w),
        k(shape.in_c / shape.groups * taps(shape)),
        panels(ceil_div(pixels, table.gemm_panel)) {}

  // Panels [begin, end) of the columns of one group: [panel][k][pixel], zero beyond the last pixel.
  void columns(const float* planes, float* packed, std::int64_t begin, std::int64_t end) const {
    for (std::int64_t panel = begin; panel < end; ++panel) {
      float* to = packed + panel * k * table.gemm_panel;
      std::int64_t y[kMaxPanel], x[kMaxPanel];  // of each pixel's window; a pixel that does not exist lies far away
      for (std::int64_t i = 0; i < table.gemm_panel; ++i) {
        const std::int64_t pixel = panel * table.gemm_panel + i;
        y[i] = pixel < pixels ? pixel / shape.out_w * shape.stride_h - shape.pad_top : INT64_MIN / 2;
        x[i] = pixel % shape.out_w * shape.stride_w - shape.pad_left;
      }
      for (std::int64_t ic = 0; ic < shape.in_c / shape.groups; ++ic)
        for (std::int64_t ky = 0; ky < shape.kernel_h; ++ky)
          for (std::int64_t kx = 0; kx < shape.kernel_w; ++kx, to += table.gemm_panel)
            gather(planes + ic * shape.in_h * shape.in_w, y, x, ky * shape.dilation_h, kx * shape.dilation_w, to);
    }
  }

 private:
  static constexpr std::int64_t kMaxPanel = 64;

  void gather(const float* plane, const std::int64_t* y, const std::int64_t* x, std::int64_t dy, std::int64_t dx,
              float* to) const {
    const auto height = static_cast<std::uint64_t>(shape.in_h), width = static_cast<std::uint64_t>(shape.in_w);
    const std::int64_t last = table.gemm_panel - 1;
    const bool run = y[0] == y[last] && x[last] - x[0] == last;  // one row, stride 1: contiguous
    if (run && y[0] + dy >= 0 && y[0] + dy < shape.in_h && x[0] + dx >= 0 && x[last] + dx < shape.in_w) {
      std::memcpy(to, plane + (y[0] + dy) * shape.in_w + x[0] + dx, sizeof(float) * static_cast<std::size_t>(last + 1));
      return;
    }
    for (std::int64_t i = 0; i <= last; ++i) {
      const std::int64_t iy = y[i] + dy, ix = x[i] + dx;  // as unsigned, negative numbers are too large
      const bool exists = static_cast<std::uint64_t>(iy) < height && static_cast<std::uint64_t>(ix) < width;
      to[i] = exists ? plane[iy * shape.in_w + ix] : 0;
    }
  }
};

void run_im2col(const Conv2dPlan& plan, ThreadPool& pool, const float* in, const float* weights, float* out,
                const Epilogue& epilogue, float* scratch) {
  const Im2col m(plan);
  const Conv2dShape& s = plan.shape;
  const std::int64_t in_c = s.in_c / s.groups, out_c = s.out_c / s.groups;
  const std::int64_t packed = m.panels * m.table.gemm_panel * m.k;
  for (std::int64_t image = 0; image < s.batch; ++image)
    for (std::int64_t g = 0; g < s.groups; ++g) {
      const std::int64_t at = (image * s.out_c + g * out_c) * m.pixels;
      Epilogue e = epilogue;
      if (e.bias) e.bias += g * out_c;
      if (e.residual) e.residual += at;
      if (e.activation.slope) e.activation.slope += g * out_c;
      const GemmArgs args{out_c, m.pixels, m.k, weights + g * out_c * m.k, m.k, scratch, out + at, m.pixels, e, true};
      const float* planes = in + (image * s.in_c + g * in_c) * s.in_h * s.in_w;
      pool.parallel_for(m.panels, 1, [&](std::int64_t begin, std::int64_t end, int thread) {
        m.columns(planes, scratch, begin, end);
        m.table.gemm(args, 0, out_c, begin, end, scratch + packed + thread * m.table.gemm_scratch_floats(m.k));
      });
    }
}

}  // namespace

std::string_view name(ConvAlgorithm algorithm) {
  switch (algorithm) {
    case ConvAlgorithm::direct: return "direct";
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
  for (ConvAlgorithm algorithm : {direct, winograd_2, winograd_4})
    if (fits(table, shape, algorithm) && (options.winograd || algorithm == direct)) dense.push_back(algorithm);
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

std::int64_t conv2d_packed_floats(const Conv2dPlan& plan) {
  const Conv2dShape& s = plan.shape;
  const std::int64_t c = plan.table->channel_block;
  const std::int64_t out = s.groups * ceil_div(s.out_c / s.groups, c) * c;
  switch (plan.algorithm) {
    case ConvAlgorithm::direct: return out * ceil_div(s.in_c / s.groups, c) * c * taps(s);
    case ConvAlgorithm::plain_input: return out * s.in_c * taps(s);
    case ConvAlgorithm::depthwise: return ceil_div(s.out_c, c) * c * taps(s);
    case ConvAlgorithm::winograd_2: return out * ceil_div(s.in_c, c) * c * 16;
    case ConvAlgorithm::winograd_4: return out * ceil_div(s.in_c, c) * c * 36;
    case ConvAlgorithm::pixels:
    case ConvAlgorithm::im2col: return s.out_c * (s.in_c / s.groups) * taps(s);
  }
  return 0;
}

void conv2d_pack(const Conv2dPlan& plan, const float* weights, float* packed, ThreadPool* pool) {
  switch (plan.algorithm) {
    case ConvAlgorithm::direct: pack_chunks(plan, plan.table->channel_block, weights, packed); break;
    case ConvAlgorithm::plain_input: pack_chunks(plan, 1, weights, packed); break;
    case ConvAlgorithm::depthwise: pack_depthwise(plan, weights, packed); break;
    case ConvAlgorithm::pixels: pack_pixels(plan, weights, packed); break;
    case ConvAlgorithm::winograd_2:
    case ConvAlgorithm::winograd_4: pack_winograd(plan, weights, packed, pool); break;
    case ConvAlgorithm::im2col: std::copy(weights, weights + conv2d_packed_floats(plan), packed); break;
  }
}

std::int64_t conv2d_scratch_floats(const Conv2dPlan& plan, int threads) {
  if (plan.algorithm == ConvAlgorithm::winograd_2 || plan.algorithm == ConvAlgorithm::winograd_4) {
    std::int64_t most = 0;  // the way of splitting may change with the number of threads
    for (int t = 1; t <= threads; ++t) most = std::max(most, Winograd(plan).scratch_floats(plan, t));
    return most;
  }
  if (plan.algorithm != ConvAlgorithm::im2col) return 0;
  const Im2col m(plan);
  return m.panels * m.table.gemm_panel * m.k + threads * m.table.gemm_scratch_floats(m.k);
}

void conv2d_run(const Conv2dPlan& plan, ThreadPool& pool, const float* in, const float* packed, float* out,
                const Epilogue& epilogue, float* scratch) {
  const KernelTable& t = *plan.table;
  const Conv2dArgs args{plan.shape, in, packed, out, epilogue};
  switch (plan.algorithm) {
    case ConvAlgorithm::direct: run_rectangle(plan, pool, args, t.conv_direct_extent, t.conv_direct); break;
    case ConvAlgorithm::plain_input: run_rectangle(plan, pool, args, t.conv_plain_extent, t.conv_plain); break;
    case ConvAlgorithm::pixels: run_rectangle(plan, pool, args, t.conv_pixels_extent, t.conv_pixels); break;
    case ConvAlgorithm::depthwise: run_rectangle(plan, pool, args, t.conv_depthwise_extent, t.conv_depthwise); break;
    case ConvAlgorithm::winograd_2:
    case ConvAlgorithm::winograd_4: run_winograd(plan, pool, args, scratch); break;
    case ConvAlgorithm::im2col: run_im2col(plan, pool, in, packed, out, epilogue, scratch); break;
  }
}

}  // namespace frugal
