// Pictures in one stream of bytes, one behind the other, as programs for video hand them on
// (ffmpeg -i film.mp4 -f image2pipe -c:v mjpeg -): JPEG, or binary PPM and PGM.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace frugal {

class FrameStream {
 public:
  // Puts up to `most` bytes at `to`, waiting for the first; 0 at the end.
  using Read = std::function<std::size_t(std::byte* to, std::size_t most)>;
  explicit FrameStream(Read read) : read_(std::move(read)) {}

  // The next picture as it stands in the stream, until the next call; nothing at the end. A JPEG picture that breaks
  // off ends where the next one begins. Error where something else follows, or a picture of more bytes than kMostBytes:
  // the next call goes on at the next JPEG picture.
  std::optional<std::span<const std::byte>> next();

  static constexpr std::size_t kMostBytes = std::size_t{512} << 20;

 private:
  bool there(std::size_t at);  // Is this byte of the picture read, or can it be?
  unsigned byte(std::size_t at) const { return std::to_integer<unsigned>(buffer_[begin_ + at]); }
  std::size_t jpeg_size();
  std::size_t next_jpeg(std::size_t at);
  std::size_t entropy_end(std::size_t at);
  std::size_t pnm_size();

  Read read_;
  std::vector<std::byte> buffer_;
  std::size_t begin_ = 0, end_ = 0;  // of what is read and not handed on
  std::size_t taken_ = 0;            // of it, the picture handed on last
  bool lost_ = false;                // what follows is no picture
};

}  // namespace frugal
