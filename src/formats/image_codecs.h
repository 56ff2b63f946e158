// The decoders behind decode_image: each returns RGB and the EXIF orientation (1..8, 1 = upright).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "frugal/image.h"

namespace frugal {

struct DecodedImage {
  Image image;
  int orientation = 1;
};

DecodedImage decode_jpeg(std::span<const std::byte> bytes, std::int64_t max_pixels);
DecodedImage decode_png(std::span<const std::byte> bytes, std::int64_t max_pixels);

// Error unless 1 <= width, height and width * height <= max_pixels.
void check_image_size(std::int64_t width, std::int64_t height, std::int64_t max_pixels);

// Orientation from a TIFF structure as EXIF holds it (TIFF 6.0 section 2, tag 274); 1 if there is none
// or the structure is damaged: orientation is advice, not worth losing the picture.
int exif_orientation(std::span<const std::byte> tiff);

}  // namespace frugal
