#include "tasks/draw.h"

#include <algorithm>

#include "support/support.h"

namespace frugal {
namespace {

constexpr Rgb kBlack{0, 0, 0};

int dark_pixels(const Image& image, int left = 0, int top = 0, int right = 1 << 20, int bottom = 1 << 20) {
  int count = 0;
  for (int y = top; y < std::min(bottom, image.height); ++y)
    for (int x = left; x < std::min(right, image.width); ++x)
      count += image.pixels[(static_cast<std::size_t>(y) * image.width + x) * 3] < 128;
  return count;
}

Rgb pixel(const Image& image, int x, int y) {
  const std::uint8_t* p = &image.pixels[(static_cast<std::size_t>(y) * image.width + x) * 3];
  return {p[0], p[1], p[2]};
}

TEST(DrawText, InkLiesBetweenBaselineAndCapital) {
  Image image(200, 60, 3, 255);
  draw_text(image, "HELLO", 10, 40, 20, kBlack);
  int ink = dark_pixels(image);
  EXPECT_GT(ink, 100);
  EXPECT_EQ(dark_pixels(image, 8, 18, static_cast<int>(12 + text_width("HELLO", 20)), 42), ink);
  EXPECT_EQ(dark_pixels(image, 0, 0, 200, 18), 0);
}

TEST(DrawText, EveryLetterHasInkAndItsOwnShape) {
  std::vector<std::vector<std::uint8_t>> seen;
  for (char c = '!'; c <= '~'; ++c) {
    Image image(40, 40, 3, 255);
    draw_text(image, std::string_view(&c, 1), 5, 28, 20, kBlack);
    EXPECT_GT(dark_pixels(image), 0) << c;
    EXPECT_EQ(std::count(seen.begin(), seen.end(), image.pixels), 0) << c;
    seen.push_back(image.pixels);
  }
}

TEST(DrawText, ClipsAndTakesAnyBytes) {
  Image image(10, 10, 3, 255);
  draw_text(image, "\xff\x01 wide text beyond the border", -20, 100, 50, kBlack);
  draw_text(image, "W", -5, 5, 30, kBlack);
  draw_rect(image, -5, -5, 100, 100, 3, kBlack);
  fill_rect(image, 8, 8, 100, 100, kBlack);
  EXPECT_EQ(pixel(image, 9, 9), kBlack);
}

TEST(ShortenText, KeepsWhatFits) {
  EXPECT_EQ(shorten_text("boot", 10, 1000), "boot");
  std::string shorter = shorten_text("Ankle boot of leather", 10, 60);
  EXPECT_TRUE(shorter.starts_with("Ank") && shorter.ends_with("..")) << shorter;
  EXPECT_LE(text_width(shorter, 10), 60);
}

TEST(FitSquare, EnlargesByWholeFactorsAndShrinksWithinTheSide) {
  Image small(2, 1, 1);
  small.pixels = {10, 200};
  Image large = fit_square(small, 9);
  EXPECT_EQ(large.width, 8);
  EXPECT_EQ(large.height, 4);
  EXPECT_EQ(pixel(large, 3, 3), (Rgb{10, 10, 10}));
  EXPECT_EQ(pixel(large, 4, 0), (Rgb{200, 200, 200}));
  Image shrunk = fit_square(Image(400, 3, 3), 100);
  EXPECT_EQ(shrunk.width, 100);
  EXPECT_EQ(shrunk.height, 1);
}

TEST(ContactSheet, MistakesAreFramedInRed) {
  SheetPicture right{Image(28, 28, 1, 128), "bag", 0.9f, "bag"}, wrong{Image(28, 28, 1, 128), "bag", 0.6f, "coat"},
      unknown{Image(28, 28, 1, 128), "bag", 0.6f, ""};
  EXPECT_FALSE(right.wrong());
  EXPECT_TRUE(wrong.wrong());
  EXPECT_FALSE(unknown.wrong());
  auto red = [](const Image& sheet) {
    int count = 0;
    for (std::size_t i = 0; i < sheet.pixels.size(); i += 3) count += sheet.pixels[i] > 180 && sheet.pixels[i + 1] < 80;
    return count;
  };
  Image good = draw_contact_sheet("title", "all right", {{"", {right, unknown}}}, 4, 56);
  Image bad = draw_contact_sheet("title", "one wrong", {{"", {right, wrong}}}, 4, 56);
  EXPECT_EQ(good.width, bad.width);
  EXPECT_EQ(red(good), 0);
  EXPECT_GE(red(bad), 4 * 3 * 56);
  Image two_rows = draw_contact_sheet("title", "", {{"", std::vector<SheetPicture>(5, right)}}, 4, 56);
  EXPECT_GT(two_rows.height, good.height);
}

}  // namespace
}  // namespace frugal
