#include "formats/frames.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <utility>

#include "base/check.h"
#include "formats/image_codecs.h"

namespace frugal {
namespace {

constexpr std::size_t kChunk = std::size_t{1} << 16;

}  // namespace

bool FrameStream::there(std::size_t at) {
  while (begin_ + at >= end_) {
    require(at < kMostBytes, "a picture of the stream has more than {} MiB", kMostBytes >> 20);
    if (begin_ > 0 && end_ + kChunk > buffer_.size()) {
      std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
                buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
      end_ -= begin_;
      begin_ = 0;
    }
    if (end_ + kChunk > buffer_.size()) buffer_.resize(std::max(end_ + kChunk, 2 * buffer_.size()));
    const std::size_t got = read_(buffer_.data() + end_, kChunk);
    if (got == 0) return false;
    end_ += got;
  }
  return true;
}

// Where a JPEG picture begins, from `at` on; the end of the stream if nowhere.
std::size_t FrameStream::next_jpeg(std::size_t at) {
  for (; there(at + 2); ++at)
    if (byte(at) == 0xff && byte(at + 1) == 0xd8 && byte(at + 2) == 0xff) return at;
  return end_ - begin_;
}

// The marker behind coded pixels, from `at` on: zeros are stuffed behind bytes of 0xff, restarts belong to the pixels
// (ITU-T T.81, B.1.1).
std::size_t FrameStream::entropy_end(std::size_t at) {
  for (; there(at + 1); ++at)
    if (const unsigned next = byte(at + 1);
        byte(at) == 0xff && next != 0 && next != 0xff && (next < 0xd0 || next > 0xd7))
      return at;
  return end_ - begin_;
}

std::size_t FrameStream::jpeg_size() {
  std::size_t at = 2;
  while (there(at + 1)) {
    const unsigned marker = byte(at + 1);
    if (byte(at) != 0xff) return next_jpeg(2);
    if (marker == 0xd9) return at + 2;
    if (marker == 0xd8) return at;
    if (marker == 0xff || marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
      at += marker == 0xff ? 1 : 2;
      continue;
    }
    if (!there(at + 3)) break;
    at += 2 + std::max<std::size_t>(byte(at + 2) << 8 | byte(at + 3), 2);
    if (marker == 0xda) at = entropy_end(at);
  }
  // Cut off within a segment, its length may lead beyond the next picture's beginning.
  return at > end_ - begin_ ? next_jpeg(2) : end_ - begin_;
}

std::size_t FrameStream::pnm_size() {
  constexpr std::size_t kHeader = 512;  // comments included
  std::size_t got = 2;
  while (got < kHeader && there(got)) ++got;
  const PnmHeader header = read_pnm_header({reinterpret_cast<const char*>(buffer_.data()) + begin_, got});
  check_image_size(header.width, header.height, kMaxImagePixels);
  there(header.file_bytes() - 1);
  return std::min(header.file_bytes(), end_ - begin_);
}

std::optional<std::span<const std::byte>> FrameStream::next() {
  begin_ += std::exchange(taken_, 0);
  if (std::exchange(lost_, false)) begin_ += next_jpeg(1);
  while (there(0) && std::isspace(static_cast<int>(byte(0)))) ++begin_;
  if (!there(0)) return std::nullopt;
  lost_ = true;  // until its size is known
  if (there(2) && byte(0) == 0xff && byte(1) == 0xd8 && byte(2) == 0xff)
    taken_ = jpeg_size();
  else if (there(2) && byte(0) == 'P' && (byte(1) == '5' || byte(1) == '6'))
    taken_ = pnm_size();
  else
    fail("what follows in the stream is neither a JPEG nor a binary PPM or PGM picture");
  lost_ = false;
  return std::span(buffer_).subspan(begin_, taken_);
}

}  // namespace frugal
