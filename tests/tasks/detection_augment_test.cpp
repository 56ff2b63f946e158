// Boxes stay on what they name: every object of these pictures is a rectangle of its own colour.
#include <gtest/gtest.h>

#include <cmath>

#include "tasks/detection/augment.h"

namespace frugal {
namespace {

using Colour = std::array<std::uint8_t, 3>;
constexpr std::array<Colour, 4> kColours{{{250, 0, 0}, {0, 250, 0}, {0, 0, 250}, {250, 250, 0}}};

LabelledPicture picture_of(int width, int height, std::int64_t label, LabelledBox box) {
  LabelledPicture out{Image(width, height, 3, 60), {}};
  box.label = label;
  for (int y = static_cast<int>(box.y1); y < static_cast<int>(box.y2); ++y)
    for (int x = static_cast<int>(box.x1); x < static_cast<int>(box.x2); ++x)
      for (std::size_t c = 0; c < 3; ++c)
        out.image.pixels[static_cast<std::size_t>((y * width + x) * 3) + c] =
            kColours[static_cast<std::size_t>(label)][c];
  out.boxes.push_back(box);
  return out;
}

std::vector<LabelledPicture> four() {
  return {picture_of(96, 64, 0, {0, 20, 10, 70, 50}), picture_of(64, 96, 1, {0, 8, 30, 40, 80}),
          picture_of(96, 96, 2, {0, 40, 40, 90, 90}), picture_of(80, 96, 3, {0, 10, 5, 60, 60})};
}

// The extent of a label's colour; pixels that are mixed with their neighbours by more than half do not count.
LabelledBox extent(const Image& image, std::int64_t label) {
  LabelledBox out{label, 1e9, 1e9, -1, -1};
  const Colour& colour = kColours[static_cast<std::size_t>(label)];
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x) {
      int distance = 0;
      for (std::size_t c = 0; c < 3; ++c)
        distance += std::abs(image.pixels[static_cast<std::size_t>((y * image.width + x) * 3) + c] - colour[c]);
      if (distance > 120) continue;
      out.x1 = std::min<double>(out.x1, x), out.y1 = std::min<double>(out.y1, y);
      out.x2 = std::max<double>(out.x2, x + 1), out.y2 = std::max<double>(out.y2, y + 1);
    }
  return out;
}

void expect_boxes_on_colours(const LabelledPicture& picture, double tolerance) {
  for (const LabelledBox& box : picture.boxes) {
    const LabelledBox seen = extent(picture.image, box.label);
    EXPECT_NEAR(box.x1, seen.x1, tolerance) << box.label;
    EXPECT_NEAR(box.y1, seen.y1, tolerance) << box.label;
    EXPECT_NEAR(box.x2, seen.x2, tolerance) << box.label;
    EXPECT_NEAR(box.y2, seen.y2, tolerance) << box.label;
  }
}

TEST(DetectionAugment, FitsAndCentres) {
  for (const LabelledPicture& picture : four()) {
    const LabelledPicture fitted = center_in(fit_side(picture, 128), 128);
    EXPECT_EQ(fitted.image.width, 128);
    EXPECT_EQ(fitted.boxes.size(), 1u);
    expect_boxes_on_colours(fitted, 1.5);
  }
}

TEST(DetectionAugment, MosaicAndAffineCarryBoxesAlong) {
  int kept = 0, lost = 0;
  for (std::uint64_t i = 0; i < 40; ++i) {
    RandomStream random(3, "test", i);
    const LabelledPicture all = mosaic(four(), 96, random);
    EXPECT_EQ(all.image.width, 192);
    expect_boxes_on_colours(all, 0.01);
    const LabelledPicture part = random_affine(all, 96, {}, random);
    EXPECT_EQ(part.image.width, 96);
    expect_boxes_on_colours(part, 1.5);
    kept += static_cast<int>(part.boxes.size());
    lost += 4 - static_cast<int>(part.boxes.size());
    for (const LabelledBox& box : part.boxes) EXPECT_TRUE(box.width() > 2 && box.height() > 2);
  }
  EXPECT_GT(kept, 40);
  EXPECT_GT(lost, 10);
}

TEST(DetectionAugment, ATurnedBoxHoldsItsObject) {
  DetectionAugment how;
  how.degrees = 30, how.shear = 5, how.scale = 0.2;
  for (std::uint64_t i = 0; i < 20; ++i) {
    RandomStream random(4, "test", i);
    const LabelledPicture turned =
        random_affine(center_in(picture_of(96, 96, 2, {0, 30, 30, 70, 60}), 96), 96, how, random);
    for (const LabelledBox& box : turned.boxes) {
      const LabelledBox seen = extent(turned.image, box.label);
      EXPECT_LT(box.x1, seen.x1 + 1.5);
      EXPECT_GT(box.x2, seen.x2 - 1.5);
      EXPECT_NEAR(box.x1, seen.x1, 4);
      EXPECT_NEAR(box.y2, seen.y2, 4);
    }
  }
}

TEST(DetectionAugment, FlipTwiceIsNothing) {
  for (const LabelledPicture& picture : four()) {
    LabelledPicture flipped = picture;
    flip_sides(flipped);
    expect_boxes_on_colours(flipped, 0.01);
    flip_sides(flipped);
    EXPECT_EQ(flipped.image, picture.image);
    EXPECT_EQ(flipped.boxes[0].x1, picture.boxes[0].x1);
  }
}

TEST(DetectionAugment, ColoursMoveWithinTheirGains) {
  Image image(3, 1);
  image.pixels = {200, 100, 50, 80, 80, 80, 0, 0, 0};
  Image same = image;
  RandomStream none(1, "test");
  shift_colours(same, {.hue = 0, .saturation = 0, .value = 0}, none);
  EXPECT_EQ(same, image);
  for (std::uint64_t i = 0; i < 20; ++i) {
    RandomStream random(5, "test", i);
    Image shifted = image;
    shift_colours(shifted, {.hue = 0, .saturation = 0, .value = 0.4}, random);
    EXPECT_NEAR(shifted.pixels[0], 200, 81);
    EXPECT_NEAR(shifted.pixels[0] * 0.5, shifted.pixels[1], 1);
    EXPECT_EQ(shifted.pixels[3], shifted.pixels[5]);
    EXPECT_EQ(shifted.pixels[8], 0);
  }
}

TEST(DetectionAugment, ABlendHasTheBoxesOfBoth) {
  const LabelledPicture a = center_in(four()[0], 96), b = center_in(four()[2], 96);
  const LabelledPicture both = blend(a, b, 0.25);
  EXPECT_EQ(both.boxes.size(), 2u);
  const std::size_t at = static_cast<std::size_t>(50 * 96 + 50) * 3;
  EXPECT_NEAR(both.image.pixels[at], 0.25 * a.image.pixels[at] + 0.75 * b.image.pixels[at], 0.51);
}

}  // namespace
}  // namespace frugal
