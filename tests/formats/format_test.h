// What the tests of the file formats share: bytes in memory, and the reference Python packages.
#pragma once

#include <sys/wait.h>

#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include "support/support.h"

namespace frugal::test {

inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

// Little-endian; most formats are, IDX is not.
inline std::string little(std::uint64_t value, int size) {
  std::string out;
  for (int i = 0; i < size; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}

inline std::string big(std::uint64_t value, int size) {
  std::string text = little(value, size);
  return {text.rbegin(), text.rend()};
}

// `text` with the bytes from `at` replaced.
inline std::string patched(std::string text, std::size_t at, std::string_view bytes) {
  return text.replace(at, bytes.size(), bytes);
}

// CRC-32 as ZIP, gzip and PNG use it (RFC 1952, section 8), bit by bit: an oracle of its own.
inline std::uint32_t crc32(std::string_view text) {
  std::uint32_t crc = ~0u;
  for (unsigned char c : text) {
    crc ^= c;
    for (int i = 0; i < 8; ++i) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320 : 0);
  }
  return ~crc;
}

// Runs a Python program with the project's own venv, its arguments in sys.argv[1:]; the exit status.
inline int run_python(const std::string& program, const std::string& arguments = "") {
  TempDir scratch;
  write_file(scratch / "program.py", program);
  std::string command = "'" + (source_dir() / ".venv/bin/python3").string() + "' '" +
                        (scratch / "program.py").string() + "' " + arguments;
  int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

inline bool python_has(const std::string& module) { return run_python("import " + module + "\n", "2>/dev/null") == 0; }

}  // namespace frugal::test

#define FRUGAL_SKIP_WITHOUT_PYTHON(module) \
  if (!::frugal::test::python_has(module)) GTEST_SKIP() << "the venv has no Python package " << (module)
