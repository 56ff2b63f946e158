#include <algorithm>
#include <cstdint>

#include "kernels/conv2d_common.h"
#include "kernels/gemm.h"
#include "kernels/im2col.h"

namespace frugal {
namespace {

// --- Splitting over threads ---

// A machine in multiply-adds of one core: a byte of weights from the shared
// cache, and a byte that the other core has just written (Zen 4, 59 GMAC/s). A
// thread that works on its own part of the picture finds its input where it
// left it; one that works on its own channels reads what others wrote, and so
// will those that read its output.
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

double input_bytes(const Conv2dShape& s) {
  return static_cast<double>(s.batch * s.in_c * s.in_h * s.in_w) * sizeof(float);
}
double output_bytes(const Conv2dShape& s) {
  return static_cast<double>(s.batch * s.out_c * s.out_h * s.out_w) * sizeof(float);
}

// kernel(begin, end, thread)
template <typename Kernel>
void run_rectangle(const Conv2dPlan& plan, ThreadPool& pool, const Extent& extent, Kernel kernel) {
  const auto weights = static_cast<double>(conv2d_packed_floats(plan)) * sizeof(float);
  if (split_by_strips(extent, pool.threads(), macs_of(plan.shape), weights,
                      input_bytes(plan.shape) + output_bytes(plan.shape))) {
    pool.parallel_for(extent.strips, 1, [&](std::int64_t begin, std::int64_t end, int thread) {
      kernel(Extent{0, begin}, Extent{extent.chunks, end}, thread);
    });
  } else {
    pool.parallel_for(extent.chunks, 1, [&](std::int64_t begin, std::int64_t end, int thread) {
      kernel(Extent{begin, 0}, Extent{end, extent.strips}, thread);
    });
  }
}

void run_rectangle(const Conv2dPlan& plan, ThreadPool& pool, const Conv2dArgs& args,
                   Extent (*extent_of)(const Conv2dShape&), void (*kernel)(const Conv2dArgs&, Extent, Extent)) {
  run_rectangle(plan, pool, extent_of(plan.shape),
                [&](const Extent& begin, const Extent& end, int) { kernel(args, begin, end); });
}

void run_columns(const Conv2dPlan& plan, ThreadPool& pool, const Conv2dArgs& args, float* scratch) {
  const ConvColumns& columns = *columns_of(*plan.table);
  const std::int64_t own = columns.scratch_floats(plan.shape);
  run_rectangle(plan, pool, columns.extent(plan.shape), [&](const Extent& begin, const Extent& end, int thread) {
    columns.run(args, begin, end, scratch + thread * own);
  });
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
  if (w.by_tiles(plan,
                 pool.threads())) {  // every thread has its own tiles from end to end
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

// --- im2col ---

void run_im2col(const Conv2dPlan& plan, ThreadPool& pool, const float* in, const float* weights, float* out,
                const Epilogue& epilogue, float* scratch) {
  const Im2col m(*plan.table, plan.shape);
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

std::int64_t conv2d_scratch_floats(const Conv2dPlan& plan, int threads) {
  if (plan.algorithm == ConvAlgorithm::winograd_2 || plan.algorithm == ConvAlgorithm::winograd_4) {
    std::int64_t most = 0;  // the way of splitting may change with the number of threads
    for (int t = 1; t <= threads; ++t) most = std::max(most, Winograd(plan).scratch_floats(plan, t));
    return most;
  }
  if (plan.algorithm == ConvAlgorithm::columns) return threads * columns_of(*plan.table)->scratch_floats(plan.shape);
  if (plan.algorithm != ConvAlgorithm::im2col) return 0;
  const Im2col m(*plan.table, plan.shape);
  return m.panels * m.table.gemm_panel * m.k + threads * m.table.gemm_scratch_floats(m.k);
}

void conv2d_run(const Conv2dPlan& plan, ThreadPool& pool, const float* in, const float* packed, float* out,
                const Epilogue& epilogue, float* scratch) {
  const KernelTable& t = *plan.table;
  const Conv2dArgs args{plan.shape, in, packed, out, epilogue};
  switch (plan.algorithm) {
    case ConvAlgorithm::direct: run_rectangle(plan, pool, args, t.conv_direct_extent, t.conv_direct); break;
    case ConvAlgorithm::columns: run_columns(plan, pool, args, scratch); break;
    case ConvAlgorithm::plain_input: run_rectangle(plan, pool, args, t.conv_plain_extent, t.conv_plain); break;
    case ConvAlgorithm::pixels: run_rectangle(plan, pool, args, t.conv_pixels_extent, t.conv_pixels); break;
    case ConvAlgorithm::depthwise: run_rectangle(plan, pool, args, t.conv_depthwise_extent, t.conv_depthwise); break;
    case ConvAlgorithm::winograd_2:
    case ConvAlgorithm::winograd_4: run_winograd(plan, pool, args, scratch); break;
    case ConvAlgorithm::im2col: run_im2col(plan, pool, in, packed, out, epilogue, scratch); break;
  }
}

}  // namespace frugal
