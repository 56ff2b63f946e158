// Drawing into pictures: rectangles, text, and sheets of many pictures.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "frugal/image.h"

namespace frugal {

using Rgb = std::array<std::uint8_t, 3>;

// All of these clip at the picture's border and want 3 channels.
void fill_rect(Image& image, int left, int top, int width, int height, Rgb color);
void draw_rect(Image& image, int left, int top, int width, int height, int thickness,
               Rgb color);  // the border lies outside
void paste(Image& image, const Image& picture, int left, int top);

// A stroke font of our own, antialiased: `size` is the height of a capital letter in pixels; `left`, `baseline` where
// the first letter stands. Bytes that are not printable ASCII are drawn as '?'.
void draw_text(Image& image, std::string_view text, float left, float baseline, float size, Rgb color,
               bool bold = false);
float text_width(std::string_view text, float size);
std::string shorten_text(const std::string& text, float size, float width);  // "Ankle b.." where it is too wide

// Enlarged by a whole factor without smoothing, or shrunk smoothly, to fit into a square.
Image fit_square(const Image& image, int side);

struct SheetPicture {
  Image picture;
  std::string predicted;
  float probability = 0;
  std::string truth;  // empty: not known
  bool wrong() const { return !truth.empty() && truth != predicted; }
};

struct SheetSection {
  std::string heading;
  std::vector<SheetPicture> pictures;
};

// A white page: title, then for each section a grid with the prediction under each picture; mistakes have a red
// frame and the true label below.
Image draw_contact_sheet(const std::string& title, const std::string& subtitle,
                         const std::vector<SheetSection>& sections, int columns = 10, int side = 96);

}  // namespace frugal
