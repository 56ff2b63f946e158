#include "tasks/draw.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "frugal/prepare.h"
#include "tasks/stroke_font.h"

namespace frugal {
namespace {

void blend(Image& image, int x, int y, Rgb color, float coverage) {
  std::uint8_t* pixel = &image.pixels[(static_cast<std::size_t>(y) * image.width + x) * 3];
  for (std::size_t c = 0; c < 3; ++c)
    pixel[c] = static_cast<std::uint8_t>(std::lround(pixel[c] + coverage * (static_cast<float>(color[c]) - pixel[c])));
}

// Squared.
float distance_to_segment(float px, float py, const float* s) {
  const float dx = s[2] - s[0], dy = s[3] - s[1], length2 = dx * dx + dy * dy;
  const float t = length2 > 0 ? std::clamp(((px - s[0]) * dx + (py - s[1]) * dy) / length2, 0.0f, 1.0f) : 0.0f;
  const float x = px - s[0] - t * dx, y = py - s[1] - t * dy;
  return x * x + y * y;
}

// One letter after the other. A pixel is covered by the part of it that lies within the pen's radius of a stroke's
// line.
class Pen {
 public:
  Pen(Image& image, float scale, float radius, Rgb color)
      : image_(image), scale_(scale), radius_(radius), color_(color) {}

  void draw(const Glyph& shape, float left, float baseline) {
    constexpr float kAscent = 8, kDescent = 3;
    left_ = left, baseline_ = baseline;
    x0_ = std::max(0, static_cast<int>(left - 2));
    x1_ = std::min(image_.width - 1, static_cast<int>(left + shape.advance * scale_ + 2));
    y0_ = std::max(0, static_cast<int>(baseline - kAscent * scale_ - 2));
    y1_ = std::min(image_.height - 1, static_cast<int>(baseline + kDescent * scale_ + 2));
    if (x0_ > x1_ || y0_ > y1_) return;
    const std::size_t row = static_cast<std::size_t>(x1_ - x0_ + 1);
    nearest_.assign(row * static_cast<std::size_t>(y1_ - y0_ + 1), 1e9f);
    for (const std::vector<float>& stroke : shape.strokes)
      for (std::size_t i = 0; i + 3 < stroke.size(); i += 2) approach(&stroke[i], row);
    const float* nearest = nearest_.data();
    for (int y = y0_; y <= y1_; ++y)
      for (int x = x0_; x <= x1_; ++x)
        if (const float coverage = radius_ - std::sqrt(*nearest++) * scale_ + 0.5f; coverage > 0)
          blend(image_, x, y, color_, std::min(coverage, 1.0f));
  }

 private:
  // Of the pixels that the segment can cover.
  void approach(const float* s, std::size_t row) {
    const float reach = radius_ + 1.5f;
    const auto pixel = [&](float v, int low, int high) {
      return std::clamp(static_cast<int>(std::floor(v)), low, high);
    };
    const int from_x = pixel(left_ + std::min(s[0], s[2]) * scale_ - reach, x0_, x1_ + 1);
    const int to_x = pixel(left_ + std::max(s[0], s[2]) * scale_ + reach, x0_ - 1, x1_);
    const int from_y = pixel(baseline_ - std::max(s[1], s[3]) * scale_ - reach, y0_, y1_ + 1);
    const int to_y = pixel(baseline_ - std::min(s[1], s[3]) * scale_ + reach, y0_ - 1, y1_);
    for (int y = from_y; y <= to_y; ++y) {
      float* nearest = &nearest_[static_cast<std::size_t>(y - y0_) * row];
      const float py = (baseline_ - static_cast<float>(y) - 0.5f) / scale_;
      for (int x = from_x; x <= to_x; ++x) {
        float& d = nearest[x - x0_];
        d = std::min(d, distance_to_segment((static_cast<float>(x) + 0.5f - left_) / scale_, py, s));
      }
    }
  }

