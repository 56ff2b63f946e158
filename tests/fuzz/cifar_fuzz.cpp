#include "formats/dataset.h"
#include "fuzz.h"

namespace frugal::fuzz {

void parse(std::span<const std::byte> input) {
  int label_bytes = input.size() % 3074 == 0 ? 2 : 1;
  touch(read_cifar(input, label_bytes, label_bytes == 2 ? 100 : 10).pixels);
}

std::vector<std::string> seeds() {
  return {std::string(3073, '\x05'), std::string(3073, '\x01') + std::string(3073, '\x09'), std::string(3074, '\x07')};
}

std::string repair(std::string input) {  // whole records
  input.resize((input.size() + 3072) / 3073 * 3073);
  return input;
}

}  // namespace frugal::fuzz
