// The decoders behind decode_image: each returns RGB and the EXIF orientation (1..8, 1 = upright).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "frugal/image.h"

namespace frugal {

struct DecodedImage {
  Image image;
  int orientation = 1;
};

DecodedImage decode_jpeg(std::span<const std::byte> bytes, std::int64_t max_pixels);
ImageSize jpeg_size(std::span<const std::byte> bytes);  // upright
DecodedImage decode_png(std::span<const std::byte> bytes, std::int64_t max_pixels);

// Netpbm's binary forms: P5 (grey) or P6 (RGB), width, height, maximum, one white space, samples.
struct PnmHeader {
  int channels = 3;
  std::int64_t width = 0, height = 0, maximum = 255;
  std::size_t begin = 0;  // of the samples
  std::size_t sample_bytes() const { return maximum > 255 ? 2 : 1; }
  // Of sizes that check_image_size() let pass.
  std::size_t samples() const { return static_cast<std::size_t>(width * height * channels); }
  std::size_t file_bytes() const { return begin + samples() * sample_bytes(); }
};
PnmHeader read_pnm_header(std::string_view text);  // begins with P5 or P6; Error where it is damaged

// Error unless 1 <= width, height and width * height <= max_pixels.
void check_image_size(std::int64_t width, std::int64_t height, std::int64_t max_pixels);

// Orientation from a TIFF structure as EXIF holds it (TIFF 6.0 section 2, tag 274); 1 if there is none
// or the structure is damaged: orientation is advice, not worth losing the picture.
int exif_orientation(std::span<const std::byte> tiff);

}  // namespace frugal
