#include "kernels/conv2d.h"

#include <algorithm>

#include "base/check.h"
#include "kernels/gemm.h"

namespace frugal {
namespace {

// The first layer's row segment lives on the stack of the kernel (kRowSegment in simd/conv.inl).
constexpr std::int64_t kMaxPlainReach = 256;

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
      return table.conv_plain && s.groups == 1 && (s.stride_w == 1 || s.stride_w == 2 || s.stride_w == 4) &&
             (s.kernel_w - 1) * s.dilation_w < kMaxPlainReach;
    case ConvAlgorithm::depthwise: return table.conv_depthwise && s.groups == s.in_c && s.groups == s.out_c;
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

// --- im2col ---

struct Im2col {
  const KernelTable& table;
  const Conv2dShape& shape;
  std::int64_t pixels, k, panels;
  explicit Im2col(const Conv2dPlan& plan)
      : table(*plan.table), shape(plan.shape), pixels(shape.out_h * shape.out_w),
        k(shape.in_c / shape.groups * taps(shape)), panels(ceil_div(pixels, table.gemm_panel)) {}

  // Panels [begin, end) of the columns of one group: [panel][k][pixel], zero beyond the last pixel.
  void columns(const float* planes, float* packed, std::int64_t begin, std::int64_t end) const {
    const Conv2dShape& s = shape;
    const std::int64_t width = table.gemm_panel;
    for (std::int64_t panel = begin; panel < end; ++panel) {
      float* to = packed + panel * k * width;
      for (std::int64_t ic = 0; ic < s.in_c / s.groups; ++ic)
        for (std::int64_t ky = 0; ky < s.kernel_h; ++ky)
          for (std::int64_t kx = 0; kx < s.kernel_w; ++kx)
            for (std::int64_t i = 0; i < width; ++i) {
              const std::int64_t pixel = panel * width + i;
              const std::int64_t iy = pixel / s.out_w * s.stride_h - s.pad_top + ky * s.dilation_h;
              const std::int64_t ix = pixel % s.out_w * s.stride_w - s.pad_left + kx * s.dilation_w;
              const bool exists = pixel < pixels && iy >= 0 && iy < s.in_h && ix >= 0 && ix < s.in_w;
              *to++ = exists ? planes[(ic * s.in_h + iy) * s.in_w + ix] : 0;
            }
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
      const GemmArgs args{out_c, m.pixels, m.k,      weights + g * out_c * m.k, m.k, scratch,
                          out + at, m.pixels, e, true};
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
    case ConvAlgorithm::im2col: return "im2col";
  }
  return "?";
}

std::vector<ConvAlgorithm> conv2d_algorithms(const KernelTable& table, const Conv2dShape& shape,
                                             const ConvOptions&) {
  std::vector<ConvAlgorithm> found;
  auto offer = [&](ConvAlgorithm algorithm) {
    if (fits(table, shape, algorithm) && std::find(found.begin(), found.end(), algorithm) == found.end())
      found.push_back(algorithm);
  };
  if (shape.in_c <= 4 && shape.groups == 1) offer(ConvAlgorithm::plain_input);
  for (ConvAlgorithm algorithm : {ConvAlgorithm::depthwise, ConvAlgorithm::direct, ConvAlgorithm::plain_input,
                                  ConvAlgorithm::im2col})
    offer(algorithm);
  return found;
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
    case ConvAlgorithm::im2col: return s.out_c * (s.in_c / s.groups) * taps(s);
  }
  return 0;
}

void conv2d_pack(const Conv2dPlan& plan, const float* weights, float* packed) {
  switch (plan.algorithm) {
    case ConvAlgorithm::direct: pack_chunks(plan, plan.table->channel_block, weights, packed); break;
    case ConvAlgorithm::plain_input: pack_chunks(plan, 1, weights, packed); break;
    case ConvAlgorithm::depthwise: pack_depthwise(plan, weights, packed); break;
    case ConvAlgorithm::im2col: std::copy(weights, weights + conv2d_packed_floats(plan), packed); break;
  }
}

std::int64_t conv2d_scratch_floats(const Conv2dPlan& plan, int threads) {
  if (plan.algorithm != ConvAlgorithm::im2col) return 0;
  const Im2col m(plan);
  return m.panels * m.table.gemm_panel * m.k + threads * m.table.gemm_scratch_floats(m.k);
}

void conv2d_run(const Conv2dPlan& plan, ThreadPool& pool, const float* in, const float* packed, float* out,
                const Epilogue& epilogue, float* scratch) {
  const KernelTable& t = *plan.table;
  const Conv2dArgs args{plan.shape, in, packed, out, epilogue};
  auto split = [&](auto items, auto kernel) {
    pool.parallel_for(items(plan.shape), 1,
                      [&](std::int64_t begin, std::int64_t end, int) { kernel(args, begin, end); });
  };
  switch (plan.algorithm) {
    case ConvAlgorithm::direct: split(t.conv_direct_items, t.conv_direct); break;
    case ConvAlgorithm::plain_input: split(t.conv_plain_items, t.conv_plain); break;
    case ConvAlgorithm::depthwise: split(t.conv_depthwise_items, t.conv_depthwise); break;
    case ConvAlgorithm::im2col: run_im2col(plan, pool, in, packed, out, epilogue, scratch); break;
  }
}

}  // namespace frugal
