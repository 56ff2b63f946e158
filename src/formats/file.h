// Files as the loaders see them: mapped for reading, replaced as a whole for writing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/check.h"

namespace frugal {

// A regular file mapped into memory. The mapping is private: writing through it changes this
// process's copy only, never the file. The file must not be shortened while it is mapped
// (AtomicFile never does: it replaces).
class MappedFile {
 public:
  // Error if the file is missing, unreadable or not a regular file.
  static std::shared_ptr<const MappedFile> open(const std::string& path);
  // The same of an open file, whose descriptor stays the caller's; `name` is for messages.
  static std::shared_ptr<const MappedFile> from_descriptor(int fd, const std::string& name);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {static_cast<const std::byte*>(data_), size_}; }
  std::string_view text() const { return {static_cast<const char*>(data_), size_}; }

 private:
  MappedFile(void* data, std::size_t size) : data_(data), size_(size) {}
  void* data_;
  std::size_t size_;
};

// Whether a file is on the disk when it has its name. What is soon made again, a picture say, need not wait for that:
// only a power cut can lose it.
enum class Flush : std::uint8_t { yes, no };

// Writes a temporary file in the target's folder; commit() flushes it to disk and renames it over
// the target. Without commit() the target stays as it was and the temporary file is removed.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, std::size_t bytes);
  void write(std::string_view text) { write(text.data(), text.size()); }
  void commit(Flush flush = Flush::yes);

 private:
  [[noreturn]] void failed(const char* what) const;
  std::string path_, temporary_;
  int fd_ = -1;
};

// Runs `body` and puts "path: " before the message of an Error.
template <typename Body>
auto naming_file(const std::string& path, Body&& body) {
  try {
    return body();
  } catch (const Error& e) {
    fail("{}: {}", path, e.what());
  }
}

}  // namespace frugal
