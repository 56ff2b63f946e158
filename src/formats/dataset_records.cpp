// The parsers of IDX and CIFAR records.
#include <cstring>

#include "base/check.h"
#include "formats/dataset.h"
#include "formats/inflate.h"

namespace frugal {

Tensor read_idx(std::span<const std::byte> bytes, std::size_t max_bytes) {
  std::vector<std::byte> unpacked;
  if (bytes.size() >= 2 && bytes[0] == std::byte{0x1f} && bytes[1] == std::byte{0x8b}) {
    unpacked = gunzip(bytes, max_bytes);
    bytes = unpacked;
  }
  require(bytes.size() >= 4, "{} bytes are too short for an IDX file", bytes.size());
  require(bytes[0] == std::byte{0} && bytes[1] == std::byte{0}, "the IDX magic is missing");
  require(bytes[2] == std::byte{8}, "IDX element type 0x{:02x} is not supported (0x08, unsigned bytes, is)",
          static_cast<int>(bytes[2]));
  auto rank = static_cast<std::size_t>(bytes[3]);
  require(rank >= 1 && rank <= 4, "an IDX file of {} dims is not supported (1 to 4 are)", rank);
  require(bytes.size() >= 4 + 4 * rank, "the IDX header is truncated");
  Shape shape(rank);
  for (std::size_t d = 0; d < rank; ++d)
    for (std::size_t i = 0; i < 4; ++i) shape[d] = shape[d] << 8 | static_cast<std::int64_t>(bytes[4 + 4 * d + i]);
  std::span<const std::byte> data = bytes.subspan(4 + 4 * rank);
  std::size_t wanted = byte_size(DType::u8, shape);
  require(data.size() >= wanted, "the IDX file is truncated: shape {} needs {} bytes, {} are there", to_string(shape),
          wanted, data.size());
  require(data.size() == wanted, "there are {} trailing bytes behind the IDX data", data.size() - wanted);
  require(wanted <= max_bytes, "IDX data of {} bytes is above the limit of {}", wanted, max_bytes);
  return tensor_from_bytes(DType::u8, std::move(shape), data.data(), wanted);
}

CifarRecords read_cifar(std::span<const std::byte> bytes, int label_bytes, int classes) {
  constexpr std::size_t kPixels = 3 * 32 * 32;
  auto skip = static_cast<std::size_t>(label_bytes), record = skip + kPixels;
  require(!bytes.empty() && bytes.size() % record == 0,
          "{} bytes are not whole CIFAR records of {}; the file is truncated", bytes.size(), record);
  require(bytes.size() <= kMaxDatasetBytes, "a CIFAR file of {} bytes is above the limit of {}", bytes.size(),
          kMaxDatasetBytes);
  std::size_t count = bytes.size() / record;
  CifarRecords out{Tensor(DType::u8, {static_cast<std::int64_t>(count), 3, 32, 32}), std::vector<int>(count)};
  auto* to = out.pixels.data<std::uint8_t>();
  for (std::size_t i = 0; i < count; ++i) {
    const std::byte* at = bytes.data() + i * record;
    out.labels[i] = static_cast<int>(at[skip - 1]);
    require(out.labels[i] < classes, "CIFAR record {} has label {}, but there are {} classes", i, out.labels[i],
            classes);
    std::memcpy(to + i * kPixels, at + skip, kPixels);
  }
  return out;
}

}  // namespace frugal
