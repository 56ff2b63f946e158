#include "kernels/adder.h"

#include <algorithm>
#include <cstring>

namespace frugal {
namespace {

// A picture with its padding around it, so that every tap of a run of windows is one piece of a row: [in_c][h][w], just
// as large as the windows reach.
class Windows {
 public:
  Windows(const KernelTable& table, const Conv2dShape& s)
      : s_(s),
        panel_(table.gemm_panel),
        h_((s.out_h - 1) * s.stride_h + (s.kernel_h - 1) * s.dilation_h + 1),
        w_((s.out_w - 1) * s.stride_w + (s.kernel_w - 1) * s.dilation_w + 1),
        inside_h_(std::clamp<std::int64_t>(h_ - s.pad_top, 0, s.in_h)),
        inside_w_(std::clamp<std::int64_t>(w_ - s.pad_left, 0, s.in_w)) {}

  std::int64_t pixels() const { return s_.out_h * s_.out_w; }
  std::int64_t panels() const { return (pixels() + panel_ - 1) / panel_; }
  std::int64_t depth() const { return s_.in_c * s_.kernel_h * s_.kernel_w; }
  std::int64_t floats() const { return s_.in_c * h_ * w_; }

  void pad(const float* x, float* padded) const {
    std::fill_n(padded, floats(), 0.0f);
    each_row([&](std::int64_t outside, std::int64_t inside) { std::copy_n(x + outside, inside_w_, padded + inside); });
  }
  // What of `padded` is a pixel; the rest of x, which no window sees, becomes 0.
  void crop(const float* padded, float* x) const {
    std::fill_n(x, s_.in_c * s_.in_h * s_.in_w, 0.0f);
    each_row([&](std::int64_t outside, std::int64_t inside) { std::copy_n(padded + inside, inside_w_, x + outside); });
  }

  // The columns of a panel, [depth][panel], zero beyond the last pixel.
  void columns(const float* padded, std::int64_t panel, float* to) const {
    if ((panel + 1) * panel_ > pixels()) std::fill_n(to, depth() * panel_, 0.0f);
    each_run(panel, [&](std::int64_t first, std::int64_t count, std::int64_t offset) {
      each_tap(
          [&](std::int64_t tap, std::int64_t at) { copy_run(padded + at + offset, to + tap * panel_ + first, count); });
    });
  }
  // The other way: adds every element of a panel to the pixel it came from.
  void add_columns(const float* from, std::int64_t panel, float* padded) const {
    each_run(panel, [&](std::int64_t first, std::int64_t count, std::int64_t offset) {
      each_tap([&](std::int64_t tap, std::int64_t at) {
        const float* values = from + tap * panel_ + first;
        float* to = padded + at + offset;
        if (s_.stride_w == 1)
          for (std::int64_t i = 0; i < count; ++i) to[i] += values[i];
        else
          for (std::int64_t i = 0; i < count; ++i) to[i * s_.stride_w] += values[i];
      });
    });
  }

 private:
  // f(offset in x, offset in the padded picture) of every row of pixels.
  template <typename F>
  void each_row(F f) const {
    for (std::int64_t c = 0; c < s_.in_c; ++c)
      for (std::int64_t y = 0; y < inside_h_; ++y)
        f((c * s_.in_h + y) * s_.in_w, (c * h_ + y + s_.pad_top) * w_ + s_.pad_left);
  }
  // f(lane, count, offset of the first window) of every row of the output that the panel has pixels of.
  template <typename F>
  void each_run(std::int64_t panel, F f) const {
    const std::int64_t begin = panel * panel_, end = std::min(begin + panel_, pixels());
    for (std::int64_t at = begin, count; at < end; at += count) {
      const std::int64_t y = at / s_.out_w, x = at % s_.out_w;
      count = std::min(end - at, s_.out_w - x);
      f(at - begin, count, y * s_.stride_h * w_ + x * s_.stride_w);
    }
  }
  template <typename F>
  void each_tap(F f) const {
    std::int64_t tap = 0;
    for (std::int64_t c = 0; c < s_.in_c; ++c)
      for (std::int64_t ky = 0; ky < s_.kernel_h; ++ky)
        for (std::int64_t kx = 0; kx < s_.kernel_w; ++kx)
          f(tap++, (c * h_ + ky * s_.dilation_h) * w_ + kx * s_.dilation_w);
  }
  void copy_run(const float* from, float* to, std::int64_t count) const {
    if (s_.stride_w != 1)
      for (std::int64_t i = 0; i < count; ++i) to[i] = from[i * s_.stride_w];
    else if (count == 16)
      std::memcpy(to, from, 16 * sizeof(float));
    else if (count == 8)
      std::memcpy(to, from, 8 * sizeof(float));
    else
      std::copy_n(from, count, to);
  }

  const Conv2dShape& s_;
  std::int64_t panel_, h_, w_, inside_h_, inside_w_;
};

}  // namespace

std::int64_t adder_panels(const KernelTable& table, const Conv2dShape& shape) { return Windows(table, shape).panels(); }

std::int64_t adder_scratch_floats(const KernelTable& table, const Conv2dShape& shape) {
  const Windows w(table, shape);
  return table.gemm_panel * (w.depth() + shape.out_c) + 2 * w.floats();
}

void adder_conv2d(const KernelTable& table, const Conv2dShape& shape, const float* x, const float* weights, float* y,
                  const Epilogue& epilogue, float* scratch, std::int64_t begin, std::int64_t end) {
  const Windows w(table, shape);
  float *columns = scratch, *padded = scratch + table.gemm_panel * w.depth();
  w.pad(x, padded);
  for (std::int64_t panel = begin; panel < end; ++panel) {
    const std::int64_t first = panel * table.gemm_panel;
    w.columns(padded, panel, columns);
    GemmArgs args{shape.out_c, std::min<std::int64_t>(w.pixels() - first, table.gemm_panel),
                  w.depth(),   weights,
                  w.depth(),   columns,
                  y + first,   w.pixels(),
                  epilogue,    true};
    if (args.epilogue.residual) args.epilogue.residual += first;
    table.adder(args, 0, 1);
  }
}

void adder_conv2d_input_gradient(const KernelTable& table, const Conv2dShape& shape, const float* x,
                                 const float* weights, const float* dy, float* dx, float* scratch) {
  const Windows w(table, shape);
  float *columns = scratch, *gradient = columns + table.gemm_panel * w.depth(),
        *padded = gradient + table.gemm_panel * shape.out_c, *sums = padded + w.floats();
  w.pad(x, padded);
  std::fill_n(sums, w.floats(), 0.0f);
  for (std::int64_t panel = 0; panel < w.panels(); ++panel) {
    const std::int64_t first = panel * table.gemm_panel,
                       pixels = std::min<std::int64_t>(w.pixels() - first, table.gemm_panel);
    w.columns(padded, panel, columns);
    for (std::int64_t t = 0; t < shape.out_c; ++t) {
      float* to = gradient + t * table.gemm_panel;
      std::copy_n(dy + t * w.pixels() + first, pixels, to);
      std::fill(to + pixels, to + table.gemm_panel, 0.0f);
    }
    table.adder_gradient({shape.out_c, w.depth(), weights, columns, gradient, columns}, 0, 1);
    w.add_columns(columns, panel, sums);
  }
  w.crop(sums, dx);
}

}  // namespace frugal
