#include "tasks/draw_boxes.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace frugal {
namespace {

constexpr Rgb kDark{16, 18, 22}, kLight{255, 255, 255};

// Perceived brightness, 0 to 255 (ITU-R BT.601).
double brightness(Rgb c) { return 0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2]; }

struct Style {
  int line;      // of a box
  float letter;  // height of a capital
};

Style style_for(const Image& image) {
  const double side = std::max(image.width, image.height);
  return {std::clamp(static_cast<int>(std::lround(side / 260)), 2, 12),
          static_cast<float>(std::clamp(side / 75, 8.0, 48.0))};
}

void draw_plate(Image& image, const Detection& d, const Style& style, int left, int top, int bottom) {
  const std::string text = fmt::format("{} {:.0f}%", d.label, 100 * d.score);
  const Rgb color = class_color(d.index);
  const int margin = std::max(2, static_cast<int>(style.letter * 0.4f));
  const int height = static_cast<int>(style.letter * 1.3f) + 2 * margin;  // letters below the line need room
  const int width = static_cast<int>(std::ceil(text_width(text, style.letter))) + 2 * margin;
  // Above the box where there is room, else inside it, else below; never beyond the picture's edge.
  int y = top - style.line - height;
  if (y < 0) y = top + height <= image.height ? top : std::max(0, std::min(bottom, image.height - height));
  const int x = std::max(0, std::min(left - style.line, image.width - width));
  draw_rect(image, x, y, width, height, 1, kDark);
  fill_rect(image, x, y, width, height, color);
  draw_text(image, text, static_cast<float>(x + margin), static_cast<float>(y + margin) + style.letter * 1.08f,
            style.letter, brightness(color) > 130 ? kDark : kLight, true);
}

}  // namespace

Rgb class_color(int index) {
  // Steps of the golden angle around the colour circle, on three levels of brightness.
  const double turn = std::fmod(0.61803398875 * index + 0.02, 1.0) * 6;
  const double value = std::array<double, 3>{1.0, 0.86, 0.72}[static_cast<std::size_t>(index) % 3], saturation = 0.86;
  Rgb out{};
  for (int c = 0; c < 3; ++c) {  // hue, saturation and value to red, green, blue
    const double k = std::fmod(std::array<double, 3>{5, 3, 1}[static_cast<std::size_t>(c)] + turn, 6.0);
    const double v = value * (1 - saturation * std::max(0.0, std::min({k, 4 - k, 1.0})));
    out[static_cast<std::size_t>(c)] = static_cast<std::uint8_t>(std::lround(255 * v));
  }
  return out;
}

void draw_detections(Image& image, std::span<const Detection> detections) {
  const Style style = style_for(image);
  auto each = [&](auto&& draw) {
    for (std::size_t i = detections.size(); i-- > 0;) {
      const Detection& d = detections[i];
      const int left = static_cast<int>(std::lround(d.box[0])), top = static_cast<int>(std::lround(d.box[1]));
      const int right = static_cast<int>(std::lround(d.box[0] + d.box[2]));
      const int bottom = static_cast<int>(std::lround(d.box[1] + d.box[3]));
      draw(d, left, top, right, bottom);
    }
  };
  each([&](const Detection& d, int left, int top, int right, int bottom) {
    const int w = right - left, h = bottom - top, line = style.line;
    draw_rect(image, left - line, top - line, w + 2 * line, h + 2 * line, 1, kDark);
    draw_rect(image, left, top, w, h, line, class_color(d.index));
    if (w > 4 && h > 4) draw_rect(image, left + 1, top + 1, w - 2, h - 2, 1, kLight);
  });
  each([&](const Detection& d, int left, int top, int, int bottom) { draw_plate(image, d, style, left, top, bottom); });
}

}  // namespace frugal
