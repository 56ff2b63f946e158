// What the parameterised tests over the table share.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "ops/table.h"
#include "support/support.h"

namespace frugal::test {

inline std::string row_name(const testing::TestParamInfo<OpRow>& info) { return info.param.name; }

inline bool has_row(const std::string& op) {
  const std::vector<OpRow>& rows = OpTable::instance().rows();
  return std::any_of(rows.begin(), rows.end(), [&](const OpRow& row) { return row.op == op && !row.speed; });
}

// What tolerances are relative to: the largest finite magnitude, at least 1.
inline double largest(const Tensor& t) {
  double out = 1;
  if (t.dtype() != DType::f32) return out;
  for (std::int64_t j = 0; j < t.numel(); ++j)
    if (double v = std::abs(t.data<float>()[j]); v > out && std::isfinite(v)) out = v;
  return out;
}

inline void expect_rows_close(const std::vector<Tensor>& got, const std::vector<Tensor>& expected, const OpRow& row,
                              int steps = 0) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    const DType type = expected[i].dtype();
    if (steps > 0 && (type == DType::u8 || type == DType::i8))
      EXPECT_TRUE(close(got[i].to(DType::f32), expected[i].to(DType::f32), steps, 0)) << "output " << i;
    else
      EXPECT_TRUE(close(got[i], expected[i], row.tolerance * largest(expected[i]), 0)) << "output " << i;
  }
}

}  // namespace frugal::test
