#include "kernels/block_linear.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"
#include "base/pages.h"
#include "kernels/block_units.h"
#include "kernels/simd/block_tables.h"
#include "tensor/block_types.h"
#include "tensor/half.h"

namespace frugal {
namespace {

// Inputs up to this many units are quantised by every thread for itself: less than a second meeting of all costs.
constexpr std::int64_t kUnitsAlone = 256;

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
std::int64_t round_up(std::int64_t a, std::int64_t b) { return ceil_div(a, b) * b; }

bool plain(DType type) { return !dtype_info(type).blocks(); }
const BlockFormInfo& info_of(DType type) { return kBlockForms[static_cast<std::size_t>(block_form(type))]; }

std::int64_t panels_of(const BlockLinearPlan& plan) { return ceil_div(plan.n, plan.table->panel); }

// Where the scales of a unit lie in a panel: the halves, then what the unit alone has.
struct ScalePlace {
  std::int64_t halves, factors;
};
ScalePlace scale_place(const BlockFormInfo& info, std::int64_t unit) {
  const std::int64_t head = kBlockPanel * (info.offset ? 4 : 2);
  if (!info.super) return {unit * head, 0};
  const std::int64_t at = unit / kUnitsOfSuper * (head + kUnitsOfSuper * 32);
  return {at, at + head + unit % kUnitsOfSuper * 32};
}
std::int64_t scale_bytes(const BlockFormInfo& info, std::int64_t k) {
  return round_up(scale_place(info, k / kBlockUnit).halves, 64);
}
std::int64_t code_bytes(const BlockFormInfo& info) { return 64 * info.bits; }

std::int64_t panel_bytes(const BlockLinearPlan& plan) {
  const std::int64_t row = static_cast<std::int64_t>(byte_size(plan.type, {plan.k}));
  if (plan.table->panel == 1) return row;
  if (plain(plan.type)) return kBlockPanel * row;
  return scale_bytes(info_of(plan.type), plan.k) + plan.k / kBlockUnit * code_bytes(info_of(plan.type));
}

// Calls f(offset in the unit's codes, shift, bits) for the planes of step `step`, the lowest bits first.
template <typename F>
void each_plane(int bits, int step, F f) {
  int at = 0, low = 0;
  for (int width : {8, 4, 2, 1}) {
    if (!(bits & width)) continue;
    const int steps = 8 / width;
    f(at + 64 * (step / steps), step % steps * width, low, width);
    at += 64 * width, low += width;
  }
}

std::uint32_t every_byte(int x) { return static_cast<std::uint32_t>(x) * 0x01010101u; }

void pack_unit(const BlockFormInfo& info, const BlockUnit& unit, std::int64_t lane, std::int64_t at,
               std::uint8_t* scales, std::uint8_t* codes) {
  const ScalePlace place = scale_place(info, at);
  if (!info.super || at % kUnitsOfSuper == 0) {
    std::memcpy(scales + place.halves + 2 * lane, &unit.d, 2);
    if (info.offset) std::memcpy(scales + place.halves + 2 * (kBlockPanel + lane), &unit.m, 2);
  }
  if (info.super) {
    std::uint8_t* to = scales + place.factors + lane;
    for (int g = 0; g < info.groups; ++g)
      to[g * kBlockPanel] =
          static_cast<std::uint8_t>(info.groups == 2 && info.offset ? unit.scale[g] | unit.min[g] << 4 : unit.scale[g]);
    if (info.groups == 1) to[kBlockPanel] = static_cast<std::uint8_t>(unit.min[0]);
  }
  for (int step = 0; step < 8; ++step)
    each_plane(info.bits, step, [&](int offset, int shift, int low, int width) {
      std::uint32_t word, there;
      std::memcpy(&word, unit.code + 4 * step, 4);
      std::uint8_t* to = codes + offset + 4 * lane;
      std::memcpy(&there, to, 4);
      there |= (word >> low & every_byte((1 << width) - 1)) << shift;
      std::memcpy(to, &there, 4);
    });
}

void pack_panel(const BlockLinearPlan& plan, const std::uint8_t* weights, std::int64_t first, std::uint8_t* to) {
  const std::int64_t row_bytes = static_cast<std::int64_t>(byte_size(plan.type, {plan.k})),
                     channels = std::min(kBlockPanel, plan.n - first);
  std::memset(to, 0, static_cast<std::size_t>(panel_bytes(plan)));
  for (std::int64_t lane = 0; lane < channels; ++lane) {
    const std::uint8_t* row = weights + (first + lane) * row_bytes;
    if (plain(plan.type)) {
      const std::int64_t size = dtype_info(plan.type).block_bytes;
      for (std::int64_t i = 0; i < plan.k; ++i)
        std::memcpy(to + size * (i * kBlockPanel + lane), row + size * i, static_cast<std::size_t>(size));
      continue;
    }
    const BlockFormInfo& info = info_of(plan.type);
    std::uint8_t* codes = to + scale_bytes(info, plan.k);
    for (std::int64_t unit = 0; unit < plan.k / kBlockUnit; ++unit, codes += code_bytes(info))
      pack_unit(info, block_unit(plan.type, row, unit), lane, unit, to, codes);
  }
}

float half_at(const std::uint8_t* p) {
  std::uint16_t x;
  std::memcpy(&x, p, 2);
  return half_to_float(x);
}

void unpack_unit(const BlockFormInfo& info, const std::uint8_t* scales, const std::uint8_t* codes, std::int64_t lane,
                 std::int64_t at, float* out) {
  const ScalePlace place = scale_place(info, at);
  const float d = half_at(scales + place.halves + 2 * lane),
              m = info.offset ? half_at(scales + place.halves + 2 * (kBlockPanel + lane)) : 0;
  const std::uint8_t* factors = scales + place.factors + lane;
  const bool joined = info.groups == 2 && info.offset;
  for (int step = 0; step < 8; ++step) {
    const int factor = factors[step * info.groups / 8 * kBlockPanel];
    float s = d, offset = m;
    if (info.super) {
      s *= static_cast<float>(joined ? factor & 15 : static_cast<std::int8_t>(factor));
      if (info.offset) offset *= static_cast<float>(joined ? factor >> 4 : factors[kBlockPanel]);
    }
    std::uint32_t word = 0;
    each_plane(info.bits, step, [&](int plane, int shift, int low, int width) {
      std::uint32_t bits;
      std::memcpy(&bits, codes + plane + 4 * lane, 4);
      word |= (bits >> shift & every_byte((1 << width) - 1)) << low;
    });
    for (int i = 0; i < 4; ++i, word >>= 8) {
      const int code = static_cast<int>(word & 255);
      const float w = s * static_cast<float>(info.bits == 8 ? static_cast<std::int8_t>(code) : code - info.zero);
      out[4 * step + i] = info.offset ? w + offset : w;
    }
  }
}

// Tiles of about equal size.
std::int64_t tile_rows(std::int64_t most, std::int64_t rows) { return ceil_div(rows, ceil_div(rows, most)); }

BlockLinearArgs arguments(const BlockLinearOutput& layer, std::int64_t rows, const float* x,
                          const QuantizedUnit* units) {
  BlockLinearArgs args;
  args.form = block_form(layer.plan.type);
  args.rows = rows, args.n = layer.plan.n, args.k = layer.plan.k;
  args.tile = tile_rows(units ? layer.plan.table->quantized_tile : layer.plan.table->tile, rows);
  args.x = x, args.units = units;
  args.weights = layer.packed, args.panel_bytes = panel_bytes(layer.plan);
  args.out = layer.out, args.epilogue = layer.epilogue;
  return args;
}

// Rows of a tile lie side by side: unit u of row r of a tile of t rows is the number u t + r.
void quantize_units(const BlockLinearTable& table, std::int64_t rows, std::int64_t k, const float* x, QuantizedUnit* to,
                    std::int64_t begin, std::int64_t end) {
  const std::int64_t count = k / kBlockUnit, tile = tile_rows(table.quantized_tile, rows);
  for (std::int64_t row = begin; row < end; ++row) {
    const std::int64_t first = row / tile * tile, step = std::min(tile, rows - first);
    table.quantize(count, x + row * k, to + first * count + (row - first), step);
  }
}

std::int64_t cost(const BlockLinearPlan& plan) { return panel_bytes(plan) + 64; }

// The panels of all layers as one line, as long as their bytes; a thread does those that begin in its share.
void run_panels(std::span<const BlockLinearOutput> layers, std::int64_t rows, const float* x,
                const QuantizedUnit* units, int part, int parts) {
  std::int64_t total = 0, before = 0;
  for (const BlockLinearOutput& layer : layers) total += panels_of(layer.plan) * cost(layer.plan);
  const std::int64_t from = total * part / parts, until = total * (part + 1) / parts;
  for (const BlockLinearOutput& layer : layers) {
    const std::int64_t each = cost(layer.plan), panels = panels_of(layer.plan);
    const std::int64_t begin = std::clamp<std::int64_t>(ceil_div(from - before, each), 0, panels),
                       end = std::clamp<std::int64_t>(ceil_div(until - before, each), 0, panels);
    before += panels * each;
    if (begin >= end) continue;
    const BlockLinearArgs args = arguments(layer, rows, x, units);
    const BlockLinearTable& table = *layer.plan.table;
    (units && !plain(layer.plan.type) ? table.quantized : table.exact)(args, begin, end);
  }
}

}  // namespace

const BlockLinearTable& block_linear_table(Isa isa) {
  FRUGAL_ASSERT(isa_supported(isa));
  static const std::array<BlockLinearTable, 3> tables = [] {
    std::array<BlockLinearTable, 3> t{};
    scalar::fill_block_linear(t[0]);
    if (isa_supported(Isa::avx2)) {
      avx2::fill_block_linear(t[1]);
      (avx_vnni_supported() ? avx2::fill_block_vnni : avx2::fill_block_quantized)(t[1]);
    }
    if (isa_supported(Isa::avx512)) {
      avx512::fill_block_linear(t[2]);
      avx512::fill_block_quantized(t[2]);
    }
    return t;
  }();
  return tables[static_cast<std::size_t>(isa)];
}

std::int64_t block_packed_bytes(const BlockLinearPlan& plan) { return panels_of(plan) * panel_bytes(plan); }

void block_pack(const BlockLinearPlan& plan, ThreadPool& pool, const void* weights, std::uint8_t* packed) {
  const auto* from = static_cast<const std::uint8_t*>(weights);
  if (plan.table->panel == 1) {
    std::memcpy(packed, from, static_cast<std::size_t>(block_packed_bytes(plan)));
    return;
  }
  // What is packed is not read again here: its pages go as soon as there are a few, so that a large table and its
  // packed form are never both in memory.
  constexpr std::size_t kRun = std::size_t{8} << 20;
  const std::size_t row = byte_size(plan.type, {1, plan.k});
  pool.parallel_for(panels_of(plan), 1, [&](std::int64_t begin, std::int64_t end, int) {
    std::int64_t kept = begin;  // the first panel whose source may still be there
    for (std::int64_t panel = begin; panel < end; ++panel) {
      pack_panel(plan, from, panel * kBlockPanel, packed + panel * panel_bytes(plan));
      const std::size_t run = static_cast<std::size_t>((panel + 1 - kept) * kBlockPanel) * row;
      if (run < kRun || panel + 1 == end) continue;
      drop_file_pages(from + static_cast<std::size_t>(kept * kBlockPanel) * row, run);
      kept = panel + 1;
    }
  });
}

void block_row(const BlockLinearPlan& plan, const std::uint8_t* packed, std::int64_t row, float* out) {
  const std::int64_t rows = plan.table->panel, lane = row % rows;
  const std::uint8_t* panel = packed + row / rows * panel_bytes(plan);
  if (rows == 1) return dequantize_row(plan.type, panel, plan.k, out);
  if (plain(plan.type)) {
    const std::int64_t size = dtype_info(plan.type).block_bytes;
    for (std::int64_t i = 0; i < plan.k; ++i) dequantize_row(plan.type, panel + size * (i * rows + lane), 1, out + i);
    return;
  }
  const BlockFormInfo& info = info_of(plan.type);
  const std::uint8_t* codes = panel + scale_bytes(info, plan.k);
  for (std::int64_t unit = 0; unit < plan.k / kBlockUnit; ++unit, codes += code_bytes(info))
    unpack_unit(info, panel, codes, lane, unit, out + unit * kBlockUnit);
}

std::int64_t block_linear_scratch_bytes(std::int64_t rows, std::int64_t k, int threads) {
  const std::int64_t units = rows * (k / kBlockUnit);
  return units * static_cast<std::int64_t>(sizeof(QuantizedUnit)) * (units <= kUnitsAlone ? threads : 1);
}

void block_linear_run(ThreadPool& pool, std::int64_t rows, std::int64_t k, const float* x, bool quantized,
                      std::span<const BlockLinearOutput> layers, std::uint8_t* scratch) {
  if (rows == 0) return;
  const bool any = std::any_of(layers.begin(), layers.end(), [](const auto& l) { return !plain(l.plan.type); });
  if (!quantized || !any) {
    pool.run([&](int part) { run_panels(layers, rows, x, nullptr, part, pool.threads()); });
    return;
  }
  const BlockLinearTable& table = *layers[0].plan.table;
  auto* units = reinterpret_cast<QuantizedUnit*>(scratch);
  const std::int64_t count = rows * (k / kBlockUnit);
  if (count <= kUnitsAlone) {
    pool.run([&](int part) {
      quantize_units(table, rows, k, x, units + part * count, 0, rows);
      run_panels(layers, rows, x, units + part * count, part, pool.threads());
    });
    return;
  }
  pool.parallel_for(rows, 1, [&](std::int64_t begin, std::int64_t end, int) {
    quantize_units(table, rows, k, x, units, begin, end);
  });
  pool.run([&](int part) { run_panels(layers, rows, x, units, part, pool.threads()); });
}

}  // namespace frugal
