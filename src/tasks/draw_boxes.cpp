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

struct Rect {
  int left, top, right, bottom;

  std::int64_t shared(const Rect& o) const {
    const std::int64_t w = std::min(right, o.right) - std::max(left, o.left);
    const std::int64_t h = std::min(bottom, o.bottom) - std::max(top, o.top);
    return w > 0 && h > 0 ? w * h : 0;
  }
};

// The names of the boxes, each where it covers least of those before it.
class Plates {
 public:
  Plates(const Image& image, const Style& style)
      : width_(image.width),
        height_(image.height),
        style_(style),
        margin_(std::max(2, static_cast<int>(style.letter * 0.4f))) {}

  void add(const Detection& d, const Rect& box) {
    Plate plate{fmt::format("{} {:.0f}%", d.label, 100 * d.score), class_color(d.index), {}};
    const int w = static_cast<int>(std::ceil(text_width(plate.text, style_.letter))) + 2 * margin_;
    const int h = static_cast<int>(style_.letter * 1.3f) + 2 * margin_;  // letters below the line need room
    std::int64_t least = -1;
    // Above the box, inside it or below, on either side; moved into the picture.
    for (const auto& [x, y] : {std::pair(box.left - style_.line, box.top - style_.line - h),
                               {box.right + style_.line - w, box.top - style_.line - h},
                               {box.left - style_.line, box.top},
                               {box.right + style_.line - w, box.top},
                               {box.left - style_.line, box.bottom - h},
                               {box.right + style_.line - w, box.bottom - h},
                               {box.left - style_.line, box.bottom + style_.line},
                               {box.right + style_.line - w, box.bottom + style_.line}}) {
      const int left = std::max(0, std::min(x, width_ - w)), top = std::max(0, std::min(y, height_ - h));
      const Rect place{left, top, left + w, top + h};
      std::int64_t covered = 0;
      for (const Plate& before : plates_) covered += place.shared(before.place);
      covered = 2 * covered + (top != y);  // where it was meant to be, if it covers nothing there
      if (least >= 0 && covered >= least) continue;
      least = covered;
      plate.place = place;
    }
    plates_.push_back(std::move(plate));
  }

  // The first one uppermost.
  void draw(Image& image) const {
    for (std::size_t i = plates_.size(); i-- > 0;) {
      const auto& [text, color, place] = plates_[i];
      const int w = place.right - place.left, h = place.bottom - place.top;
      draw_rect(image, place.left, place.top, w, h, 1, kDark);
      fill_rect(image, place.left, place.top, w, h, color);
      draw_text(image, text, static_cast<float>(place.left + margin_),
                static_cast<float>(place.top + margin_) + style_.letter * 1.08f, style_.letter,
                brightness(color) > 130 ? kDark : kLight, true);
    }
  }

 private:
  struct Plate {
    std::string text;
    Rgb color;
    Rect place;
  };

  int width_, height_;
  Style style_;
  int margin_;
  std::vector<Plate> plates_;
};

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
  Plates plates(image, style);
  const auto rect = [](const Box& b) {
    const auto pixel = [](double v) { return static_cast<int>(std::lround(v)); };
    return Rect{pixel(b[0]), pixel(b[1]), pixel(b[0] + b[2]), pixel(b[1] + b[3])};
  };
  for (const Detection& d : detections) plates.add(d, rect(d.box));
  for (std::size_t i = detections.size(); i-- > 0;) {  // the best uppermost
    const auto [left, top, right, bottom] = rect(detections[i].box);
    const int w = right - left, h = bottom - top, line = style.line;
    draw_rect(image, left - line, top - line, w + 2 * line, h + 2 * line, 1, kDark);
    draw_rect(image, left, top, w, h, line, class_color(detections[i].index));
    if (w > 4 && h > 4) draw_rect(image, left + 1, top + 1, w - 2, h - 2, 1, kLight);
  }
  plates.draw(image);
}

}  // namespace frugal
