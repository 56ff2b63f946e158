#include "frugal/image.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <string_view>

#include "base/check.h"
#include "formats/file.h"
#include "formats/image_codecs.h"

namespace frugal {
namespace {

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Image decode_pnm(std::string_view text, std::int64_t max_pixels) {
  const PnmHeader header = read_pnm_header(text);
  check_image_size(header.width, header.height, max_pixels);
  require(text.size() >= header.file_bytes(), "the PPM/PGM picture is truncated");
  Image image(static_cast<int>(header.width), static_cast<int>(header.height));
  const auto* in = reinterpret_cast<const unsigned char*>(text.data()) + header.begin;
  std::uint8_t* out = image.pixels.data();
  for (std::size_t i = 0; i < header.samples(); ++i, in += header.sample_bytes()) {
    int value = header.sample_bytes() == 2 ? in[0] * 256 + in[1] : in[0];
    auto scaled = static_cast<std::uint8_t>((std::min<std::int64_t>(value, header.maximum) * 255 + header.maximum / 2) /
                                            header.maximum);
    for (int copies = header.channels == 1 ? 3 : 1; copies--;) *out++ = scaled;
  }
  return image;
}

// EXIF 2.3, table "Orientation": where row 0 and column 0 of the stored picture are to be shown.
Image upright(Image image, int orientation) {
  if (orientation == 1) return image;
  const int w = image.width, h = image.height;
  bool turned = orientation >= 5;
  Image out(turned ? h : w, turned ? w : h);
  std::uint8_t* to = out.pixels.data();
  for (int y = 0; y < out.height; ++y)
    for (int x = 0; x < out.width; ++x, to += 3) {
      int row = turned ? x : y, column = turned ? y : x;
      bool flip_rows = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
      bool flip_columns = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
      if (flip_rows) row = h - 1 - row;
      if (flip_columns) column = w - 1 - column;
      std::copy_n(
          image.pixels.data() +
              (static_cast<std::size_t>(row) * static_cast<std::size_t>(w) + static_cast<std::size_t>(column)) * 3,
          3, to);
    }
  return out;
}

// What a file that we cannot read seems to be, so that the error helps.
std::string_view known_format(std::string_view text) {
  if (text.starts_with("GIF8")) return "GIF";
  if (text.starts_with("BM")) return "BMP";
  if (text.starts_with("RIFF") && text.substr(0, 12).ends_with("WEBP")) return "WebP";
  if (text.starts_with("II*") || text.starts_with(std::string_view("MM\0*", 4))) return "TIFF";
  if (text.size() > 12 && text.substr(4, 4) == "ftyp") return "HEIC, AVIF or MP4";
  if (text.starts_with("P1") || text.starts_with("P2") || text.starts_with("P3") || text.starts_with("P4"))
    return "text or bitmap Netpbm";
  return "";
}

}  // namespace

PnmHeader read_pnm_header(std::string_view text) {
  PnmHeader header;
  header.channels = text[1] == '6' ? 3 : 1;
  std::size_t at = 2;
  for (std::int64_t* field : {&header.width, &header.height, &header.maximum}) {
    while (at < text.size() && (std::isspace(static_cast<unsigned char>(text[at])) || text[at] == '#'))
      at = text[at] == '#' ? std::min(text.find('\n', at), text.size()) : at + 1;
    auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), *field);
    require(error == std::errc() && *field > 0, "the PPM/PGM header is damaged: three positive numbers expected");
    at = static_cast<std::size_t>(end - text.data());
  }
  require(header.maximum <= 65'535, "the PPM/PGM maximum {} is above 65535", header.maximum);
  header.begin = at + 1;  // the single white space
  return header;
}

Image::Image(int w, int h, int c, std::uint8_t value) : width(w), height(h), channels(c) {
  FRUGAL_ASSERT(w >= 0 && h >= 0 && c >= 1);
  pixels.assign(static_cast<std::size_t>(w) * static_cast<std::size_t>(h) * static_cast<std::size_t>(c), value);
}

void check_image_size(std::int64_t width, std::int64_t height, std::int64_t max_pixels) {
  require(width > 0 && height > 0, "the picture is {}x{}; it has no pixels", width, height);
  require(width <= max_pixels / height, "the picture is {}x{}, above the limit of {} pixels", width, height,
          max_pixels);
}

int exif_orientation(std::span<const std::byte> tiff) {
  std::string_view text = text_of(tiff);
  bool big = text.starts_with("MM");
  if (text.size() < 8 || (!big && !text.starts_with("II"))) return 1;
  auto number = [&](std::size_t at, std::size_t size) {  // the caller has checked the bounds
    std::size_t value = 0;
    for (std::size_t i = 0; i < size; ++i)
      value = value << 8 | static_cast<unsigned char>(text[at + (big ? i : size - 1 - i)]);
    return value;
  };
  std::size_t directory = number(4, 4);
  if (directory > text.size() - 2) return 1;
  std::size_t count = std::min(number(directory, 2), (text.size() - directory - 2) / 12);
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t entry = directory + 2 + 12 * i;
    if (number(entry, 2) != 274) continue;
    std::size_t value = number(entry + 8, 2);
    return number(entry + 2, 2) == 3 && value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

Image decode_image(std::span<const std::byte> bytes, std::int64_t max_pixels) {
  std::string_view text = text_of(bytes);
  DecodedImage decoded;
  if (text.starts_with("\xff\xd8\xff")) {
    decoded = decode_jpeg(bytes, max_pixels);
  } else if (text.starts_with("\x89PNG\r\n\x1a\n")) {
    decoded = decode_png(bytes, max_pixels);
  } else if (text.starts_with("P5") || text.starts_with("P6")) {
    return decode_pnm(text, max_pixels);
  } else {
    std::string_view format = known_format(text);
    require(!text.empty(), "the picture is empty (0 bytes)");
    fail("{}; JPEG, PNG and binary PPM/PGM can be read",
         format.empty() ? "this is not a picture" : fmt::format("the picture is {}", format));
  }
  return upright(std::move(decoded.image), decoded.orientation);
}

Image read_image(const std::string& path, std::int64_t max_pixels) {
  auto mapping = MappedFile::open(path);
  return naming_file(path, [&] { return decode_image(mapping->bytes(), max_pixels); });
}

namespace {

void write_bytes(const std::string& path, const std::vector<std::byte>& bytes) {
  AtomicFile file(path);
  file.write(bytes.data(), bytes.size());
  file.commit(Flush::no);
}

}  // namespace

void write_png(const std::string& path, const Image& image) { write_bytes(path, encode_png(image)); }

void write_jpeg(const std::string& path, const Image& image, int quality) {
  write_bytes(path, encode_jpeg(image, quality));
}

ImageSize read_image_size(const std::string& path) {
  auto mapping = MappedFile::open(path);
  return naming_file(path, [&]() -> ImageSize {
    if (text_of(mapping->bytes()).starts_with("\xff\xd8\xff")) return jpeg_size(mapping->bytes());
    const Image image = decode_image(mapping->bytes());
    return {image.width, image.height};
  });
}

}  // namespace frugal
