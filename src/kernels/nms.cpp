#include "kernels/nms.h"

#include <algorithm>

namespace frugal {
namespace {

struct Corners {
  float y1, x1, y2, x2;
  float area() const { return (y2 - y1) * (x2 - x1); }
};

Corners corners(const float* b, bool centre) {
  if (centre) return {b[1] - b[3] / 2, b[0] - b[2] / 2, b[1] + b[3] / 2, b[0] + b[2] / 2};
  return {std::min(b[0], b[2]), std::min(b[1], b[3]), std::max(b[0], b[2]), std::max(b[1], b[3])};
}

bool overlap(const Corners& a, const Corners& b, float iou) {
  const float height = std::min(a.y2, b.y2) - std::max(a.y1, b.y1), width = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  if (!(height > 0 && width > 0 && a.area() > 0 && b.area() > 0)) return false;
  const float both = height * width;
  return both / (a.area() + b.area() - both) > iou;
}

}  // namespace

std::int64_t suppress_overlapping(const float* boxes, const float* scores, std::int64_t count, const NmsLimits& limits,
                                  std::int64_t* order, std::int64_t* kept) {
  std::int64_t candidates = 0, found = 0;
  for (std::int64_t i = 0; i < count; ++i)
    if (scores[i] > limits.score) order[candidates++] = i;
  std::sort(order, order + candidates,
            [&](std::int64_t a, std::int64_t b) { return scores[a] != scores[b] ? scores[a] > scores[b] : a < b; });
  for (std::int64_t c = 0; c < candidates && found < limits.most; ++c) {
    const Corners box = corners(boxes + 4 * order[c], limits.centre);
    const bool hidden = std::any_of(kept, kept + found, [&](std::int64_t k) {
      return overlap(corners(boxes + 4 * k, limits.centre), box, limits.iou);
    });
    if (!hidden) kept[found++] = order[c];
  }
  return found;
}

}  // namespace frugal
