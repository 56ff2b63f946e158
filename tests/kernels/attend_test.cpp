// Attention over pages of a cache: every instruction set against the scalar reference, and a query's bits against what
// stands beside it.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "base/random.h"
#include "kernels/attend.h"
#include "kernels/kernels.h"

namespace frugal {
namespace {

struct Case {
  CacheType type;
  int rows;
  std::int64_t key_depth, value_depth;
  std::vector<int> cells;  // of each row: it sees [first, last)
  std::vector<int> first;
  float soft_cap = 0;
  bool hidden = false;
};

struct Result {
  std::vector<float> out, largest, total;
};

class Pages {
 public:
  Pages(const AttendTable& table, const Case& c, int cells) {
    RandomStream random(3, "attend");
    const std::size_t kb = key_page_bytes(c.type, c.key_depth), vb = value_page_bytes(c.type, c.value_depth);
    memory.assign((kb + vb) * kChunkPages / 64 + 1, Line{});
    auto* base = reinterpret_cast<std::byte*>(memory.data());
    for (int p = 0; p < kChunkPages; ++p) {
      keys.push_back(base + static_cast<std::size_t>(p) * (kb + vb));
      values.push_back(base + static_cast<std::size_t>(p) * (kb + vb) + kb);
    }
    for (int cell = 0; cell < kChunkCells; ++cell) {
      std::vector<float> k(static_cast<std::size_t>(c.key_depth)), v(static_cast<std::size_t>(c.value_depth));
      for (float& x : k) x = cell < cells ? random.normal() : NAN;  // nobody may read what was never written
      for (float& x : v) x = cell < cells ? random.normal() : NAN;
      if (cell >= cells && c.type == CacheType::q8) continue;
      const auto p = static_cast<std::size_t>(cell / kPageCells);
      table.store_keys(c.type, c.key_depth, k.data(), const_cast<std::byte*>(keys[p]), cell % kPageCells);
      table.store_values(c.type, c.value_depth, v.data(), const_cast<std::byte*>(values[p]), cell % kPageCells);
    }
  }
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  std::vector<Line> memory;
  std::vector<const std::byte*> keys, values;
};

Result run(const AttendTable& table, const Case& c, const Pages& pages, int first_row, int rows) {
  const std::int64_t stride = value_stride(c.value_depth);
  RandomStream random(5, "queries");
  std::vector<float> q(static_cast<std::size_t>(c.rows * c.key_depth));
  for (float& x : q) x = random.normal() * 0.4f;
  std::vector<std::uint16_t> hidden(kChunkPages, 0);
  if (c.hidden) hidden[0] = 0x0a10, hidden[1] = 0xffff;
  std::vector<float> scores(static_cast<std::size_t>(kAttendRows * kChunkCells));
  Result r;
  r.out.assign(static_cast<std::size_t>(rows * stride), 0);
  r.largest.assign(static_cast<std::size_t>(rows), -INFINITY);
  r.total.assign(static_cast<std::size_t>(rows), 0);
  // Twice: the second chunk goes on where the first has ended.
  for (int turn = 0; turn < 2; ++turn)
    table.attend({c.type, rows, c.key_depth, c.value_depth, q.data() + first_row * c.key_depth, pages.keys.data(),
                  pages.values.data(), c.first.data() + first_row, c.cells.data() + first_row,
                  c.hidden ? hidden.data() : nullptr, c.soft_cap, scores.data(), r.largest.data(), r.total.data(),
                  r.out.data()});
  return r;
}

std::vector<Case> cases() {
  std::vector<Case> out;
  for (CacheType type : {CacheType::f32, CacheType::f16, CacheType::q8}) {
    out.push_back({type, 1, 64, 64, {100}, {0}});
    out.push_back({type, 3, 64, 64, {5, 5, 5}, {0, 0, 0}});
    out.push_back({type, 8, 16, 40, {1, 16, 17, 33, 200, 0, 256, 31}, {0, 3, 16, 0, 190, 0, 1, 30}});
    out.push_back({type, 7, 13, 20, {20, 21, 22, 40, 41, 60, 90}, {0, 0, 0, 0, 0, 0, 0}, 2.5f});
    out.push_back({type, 4, 256, 256, {64, 64, 64, 64}, {0, 0, 0, 0}, 0, true});
  }
  return out;
}

TEST(Attend, EveryInstructionSetAgreesWithTheReference) {
  for (Isa isa : {Isa::avx2, Isa::avx512}) {
    if (!isa_supported(isa)) continue;
    for (const Case& c : cases()) {
      const int cells = *std::max_element(c.cells.begin(), c.cells.end());
      const Pages reference_pages(kernels(Isa::scalar).attend, c, cells), pages(kernels(isa).attend, c, cells);
      const Result expected = run(kernels(Isa::scalar).attend, c, reference_pages, 0, c.rows);
      const Result got = run(kernels(isa).attend, c, pages, 0, c.rows);
      for (std::size_t i = 0; i < expected.out.size(); ++i)
        ASSERT_NEAR(got.out[i], expected.out[i], 1e-4 * (1 + std::abs(expected.out[i]))) << name(isa) << " " << i;
      for (std::size_t i = 0; i < expected.total.size(); ++i) {
        ASSERT_NEAR(got.total[i], expected.total[i], 1e-4 * (1 + expected.total[i]));
        if (expected.total[i] > 0) ASSERT_NEAR(got.largest[i], expected.largest[i], 1e-4);
      }
    }
  }
}

TEST(Attend, AQueryGetsTheSameBitsWhateverStandsBesideIt) {
  for (Isa isa : {Isa::scalar, Isa::avx2, Isa::avx512}) {
    if (!isa_supported(isa)) continue;
    for (const Case& c : cases()) {
      const Pages pages(kernels(isa).attend, c, *std::max_element(c.cells.begin(), c.cells.end()));
      const Result all = run(kernels(isa).attend, c, pages, 0, c.rows);
      const auto stride = static_cast<std::size_t>(value_stride(c.value_depth));
      for (int row = 0; row < c.rows; ++row) {
        const Result one = run(kernels(isa).attend, c, pages, row, 1);
        ASSERT_EQ(0, std::memcmp(one.out.data(), all.out.data() + static_cast<std::size_t>(row) * stride,
                                 static_cast<std::size_t>(c.value_depth) * sizeof(float)))
            << name(isa) << " row " << row;
        ASSERT_EQ(one.total[0], all.total[static_cast<std::size_t>(row)]);
      }
    }
  }
}

}  // namespace
}  // namespace frugal
