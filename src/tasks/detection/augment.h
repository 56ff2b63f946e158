// Pictures with boxes on their way into a batch: mosaic, affine, colours, flip, mixup, as YOLOv5 to v6 and Gold-YOLO
// train with them. Everything random comes from a stream, so a picture depends on (seed, epoch, index) alone.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"
#include "frugal/image.h"

namespace frugal {

struct LabelledBox {
  std::int64_t label = 0;
  double x1 = 0, y1 = 0, x2 = 0, y2 = 0;  // in pixels

  double width() const { return x2 - x1; }
  double height() const { return y2 - y1; }
};

// The part of a box inside a picture.
LabelledBox clipped(const LabelledBox& box, double width, double height);

struct LabelledPicture {
  Image image;  // 3 channels
  std::vector<LabelledBox> boxes;
};

// Gains are the largest relative changes, degrees and shear the largest angles.
struct DetectionAugment {
  double scale = 0.5, translate = 0.1, degrees = 0, shear = 0;
  double hue = 0.015, saturation = 0.7, value = 0.4;
  double flip = 0.5;  // probability
};

inline constexpr std::uint8_t kFillByte = 114;  // where no picture is

// Resized so that its longer side is `side`; keeps its shape.
LabelledPicture fit_side(const LabelledPicture& picture, int side);
// In the middle of a square of `side`, which it fits.
LabelledPicture center_in(const LabelledPicture& picture, int side);

// Four pictures that fit `side` around a random point of a square of 2 * side.
LabelledPicture mosaic(std::span<const LabelledPicture> four, int side, RandomStream& random);

// A random part of the picture, turned, scaled, sheared and moved, in a square of `side`. Of the boxes those stay that
// are wider and higher than 2 pixels, not 20 times as long as wide, and keep a tenth of their (scaled) area.
LabelledPicture random_affine(const LabelledPicture& picture, int side, const DetectionAugment& how,
                              RandomStream& random);

void shift_colours(Image& image, const DetectionAugment& how, RandomStream& random);
void flip_sides(LabelledPicture& picture);  // left and right

// share * a + (1 - share) * b of one size, with the boxes of both.
LabelledPicture blend(const LabelledPicture& a, const LabelledPicture& b, double share);

}  // namespace frugal
