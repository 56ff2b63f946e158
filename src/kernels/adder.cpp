#include "kernels/adder.h"

#include <algorithm>

#include "kernels/im2col.h"

namespace frugal {

std::int64_t adder_panels(const KernelTable& table, const Conv2dShape& shape) { return Im2col(table, shape).panels; }

std::int64_t adder_scratch_floats(const KernelTable& table, const Conv2dShape& shape) {
  return table.gemm_panel * (Im2col(table, shape).k + shape.out_c);
}

void adder_conv2d(const KernelTable& table, const Conv2dShape& shape, const float* x, const float* weights, float* y,
                  const Epilogue& epilogue, float* scratch, std::int64_t begin, std::int64_t end) {
  const Im2col m(table, shape);
  for (std::int64_t panel = begin; panel < end; ++panel) {
    const std::int64_t first = panel * table.gemm_panel;
    m.column_panel(x, panel, scratch);
    GemmArgs args{shape.out_c, std::min<std::int64_t>(m.pixels - first, table.gemm_panel),
                  m.k,         weights,
                  m.k,         scratch,
                  y + first,   m.pixels,
                  epilogue,    true};
    if (args.epilogue.residual) args.epilogue.residual += first;
    table.adder(args, 0, 1);
  }
}

void adder_conv2d_input_gradient(const KernelTable& table, const Conv2dShape& shape, const float* x,
                                 const float* weights, const float* dy, float* dx, float* scratch) {
  const Im2col m(table, shape);
  float *columns = scratch, *gradient = scratch + m.k * table.gemm_panel;
  std::fill(dx, dx + shape.in_c * shape.in_h * shape.in_w, 0.0f);
  for (std::int64_t panel = 0; panel < m.panels; ++panel) {
    const std::int64_t first = panel * table.gemm_panel,
                       pixels = std::min<std::int64_t>(m.pixels - first, table.gemm_panel);
    m.column_panel(x, panel, columns);
    for (std::int64_t t = 0; t < shape.out_c; ++t) {
      float* to = gradient + t * table.gemm_panel;
      std::copy_n(dy + t * m.pixels + first, pixels, to);
      std::fill(to + pixels, to + table.gemm_panel, 0.0f);
    }
    table.adder_gradient({shape.out_c, m.k, weights, columns, gradient, columns}, 0, 1);
    m.add_panel(columns, panel, dx);
  }
}

}  // namespace frugal
