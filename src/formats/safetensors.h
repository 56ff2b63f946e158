// safetensors (https://huggingface.co/docs/safetensors): 8 bytes little-endian header length, a JSON
// header {"name": {"dtype", "shape", "data_offsets"}, "__metadata__": {string: string}}, then the data.
// Block-quantised tensors, for which the format has no types, are U8 with the last dim in bytes; the metadata key
// "frugal.block_types" holds {"name": "Q4_K", ...}. It is seen here only: not among a file's `metadata`.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "frugal/tensor.h"

namespace frugal {

// Refused beyond these: a legal header of 100 MB could otherwise name a million tensors.
inline constexpr std::size_t kMaxSafetensorsHeader = 100'000'000;  // bytes, as in the reference library
inline constexpr std::size_t kMaxSafetensorsEntries = 65'536;      // tensors; metadata keys
inline constexpr std::size_t kMaxSafetensorsName = 1'024;          // bytes of a tensor's name or a metadata key

struct SafetensorsFile {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

// Maps the file; the tensors share the private mapping (so writing to one never changes the file),
// except those that a foreign writer left unaligned, which are copied.
// Error for every file that breaks a rule of the format: see read_header in the .cpp.
SafetensorsFile read_safetensors(const std::string& path);

// The same for bytes in memory that `owner` keeps alive; without an owner the data is copied.
SafetensorsFile read_safetensors(std::span<const std::byte> bytes, std::shared_ptr<const void> owner);

// Replaces the file atomically. Data starts at a multiple of 64 bytes and is ordered by alignment,
// largest first, then by name, so that every tensor is aligned to its element; equal input gives
// equal bytes.
void write_safetensors(const std::string& path, const std::map<std::string, Tensor>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace frugal
