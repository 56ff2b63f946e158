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

inline void expect_rows_close(const std::vector<Tensor>& got, const std::vector<Tensor>& expected, const OpRow& row) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    double largest = 1;
    if (expected[i].dtype() == DType::f32)
      for (std::int64_t j = 0; j < expected[i].numel(); ++j)
        if (double v = std::abs(expected[i].data<float>()[j]); v > largest && std::isfinite(v)) largest = v;
    EXPECT_TRUE(close(got[i], expected[i], row.tolerance * largest, 0)) << "output " << i;
  }
}

}  // namespace frugal::test
