// NPY (numpy/lib/format.py, versions 1.0, 2.0 and 3.0) and NPZ (a ZIP archive of .npy members).
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>

#include "frugal/tensor.h"

namespace frugal {

// Both byte orders and both memory orders; the tensor is always little-endian, row-major and owns its
// data. Error for element types we do not have, object arrays, structured types, broken headers,
// missing or trailing bytes.
Tensor read_npy(const std::string& path);
Tensor read_npy(std::span<const std::byte> bytes);

// bfloat16, which NumPy does not have, is written as float32.
void write_npy(const std::string& path, const Tensor& tensor);

// Members by name without ".npy". Stored and deflated members, CRC-32 checked. Error for ZIP64 (4 GiB
// and more), encryption, other compression, duplicate names, overlapping members, and when the arrays
// together need more than `max_bytes`.
inline constexpr std::size_t kMaxNpzBytes = std::size_t{8} << 30;
std::map<std::string, Tensor> read_npz(const std::string& path, std::size_t max_bytes = kMaxNpzBytes);
std::map<std::string, Tensor> read_npz(std::span<const std::byte> bytes, std::size_t max_bytes = kMaxNpzBytes);

enum class NpzCompression { stored, deflated };
// Equal input gives equal bytes (the time stamps are the ZIP epoch).
void write_npz(const std::string& path, const std::map<std::string, Tensor>& tensors,
               NpzCompression compression = NpzCompression::deflated);

}  // namespace frugal
