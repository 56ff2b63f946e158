// Pictures in one stream, whole and broken.
#include "formats/frames.h"

#include "formats/format_test.h"
#include "frugal/image.h"

namespace frugal {
namespace {

std::string text(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
std::string jpeg(int side, std::uint8_t value, int quality = 90) {
  return text(encode_jpeg(Image(side, side, 3, value), quality));
}

// The widths of all pictures; "e" for an error, "b" for one that is broken. The stream comes in pieces of `piece`
// bytes.
std::string frames(const std::string& bytes, std::size_t piece = 7) {
  std::size_t at = 0;
  FrameStream stream([&](std::byte* to, std::size_t most) {
    const std::size_t n = std::min({most, piece, bytes.size() - at});
    std::copy_n(reinterpret_cast<const std::byte*>(bytes.data()) + at, n, to);
    at += n;
    return n;
  });
  std::string found;
  for (int i = 0; i < 20; ++i) {
    std::optional<std::span<const std::byte>> frame;
    try {
      frame = stream.next();
    } catch (const Error& e) {
      found += "e ";
      continue;
    }
    if (!frame) return found;
    try {
      found += std::to_string(decode_image(*frame).width) + " ";
    } catch (const Error& e) {
      found += "b ";
    }
  }
  return "endless";
}

TEST(FrameStream, CutsPicturesOutOfAStream) {
  const std::string ppm = "P6 # a comment\n2 1 255\n123456", grey = "P5\n3 1\n65535\n123456";
  for (std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1} << 20}) {
    EXPECT_EQ(frames(jpeg(20, 10) + jpeg(33, 200) + jpeg(8, 90, 100), piece), "20 33 8 ");
    EXPECT_EQ(frames(ppm + grey + "\n" + ppm + jpeg(9, 1), piece), "2 3 2 9 ");
    EXPECT_EQ(frames("", piece), "");
    EXPECT_EQ(frames(" \n", piece), "");
  }
}

// A thumbnail within a picture's notes ends no picture.
TEST(FrameStream, NotesMayHoldPictures) {
  const std::string inside = jpeg(8, 1),
                    size{static_cast<char>((inside.size() + 2) >> 8), static_cast<char>((inside.size() + 2) & 0xff)};
  const std::string whole = jpeg(20, 10);
  EXPECT_EQ(frames(whole.substr(0, 2) + "\xff\xe1" + size + inside + whole.substr(2) + jpeg(7, 1)), "20 7 ");
}

TEST(FrameStream, GoesOnBehindWhatIsBroken) {
  const std::string whole = jpeg(40, 10), half = whole.substr(0, whole.size() / 2), head = whole.substr(0, 30);
  EXPECT_EQ(frames(half + jpeg(9, 1)), "b 9 ");
  EXPECT_EQ(frames(head + jpeg(9, 1)), "b 9 ");
  EXPECT_EQ(frames(jpeg(9, 1) + half), "9 b ");
  EXPECT_EQ(frames("what is this " + jpeg(9, 1)), "e 9 ");
  EXPECT_EQ(frames(jpeg(9, 1) + "rubbish"), "9 e ");
  EXPECT_EQ(frames("P6 2 x 255\n" + jpeg(9, 1)), "e 9 ");
  EXPECT_EQ(frames("P6 60000 60000 255\n" + jpeg(9, 1)), "e 9 ");
  EXPECT_EQ(frames("P6 2 2 255\n123"), "b ");
  EXPECT_EQ(frames("\xff\xd8\xff"), "b ");
}

}  // namespace
}  // namespace frugal
