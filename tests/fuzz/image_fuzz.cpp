#include <zlib.h>

#include "frugal/image.h"
#include "fuzz.h"

namespace frugal::fuzz {

namespace {

std::string text(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string chunk(const std::string& type, const std::string& data) {
  return number(data.size(), 4, true) + type + data + number(crc(type + data), 4, true);
}

// A PNG of 8x8 in any colour type, with transparency and orientation chunks.
std::string png(int depth, int colour, int interlace) {
  std::string rows(8 * 8 * 8 + 64, '\0');
  uLongf size = compressBound(rows.size());
  std::string packed(size, '\0');
  compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(rows.data()), rows.size());
  packed.resize(size);
  std::string extra = colour == 3 ? chunk("PLTE", std::string(24, '\x11')) + chunk("tRNS", "\x01\x02") : "";
  return "\x89PNG\r\n\x1a\n" +
         chunk("IHDR", number(8, 4, true) + number(8, 4, true) + number(static_cast<unsigned>(depth), 1) +
                           number(static_cast<unsigned>(colour), 1) + number(0, 2) +
                           number(static_cast<unsigned>(interlace), 1)) +
         chunk("eXIf", "II*" + number(0, 1) + number(8, 4) + number(1, 2) + number(274, 2) + number(3, 2) +
                           number(1, 4) + number(6, 4) + number(0, 4)) +
         extra + chunk("IDAT", packed) + chunk("IEND", "");
}

}  // namespace

void parse(std::span<const std::byte> input) { decode_image(input, 1 << 12); }

std::vector<std::string> seeds() {
  Image picture(20, 12);
  for (std::size_t i = 0; i < picture.pixels.size(); ++i) picture.pixels[i] = static_cast<std::uint8_t>(i * 7);
  std::vector<std::string> out{text(encode_png(picture)),      text(encode_png(Image(9, 5, 1, 100))),
                               text(encode_jpeg(picture, 60)), text(encode_jpeg(Image(17, 9, 1, 100), 95)),
                               "P6 2 1 255\n123456",           "P5 #c\n2 1 65535\n1234"};
  for (auto [depth, colour] : {std::pair{1, 0}, {16, 0}, {8, 2}, {16, 6}, {4, 3}, {8, 4}})
    for (int interlace : {0, 1}) out.push_back(png(depth, colour, interlace));
  std::string exif = std::string("Exif\0\0II*\0", 10) + number(8, 4) + number(1, 2) + number(274, 2) + number(3, 2) +
                     number(1, 4) + number(8, 4) + number(0, 4);
  std::string jpeg = text(encode_jpeg(picture, 60));
  out.push_back(jpeg.substr(0, 2) + "\xff\xe1" + number(exif.size() + 2, 2, true) + exif + jpeg.substr(2));
  return out;
}

// The checksums of a PNG's chunks.
std::string repair(std::string input) {
  if (!input.starts_with("\x89PNG")) return input;
  for (std::size_t at = 8; at + 12 <= input.size();) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < 4; ++i) size = size << 8 | static_cast<unsigned char>(input[at + i]);
    if (size > input.size() - at - 12) break;
    input.replace(at + 8 + size, 4, number(crc(std::string_view(input).substr(at + 4, size + 4)), 4, true));
    at += 12 + size;
  }
  return input;
}

}  // namespace frugal::fuzz
