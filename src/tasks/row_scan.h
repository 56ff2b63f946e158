// Finding the few rows of thousands that score enough, without branches, for the compiler to make vectors of.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>

namespace frugal {

// Where the numbers of a row stand in the layouts of frugal/detect.h but fastestdet's: after the box the scores that
// decide about it, of all classes or, where there is one, the objectness, which no class exceeds.
struct RowLayout {
  static constexpr std::int64_t kScores = 4;
  bool turned;  // [columns][rows], not [rows][columns]
  bool objectness;
  explicit RowLayout(const std::string& name) : turned(name == "yolov8"), objectness(!turned && name != "rows") {}
  std::int64_t first_class() const { return kScores + (objectness ? 1 : 0); }
  std::int64_t scores_end(std::int64_t columns) const { return objectness ? kScores + 1 : columns; }
};

// Numbers that decide about rows; steps in elements.
struct RowScan {
  const float* data;
  std::int64_t rows, row_step, columns, column_step;
};

// marks[row] becomes 1 where some column is above `least`, or is not a number.
inline void mark_rows_above(const RowScan& s, float least, std::uint8_t* marks) {
  if (s.column_step == 1) {
    for (std::int64_t row = 0; row < s.rows; ++row) {
      const float* p = s.data + row * s.row_step;
      int found = 0;
      for (std::int64_t c = 0; c < s.columns; ++c) found |= static_cast<int>(!(p[c] <= least));
      marks[row] |= static_cast<std::uint8_t>(found);
    }
    return;
  }
  auto column = [&](const float* p, auto step) {
    for (std::int64_t row = 0; row < s.rows; ++row) marks[row] |= static_cast<std::uint8_t>(!(p[row * step] <= least));
  };
  for (std::int64_t c = 0; c < s.columns; ++c)
    if (const float* p = s.data + c * s.column_step; s.row_step == 1)
      column(p, std::integral_constant<std::int64_t, 1>{});
    else
      column(p, s.row_step);
}

}  // namespace frugal
