#include "frugal/prepare.h"

#include <cmath>
#include <cstdlib>

#include "support/support.h"

namespace frugal {
namespace {

// 7 wide, 6 high, value (7 i^2 + 31 i) mod 256.
Image pattern() {
  Image image(7, 6, 1);
  for (int i = 0; i < 42; ++i)
    image.pixels[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>((i * i * 7 + i * 31) % 256);
  return image;
}

void expect_pixels(const Image& image, const std::vector<int>& wanted) {
  ASSERT_EQ(image.pixels.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_LE(std::abs(image.pixels[i] - wanted[i]), 1) << "pixel " << i;
}

// The numbers are torch.nn.functional.interpolate(..., antialias=True) of PyTorch 2.13, rounded.
TEST(Resize, EqualsTorchBilinear) {
  expect_pixels(resize_image(pattern(), 4, 3), {73, 139, 164, 102, 150, 164, 108, 96, 183, 116, 115, 180});
  expect_pixels(resize_image(pattern(), 7, 2), {41, 169, 120, 212, 127, 87, 94, 167, 188, 128, 81, 113, 158, 154});
  expect_pixels(
      resize_image(pattern(), 5, 9),
      {13, 67, 159, 164, 146, 53,  96,  178, 150, 106, 93,  145, 199, 117, 68, 92,  224, 201, 44,  74, 136, 191, 163,
       57, 82, 180, 130, 113, 109, 106, 184, 100, 68,  192, 173, 189, 156, 64, 162, 200, 193, 221, 71, 112, 209});
}

TEST(Resize, EqualsTorchBicubic) {
  expect_pixels(resize_image(pattern(), 4, 3, Interpolation::bicubic),
                {60, 143, 175, 96, 153, 176, 102, 86, 194, 103, 109, 195});
  expect_pixels(resize_image(pattern(), 7, 2, Interpolation::bicubic),
                {34, 166, 120, 216, 128, 83, 93, 171, 194, 130, 80, 105, 160, 152});
  expect_pixels(
      resize_image(pattern(), 5, 9, Interpolation::bicubic),
      {3,  62, 166, 167, 147, 49,  87,  186, 161, 103, 96,  147, 209, 123, 59, 79,  249, 214, 28,  76, 133, 209, 169,
       39, 81, 192, 124, 104, 111, 103, 192, 82,  52,  209, 175, 192, 156, 48, 165, 209, 191, 234, 60, 97,  219});
}

TEST(Resize, ChannelsDoNotMix) {
  Image image(4, 4, 3);
  for (std::size_t i = 0; i < 16; ++i) image.pixels[3 * i + 1] = 200;
  Image small = resize_image(image, 2, 3);
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(small.pixels[3 * i], 0);
    EXPECT_EQ(small.pixels[3 * i + 1], 200);
  }
}

TEST(ConvertChannels, LumaAndBack) {
  Image colour(1, 1, 3);
  colour.pixels = {255, 0, 0};
  EXPECT_EQ(convert_channels(colour, 1).pixels, std::vector<std::uint8_t>{76});
  EXPECT_EQ(convert_channels(convert_channels(colour, 1), 3).pixels, (std::vector<std::uint8_t>{76, 76, 76}));
  EXPECT_ERROR(convert_channels(colour, 4), "channels");
}

TEST(FitImage, SameSizeStaysAndOthersAreCutFromTheCentre) {
  TaskInfo info;
  info.channels = 1, info.width = 7, info.height = 6;
  EXPECT_EQ(fit_image(pattern(), info), pattern());

  info.width = info.height = 2;
  Image wide(8, 2, 1);  // no scaling needed: columns 3 and 4
  for (std::size_t i = 0; i < 16; ++i) wide.pixels[i] = static_cast<std::uint8_t>(i);
  EXPECT_EQ(fit_image(wide, info).pixels, (std::vector<std::uint8_t>{3, 4, 11, 12}));

  info.resize = 4;  // scaled to 16x4 first
  EXPECT_EQ(fit_image(wide, info), crop_image(resize_image(wide, 16, 4), 7, 1, 2, 2));
}

TEST(FitImage, PadsBeforeItScales) {
  TaskInfo info;
  info.channels = 1, info.width = 4, info.height = 3, info.pad = 1;
  Image image(2, 1, 1, 9);
  EXPECT_EQ(fit_image(image, info).pixels, (std::vector<std::uint8_t>{0, 0, 0, 0, 0, 9, 9, 0, 0, 0, 0, 0}));
}

TEST(FitImage, RefusesAStripThatWouldGrowWithoutBound) {
  TaskInfo info;
  EXPECT_ERROR(fit_image(Image(1, 20000, 3), info), "narrow");
}

TEST(PrepareImages, NormalisesIntoPlanes) {
  Image image(2, 1, 3);
  image.pixels = {0, 51, 102, 153, 204, 255};
  TaskInfo info;
  info.width = 2, info.height = 1, info.mean = {0.1f, 0.2f, 0.3f}, info.std = {0.5f, 1.0f, 2.0f};
  Tensor batch = prepare_images(std::vector<Image>{image, image}, info);
  ASSERT_EQ(batch.shape(), (Shape{2, 3, 1, 2}));
  const std::vector<float> wanted{-0.2f, 1.0f, 0.0f, 0.6f, 0.05f, 0.35f};
  for (std::size_t i = 0; i < 12; ++i) EXPECT_NEAR(batch.data<float>()[i], wanted[i % 6], 1e-6) << i;
}

}  // namespace
}  // namespace frugal
