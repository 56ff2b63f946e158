#include <algorithm>
#include <limits>
#include <vector>

#include "engine/engine_op.h"
#include "engine/kv_cache.h"
#include "graph/op.h"
#include "kernels/attend.h"
#include "ops/ragged_attention/among_rows.h"

namespace frugal {
namespace {

constexpr std::int64_t kSerialMacs = 60'000;  // less is done sooner than a second thread is woken

// What one thread works in: up to kAttendRows queries of one head of keys.
struct Tile {
  float *q, *scores, *out;
  float largest[kAttendRows], total[kAttendRows];
  int first[kAttendRows], last[kAttendRows];  // cells that a query sees
};

// Attention of rows to the cells of a cache. Where a group of rows is long its queries are shared among threads; else a
// thread takes one head of keys of one sequence, stores the rows' keys and values, and needs to wait for nobody.
struct Cached {
  const AttendTable& table;
  std::int64_t heads, kv_heads, key_depth, value_depth, window;
  float scale, soft_cap;
  int layer;

  std::int64_t shared() const { return heads / kv_heads; }  // queries of a row for one head of keys
  std::int64_t scratch_floats() const {
    return kAttendRows * ((key_depth + 15) / 16 * 16 + kChunkCells + value_stride(value_depth));
  }

  void store(const RunArgs& args, const KvStep& step, const KvStep::Group& group, int row, std::int64_t head) const {
    const int cell = step.cell(row), page = cell / kPageCells;
    const float* k = args.f32_in(1) + (row * kv_heads + head) * key_depth;
    const float* v = args.f32_in(2) + (row * kv_heads + head) * value_depth;
    table.store_keys(step.type(), key_depth, k, step.keys(group, page, layer, head), cell % kPageCells);
    table.store_values(step.type(), value_depth, v, step.values(group, page, layer, head), cell % kPageCells);
  }

  void chunk(const KvStep& step, const KvStep::Group& group, std::int64_t head, int rows, int start, Tile& t) const {
    int first[kAttendRows], last[kAttendRows], end = 0;
    for (int r = 0; r < rows; ++r) {
      first[r] = std::clamp(t.first[r] - start, 0, kChunkCells);
      last[r] = std::clamp(t.last[r] - start, 0, kChunkCells);
      end = std::max(end, last[r]);
    }
    const std::byte *keys[kChunkPages], *values[kChunkPages];
    for (int p = 0; p * kPageCells < end; ++p) {
      keys[p] = step.keys(group, start / kPageCells + p, layer, head);
      values[p] = step.values(group, start / kPageCells + p, layer, head);
    }
    const std::uint16_t* hidden = step.hidden(group);
    table.attend({step.type(), rows, key_depth, value_depth, t.q, keys, values, first, last,
                  hidden ? hidden + start / kPageCells : nullptr, soft_cap, t.scores, t.largest, t.total, t.out});
  }

  // Queries [begin, end) of a group and head: query i is head i % shared() of row i / shared().
  void tile(const RunArgs& args, const KvStep& step, const KvStep::Group& group, std::int64_t head, std::int64_t begin,
            std::int64_t end, float* space) const {
    Tile t;
    t.q = space;
    t.scores = t.q + kAttendRows * ((key_depth + 15) / 16 * 16);
    t.out = t.scores + kAttendRows * kChunkCells;
    const int rows = static_cast<int>(end - begin);
    const std::int64_t stride = value_stride(value_depth);
    int lowest = std::numeric_limits<int>::max(), highest = 0;
    for (int r = 0; r < rows; ++r) {
      const int row = step.order()[static_cast<std::size_t>(group.begin + (begin + r) / shared())];
      const float* q = args.f32_in(0) + (row * heads + head * shared() + (begin + r) % shared()) * key_depth;
      for (std::int64_t d = 0; d < key_depth; ++d) t.q[r * key_depth + d] = q[d] * scale;
      t.first[r] = step.first_cell(group, row, window);
      t.last[r] = step.cell(row) + 1;
      t.largest[r] = -std::numeric_limits<float>::infinity();
      t.total[r] = 0;
      lowest = std::min(lowest, t.first[r]);
      highest = std::max(highest, t.last[r]);
    }
    std::fill_n(t.out, rows * stride, 0.0f);
    for (int start = lowest / kChunkCells * kChunkCells; start < highest; start += kChunkCells)
      chunk(step, group, head, rows, start, t);
    for (int r = 0; r < rows; ++r) {
      const int row = step.order()[static_cast<std::size_t>(group.begin + (begin + r) / shared())];
      float* out = args.f32_out() + (row * heads + head * shared() + (begin + r) % shared()) * value_depth;
      const float factor = 1 / t.total[r];
      for (std::int64_t d = 0; d < value_depth; ++d) out[d] = t.out[r * stride + d] * factor;
    }
  }

