// The letters of draw_text: strokes with round ends on a grid, y upwards from the baseline.
#pragma once

#include <vector>

namespace frugal {

struct Glyph {
  float advance = 0;
  // Polylines x0, y0, x1, y1, ...; curves are flattened.
  std::vector<std::vector<float>> strokes;
};

inline constexpr float kCapHeight = 7;  // grid units
const Glyph& glyph(char c);             // '?' for what the font does not have

}  // namespace frugal
