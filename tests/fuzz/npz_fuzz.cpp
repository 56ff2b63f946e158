#include "formats/npy.h"

#include "fuzz.h"

namespace frugal::fuzz {

void parse(std::span<const std::byte> input) {
  for (const auto& [name, tensor] : read_npz(input, std::size_t{64} << 20)) touch(tensor);
}

std::vector<std::string> seeds() {
  std::vector<std::string> out;
  for (NpzCompression compression : {NpzCompression::stored, NpzCompression::deflated})
    out.push_back(written([&](const std::string& path) {
      write_npz(path, {{"a", Tensor(DType::f32, {2, 3})}, {"bb", Tensor(DType::i64, {})}}, compression);
    }));
  return out;
}

// A single stored member around whatever bytes the mutation left, so that the arrays inside are reached.
std::string repair(std::string input) {
  const std::string name = "a.npy";
  std::string common = number(20, 2) + number(0, 8) + number(crc(input), 4) + number(input.size(), 4) +
                       number(input.size(), 4) + number(name.size(), 2) + number(0, 2);
  std::size_t directory = 30 + name.size() + input.size();
  if (!input.starts_with("PK")) {
    return "PK\x03\x04" + common + name + input + "PK\x01\x02" + number(20, 2) + common + number(0, 14) + name +
           "PK\x05\x06" + number(0, 4) + number(1, 2) + number(1, 2) + number(46 + name.size(), 4) +
           number(directory, 4) + number(0, 2);
  }
  // The checksums of stored members, where the directory points at them.
  for (std::size_t at = input.find("PK\x01\x02"); at != std::string::npos; at = input.find("PK\x01\x02", at + 4)) {
    auto field = [&](std::size_t offset, std::size_t size) {
      std::size_t value = 0;
      for (std::size_t i = size; i-- > 0;) value = value << 8 | static_cast<unsigned char>(input[at + offset + i]);
      return value;
    };
    if (input.size() - at < 46 || field(10, 2) != 0) continue;
    std::size_t start = field(42, 4) + 30 + field(28, 2), size = field(20, 4);
    if (start < at && size <= at - start)
      input.replace(at + 16, 4, number(crc(std::string_view(input).substr(start, size)), 4));
  }
  return input;
}

}  // namespace frugal::fuzz
