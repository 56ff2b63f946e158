// The windows of a convolution as columns of a matrix, in the panels that a GEMM takes.
#pragma once

#include <cstring>

#include "kernels/kernels.h"

namespace frugal {

struct Im2col {
  const KernelTable& table;
  const Conv2dShape& shape;
  std::int64_t pixels, k, panels;
  Im2col(const KernelTable& kernels, const Conv2dShape& s)
      : table(kernels),
        shape(s),
        pixels(shape.out_h * shape.out_w),
        k(shape.in_c / shape.groups * shape.kernel_h * shape.kernel_w),
        panels((pixels + table.gemm_panel - 1) / table.gemm_panel) {}

  // Panels [begin, end) of the columns of one group: [panel][k][pixel], zero beyond the last pixel.
  void columns(const float* planes, float* packed, std::int64_t begin, std::int64_t end) const {
    for (std::int64_t panel = begin; panel < end; ++panel)
      column_panel(planes, panel, packed + panel * k * table.gemm_panel);
  }

  void column_panel(const float* planes, std::int64_t panel, float* to) const {
    const Windows windows = windows_of(panel);
    each_tap([&](std::int64_t plane, std::int64_t dy, std::int64_t dx) {
      gather(planes + plane * shape.in_h * shape.in_w, windows, dy, dx, to);
      to += table.gemm_panel;
    });
  }

 private:
  static constexpr std::int64_t kMaxPanel = 64;
  // The upper left corner of each pixel's window; a pixel that does not exist lies far away.
  struct Windows {
    std::int64_t y[kMaxPanel], x[kMaxPanel];
  };

  Windows windows_of(std::int64_t panel) const {
    Windows w;
    for (std::int64_t i = 0; i < table.gemm_panel; ++i) {
      const std::int64_t pixel = panel * table.gemm_panel + i;
      w.y[i] = pixel < pixels ? pixel / shape.out_w * shape.stride_h - shape.pad_top : INT64_MIN / 2;
      w.x[i] = pixel % shape.out_w * shape.stride_w - shape.pad_left;
    }
    return w;
  }

  template <typename F>
  void each_tap(F f) const {
    for (std::int64_t ic = 0; ic < shape.in_c / shape.groups; ++ic)
      for (std::int64_t ky = 0; ky < shape.kernel_h; ++ky)
        for (std::int64_t kx = 0; kx < shape.kernel_w; ++kx) f(ic, ky * shape.dilation_h, kx * shape.dilation_w);
  }

  // One row of the picture, stride 1, nothing outside: contiguous.
  const float* run(const float* plane, const Windows& w, std::int64_t dy, std::int64_t dx) const {
    const std::int64_t last = table.gemm_panel - 1, y = w.y[0] + dy, x = w.x[0] + dx;
    const bool inside = w.y[0] == w.y[last] && w.x[last] - w.x[0] == last && y >= 0 && y < shape.in_h && x >= 0 &&
                        x + last < shape.in_w;
    return inside ? plane + y * shape.in_w + x : nullptr;
  }

  // Where pixel i's tap lies in the plane; -1: in the padding.
  std::int64_t place(const Windows& w, std::int64_t i, std::int64_t dy, std::int64_t dx) const {
    const std::int64_t y = w.y[i] + dy, x = w.x[i] + dx;
    return y >= 0 && y < shape.in_h && x >= 0 && x < shape.in_w ? y * shape.in_w + x : -1;
  }

  void gather(const float* plane, const Windows& w, std::int64_t dy, std::int64_t dx, float* to) const {
    if (const float* from = run(plane, w, dy, dx)) {
      std::memcpy(to, from, sizeof(float) * static_cast<std::size_t>(table.gemm_panel));
      return;
    }
    for (std::int64_t i = 0; i < table.gemm_panel; ++i) {
      const std::int64_t at = place(w, i, dy, dx);
      to[i] = at >= 0 ? plane[at] : 0;
    }
  }
};

}  // namespace frugal
