// Greedy non-maximum suppression.
#pragma once

#include <cstdint>

namespace frugal {

struct NmsLimits {
  std::int64_t most;    // boxes kept
  float iou, score;     // a box goes that overlaps a kept one by more, or scores no more
  bool centre = false;  // a box is x, y, width, height of its centre; else two opposite corners, y before x
};

// The boxes [count, 4] of one class that stay, by falling score (equal scores by index). Writes their indices to
// `kept`, which holds `most`, and returns how many. `order` is scratch for `count` numbers.
std::int64_t suppress_overlapping(const float* boxes, const float* scores, std::int64_t count, const NmsLimits& limits,
                                  std::int64_t* order, std::int64_t* kept);

}  // namespace frugal
