#include "frugal/image.h"

#include <cstdio>

#include <jpeglib.h>

#include "formats/format_test.h"
#include "formats/image_codecs.h"
#include "formats/inflate.h"

namespace frugal {
namespace {

using namespace test;

Image decode(const std::string& bytes, std::int64_t max_pixels = kMaxImagePixels) {
  return decode_image(bytes_of(bytes), max_pixels);
}

std::string as_text(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

using Pixel = std::vector<int>;
Pixel pixel(const Image& image, int x, int y) {
  const std::uint8_t* p = image.pixels.data() + (y * image.width + x) * 3;
  return {p[0], p[1], p[2]};
}

// A PNG made by hand, chunk by chunk.
std::string chunk(const std::string& type, const std::string& data) {
  return big(data.size(), 4) + type + data + big(crc32(type + data), 4);
}

std::string zlib(const std::string& data) {
  std::uint32_t a = 1, b = 0;
  for (unsigned char c : data) a = (a + c) % 65521, b = (b + a) % 65521;
  return "\x78\x01" + as_text(deflate(bytes_of(data))) + big(b << 16 | a, 4);
}

const std::string kSignature = "\x89PNG\r\n\x1a\n";

std::string ihdr(unsigned width, unsigned height, int depth, int colour, int interlace = 0) {
  return chunk("IHDR", big(width, 4) + big(height, 4) + big(static_cast<unsigned>(depth), 1) +
                           big(static_cast<unsigned>(colour), 1) + big(0, 2) +
                           big(static_cast<unsigned>(interlace), 1));
}

// `rows` include the filter byte in front of each row; `extra` are chunks before the data.
std::string png(const std::string& header, const std::string& rows, const std::string& extra = "") {
  return kSignature + header + extra + chunk("IDAT", zlib(rows)) + chunk("IEND", "");
}

std::string bytes(std::initializer_list<int> values) {
  std::string out;
  for (int v : values) out += static_cast<char>(v);
  return out;
}

TEST(Png, EveryColourTypeBecomesRgb) {
  struct Row {
    const char* what;
    std::string file;
    Pixel left, right;
  };
  const std::string palette = chunk("PLTE", bytes({10, 20, 30, 40, 50, 60}));
  const std::vector<Row> table = {
      {"grey 8", png(ihdr(2, 1, 8, 0), bytes({0, 7, 200})), {7, 7, 7}, {200, 200, 200}},
      {"grey 1", png(ihdr(2, 1, 1, 0), bytes({0, 0x40})), {0, 0, 0}, {255, 255, 255}},
      {"grey 2", png(ihdr(2, 1, 2, 0), bytes({0, 0x60})), {85, 85, 85}, {170, 170, 170}},
      {"grey 4", png(ihdr(2, 1, 4, 0), bytes({0, 0x1f})), {17, 17, 17}, {255, 255, 255}},
      {"grey 16", png(ihdr(2, 1, 16, 0), bytes({0, 0x12, 0xff, 0xff, 0xff})), {19, 19, 19}, {255, 255, 255}},
      {"rgb 8", png(ihdr(2, 1, 8, 2), bytes({0, 1, 2, 3, 4, 5, 6})), {1, 2, 3}, {4, 5, 6}},
      {"rgb 16", png(ihdr(2, 1, 16, 2), bytes({0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0})), {1, 2, 3}, {4, 5, 6}},
      {"palette 8", png(ihdr(2, 1, 8, 3), bytes({0, 1, 0}), palette), {40, 50, 60}, {10, 20, 30}},
      {"palette 1", png(ihdr(2, 1, 1, 3), bytes({0, 0x40}), palette), {10, 20, 30}, {40, 50, 60}},
      {"palette with tRNS",
       png(ihdr(2, 1, 8, 3), bytes({0, 0, 1}), palette + chunk("tRNS", bytes({0}))),
       {255, 255, 255},
       {40, 50, 60}},
      {"grey + alpha", png(ihdr(2, 1, 8, 4), bytes({0, 0, 128, 9, 255})), {127, 127, 127}, {9, 9, 9}},
      {"rgb + alpha", png(ihdr(2, 1, 8, 6), bytes({0, 1, 2, 3, 0, 1, 2, 3, 255})), {255, 255, 255}, {1, 2, 3}},
      {"gamma is ignored",
       png(ihdr(2, 1, 8, 0), bytes({0, 7, 200}), chunk("gAMA", big(100'000, 4))),
       {7, 7, 7},
       {200, 200, 200}},
      {"EXIF turned by 180",
       png(ihdr(2, 1, 8, 0), bytes({0, 7, 200}),
           chunk("eXIf", "II*" + little(0, 1) + little(8, 4) + little(1, 2) + little(274, 2) + little(3, 2) +
                             little(1, 4) + little(3, 4) + little(0, 4))),
       {200, 200, 200},
       {7, 7, 7}},
  };
  for (const Row& row : table) {
    SCOPED_TRACE(row.what);
    Image image = decode(row.file);
    ASSERT_EQ(image.width, 2);
    ASSERT_EQ(image.height, 1);
    ASSERT_EQ(image.channels, 3);
    EXPECT_EQ(pixel(image, 0, 0), row.left);
    EXPECT_EQ(pixel(image, 1, 0), row.right);
  }
}

TEST(Png, InterlacedEqualsPlain) {  // Adam7: PNG specification, section 8.2
  const int start_x[] = {0, 4, 0, 2, 0, 1, 0}, start_y[] = {0, 0, 4, 0, 2, 0, 1};
  const int step_x[] = {8, 8, 4, 4, 2, 2, 1}, step_y[] = {8, 8, 8, 4, 4, 2, 2};
  std::string rows;
  for (int pass = 0; pass < 7; ++pass)
    for (int y = start_y[pass]; y < 9; y += step_y[pass]) {
      rows += '\0';
      for (int x = start_x[pass]; x < 9; x += step_x[pass]) rows += static_cast<char>(y * 16 + x);
    }
  Image image = decode(png(ihdr(9, 9, 8, 0, 1), rows));
  for (int y = 0; y < 9; ++y)
    for (int x = 0; x < 9; ++x) ASSERT_EQ(pixel(image, x, y)[0], y * 16 + x);
}

struct Broken {
  const char* what;
  std::string bytes;
  const char* word;
};

void expect_refused(const std::vector<Broken>& table) {
  for (const Broken& row : table) {
    SCOPED_TRACE(row.what);
    EXPECT_ERROR(decode(row.bytes), row.word);
  }
}

TEST(Png, RefusesEachBrokenField) {
  const std::string rows = bytes({0, 1, 2}), good = png(ihdr(2, 1, 8, 0), rows);
  ASSERT_EQ(decode(good).width, 2);
  const std::string head = kSignature + ihdr(2, 1, 8, 0), end = chunk("IEND", "");
  std::string adler = zlib(rows);
  adler.back() ^= 1;
  expect_refused({
      {"signature", patched(good, 4, "\n\n"), "not a picture"},
      {"width 0", png(ihdr(0, 1, 8, 0), rows), "width"},
      {"height 0", png(ihdr(2, 0, 8, 0), rows), "height"},
      {"width 2^31", png(ihdr(1u << 31, 1, 8, 0), rows), "out of range"},
      {"many pixels", png(ihdr(100'000, 100'000, 8, 0), rows), "limit"},
      {"short for its size", png(ihdr(8'000, 8'000, 8, 0), rows), "cannot hold"},
      {"depth 3", png(ihdr(2, 1, 3, 0), rows), "bit depth"},
      {"depth 1 of rgb", png(ihdr(2, 1, 1, 2), rows), "color type/bit depth"},
      {"colour type 5", png(ihdr(2, 1, 8, 5), rows), "color type"},
      {"compression", kSignature + chunk("IHDR", big(2, 4) + big(1, 4) + bytes({8, 0, 1, 0, 0})) + end, "compression"},
      {"filter", kSignature + chunk("IHDR", big(2, 4) + big(1, 4) + bytes({8, 0, 0, 1, 0})) + end, "filter"},
      {"interlace 2", png(ihdr(2, 1, 8, 0, 2), rows), "interlace"},
      {"IHDR length", kSignature + chunk("IHDR", "123") + end, "IHDR"},
      {"IHDR CRC", patched(good, 29, "XX"), "CRC"},
      {"IHDR twice", head + ihdr(2, 1, 8, 0) + end, "IHDR"},
      {"chunk length", patched(good, 33, "\xff\xff\xff\xff"), "damaged"},
      {"no IDAT", head + end, "IEND"},
      {"data CRC", patched(good, 33 + 8 + adler.size(), "XX"), "CRC"},
      {"data not zlib", head + chunk("IDAT", "garbage") + end, "damaged"},
      {"filter byte 9", png(ihdr(2, 1, 8, 0), bytes({9, 1, 2})), "filter"},
      {"rows missing", png(ihdr(2, 2, 8, 0), rows), "damaged"},
      {"palette missing", png(ihdr(2, 1, 8, 3), rows), "PLTE"},
      {"no IEND", good.substr(0, good.size() - 12), "too early"},
      {"unknown critical chunk", head + chunk("ABCD", "") + end, "ABCD"},
  });
  for (std::size_t size = 8; size < good.size(); ++size) EXPECT_THROW(decode(good.substr(0, size)), Error) << size;
}

// A picture with another colour in each corner, in blocks of 16 that JPEG keeps apart.
Image corners() {
  Image image(48, 32);
  for (int y = 0; y < 32; ++y)
    for (int x = 0; x < 48; ++x) {
      std::uint8_t* p = image.pixels.data() + (y * 48 + x) * 3;
      p[0] = x >= 24 ? 240 : 10;
      p[1] = y >= 16 ? 240 : 10;
      p[2] = 128;
    }
  return image;
}

std::string tiff(int orientation, bool big_endian, int type = 3, int tag = 274) {
  auto number = [&](int value, int size) {
    return big_endian ? big(static_cast<unsigned>(value), size) : little(static_cast<unsigned>(value), size);
  };
  return (big_endian ? "MM" : "II") + number(42, 2) + number(8, 4) + number(1, 2) + number(tag, 2) + number(type, 2) +
         number(1, 4) + number(orientation, 2) + number(0, 2) + number(0, 4);
}

TEST(Image, ExifOrientationIsApplied) {
  const std::string plain = as_text(encode_jpeg(corners(), 95));
  // Where the stored top left corner (dark red, dark green) must appear, and the stored top right.
  struct Row {
    int orientation;
    bool turned;
    int left_top_x, left_top_y, right_top_x, right_top_y;
  };
  for (const Row& row :
       {Row{1, false, 0, 0, 1, 0}, Row{2, false, 1, 0, 0, 0}, Row{3, false, 1, 1, 0, 1}, Row{4, false, 0, 1, 1, 1},
        Row{5, true, 0, 0, 0, 1}, Row{6, true, 1, 0, 1, 1}, Row{7, true, 1, 1, 1, 0}, Row{8, true, 0, 1, 0, 0}})
    for (bool big_endian : {false, true}) {
      SCOPED_TRACE(row.orientation);
      std::string exif = std::string("Exif\0\0", 6) + tiff(row.orientation, big_endian);
      Image image = decode(plain.substr(0, 2) + "\xff\xe1" + big(exif.size() + 2, 2) + exif + plain.substr(2));
      ASSERT_EQ(image.width, row.turned ? 32 : 48);
      ASSERT_EQ(image.height, row.turned ? 48 : 32);
      auto at = [&](int x, int y) { return pixel(image, x ? image.width - 1 : 0, y ? image.height - 1 : 0); };
      EXPECT_LT(at(row.left_top_x, row.left_top_y)[0], 60);
      EXPECT_LT(at(row.left_top_x, row.left_top_y)[1], 60);
      EXPECT_GT(at(row.right_top_x, row.right_top_y)[0], 190);
      EXPECT_LT(at(row.right_top_x, row.right_top_y)[1], 60);
    }
}

TEST(Image, DamagedExifIsIgnored) {
  auto orientation = [](const std::string& text) { return exif_orientation(bytes_of(text)); };
  EXPECT_EQ(orientation(tiff(6, true)), 6);
  for (const std::string& text : {std::string(), std::string("II"), patched(tiff(6, true), 0, "XX"), tiff(0, true),
                                  tiff(9, true), tiff(6, true, 4), tiff(6, true, 3, 275),
                                  patched(tiff(6, true), 4, "\xff\xff\xff\xff"), tiff(6, true).substr(0, 20)})
    EXPECT_EQ(orientation(text), 1);
  EXPECT_EQ(orientation(patched(tiff(6, true), 8, "\xff\xff")), 6);  // a count beyond the data is bounded by it
}

// Through the library itself, for what encode_jpeg does not make.
std::string jpeg(const Image& image, J_COLOR_SPACE in, J_COLOR_SPACE stored, bool progressive, bool adobe = true) {
  jpeg_compress_struct info;
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* out = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &out, &size);
  info.image_width = static_cast<unsigned>(image.width);
  info.image_height = static_cast<unsigned>(image.height);
  info.input_components = image.channels;
  info.in_color_space = in;
  jpeg_set_defaults(&info);
  jpeg_set_colorspace(&info, stored);
  jpeg_set_quality(&info, 95, TRUE);
  info.write_Adobe_marker = adobe;
  if (progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    auto* row = const_cast<JSAMPLE*>(image.pixels.data() +
                                     info.next_scanline * info.image_width * static_cast<unsigned>(image.channels));
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::string text(reinterpret_cast<char*>(out), size);
  std::free(out);
  return text;
}

void expect_near(const Image& image, const Pixel& wanted) {
  for (int c = 0; c < 3; ++c)
    EXPECT_NEAR(pixel(image, 5, 5)[static_cast<std::size_t>(c)], wanted[static_cast<std::size_t>(c)], 3);
}

TEST(Jpeg, EveryColourSpaceBecomesRgb) {
  Image grey(16, 16, 1, 77), cmyk(16, 16, 4), inverted(16, 16, 4);
  for (std::size_t i = 0; i < cmyk.pixels.size(); ++i) {
    const int ink[] = {0, 100, 200, 51};  // R = 255 * 204 / 255, G = 155 * 204 / 255, B = 55 * 204 / 255
    cmyk.pixels[i] = static_cast<std::uint8_t>(ink[i % 4]);
    inverted.pixels[i] = static_cast<std::uint8_t>(255 - ink[i % 4]);
  }
  expect_near(decode(as_text(encode_jpeg(grey, 95))), {77, 77, 77});
  expect_near(decode(jpeg(grey, JCS_GRAYSCALE, JCS_GRAYSCALE, true)), {77, 77, 77});
  expect_near(decode(jpeg(Image(16, 16, 3, 90), JCS_RGB, JCS_RGB, false)), {90, 90, 90});
  expect_near(decode(jpeg(cmyk, JCS_CMYK, JCS_CMYK, false, false)), {204, 124, 44});
  expect_near(decode(jpeg(inverted, JCS_CMYK, JCS_CMYK, false)), {204, 124, 44});
  expect_near(decode(jpeg(inverted, JCS_CMYK, JCS_YCCK, true)), {204, 124, 44});
}

TEST(Jpeg, ProgressiveEqualsBaseline) {
  EXPECT_EQ(decode(jpeg(corners(), JCS_RGB, JCS_YCbCr, true)), decode(jpeg(corners(), JCS_RGB, JCS_YCbCr, false)));
}

std::size_t marker(const std::string& file, int code) {
  return file.find(std::string("\xff") + static_cast<char>(code));
}

TEST(Jpeg, RefusesEachBrokenField) {
  const std::string good = as_text(encode_jpeg(corners(), 80));
  ASSERT_EQ(decode(good).width, 48);
  std::size_t frame = marker(good, 0xc0), huffman = marker(good, 0xc4), scan = marker(good, 0xda),
              tables = marker(good, 0xdb);
  expect_refused({
      {"no frame", patched(good, frame + 1, "\xfe"), "damaged"},
      {"frame length", patched(good, frame + 2, big(16, 2)), "length"},
      {"precision 12", patched(good, frame + 4, bytes({12})), "precision"},
      {"height 0", patched(good, frame + 5, big(0, 2)), "damaged"},
      {"width 0", patched(good, frame + 7, big(0, 2)), "Empty"},
      {"size 65535", patched(good, frame + 5, big(0xffff, 2) + big(0xffff, 2)), "65500"},
      {"many pixels", patched(good, frame + 5, big(60'000, 2) + big(60'000, 2)), "limit"},
      {"twice the height", patched(good, frame + 5, big(64, 2)), "damaged"},
      {"components 0", patched(good, frame + 9, bytes({0})), "damaged"},
      {"sampling 0", patched(good, frame + 11, bytes({0})), "sampling"},
      {"quantisation table missing", patched(good, tables + 4, bytes({3})), "table"},
      {"lossless frame", patched(good, frame + 1, "\xc3"), "Unsupported"},
      {"Huffman table number", patched(good, huffman + 4, bytes({9})), "DHT"},
      {"Huffman counts", patched(good, huffman + 5, std::string(16, '\xff')), "Huffman"},
      {"scan components", patched(good, scan + 4, bytes({5})), "damaged"},
      {"scan names a missing component", patched(good, scan + 5, bytes({77})), "component"},
      {"no scan", good.substr(0, scan) + "\xff\xd9", "damaged"},
      {"data end early", good.substr(0, scan + 40) + "\xff\xd9", "premature"},
      {"no end marker", good.substr(0, good.size() - 2), "end"},
  });
  for (std::size_t size = 3; size < good.size(); ++size) EXPECT_THROW(decode(good.substr(0, size)), Error) << size;
}

TEST(Jpeg, EndlessScansAreRefused) {
  const std::string good = jpeg(corners(), JCS_RGB, JCS_YCbCr, true);
  std::size_t scan = marker(good, 0xda), next = scan + 2;
  while (good[next] != '\xff' || good[next + 1] == 0) ++next;
  std::string many = good.substr(0, next);
  for (int i = 0; i < 300; ++i) many += good.substr(scan, next - scan);
  EXPECT_ERROR(decode(many + good.substr(next)), "scans");
}

TEST(Pnm, ReadsAndRefuses) {
  EXPECT_EQ(pixel(decode("P6 2 1 255\n" + bytes({1, 2, 3, 4, 5, 6})), 1, 0), (Pixel{4, 5, 6}));
  EXPECT_EQ(pixel(decode("P5\n# a comment\n1 #another\n1\n15\n" + bytes({15})), 0, 0), (Pixel{255, 255, 255}));
  EXPECT_EQ(pixel(decode("P5 1 1 65535\n" + bytes({0x80, 0})), 0, 0), (Pixel{128, 128, 128}));
  EXPECT_EQ(pixel(decode("P5 1 1 15\n" + bytes({99})), 0, 0), (Pixel{255, 255, 255}));
  expect_refused({
      {"no numbers", "P6", "three positive"},
      {"width 0", "P6 0 1 255\n123", "three positive"},
      {"height negative", "P6 1 -1 255\n123", "three positive"},
      {"maximum 0", "P6 1 1 0\n123", "three positive"},
      {"maximum high", "P6 1 1 65536\n123", "above 65535"},
      {"number huge", "P6 99999999999999999999 1 255\n123", "three positive"},
      {"many pixels", "P6 100000 100000 255\n123", "limit"},
      {"product wraps", "P6 4294967296 4294967296 255\n123", "limit"},
      {"data short", "P6 1 1 255\n12", "truncated"},
      {"no data", "P6 1 1 255", "truncated"},
      {"comment without end", "P6 # x", "three positive"},
  });
}

TEST(Image, OtherFormatsAreNamed) {
  expect_refused({{"empty", "", "empty"},
                  {"text", "hello, world", "not a picture"},
                  {"gif", "GIF89a....", "GIF"},
                  {"webp", "RIFF1234WEBPVP8 ", "WebP"},
                  {"bmp", "BM123456", "BMP"},
                  {"tiff", "II*.....", "TIFF"},
                  {"heic", "....ftypheic....", "HEIC"},
                  {"text ppm", "P3 1 1 255 1 2 3", "Netpbm"}});
}

TEST(Image, WritesWhatItReads) {
  TempDir dir;
  Image image = corners();
  write_png(dir / "a.png", image);
  EXPECT_EQ(read_image(dir / "a.png"), image);
  write_jpeg(dir / "a.jpg", image, 100);
  Image lossy = read_image(dir / "a.jpg");
  ASSERT_EQ(lossy.pixels.size(), image.pixels.size());
  expect_near(lossy, {10, 10, 128});
  write_png(dir / "grey.png", Image(3, 2, 1, 99));
  EXPECT_EQ(read_image(dir / "grey.png"), Image(3, 2, 3, 99));
  EXPECT_ERROR(read_image(dir / "a.png", 100), "limit of 100");
  EXPECT_ERROR(read_image(dir / "missing.png"), "missing.png");
  EXPECT_ERROR(encode_png(Image(1, 1, 4)), "4 channels");
  EXPECT_ERROR(encode_png(Image(0, 1)), "0x1");
  EXPECT_ERROR(encode_jpeg(Image(1, 1), 101), "1..100");
  EXPECT_ERROR(encode_jpeg(Image(70'000, 1)), "70000");
}

}  // namespace
}  // namespace frugal
