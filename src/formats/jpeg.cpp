// JPEG through libjpeg-turbo. Its errors arrive by longjmp, which must not cross C++ objects: each step
// that calls the library is a function of plain locals, run by guarded(); all state lives outside.
#include <cstdio>  // jpeglib.h needs FILE

#include <jpeglib.h>

#include <jerror.h>

#include <csetjmp>
#include <cstdlib>
#include <cstring>

#include "base/check.h"
#include "formats/image_codecs.h"

namespace frugal {
namespace {

constexpr int kMaxScans = 200;  // a legal progressive file of some kilobytes can ask for thousands of passes

struct ErrorState {
  jpeg_error_mgr manager{};
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX] = "";
};

ErrorState& state_of(j_common_ptr info) { return *reinterpret_cast<ErrorState*>(info->err); }

[[noreturn]] void on_error(j_common_ptr info) {
  ErrorState& state = state_of(info);
  state.manager.format_message(info, state.message);
  std::longjmp(state.jump, 1);
}

// The library goes on after damage and invents grey pixels; we refuse instead. Harmless oddities pass.
void on_message(j_common_ptr info, int level) {
  if (level >= 0) return;
  switch (info->err->msg_code) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC: on_error(info);
    default: break;
  }
}

void on_progress(j_common_ptr info) {
  auto* d = reinterpret_cast<j_decompress_ptr>(info);
  if (d->input_scan_number <= kMaxScans) return;
  std::snprintf(state_of(info).message, JMSG_LENGTH_MAX, "more than %d progressive scans", kMaxScans);
  std::longjmp(state_of(info).jump, 1);
}

void set_up(ErrorState& errors) {
  jpeg_std_error(&errors.manager);
  errors.manager.error_exit = on_error;
  errors.manager.emit_message = on_message;
}

template <typename State>
bool guarded(State& state, void (*step)(State&)) {
  if (setjmp(state.errors.jump)) return false;
  step(state);
  return true;
}

struct Reader {
  ErrorState errors;
  jpeg_decompress_struct info{};
  jpeg_progress_mgr progress{};
  std::span<const std::byte> bytes;
  std::uint8_t* rows = nullptr;
  std::size_t stride = 0;

  explicit Reader(std::span<const std::byte> b) : bytes(b) {
    set_up(errors);
    info.err = &errors.manager;
    progress.progress_monitor = on_progress;
  }
  ~Reader() { jpeg_destroy_decompress(&info); }  // a no-op where creation failed
};

void read_header(Reader& r) {
  jpeg_create_decompress(&r.info);
  r.info.progress = &r.progress;
  jpeg_mem_src(&r.info, reinterpret_cast<const unsigned char*>(r.bytes.data()), r.bytes.size());
  jpeg_save_markers(&r.info, JPEG_APP0 + 1, 0xffff);
  jpeg_read_header(&r.info, TRUE);
}

void read_rows(Reader& r) {
  jpeg_start_decompress(&r.info);
  while (r.info.output_scanline < r.info.output_height) {
    JSAMPROW row = r.rows + r.info.output_scanline * r.stride;
    jpeg_read_scanlines(&r.info, &row, 1);
  }
  jpeg_finish_decompress(&r.info);
}

// Adobe's programs store CMYK inverted, and so does everybody after them.
Image from_cmyk(const std::vector<std::uint8_t>& cmyk, int width, int height, bool inverted) {
  Image image(width, height);
  for (std::size_t i = 0; i < image.pixels.size() / 3; ++i)
    for (std::size_t c = 0; c < 3; ++c) {
      int ink = cmyk[4 * i + c], black = cmyk[4 * i + 3];
      if (!inverted) ink = 255 - ink, black = 255 - black;
      image.pixels[3 * i + c] = static_cast<std::uint8_t>((ink * black + 127) / 255);
    }
  return image;
}

