// GGUF (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md): metadata of typed values, then tensors, in one
// little-endian file. Versions 2 and 3 are read, 3 is written.
//   "GGUF", u32 version, u64 tensors, u64 values
//   values:  key, u32 type, value; a string is u64 length and bytes; an array u32 element type, u64 count, elements
//   tensors: name, u32 rank, u64 dims (innermost first; here they are turned), u32 type, u64 offset
//   padding to general.alignment (32 where absent), then the data
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "frugal/tensor.h"

namespace frugal {

// Refused beyond these.
inline constexpr std::size_t kMaxGgufEntries = 65'536;  // tensors; metadata keys
inline constexpr std::size_t kMaxGgufKey = 65'535;      // bytes, as the format says
inline constexpr std::size_t kMaxGgufName = 256;        // bytes of a tensor's name; the format says 64
inline constexpr std::size_t kMaxGgufText = 16u << 20;  // bytes of one string
inline constexpr int kMaxGgufNesting = 4;               // arrays in arrays
inline constexpr std::uint32_t kMaxGgufAlignment = 1u << 16;

enum class GgufType : std::uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, text, array, u64, i64, f64 };

std::string_view name(GgufType type);  // "u32", "string", ...

// A metadata value: the number as widely as C++ has it, and the type it has in the file.
struct GgufValue {
  using Arrays = std::vector<GgufValue>;
  using Value = std::variant<bool, std::uint64_t, std::int64_t, double, std::string, std::vector<bool>,
                             std::vector<std::uint64_t>, std::vector<std::int64_t>, std::vector<double>,
                             std::vector<std::string>, Arrays>;

  GgufType type = GgufType::boolean;
  GgufType element = GgufType::boolean;  // of an array
  Value value = false;

  static GgufValue boolean(bool value) { return {GgufType::boolean, {}, value}; }
  static GgufValue u32(std::uint32_t value) { return {GgufType::u32, {}, std::uint64_t{value}}; }
  static GgufValue i32(std::int32_t value) { return {GgufType::i32, {}, std::int64_t{value}}; }
  static GgufValue f32(float value) { return {GgufType::f32, {}, static_cast<double>(value)}; }
  static GgufValue text(std::string value) { return {GgufType::text, {}, std::move(value)}; }
  static GgufValue texts(std::vector<std::string> values) {
    return {GgufType::array, GgufType::text, std::move(values)};
  }
  static GgufValue i32s(std::vector<std::int64_t> values) {
    return {GgufType::array, GgufType::i32, std::move(values)};
  }
  static GgufValue f32s(std::vector<double> values) { return {GgufType::array, GgufType::f32, std::move(values)}; }

  std::string type_name() const;  // "u32", "array of string"
  std::size_t size() const;       // elements of an array; 1 of everything else
  bool operator==(const GgufValue&) const = default;
};

struct GgufTensor {
  std::string name;
  Tensor tensor;
};

struct Gguf {
  std::map<std::string, GgufValue, std::less<>> metadata;
  std::vector<GgufTensor> tensors;  // in the file's order

  const GgufValue* find(std::string_view key) const;  // nullptr where absent
  // The value of a key; Error names the key and what was expected. Any integer type is an integer; a real may be
  // written as an integer. With a fallback, that where the key is absent.
  bool boolean(std::string_view key, std::optional<bool> fallback = {}) const;
  std::int64_t integer(std::string_view key, std::optional<std::int64_t> fallback = {}) const;
  double real(std::string_view key, std::optional<double> fallback = {}) const;
  const std::string& text(std::string_view key) const;
  std::string text(std::string_view key, std::string_view fallback) const;
  const std::vector<std::string>& texts(std::string_view key) const;
  std::vector<std::int64_t> integers(std::string_view key) const;
  std::vector<double> reals(std::string_view key) const;

  const Tensor* find_tensor(std::string_view name) const;  // nullptr where absent
  const Tensor& tensor(std::string_view name) const;       // Error with the nearest name
};

// Maps the file; the tensors share the private mapping, except those that are not aligned to their elements, which are
// copied. Error for every file that breaks a rule of the format: see gguf_read.cpp.
Gguf read_gguf(const std::string& path);

// The same for bytes in memory that `owner` keeps alive; without an owner the data is copied.
Gguf read_gguf(std::span<const std::byte> bytes, std::shared_ptr<const void> owner);

// Replaces the file atomically; equal input gives equal bytes (keys in alphabetical order). Error for what the format
// cannot hold: tensors of bool or uint8, more than 4 dims, names above 64 bytes, values that do not fit their type.
void write_gguf(const std::string& path, const Gguf& gguf);

// ggml's number of an element type; nothing where it has none.
std::optional<std::uint32_t> ggml_type(DType dtype);
// "IQ4_XS" of 23; the number itself where it is unknown.
std::string ggml_type_name(std::uint32_t number);
// By ggml's number; Error names the type and what is supported.
DType dtype_from_ggml(std::uint32_t number);

}  // namespace frugal
