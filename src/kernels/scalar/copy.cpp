#include "kernels/copy.h"

#include <cstring>

namespace frugal {
namespace {

using Index = std::int64_t;

// Offsets of row `row` in row-major order of the axes, and a step to the next row.
template <typename Axes>
class RowWalker {
 public:
  RowWalker(const Axes& axes, Index row) : axes_(axes), at_{} {
    for (std::size_t i = axes.size(); i-- > 0;) {
      at_[i] = row % axes[i].size;
      row /= axes[i].size;
    }
  }
  Index at(std::size_t axis) const { return at_[axis]; }
  void next() {
    for (std::size_t i = axes_.size(); i-- > 0;) {
      if (++at_[i] < axes_[i].size) return;
      at_[i] = 0;
    }
  }

 private:
  const Axes& axes_;
  Index at_[16];
};

template <typename T>
void copy_strided(Index n, const std::byte* in, Index in_stride, std::byte* out, Index out_stride) {
  for (Index i = 0; i < n; ++i)
    std::memcpy(out + i * out_stride * Index(sizeof(T)), in + i * in_stride * Index(sizeof(T)), sizeof(T));
}

}  // namespace

CopyPlan::CopyPlan(std::span<const Index> size, std::span<const Index> in_stride, std::span<const Index> out_stride,
                   std::size_t element_bytes)
    : inner_{1, 1, 1}, rows_(1), bytes_(element_bytes) {
  for (std::size_t i = 0; i < size.size(); ++i) {
    if (size[i] == 0) rows_ = 0;
    if (size[i] == 1) continue;
    Axis axis{size[i], in_stride[i], out_stride[i]};
    if (!outer_.empty()) {
      Axis& last = outer_.back();
      if (last.in_stride == axis.in_stride * axis.size && last.out_stride == axis.out_stride * axis.size) {
        axis.size *= last.size;
        outer_.pop_back();
      }
    }
    outer_.push_back(axis);
  }
  if (rows_ == 0 || outer_.empty()) return;
  inner_ = outer_.back();
  outer_.pop_back();
  for (const Axis& axis : outer_) rows_ *= axis.size;
}

void CopyPlan::run(const void* in, void* out, Index row_begin, Index row_end) const {
  RowWalker walker(outer_, row_begin);
  for (Index row = row_begin; row < row_end; ++row, walker.next()) {
    Index from = 0, to = 0;
    for (std::size_t i = 0; i < outer_.size(); ++i) {
      from += walker.at(i) * outer_[i].in_stride;
      to += walker.at(i) * outer_[i].out_stride;
    }
    const std::byte* a = static_cast<const std::byte*>(in) + from * Index(bytes_);
    std::byte* b = static_cast<std::byte*>(out) + to * Index(bytes_);
    if (inner_.in_stride == 1 && inner_.out_stride == 1)
      std::memcpy(b, a, std::size_t(inner_.size) * bytes_);
    else if (bytes_ == 8)
      copy_strided<std::uint64_t>(inner_.size, a, inner_.in_stride, b, inner_.out_stride);
    else if (bytes_ == 4)
      copy_strided<std::uint32_t>(inner_.size, a, inner_.in_stride, b, inner_.out_stride);
    else if (bytes_ == 2)
      copy_strided<std::uint16_t>(inner_.size, a, inner_.in_stride, b, inner_.out_stride);
    else
      copy_strided<std::uint8_t>(inner_.size, a, inner_.in_stride, b, inner_.out_stride);
  }
}

GatherPlan::GatherPlan(std::span<const Index> in_size, std::vector<std::vector<Index>> maps, std::size_t element_bytes,
                       const void* fill)
    : inner_{1, 0, {0}}, rows_(1), unit_(element_bytes) {
  auto identity = [&](std::size_t i) {
    if (Index(maps[i].size()) != in_size[i]) return false;
    for (std::size_t k = 0; k < maps[i].size(); ++k)
      if (maps[i][k] != Index(k)) return false;
    return true;
  };
  std::size_t axes = in_size.size();
  while (axes > 0 && identity(axes - 1)) unit_ *= std::size_t(in_size[--axes]);
  filled_.resize(unit_);
  for (std::size_t i = 0; i < unit_; i += element_bytes) std::memcpy(filled_.data() + i, fill, element_bytes);

  Index stride = Index(unit_);
  for (std::size_t i = axes; i-- > 0; stride *= in_size[i])
    outer_.insert(outer_.begin(), {Index(maps[i].size()), stride, std::move(maps[i])});
  if (axes > 0) {
    inner_ = std::move(outer_.back());
    outer_.pop_back();
  }
  for (const Axis& axis : outer_) rows_ *= axis.size;
}

// Indices that follow one another are copied in one go.
void GatherPlan::run_row(const std::byte* in, std::byte* out) const {
  for (Index i = 0; i < inner_.size;) {
    Index first = inner_.map[std::size_t(i)], n = 1;
    if (first < 0) {
      std::memcpy(out + std::size_t(i) * unit_, filled_.data(), unit_);
    } else {
      while (i + n < inner_.size && inner_.map[std::size_t(i + n)] == first + n) ++n;
      const std::byte* from = in + first * inner_.in_stride;
      if (n == 1 && unit_ == 4)
        std::memcpy(out + std::size_t(i) * 4, from, 4);
      else if (n == 1 && unit_ == 64)  // a pixel of 16 channels, or of 8
        std::memcpy(out + std::size_t(i) * 64, from, 64);
      else if (n == 1 && unit_ == 32)
        std::memcpy(out + std::size_t(i) * 32, from, 32);
      else
        std::memcpy(out + std::size_t(i) * unit_, from, std::size_t(n) * unit_);
    }
    i += n;
  }
}

void GatherPlan::run(const void* in, void* out, Index row_begin, Index row_end) const {
  const std::size_t row_bytes = std::size_t(inner_.size) * unit_;
  if (row_bytes == 0) return;
  RowWalker walker(outer_, row_begin);
  for (Index row = row_begin; row < row_end; ++row, walker.next()) {
    std::byte* to = static_cast<std::byte*>(out) + std::size_t(row) * row_bytes;
    const std::byte* from = static_cast<const std::byte*>(in);
    bool inside = true;
    for (std::size_t i = 0; i < outer_.size(); ++i) {
      Index at = outer_[i].map[std::size_t(walker.at(i))];
      inside = inside && at >= 0;
      if (inside) from += at * outer_[i].in_stride;
    }
    if (inside)
      run_row(from, to);
    else
      for (Index i = 0; i < inner_.size; ++i) std::memcpy(to + std::size_t(i) * unit_, filled_.data(), unit_);
  }
}

}  // namespace frugal
