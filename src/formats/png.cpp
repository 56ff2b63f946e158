// PNG through libpng. As in jpeg.cpp, errors arrive by longjmp: the steps have plain locals only.
#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>

#include "base/check.h"
#include "formats/image_codecs.h"

namespace frugal {
namespace {

struct State {
  png_structp png = nullptr;
  png_infop info = nullptr;
  bool writing = false;
  char warning[128] = "";
  char message[300] = "";

  std::span<const std::byte> bytes;  // reading: what is left
  const Image* image = nullptr;      // writing
  std::vector<std::byte> out;
  std::vector<png_bytep> rows;

  ~State() {
    if (writing)
      png_destroy_write_struct(&png, &info);
    else
      png_destroy_read_struct(&png, &info, nullptr);
  }
};

// libpng says what is wrong in a warning and then fails with a general error: keep both.
void on_warning(png_structp png, png_const_charp text) {
  auto& state = *static_cast<State*>(png_get_error_ptr(png));
  std::snprintf(state.warning, sizeof state.warning, " (%s)", text);
}

[[noreturn]] void on_error(png_structp png, png_const_charp text) {
  auto& state = *static_cast<State*>(png_get_error_ptr(png));
  std::snprintf(state.message, sizeof state.message, "%s%s", text, state.warning);
  png_longjmp(png, 1);
}

void read_bytes(png_structp png, png_bytep to, std::size_t size) {
  auto& bytes = static_cast<State*>(png_get_io_ptr(png))->bytes;
  if (bytes.size() < size) png_error(png, "the file ends too early");
  std::memcpy(to, bytes.data(), size);
  bytes = bytes.subspan(size);
}

void write_bytes(png_structp png, png_bytep from, std::size_t size) {
  auto& out = static_cast<State*>(png_get_io_ptr(png))->out;
  const auto* bytes = reinterpret_cast<const std::byte*>(from);
  out.insert(out.end(), bytes, bytes + size);
}

bool guarded(State& state, void (*step)(State&)) {
  if (setjmp(png_jmpbuf(state.png))) return false;
  step(state);
  return true;
}

void read_header(State& s) {
  png_set_read_fn(s.png, &s, read_bytes);
  png_set_keep_unknown_chunks(s.png, PNG_HANDLE_CHUNK_NEVER, nullptr, 0);
  png_read_info(s.png, s.info);
}

// Everything to 8-bit RGB, or RGBA where there is transparency.
void choose_output(State& s) {
  png_set_expand(s.png);  // palette to RGB, 1/2/4-bit grey to 8, tRNS to alpha
  png_set_scale_16(s.png);
  png_set_gray_to_rgb(s.png);
  png_set_interlace_handling(s.png);
  png_read_update_info(s.png, s.info);
}

void read_rows(State& s) {
  png_read_image(s.png, s.rows.data());
  png_read_end(s.png, s.info);
}

void write_picture(State& s) {
  png_set_write_fn(s.png, &s, write_bytes, nullptr);
  png_set_IHDR(s.png, s.info, static_cast<png_uint_32>(s.image->width), static_cast<png_uint_32>(s.image->height), 8,
               s.image->channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(s.png, s.info);
  png_write_image(s.png, s.rows.data());
  png_write_end(s.png, nullptr);
}

std::vector<png_bytep> rows_of(const Image& image) {
  std::vector<png_bytep> rows;
  std::size_t stride = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.channels);
  for (std::size_t y = 0; y < static_cast<std::size_t>(image.height); ++y)
    rows.push_back(const_cast<png_bytep>(image.pixels.data() + y * stride));
  return rows;
}

Image over_white(const Image& rgba) {
  Image image(rgba.width, rgba.height);
  for (std::size_t i = 0; i < image.pixels.size() / 3; ++i)
    for (std::size_t c = 0; c < 3; ++c) {
      int value = rgba.pixels[4 * i + c], alpha = rgba.pixels[4 * i + 3];
      image.pixels[3 * i + c] = static_cast<std::uint8_t>((value * alpha + 255 * (255 - alpha) + 127) / 255);
    }
  return image;
}

int orientation_of(const State& s) {
  png_bytep exif = nullptr;
  png_uint_32 size = 0;
  if (!png_get_eXIf_1(s.png, s.info, &size, &exif)) return 1;
  return exif_orientation({reinterpret_cast<const std::byte*>(exif), size});
}

}  // namespace

DecodedImage decode_png(std::span<const std::byte> bytes, std::int64_t max_pixels) {
  State s;
  s.bytes = bytes;
  s.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &s, on_error, on_warning);
  s.info = s.png ? png_create_info_struct(s.png) : nullptr;
  require(s.info, "not enough memory for a PNG picture");
  require(guarded(s, read_header), "the PNG picture is damaged or truncated: {}", s.message);
  check_image_size(png_get_image_width(s.png, s.info), png_get_image_height(s.png, s.info), max_pixels);
  // DEFLATE expands at most 1032-fold, so a short file cannot hold a large picture.
  std::size_t raw = png_get_rowbytes(s.png, s.info) * png_get_image_height(s.png, s.info);
  require(raw / 1032 <= bytes.size(), "the PNG picture is truncated: {} bytes cannot hold {}", bytes.size(), raw);
  require(guarded(s, choose_output), "the PNG picture is damaged: {}", s.message);

  Image image(static_cast<int>(png_get_image_width(s.png, s.info)),
              static_cast<int>(png_get_image_height(s.png, s.info)), png_get_channels(s.png, s.info));
  FRUGAL_ASSERT(png_get_rowbytes(s.png, s.info) * static_cast<std::size_t>(image.height) == image.pixels.size());
  s.rows = rows_of(image);
  require(guarded(s, read_rows), "the PNG picture is damaged or truncated: {}", s.message);
  int orientation = orientation_of(s);
  return {image.channels == 4 ? over_white(image) : std::move(image), orientation};
}

std::vector<std::byte> encode_png(const Image& image) {
  require(image.channels == 1 || image.channels == 3, "a picture of {} channels cannot be PNG (1 or 3 can)",
          image.channels);
  FRUGAL_ASSERT(image.pixels.size() == static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height) *
                                           static_cast<std::size_t>(image.channels));
  State s;
  s.writing = true;
  s.image = &image;
  s.rows = rows_of(image);
  s.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &s, on_error, on_warning);
  s.info = s.png ? png_create_info_struct(s.png) : nullptr;
  require(s.info, "not enough memory for a PNG picture");
  require(guarded(s, write_picture), "a picture of {}x{} cannot be PNG: {}", image.width, image.height, s.message);
  return std::move(s.out);
}

}  // namespace frugal
