#include "formats/frames.h"

#include <algorithm>

#include "frugal/error.h"
#include "frugal/image.h"
#include "fuzz.h"

namespace frugal::fuzz {

void parse(std::span<const std::byte> input) {
  FrameStream stream([&](std::byte* to, std::size_t most) {
    const std::size_t n = std::min({most, std::size_t{100}, input.size()});
    std::copy_n(input.begin(), n, to);
    input = input.subspan(n);
    return n;
  });
  for (bool more = true; more;) {
    try {
      more = stream.next().has_value();
    } catch (const Error&) {}
  }
}

std::vector<std::string> seeds() {
  const std::vector<std::byte> jpeg = encode_jpeg(Image(17, 9, 3, 100), 95);
  const std::string one(reinterpret_cast<const char*>(jpeg.data()), jpeg.size());
  return {one + one, "P6 2 1 255\n123456P5 #c\n2 1 65535\n1234", one.substr(0, one.size() / 2) + one, "?" + one};
}

std::string repair(std::string input) { return input; }

}  // namespace frugal::fuzz
