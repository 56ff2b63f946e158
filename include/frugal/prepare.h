// From a picture to a network's input, as TaskInfo describes it.
#pragma once

#include <span>

#include "frugal/image.h"
#include "frugal/task_info.h"
#include "frugal/tensor.h"

namespace frugal {

enum class Interpolation : std::uint8_t { bilinear, bicubic };

// Separable resampling with half-pixel centres; where it shrinks, the filter widens with the scale (antialiasing), as
// in Pillow and torchvision: triangle filter, or Keys' cubic with a = -0.5 ("Cubic convolution interpolation", 1981).
Image resize_image(const Image& image, int width, int height, Interpolation interpolation = Interpolation::bilinear);

// 1 channel: luma of ITU-R BT.601 (0.299 R + 0.587 G + 0.114 B); 3: grey repeated.
Image convert_channels(const Image& image, int channels);

Image pad_image(const Image& image, int pad);                                    // a black border on every side
Image crop_image(const Image& image, int left, int top, int width, int height);  // inside the picture

// Error where a picture is a hundred times as long as wide or more: scaled, it would be far larger than what is cut
// out.
void check_shape(const Image& image, const TaskInfo& info);

// Channels, size and cut as the network wants them, still in bytes: exactly info.width x info.height. Error as above.
Image fit_image(const Image& image, const TaskInfo& info);

// (value / 255 - mean) / std, as planes: out[(c * height + y) * width + x]. The picture has been fitted.
void normalize_image(const Image& fitted, const TaskInfo& info, float* out);

// float32 [N, channels, height, width]
Tensor prepare_images(std::span<const Image> images, const TaskInfo& info);

}  // namespace frugal
