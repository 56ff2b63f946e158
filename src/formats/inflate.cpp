#include "formats/inflate.h"

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>

#include "base/check.h"

namespace frugal {
namespace {

constexpr std::size_t kChunk = std::size_t{1} << 30;  // zlib counts in 32 bits

// `advance` runs zlib once over what z holds; feeds it until it reports the end or an error.
template <typename Advance>
int pump(z_stream& z, std::span<const std::byte> in, std::span<std::byte> out, Advance advance) {
  z.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  std::size_t in_left = in.size(), out_left = out.size();
  int status = Z_OK;
  while (status == Z_OK) {
    uInt give = static_cast<uInt>(std::min(in_left, kChunk)), room = static_cast<uInt>(std::min(out_left, kChunk));
    z.avail_in = give;
    z.avail_out = room;
    status = advance(z, give == in_left);
    in_left -= give - z.avail_in;
    out_left -= room - z.avail_out;
    if (status == Z_OK && give == z.avail_in && room == z.avail_out) status = Z_BUF_ERROR;
  }
  return status;
}

std::vector<std::byte> inflate_with(std::span<const std::byte> data, std::size_t size, int window_bits) {
  require(size / 1032 <= data.size(), "{} bytes of compressed data cannot unpack to {}", data.size(), size);
  std::vector<std::byte> out(size + 1);  // one byte more shows data that goes on
  z_stream z{};
  FRUGAL_ASSERT(inflateInit2(&z, window_bits) == Z_OK);
  int status = pump(z, data, out, [](z_stream& s, bool) { return ::inflate(&s, Z_NO_FLUSH); });
  std::size_t used = z.total_in, made = z.total_out;
  inflateEnd(&z);
  require(status != Z_DATA_ERROR, "compressed data is corrupt");
  require(made <= size, "compressed data unpacks to more than the {} bytes stated", size);
  require(status == Z_STREAM_END, "compressed data is truncated");
  require(made == size, "compressed data unpacks to {} bytes, not the {} stated", made, size);
  require(used == data.size(), "there are {} trailing bytes behind the compressed data", data.size() - used);
  out.resize(size);
  return out;
}

}  // namespace

std::vector<std::byte> inflate_exactly(std::span<const std::byte> data, std::size_t size) {
  return inflate_with(data, size, -MAX_WBITS);
}

std::vector<std::byte> gunzip(std::span<const std::byte> data, std::size_t max_bytes) {
  require(data.size() >= 18 && data[0] == std::byte{0x1f} && data[1] == std::byte{0x8b}, "this is not gzip data");
  std::uint32_t size = 0;
  std::memcpy(&size, data.data() + data.size() - 4, 4);
  require(size <= max_bytes, "gzip data of {} bytes when unpacked is above the limit of {}", size, max_bytes);
  return inflate_with(data, size, MAX_WBITS + 16);
}

std::vector<std::byte> deflate(std::span<const std::byte> data) {
  z_stream z{};
  FRUGAL_ASSERT(deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::vector<std::byte> out(data.size() + data.size() / 1000 + 64);  // above zlib's bound for stored blocks
  int status = pump(z, data, out, [](z_stream& s, bool last) { return ::deflate(&s, last ? Z_FINISH : Z_NO_FLUSH); });
  out.resize(z.total_out);
  deflateEnd(&z);
  FRUGAL_ASSERT(status == Z_STREAM_END);
  return out;
}

}  // namespace frugal
