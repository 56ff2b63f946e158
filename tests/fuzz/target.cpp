#include <unistd.h>
#include <zlib.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <numeric>

#include "frugal/error.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    frugal::fuzz::parse(std::as_bytes(std::span(data, size)));
  } catch (const frugal::Error&) {}
  return 0;
}

namespace frugal::fuzz {

std::string written(const std::function<void(const std::string& path)>& write) {
  char path[] = "/tmp/frugal-fuzz-XXXXXX";
  close(mkstemp(path));
  write(path);
  std::ifstream in(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  unlink(path);
  return bytes;
}

std::string number(std::uint64_t value, int bytes, bool big_endian) {
  std::string out;
  for (int i = 0; i < bytes; ++i, value = i < 8 ? value >> 8 : 0) out += static_cast<char>(value);
  return big_endian ? std::string(out.rbegin(), out.rend()) : out;
}

std::uint32_t crc(std::string_view text) {
  return static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(text.data()), text.size()));
}

void touch(const Tensor& tensor) {
  const auto* bytes = static_cast<const std::uint8_t*>(tensor.raw());
  volatile unsigned sum = std::accumulate(bytes, bytes + tensor.bytes(), 0u);
  (void)sum;
}

}  // namespace frugal::fuzz