  Image& image_;
  float scale_, radius_;
  Rgb color_;
  float left_ = 0, baseline_ = 0;
  int x0_ = 0, x1_ = 0, y0_ = 0, y1_ = 0;  // of the letter
  std::vector<float> nearest_;             // squared distance of its pixels to a stroke, in the font's units
};

constexpr Rgb kInk{32, 36, 44}, kSoft{110, 116, 126}, kRed{205, 36, 42}, kFrame{214, 218, 224};

// Sizes of a contact sheet in pixels.
constexpr int kMargin = 28, kGap = 14, kHeader = 76, kHeading = 40, kCaption = 46;
constexpr float kLabelSize = 8.5f;

int rows_of(const SheetSection& section, int columns) {
  return (static_cast<int>(section.pictures.size()) + columns - 1) / columns;
}

void draw_cell(Image& sheet, const SheetPicture& cell, int left, int top, int side) {
  Image picture = fit_square(cell.picture, side);
  int x = left + (side - picture.width) / 2, y = top + (side - picture.height) / 2;
  if (cell.wrong())
    draw_rect(sheet, x, y, picture.width, picture.height, 3, kRed);
  else
    draw_rect(sheet, x, y, picture.width, picture.height, 1, kFrame);
  paste(sheet, picture, x, y);
  auto width = static_cast<float>(side);
  std::string share = fmt::format("{:.0f}%", 100 * cell.probability);
  float share_width = text_width(share, kLabelSize);
  auto at = static_cast<float>(left), first = static_cast<float>(top + side + 17), second = first + 15;
  draw_text(sheet, shorten_text(cell.predicted, kLabelSize, width - share_width - 5), at, first, kLabelSize,
            cell.wrong() ? kRed : kInk);
  draw_text(sheet, share, at + width - share_width, first, kLabelSize, kSoft);
  if (cell.wrong()) draw_text(sheet, shorten_text("is " + cell.truth, kLabelSize, width), at, second, kLabelSize, kInk);
}

}  // namespace

void fill_rect(Image& image, int left, int top, int width, int height, Rgb color) {
  FRUGAL_ASSERT(image.channels == 3);
  for (int y = std::max(0, top); y < std::min(image.height, top + height); ++y)
    for (int x = std::max(0, left); x < std::min(image.width, left + width); ++x)
      std::copy_n(color.begin(), 3, &image.pixels[(static_cast<std::size_t>(y) * image.width + x) * 3]);
}

void draw_rect(Image& image, int left, int top, int width, int height, int thickness, Rgb color) {
  fill_rect(image, left - thickness, top - thickness, width + 2 * thickness, thickness, color);
  fill_rect(image, left - thickness, top + height, width + 2 * thickness, thickness, color);
  fill_rect(image, left - thickness, top, thickness, height, color);
  fill_rect(image, left + width, top, thickness, height, color);
}

void paste(Image& image, const Image& picture, int left, int top) {
  FRUGAL_ASSERT(image.channels == 3 && picture.channels == 3);
  for (int y = std::max(0, -top); y < std::min(picture.height, image.height - top); ++y)
    for (int x = std::max(0, -left); x < std::min(picture.width, image.width - left); ++x)
      std::copy_n(&picture.pixels[(static_cast<std::size_t>(y) * picture.width + x) * 3], 3,
                  &image.pixels[(static_cast<std::size_t>(y + top) * image.width + (x + left)) * 3]);
}

void draw_text(Image& image, std::string_view text, float left, float baseline, float size, Rgb color, bool bold) {
  FRUGAL_ASSERT(image.channels == 3);
  const float scale = size / kCapHeight;
  Pen pen(image, scale, std::max(0.5f, size * (bold ? 0.085f : 0.055f)), color);
  for (char c : text) {
    const Glyph& shape = glyph(c);
    pen.draw(shape, left, baseline);
    left += shape.advance * scale;
  }
}

float text_width(std::string_view text, float size) {
  float width = 0;
  for (char c : text) width += glyph(c).advance;
  return width * size / kCapHeight;
}

std::string shorten_text(const std::string& text, float size, float width) {
  if (text_width(text, size) <= width) return text;
  std::string shorter = text;
  while (!shorter.empty() && text_width(shorter + "..", size) > width) shorter.pop_back();
  return shorter + "..";
}

Image fit_square(const Image& image, int side) {
  Image colour = convert_channels(image, 3);
  int longer = std::max(colour.width, colour.height);
  if (longer > side) {
    auto scaled = [&](int n) {
      return std::max(1, static_cast<int>(std::lround(static_cast<double>(n) * side / longer)));
    };
    return resize_image(colour, scaled(colour.width), scaled(colour.height));
  }
  int factor = side / longer;
  Image out(colour.width * factor, colour.height * factor, 3);
  for (int y = 0; y < out.height; ++y)
    for (int x = 0; x < out.width; ++x)
      std::copy_n(&colour.pixels[(static_cast<std::size_t>(y / factor) * colour.width + x / factor) * 3], 3,
                  &out.pixels[(static_cast<std::size_t>(y) * out.width + x) * 3]);
  return out;
}

Image draw_contact_sheet(const std::string& title, const std::string& subtitle,
                         const std::vector<SheetSection>& sections, int columns, int side) {
  int width = 2 * kMargin + columns * side + (columns - 1) * kGap, height = kHeader + kMargin;
  for (const SheetSection& section : sections)
    height += rows_of(section, columns) * (side + kCaption) + (section.heading.empty() ? 0 : kHeading);
  Image sheet(width, height, 3, 255);
  auto text_room = static_cast<float>(width - 2 * kMargin);
  draw_text(sheet, shorten_text(title, 17, text_room), kMargin, 44, 17, kInk, true);
  draw_text(sheet, shorten_text(subtitle, 10, text_room), kMargin, 67, 10, kSoft);
  int top = kHeader + 12;
  for (const SheetSection& section : sections) {
    if (!section.heading.empty()) {
      draw_text(sheet, shorten_text(section.heading, 11, text_room), kMargin, static_cast<float>(top + 18), 11, kInk,
                true);
      top += kHeading;
    }
    for (std::size_t i = 0; i < section.pictures.size(); ++i) {
      int column = static_cast<int>(i) % columns, row = static_cast<int>(i) / columns;
      draw_cell(sheet, section.pictures[i], kMargin + column * (side + kGap), top + row * (side + kCaption), side);
    }
    top += rows_of(section, columns) * (side + kCaption);
  }
  return sheet;
}

}  // namespace frugal
