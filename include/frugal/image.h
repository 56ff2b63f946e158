// Pictures: reading JPEG, PNG and binary PPM/PGM, writing JPEG and PNG.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace frugal {

// 8-bit samples, row by row from the top, channels interleaved: pixels[(y * width + x) * channels + c].
// 3 channels are R, G, B (sRGB as stored; colour profiles and gamma chunks are not applied); 1 is grey.
struct Image {
  int width = 0;
  int height = 0;
  int channels = 3;
  std::vector<std::uint8_t> pixels;

  Image() = default;
  Image(int w, int h, int c = 3, std::uint8_t value = 0);  // filled with `value`
  bool operator==(const Image&) const = default;
};

// Refused before anything is decoded: a file of some kilobytes can describe gigabytes of pixels.
inline constexpr std::int64_t kMaxImagePixels = std::int64_t{1} << 26;

// The format is told by the first bytes, never by the name. The result always has 3 channels: grey is
// repeated, palettes are resolved, 16 bits are rounded to 8, transparency is laid over white, CMYK is
// converted without a profile, and the EXIF orientation is applied. Error for truncated or damaged
// files, other formats (named where recognised) and more than `max_pixels` pixels.
Image read_image(const std::string& path, std::int64_t max_pixels = kMaxImagePixels);
Image decode_image(std::span<const std::byte> bytes, std::int64_t max_pixels = kMaxImagePixels);

// Of the picture as read_image gives it. Of a JPEG only the beginning is read.
struct ImageSize {
  int width = 0, height = 0;
};
ImageSize read_image_size(const std::string& path);

// 1 or 3 channels. Files are replaced atomically.
std::vector<std::byte> encode_png(const Image& image);
std::vector<std::byte> encode_jpeg(const Image& image, int quality = 92);  // quality 1..100
void write_png(const std::string& path, const Image& image);
void write_jpeg(const std::string& path, const Image& image, int quality = 92);

}  // namespace frugal
