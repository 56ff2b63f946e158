#include "tasks/detection/augment.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "base/check.h"
#include "frugal/prepare.h"

namespace frugal {

LabelledBox clipped(const LabelledBox& box, double width, double height) {
  return {box.label, std::clamp(box.x1, 0.0, width), std::clamp(box.y1, 0.0, height), std::clamp(box.x2, 0.0, width),
          std::clamp(box.y2, 0.0, height)};
}

namespace {

// x' = a x + b y + c, y' = d x + e y + f; in pixels, whose centres lie at halves.
struct Affine {
  double a = 1, b = 0, c = 0, d = 0, e = 1, f = 0;

  std::array<double, 2> operator()(double x, double y) const { return {a * x + b * y + c, d * x + e * y + f}; }
  // First `inner`, then this.
  Affine after(const Affine& inner) const {
    return {a * inner.a + b * inner.d, a * inner.b + b * inner.e, a * inner.c + b * inner.f + c,
            d * inner.a + e * inner.d, d * inner.b + e * inner.e, d * inner.c + e * inner.f + f};
  }
  Affine inverse() const {
    const double det = a * e - b * d;
    return {e / det, -b / det, (b * f - c * e) / det, -d / det, a / det, (c * d - a * f) / det};
  }
};

// Copies a part of `from` to (left, top) of `to`, as far as it lies inside, and its boxes.
void place(const LabelledPicture& from, int left, int top, LabelledPicture& to) {
  const int x0 = std::max(0, -left), x1 = std::min(from.image.width, to.image.width - left);
  const int y0 = std::max(0, -top), y1 = std::min(from.image.height, to.image.height - top);
  for (int y = y0; y < y1 && x0 < x1; ++y) {
    const auto row = [&](const Image& image, int r, int column) {
      return (static_cast<std::ptrdiff_t>(r) * image.width + column) * 3;
    };
    std::copy_n(from.image.pixels.begin() + row(from.image, y, x0), (x1 - x0) * 3,
                to.image.pixels.begin() + row(to.image, top + y, left + x0));
  }
  for (const LabelledBox& box : from.boxes) {
    const LabelledBox moved =
        clipped({box.label, box.x1 + left, box.y1 + top, box.x2 + left, box.y2 + top}, to.image.width, to.image.height);
    if (moved.width() > 0 && moved.height() > 0) to.boxes.push_back(moved);
  }
}

// Bilinear; beyond the picture lies the fill.
std::array<double, 3> sample(const Image& image, double x, double y) {
  const double fx = std::floor(x - 0.5), fy = std::floor(y - 0.5), wx = x - 0.5 - fx, wy = y - 0.5 - fy;
  std::array<double, 3> out{};
  for (int dy = 0; dy < 2; ++dy)
    for (int dx = 0; dx < 2; ++dx) {
      const auto px = static_cast<std::int64_t>(fx) + dx, py = static_cast<std::int64_t>(fy) + dy;
      const bool inside = px >= 0 && px < image.width && py >= 0 && py < image.height;
      const double weight = (dx ? wx : 1 - wx) * (dy ? wy : 1 - wy);
      for (std::size_t c = 0; c < 3; ++c)
        out[c] += weight * (inside ? image.pixels[static_cast<std::size_t>(py * image.width + px) * 3 + c] : kFillByte);
    }
  return out;
}

Image warp(const Image& image, int side, const Affine& forward) {
  const Affine back = forward.inverse();
  Image out(side, side);
  std::uint8_t* to = out.pixels.data();
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) {
      const auto [sx, sy] = back(x + 0.5, y + 0.5);
      const bool near = sx > -1 && sx < image.width + 1 && sy > -1 && sy < image.height + 1;
      const std::array<double, 3> value =
          near ? sample(image, sx, sy) : std::array<double, 3>{kFillByte, kFillByte, kFillByte};
      for (double v : value) *to++ = static_cast<std::uint8_t>(std::lround(v));
    }
  return out;
}

LabelledBox around(const LabelledBox& box, const Affine& map) {
  LabelledBox out{box.label, 1e30, 1e30, -1e30, -1e30};
  for (double x : {box.x1, box.x2})
    for (double y : {box.y1, box.y2}) {
      const auto [px, py] = map(x, y);
      out.x1 = std::min(out.x1, px), out.y1 = std::min(out.y1, py);
      out.x2 = std::max(out.x2, px), out.y2 = std::max(out.y2, py);
    }
  return out;
}

// `scale`: of the map, so that a box is compared with what it would have been.
bool worth_keeping(const LabelledBox& before, const LabelledBox& after, double scale) {
  constexpr double kSide = 2, kArea = 0.1, kAspect = 20, kEps = 1e-16;
  const double w = after.width(), h = after.height(), area = before.width() * before.height() * scale * scale;
  return w > kSide && h > kSide && w * h / (area + kEps) > kArea && std::max(w / (h + kEps), h / (w + kEps)) < kAspect;
}

double between(RandomStream& random, double lo, double hi) {
  return lo + (hi - lo) * static_cast<double>(random.uniform());
}

}  // namespace

LabelledPicture fit_side(const LabelledPicture& picture, int side) {
  const Image& image = picture.image;
  require(image.channels == 3 && image.width > 0 && image.height > 0, "a picture of a detector has 3 channels");
  const double ratio = static_cast<double>(side) / std::max(image.width, image.height);
  const int width = std::max(1, static_cast<int>(std::lround(image.width * ratio))),
            height = std::max(1, static_cast<int>(std::lround(image.height * ratio)));
  const double rx = static_cast<double>(width) / image.width, ry = static_cast<double>(height) / image.height;
  LabelledPicture out{resize_image(image, width, height), {}};
  for (const LabelledBox& b : picture.boxes) out.boxes.push_back({b.label, b.x1 * rx, b.y1 * ry, b.x2 * rx, b.y2 * ry});
  return out;
}