int orientation_of(const jpeg_decompress_struct& info) {
  for (jpeg_saved_marker_ptr marker = info.marker_list; marker; marker = marker->next)
    if (marker->data_length > 6 && std::memcmp(marker->data, "Exif\0\0", 6) == 0)
      return exif_orientation({reinterpret_cast<const std::byte*>(marker->data) + 6, marker->data_length - 6});
  return 1;
}

struct Writer {
  ErrorState errors;
  jpeg_compress_struct info{};
  const Image& image;
  int quality;
  unsigned char* out = nullptr;
  unsigned long size = 0;

  Writer(const Image& i, int q) : image(i), quality(q) {
    set_up(errors);
    info.err = &errors.manager;
  }
  ~Writer() {
    jpeg_destroy_compress(&info);
    std::free(out);
  }
};

void write_picture(Writer& w) {
  jpeg_create_compress(&w.info);
  jpeg_mem_dest(&w.info, &w.out, &w.size);
  w.info.image_width = static_cast<JDIMENSION>(w.image.width);
  w.info.image_height = static_cast<JDIMENSION>(w.image.height);
  w.info.input_components = w.image.channels;
  w.info.in_color_space = w.image.channels == 3 ? JCS_RGB : JCS_GRAYSCALE;
  jpeg_set_defaults(&w.info);
  jpeg_set_quality(&w.info, w.quality, TRUE);
  jpeg_start_compress(&w.info, TRUE);
  std::size_t stride = static_cast<std::size_t>(w.image.width) * static_cast<std::size_t>(w.image.channels);
  while (w.info.next_scanline < w.info.image_height) {
    auto* row = const_cast<JSAMPLE*>(w.image.pixels.data() + w.info.next_scanline * stride);
    jpeg_write_scanlines(&w.info, &row, 1);
  }
  jpeg_finish_compress(&w.info);
}

}  // namespace

DecodedImage decode_jpeg(std::span<const std::byte> bytes, std::int64_t max_pixels) {
  Reader reader(bytes);
  require(guarded(reader, read_header), "the JPEG picture is damaged or truncated: {}", reader.errors.message);
  jpeg_decompress_struct& info = reader.info;
  check_image_size(info.image_width, info.image_height, max_pixels);
  int orientation = orientation_of(info);  // finishing the picture drops the markers
  bool cmyk = info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK;
  info.out_color_space = cmyk ? JCS_CMYK : JCS_RGB;

  int width = static_cast<int>(info.image_width), height = static_cast<int>(info.image_height);
  Image image(width, height, cmyk ? 4 : 3);
  reader.rows = image.pixels.data();
  reader.stride = static_cast<std::size_t>(width) * static_cast<std::size_t>(image.channels);
  require(guarded(reader, read_rows), "the JPEG picture is damaged or truncated: {}", reader.errors.message);
  if (cmyk) image = from_cmyk(image.pixels, width, height, info.saw_Adobe_marker);
  return {std::move(image), orientation};
}

ImageSize jpeg_size(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  require(guarded(reader, read_header), "the JPEG picture is damaged or truncated: {}", reader.errors.message);
  check_image_size(reader.info.image_width, reader.info.image_height, kMaxImagePixels);
  const int width = static_cast<int>(reader.info.image_width), height = static_cast<int>(reader.info.image_height);
  return orientation_of(reader.info) >= 5 ? ImageSize{height, width} : ImageSize{width, height};
}

std::vector<std::byte> encode_jpeg(const Image& image, int quality) {
  require(image.channels == 1 || image.channels == 3, "a picture of {} channels cannot be JPEG (1 or 3 can)",
          image.channels);
  require(quality >= 1 && quality <= 100, "JPEG quality {} is not in 1..100", quality);
  FRUGAL_ASSERT(image.pixels.size() == static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height) *
                                           static_cast<std::size_t>(image.channels));
  Writer writer(image, quality);
  require(guarded(writer, write_picture), "a picture of {}x{} cannot be JPEG: {}", image.width, image.height,
          writer.errors.message);
  auto* begin = reinterpret_cast<const std::byte*>(writer.out);
  return {begin, begin + writer.size};
}

}  // namespace frugal
