#include "formats/npy.h"

#include "fuzz.h"

namespace frugal::fuzz {

void parse(std::span<const std::byte> input) { touch(read_npy(input)); }

std::vector<std::string> seeds() {
  std::vector<std::string> out;
  for (const Shape& shape : {Shape{}, Shape{5}, Shape{2, 3, 2}})
    out.push_back(written([&](const std::string& path) { write_npy(path, Tensor(DType::f32, shape)); }));
  for (const char* text : {"{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }\n",
                           "{'descr': '|b1', 'fortran_order': False, 'shape': (12,), }\n"})
    out.push_back(std::string("\x93NUMPY\x02\0", 8) + number(std::string(text).size(), 4) + text +
                  std::string(12, '\0'));
  return out;
}

// The header length follows the text.
std::string repair(std::string input) {
  std::size_t end = input.rfind('\n');
  if (end == std::string::npos || end < 12) return input;
  bool first = input[6] == 1;
  std::size_t start = first ? 10 : 12;
  return input.replace(8, start - 8, number(end + 1 - start, first ? 2 : 4));
}

}  // namespace frugal::fuzz