LabelledPicture center_in(const LabelledPicture& picture, int side) {
  LabelledPicture out{Image(side, side, 3, kFillByte), {}};
  place(picture, (side - picture.image.width) / 2, (side - picture.image.height) / 2, out);
  return out;
}

LabelledPicture mosaic(std::span<const LabelledPicture> four, int side, RandomStream& random) {
  FRUGAL_ASSERT(four.size() == 4);
  LabelledPicture out{Image(2 * side, 2 * side, 3, kFillByte), {}};
  const auto x = static_cast<int>(between(random, 0.5 * side, 1.5 * side)),
             y = static_cast<int>(between(random, 0.5 * side, 1.5 * side));
  for (std::size_t i = 0; i < 4; ++i) {
    const Image& image = four[i].image;
    place(four[i], i % 2 == 0 ? x - image.width : x, i < 2 ? y - image.height : y, out);
  }
  return out;
}

LabelledPicture random_affine(const LabelledPicture& picture, int side, const DetectionAugment& how,
                              RandomStream& random) {
  constexpr double kDegree = std::numbers::pi / 180;
  const double angle = between(random, -how.degrees, how.degrees) * kDegree,
               scale = between(random, 1 - how.scale, 1 + how.scale),
               shear_x = std::tan(between(random, -how.shear, how.shear) * kDegree),
               shear_y = std::tan(between(random, -how.shear, how.shear) * kDegree),
               to_x = between(random, 0.5 - how.translate, 0.5 + how.translate) * side,
               to_y = between(random, 0.5 - how.translate, 0.5 + how.translate) * side;
  const Affine centre{1, 0, -0.5 * picture.image.width, 0, 1, -0.5 * picture.image.height};
  const Affine turn{scale * std::cos(angle),  scale * std::sin(angle), 0,
                    -scale * std::sin(angle), scale * std::cos(angle), 0};
  const Affine map =
      Affine{1, 0, to_x, 0, 1, to_y}.after(Affine{1, shear_x, 0, shear_y, 1, 0}.after(turn.after(centre)));
  LabelledPicture out{warp(picture.image, side, map), {}};
  for (const LabelledBox& box : picture.boxes) {
    const LabelledBox moved = clipped(around(box, map), side, side);
    if (worth_keeping(box, moved, scale)) out.boxes.push_back(moved);
  }
  return out;
}

void shift_colours(Image& image, const DetectionAugment& how, RandomStream& random) {
  const double hue = 1 + between(random, -how.hue, how.hue),
               saturation = 1 + between(random, -how.saturation, how.saturation),
               value = 1 + between(random, -how.value, how.value);
  for (std::size_t i = 0; i + 2 < image.pixels.size(); i += 3) {
    const std::array<double, 3> rgb{image.pixels[i] / 255.0, image.pixels[i + 1] / 255.0, image.pixels[i + 2] / 255.0};
    const auto [low, high] = std::minmax({rgb[0], rgb[1], rgb[2]});
    const double range = high - low;
    double h = 0;  // in sixths of the circle
    if (range > 0) {
      if (high == rgb[0])
        h = (rgb[1] - rgb[2]) / range + (rgb[1] < rgb[2] ? 6 : 0);
      else if (high == rgb[1])
        h = (rgb[2] - rgb[0]) / range + 2;
      else
        h = (rgb[0] - rgb[1]) / range + 4;
    }
    h = std::fmod(h * hue, 6);
    const double v = std::min(1.0, high * value), s = high > 0 ? std::min(1.0, range / high * saturation) : 0;
    const auto channel = [&](double n) {
      const double k = std::fmod(n + h, 6);
      return static_cast<std::uint8_t>(std::lround(255 * (v - v * s * std::clamp(std::min(k, 4 - k), 0.0, 1.0))));
    };
    image.pixels[i] = channel(5), image.pixels[i + 1] = channel(3), image.pixels[i + 2] = channel(1);
  }
}

void flip_sides(LabelledPicture& picture) {
  Image& image = picture.image;
  for (int y = 0; y < image.height; ++y)
    for (int left = 0, right = image.width - 1; left < right; ++left, --right)
      for (int c = 0; c < 3; ++c)
        std::swap(image.pixels[static_cast<std::size_t>((y * image.width + left) * 3 + c)],
                  image.pixels[static_cast<std::size_t>((y * image.width + right) * 3 + c)]);
  for (LabelledBox& box : picture.boxes) {
    const double left = image.width - box.x2;
    box.x2 = image.width - box.x1;
    box.x1 = left;
  }
}

LabelledPicture blend(const LabelledPicture& a, const LabelledPicture& b, double share) {
  FRUGAL_ASSERT(a.image.width == b.image.width && a.image.height == b.image.height);
  LabelledPicture out = a;
  for (std::size_t i = 0; i < out.image.pixels.size(); ++i)
    out.image.pixels[i] =
        static_cast<std::uint8_t>(std::lround(share * a.image.pixels[i] + (1 - share) * b.image.pixels[i]));
  out.boxes.insert(out.boxes.end(), b.boxes.begin(), b.boxes.end());
  return out;
}

}  // namespace frugal