  std::int64_t queries(const KvStep::Group& group) const { return (group.end - group.begin) * shared(); }
  std::int64_t tiles(const KvStep::Group& group) const { return (queries(group) + kAttendRows - 1) / kAttendRows; }
  void run_tile(const RunArgs& args, const KvStep& step, const KvStep::Group& group, std::int64_t head,
                std::int64_t index, float* space) const {
    const std::int64_t begin = index * kAttendRows, end = std::min(begin + kAttendRows, queries(group));
    tile(args, step, group, head, begin, end, space);
  }

  // One item a sequence and head.
  void whole_heads(const RunArgs& args, const KvStep& step, std::int64_t begin, std::int64_t end, float* space) const {
    for (std::int64_t item = begin; item < end; ++item) {
      const KvStep::Group& group = step.groups()[static_cast<std::size_t>(item / kv_heads)];
      const std::int64_t head = item % kv_heads;
      for (int i = group.begin; i < group.end; ++i)
        store(args, step, group, step.order()[static_cast<std::size_t>(i)], head);
      for (std::int64_t t = 0; t < tiles(group); ++t) run_tile(args, step, group, head, t, space);
    }
  }

  // First all rows are stored, then the tiles of all groups and heads are shared.
  void by_tiles(const RunArgs& args, const KvStep& step, float* space) const {
    const auto rows = static_cast<std::int64_t>(step.order().size());
    args.pool.parallel_for(rows, 1, [&](std::int64_t begin, std::int64_t end, int) {
      auto group = step.groups().begin();
      for (std::int64_t i = begin; i < end; ++i) {
        while (i >= group->end) ++group;
        for (std::int64_t head = 0; head < kv_heads; ++head)
          store(args, step, *group, step.order()[static_cast<std::size_t>(i)], head);
      }
    });
    std::int64_t items = 0;
    for (const KvStep::Group& group : step.groups()) items += tiles(group) * kv_heads;
    // Later tiles see more cells: threads take every n-th tile, not a run of them.
    const int threads = args.pool.threads();
    args.pool.run([&](int thread) {
      std::int64_t next = thread, before = 0;
      for (const KvStep::Group& group : step.groups()) {
        const std::int64_t here = tiles(group) * kv_heads;
        for (; next < before + here; next += threads)
          run_tile(args, step, group, (next - before) % kv_heads, (next - before) / kv_heads,
                   space + thread * scratch_floats());
        before += here;
      }
    });
  }

  void run(const RunArgs& args) const {
    const KvStep& step = *args.cache;
    auto* space = reinterpret_cast<float*>(args.scratch);
    const auto items = static_cast<std::int64_t>(step.groups().size()) * kv_heads;
    std::int64_t most = 0;
    for (const KvStep::Group& group : step.groups()) most = std::max(most, tiles(group));
    if (step.row_cells() * heads * (key_depth + value_depth) < kSerialMacs)
      whole_heads(args, step, 0, items, space);
    else if (most > 4)
      by_tiles(args, step, space);
    else
      args.pool.parallel_for(items, 1, [&](std::int64_t begin, std::int64_t end, int thread) {
        whole_heads(args, step, begin, end, space + thread * scratch_floats());
      });
  }
};

CompiledOp compile(const NodeContext& c) {
  const std::int64_t rows = c.in(0).shape[0];
  if (rows == 0) return {.run = [](const RunArgs&) {}, .algorithm = "empty"};
  const std::int64_t heads = attr_int(c.node, "heads"), kv_heads = attr_int(c.node, "kv_heads");
  const Cached cached{.table = c.kernels.attend,
                      .heads = heads,
                      .kv_heads = kv_heads,
                      .key_depth = c.in(0).shape[1] / heads,
                      .value_depth = c.in(2).shape[1] / kv_heads,
                      .window = attr_int(c.node, "window"),
                      .scale = static_cast<float>(attr_real(c.node, "scale")),
                      .soft_cap = static_cast<float>(attr_real(c.node, "soft_cap")),
                      .layer = static_cast<int>(attr_int(c.node, "layer"))};
  const AmongRows among{rows,
                        heads,
                        kv_heads,
                        cached.key_depth,
                        cached.value_depth,
                        cached.window,
                        cached.scale,
                        cached.soft_cap,
                        c.in(3).dtype == DType::i64,
                        c.in(4).dtype == DType::i64};
  const std::int64_t floats = std::max(cached.scratch_floats(), (rows + 15) / 16 * 16);
  auto run = [=](const RunArgs& args) {
    if (args.cache)
      cached.run(args);
    else
      among.run(args, floats);
  };
  return {
      .run = run, .scratch_bytes = static_cast<std::size_t>(floats * c.threads) * sizeof(float), .algorithm = "pages"};
}

}  // namespace

FRUGAL_ENGINE(ragged_attention) { registry.add("ragged_attention", {.compile = compile, .work_varies = true}); }

}  // namespace frugal
