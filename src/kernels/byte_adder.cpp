#include "kernels/byte_adder.h"

#include <algorithm>
#include <array>
#include <limits>

namespace frugal {

namespace {

AdderPlanes adder_planes(const Conv2dShape& s, std::int64_t groups) {
  AdderPlanes p{};
  p.channels = s.in_c, p.in_h = s.in_h, p.in_w = s.in_w, p.pad_top = s.pad_top, p.pad_left = s.pad_left;
  p.groups = groups;
  p.blocks = (s.in_c + 7) / 8;
  p.row_step = s.kernel_h == 1 ? s.stride_h : 1;
  p.rows = ((s.out_h - 1) * s.stride_h + (s.kernel_h - 1) * s.dilation_h) / p.row_step + 1;
  p.width = (s.out_w - 1) * s.stride_w + (s.kernel_w - 1) * s.dilation_w + 1;
  p.stride = s.stride_w;
  p.phases = s.kernel_w == 1 ? 1 : s.stride_w;
  p.columns = (p.width + p.stride - 1) / p.stride;
  p.row_bytes = p.phases * p.columns * 8;
  // An odd number of cache lines: blocks of one pixel must not fall into the same few sets of the cache.
  p.block_bytes = ((p.rows * p.row_bytes + 63) / 64 | 1) * 64;
  p.group_bytes = p.blocks * p.block_bytes;
  return p;
}

// Rows without a gap are one row.
Extent output_rows(const ByteAdderPlan& plan) {
  const Conv2dShape& s = plan.shape;
  const bool one = plan.layout.row_bytes == 8 * s.out_w && plan.layout.row_step == s.stride_h;
  return one ? Extent{1, s.out_h * s.out_w} : Extent{s.out_h, s.out_w};
}

}  // namespace

ByteAdderPlan byte_adder_plan(const KernelTable& table, const Conv2dShape& s, std::span<const std::uint8_t> group,
                              std::int64_t groups) {
  ByteAdderPlan plan{.kernel = table.byte_adder,
                     .shape = s,
                     .layout = adder_planes(s, groups),
                     .tiles = {},
                     .offsets = {},
                     .weight_bytes = 0};
  const AdderPlanes& p = plan.layout;
  // Block by block: the taps of one share cache lines.
  for (std::int64_t block = 0; block < p.blocks; ++block)
    for (std::int64_t ky = 0; ky < s.kernel_h; ++ky)
      for (std::int64_t kx = 0; kx < s.kernel_w; ++kx) {
        const std::int64_t x = kx * s.dilation_w;
        plan.offsets.push_back(block * p.block_bytes + ky * s.dilation_h * p.row_bytes +
                               (x % p.stride * p.columns + x / p.stride) * 8);
      }
  for (std::int64_t g = 0; g < groups; ++g) {
    std::vector<std::int32_t> members;
    for (std::size_t t = 0; t < group.size(); ++t)
      if (group[t] == g) members.push_back(static_cast<std::int32_t>(t));
    // Tiles of about equal size.
    const std::size_t count = members.size(), tiles = (count + kByteAdderChannels - 1) / kByteAdderChannels;
    for (std::size_t i = 0; i < tiles; ++i) {
      const std::size_t begin = count * i / tiles, end = count * (i + 1) / tiles;
      ByteAdderTile tile{plan.weight_bytes, static_cast<std::int32_t>(g), static_cast<std::int32_t>(end - begin), {}};
      std::copy(members.begin() + static_cast<std::ptrdiff_t>(begin),
                members.begin() + static_cast<std::ptrdiff_t>(end), tile.channel);
      plan.weight_bytes += static_cast<std::int64_t>(plan.offsets.size()) * tile.count * 8;
      plan.tiles.push_back(tile);
    }
  }
  return plan;
}

void byte_adder_pack(const ByteAdderPlan& plan, const std::uint8_t* v, int zero, std::uint8_t* packed) {
  const Conv2dShape& s = plan.shape;
  const std::int64_t taps = s.kernel_h * s.kernel_w, chunks = static_cast<std::int64_t>(plan.offsets.size());
  for (const ByteAdderTile& tile : plan.tiles)
    for (std::int64_t chunk = 0; chunk < chunks; ++chunk)
      for (int t = 0; t < tile.count; ++t)
        for (std::int64_t lane = 0; lane < 8; ++lane) {
          const std::int64_t tap = chunk % taps, c = chunk / taps * 8 + lane;
          packed[tile.weights + (chunk * tile.count + t) * 8 + lane] =
              c < s.in_c ? v[(tile.channel[t] * s.in_c + c) * taps + tap] : static_cast<std::uint8_t>(zero);
        }
}

namespace {

// Sums of windows for one row of outputs, in parts that fit the registers and the nearest cache.
template <typename Sum>
void restore_row(const Conv2dShape& s, std::int64_t width, const std::int32_t* from, float* restored) {
  constexpr std::int64_t kPart = 64;
  for (std::int64_t x = 0; x < s.out_w; x += kPart) {
    const std::int64_t count = std::min(kPart, s.out_w - x);
    std::array<Sum, kPart> sum{};
    for (std::int64_t ky = 0; ky < s.kernel_h; ++ky)
      for (std::int64_t kx = 0; kx < s.kernel_w; ++kx) {
        const std::int32_t* tap = from + ky * s.dilation_h * width + x * s.stride_w + kx * s.dilation_w;
        if (s.stride_w == 1)
          for (std::int64_t i = 0; i < count; ++i) sum[i] += tap[i];
        else
          for (std::int64_t i = 0; i < count; ++i) sum[i] += tap[i * s.stride_w];
      }
    for (std::int64_t i = 0; i < count; ++i) restored[x + i] = static_cast<float>(sum[i]);
  }
}

std::int64_t whole_lines(std::int64_t bytes) { return (bytes + 63) / 64 * 64; }

struct ScratchSizes {
  std::int64_t planes, excess = 0, restored = 0;

