#include <bit>
#include <cmath>
#include <limits>
#include <set>

#include "base/check.h"
#include "formats/file.h"
#include "formats/gguf.h"

namespace frugal {
namespace {

constexpr std::size_t kMostDims = 4, kLongestName = 64;

template <typename T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put_text(std::string& out, std::string_view text) {
  put<std::uint64_t>(out, text.size());
  out += text;
}

// A number in its type in the file.
template <typename Stored, typename Wide>
void put_as(std::string& out, Wide value) {
  const auto stored = static_cast<Stored>(value);
  if constexpr (std::is_integral_v<Wide>)
    require(static_cast<Wide>(stored) == value, "{} does not fit the value's type", value);
  put(out, stored);
}

void put_number(std::string& out, GgufType type, std::uint64_t value) {
  switch (type) {
    case GgufType::u8: return put_as<std::uint8_t>(out, value);
    case GgufType::u16: return put_as<std::uint16_t>(out, value);
    case GgufType::u32: return put_as<std::uint32_t>(out, value);
    case GgufType::u64: return put(out, value);
    default: fail("an unsigned number cannot be written as {}", name(type));
  }
}

void put_number(std::string& out, GgufType type, std::int64_t value) {
  switch (type) {
    case GgufType::i8: return put_as<std::int8_t>(out, value);
    case GgufType::i16: return put_as<std::int16_t>(out, value);
    case GgufType::i32: return put_as<std::int32_t>(out, value);
    case GgufType::i64: return put(out, value);
    default: fail("a signed number cannot be written as {}", name(type));
  }
}

void put_number(std::string& out, GgufType type, double value) {
  require(type == GgufType::f32 || type == GgufType::f64, "a real number cannot be written as {}", name(type));
  type == GgufType::f32 ? put(out, static_cast<float>(value)) : put(out, value);
}

void put_number(std::string& out, GgufType type, bool value) {
  require(type == GgufType::boolean, "true or false cannot be written as {}", name(type));
  put<std::uint8_t>(out, value);
}

void put_number(std::string& out, GgufType type, const std::string& value) {
  require(type == GgufType::text, "a string cannot be written as {}", name(type));
  put_text(out, value);
}

void put_value(std::string& out, const GgufValue& v);

void put_number(std::string& out, GgufType type, const GgufValue& value) {
  require(type == GgufType::array && value.type == GgufType::array, "an array cannot be written as {}", name(type));
  put_value(out, value);
}

template <typename T>
void put_value(std::string& out, const GgufValue& v, const T& value) {
  put_number(out, v.type, value);
}

template <typename T>
void put_value(std::string& out, const GgufValue& v, const std::vector<T>& values) {
  require(v.type == GgufType::array, "an array cannot be written as {}", name(v.type));
  put(out, v.element);
  put<std::uint64_t>(out, values.size());
  for (const auto& value : values) put_number(out, v.element, static_cast<const T&>(value));
}

// The value without its type, which goes before: an array in an array has none.
void put_value(std::string& out, const GgufValue& v) {
  std::visit([&](const auto& value) { put_value(out, v, value); }, v.value);
}

std::uint64_t padded(std::uint64_t size, std::uint64_t alignment) {
  return (size + alignment - 1) / alignment * alignment;
}

void put_tensor(std::string& out, const GgufTensor& t, std::uint64_t offset) {
  require(t.tensor.defined(), "it is empty");
  require(!t.name.empty() && t.name.size() <= kLongestName, "its name has {} bytes; the format allows 1 to {}",
          t.name.size(), kLongestName);
  require(t.tensor.shape().size() <= kMostDims, "it has {} dims; the format allows {}", t.tensor.rank(), kMostDims);
  const std::optional<std::uint32_t> type = ggml_type(t.tensor.dtype());
  require(type.has_value(), "the format has no type for {}", name(t.tensor.dtype()));
  put_text(out, t.name);
  put(out, static_cast<std::uint32_t>(t.tensor.rank()));
  for (int i = t.tensor.rank() - 1; i >= 0; --i) put(out, static_cast<std::uint64_t>(t.tensor.dim(i)));
  put(out, *type);
  put(out, offset);
}

std::string header_of(const Gguf& gguf, std::uint64_t alignment) {
  std::string out = "GGUF";
  put<std::uint32_t>(out, 3);
  put<std::uint64_t>(out, gguf.tensors.size());
  put<std::uint64_t>(out, gguf.metadata.size());
  for (const auto& [key, value] : gguf.metadata)
    naming_file(fmt::format("metadata key '{}'", key), [&] {
      require(!key.empty() && key.size() <= kMaxGgufKey, "a key of {} bytes; the format allows 1 to {}", key.size(),
              kMaxGgufKey);
      put_text(out, key);
      put(out, value.type);
      put_value(out, value);
    });
  std::uint64_t offset = 0;
  std::set<std::string_view> names;
  for (const GgufTensor& t : gguf.tensors)
    naming_file(fmt::format("tensor '{}'", t.name), [&] {
      require(names.insert(t.name).second, "the name is a duplicate");
      put_tensor(out, t, offset);
      offset += padded(t.tensor.bytes(), alignment);
    });
  out.resize(padded(out.size(), alignment));
  return out;
}

}  // namespace

void write_gguf(const std::string& path, const Gguf& gguf) {
  naming_file("cannot write " + path, [&] {
    const std::int64_t alignment = gguf.integer("general.alignment", 32);
    require(
        alignment > 0 && alignment <= kMaxGgufAlignment && std::has_single_bit(static_cast<std::uint64_t>(alignment)),
        "general.alignment is {}; it must be a power of two up to {}", alignment, kMaxGgufAlignment);
    const std::string header = header_of(gguf, static_cast<std::uint64_t>(alignment));
    AtomicFile file(path);
    file.write(header);
    for (const GgufTensor& t : gguf.tensors) {
      file.write(t.tensor.raw(), t.tensor.bytes());
      const std::string zeros(padded(t.tensor.bytes(), static_cast<std::uint64_t>(alignment)) - t.tensor.bytes(), '\0');
      file.write(zeros);
    }
    file.commit();
  });
}

}  // namespace frugal