  ScratchSizes(const ByteAdderPlan& plan, bool restore) {
    const AdderPlanes& p = plan.layout;
    planes = whole_lines(p.groups * p.group_bytes + 128);  // vectors of pixels at the end of a row reach beyond it
    if (!restore) return;
    excess = whole_lines(p.groups * p.rows * p.width * 4);
    restored = whole_lines(p.groups * plan.shape.out_h * plan.shape.out_w * 4);
  }
};

}  // namespace

std::int64_t byte_adder_scratch_bytes(const ByteAdderPlan& plan, bool restore) {
  const ScratchSizes sizes(plan, restore);
  return sizes.planes + sizes.excess + sizes.restored;
}

ByteAdderPass::ByteAdderPass(const ByteAdderPlan& plan, const ByteAdderImage& image, void* scratch)
    : plan_(plan), image_(image) {
  const ScratchSizes sizes(plan, image.restore);
  auto* place = static_cast<std::byte*>(scratch);
  const auto take = [&]<typename T>(T*& to, std::int64_t bytes) {
    to = bytes > 0 ? reinterpret_cast<T*>(place) : nullptr;
    place += bytes;
  };
  take(planes_, sizes.planes);
  take(excess_, sizes.excess);
  take(restored_, sizes.restored);
}

void ByteAdderPass::planes(std::int64_t begin, std::int64_t end) const {
  const ByteAdderImage& i = image_;
  plan_.kernel.planes({plan_.layout, i.x, i.numbers, i.grids, planes_, excess_}, begin, end);
}

std::int64_t ByteAdderPass::restored_rows() const { return restored_ ? plan_.layout.groups * plan_.shape.out_h : 0; }

void ByteAdderPass::restore(std::int64_t begin, std::int64_t end) const {
  const Conv2dShape& s = plan_.shape;
  const AdderPlanes& p = plan_.layout;
  const bool narrow = s.in_c * s.kernel_h * s.kernel_w * kMostExcess <= std::numeric_limits<std::int32_t>::max();
  for (std::int64_t row = begin; row < end; ++row) {
    const std::int32_t* from = excess_ + (row / s.out_h * p.rows + row % s.out_h * s.stride_h / p.row_step) * p.width;
    narrow ? restore_row<std::int32_t>(s, p.width, from, restored_ + row * s.out_w)
           : restore_row<std::int64_t>(s, p.width, from, restored_ + row * s.out_w);
  }
}

std::int64_t ByteAdderPass::items() const {
  const auto [rows, width] = output_rows(plan_);
  return static_cast<std::int64_t>(plan_.tiles.size()) * plan_.kernel.pairs(rows, width);
}

void ByteAdderPass::sums(std::int64_t begin, std::int64_t end) const {
  const Conv2dShape& s = plan_.shape;
  const auto [rows, width] = output_rows(plan_);
  plan_.kernel.run({plan_.layout, s.out_c, rows, width, s.stride_h / plan_.layout.row_step,
                    static_cast<std::int64_t>(plan_.offsets.size()), plan_.offsets.data(), planes_, image_.weights,
                    plan_.weight_bytes, plan_.tiles.data(), image_.factor, image_.bias, restored_, image_.y,
                    image_.epilogue, image_.rounded},
                   begin, end);
}

}  // namespace frugal
