#include <algorithm>
#include <bit>
#include <cstring>
#include <set>

#include "base/check.h"
#include "formats/file.h"
#include "formats/gguf.h"

namespace frugal {
namespace {

static_assert(std::endian::native == std::endian::little, "tensor data is little-endian and used in place");

constexpr std::size_t kMaxRankInFile = 4;
constexpr std::string_view kAlignmentKey = "general.alignment";

// Takes typed values off the front of the bytes. Nothing is allocated for a length before the bytes are known to be
// there.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::size_t position() const { return at_; }
  std::size_t left() const { return bytes_.size() - at_; }

  template <typename T>
  T number(std::string_view what) {
    T value;
    std::memcpy(&value, take(sizeof value, what), sizeof value);
    return value;
  }

  std::string text(std::string_view what, std::size_t most) {
    const auto length = number<std::uint64_t>(what);
    require(length <= most, "{} has {} bytes, above the limit of {}", what, length, most);
    const std::byte* from = take(length, what);
    return std::string(reinterpret_cast<const char*>(from), length);
  }

  const std::byte* take(std::uint64_t count, std::string_view what) {
    require(count <= left(), "the file ends within {}, which needs {} bytes at byte {} of {}", what, count, at_,
            bytes_.size());
    const std::byte* from = bytes_.data() + at_;
    at_ += count;
    return from;
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
};

GgufType read_type(Reader& in, std::string_view what) {
  const auto type = in.number<std::uint32_t>(what);
  require(type <= static_cast<std::uint32_t>(GgufType::f64), "{} has the unknown value type {}", what, type);
  return static_cast<GgufType>(type);
}

bool read_bool(Reader& in, std::string_view what) {
  const auto byte = in.number<std::uint8_t>(what);
  require(byte <= 1, "{} holds a bool that is neither 0 nor 1", what);
  return byte == 1;
}

// Bytes that one element of a type takes at least, so that a count can be checked before memory is taken.
std::size_t least_bytes(GgufType type) {
  switch (type) {
    case GgufType::u8:
    case GgufType::i8:
    case GgufType::boolean: return 1;
    case GgufType::u16:
    case GgufType::i16: return 2;
    case GgufType::u32:
    case GgufType::i32:
    case GgufType::f32: return 4;
    case GgufType::array: return 12;
    default: return 8;
  }
}

// Calls f with the stored and the widest C++ type of a number.
template <typename F>
auto for_number(GgufType type, F f) {
  switch (type) {
    case GgufType::u8: return f.template operator()<std::uint8_t, std::uint64_t>();
    case GgufType::i8: return f.template operator()<std::int8_t, std::int64_t>();
    case GgufType::u16: return f.template operator()<std::uint16_t, std::uint64_t>();
    case GgufType::i16: return f.template operator()<std::int16_t, std::int64_t>();
    case GgufType::u32: return f.template operator()<std::uint32_t, std::uint64_t>();
    case GgufType::i32: return f.template operator()<std::int32_t, std::int64_t>();
    case GgufType::u64: return f.template operator()<std::uint64_t, std::uint64_t>();
    case GgufType::i64: return f.template operator()<std::int64_t, std::int64_t>();
    case GgufType::f32: return f.template operator()<float, double>();
    default: FRUGAL_ASSERT(type == GgufType::f64); return f.template operator()<double, double>();
  }
}

GgufValue read_array(Reader& in, std::string_view what, int depth) {
  require(depth <= kMaxGgufNesting, "{} nests arrays deeper than {}", what, kMaxGgufNesting);
  GgufValue out;
  out.type = GgufType::array;
  out.element = read_type(in, what);
  const auto count = in.number<std::uint64_t>(what);
  require(count <= in.left() / least_bytes(out.element),
          "{} declares {} elements of {}, more than the file has room for", what, count, name(out.element));
  if (out.element == GgufType::boolean) {
    auto& values = out.value.emplace<std::vector<bool>>();
    for (std::uint64_t i = 0; i < count; ++i) values.push_back(read_bool(in, what));
  } else if (out.element == GgufType::text) {
    auto& values = out.value.emplace<std::vector<std::string>>();
    for (std::uint64_t i = 0; i < count; ++i) values.push_back(in.text(what, kMaxGgufText));
  } else if (out.element == GgufType::array) {
    auto& values = out.value.emplace<GgufValue::Arrays>();
    for (std::uint64_t i = 0; i < count; ++i) values.push_back(read_array(in, what, depth + 1));
  } else {
    out.value = for_number(out.element, [&]<typename Stored, typename Wide>() -> GgufValue::Value {
      std::vector<Wide> values(count);
      for (Wide& v : values) v = static_cast<Wide>(in.number<Stored>(what));
      return values;
    });
  }
  return out;
}

GgufValue read_value(Reader& in, std::string_view what) {
  const GgufType type = read_type(in, what);
  switch (type) {
    case GgufType::array: return read_array(in, what, 1);
    case GgufType::text: return GgufValue::text(in.text(what, kMaxGgufText));
    case GgufType::boolean: return GgufValue::boolean(read_bool(in, what));
    default: break;
  }
  return {type, {}, for_number(type, [&]<typename Stored, typename Wide>() -> GgufValue::Value {
            return static_cast<Wide>(in.number<Stored>(what));
          })};
}

struct Header {
  std::uint64_t tensors = 0, values = 0;
};

Header read_header(Reader& in) {
  require(in.left() >= 4 && std::memcmp(in.take(4, "the magic"), "GGUF", 4) == 0,
          "the file does not start with 'GGUF'; this is not a GGUF file");
  const auto version = in.number<std::uint32_t>("the version");
  require((version & 0xffff) != 0 || version == 0, "it is a big-endian GGUF file, which is not supported");
  require(version == 2 || version == 3, "it has GGUF version {}; supported are 2 and 3", version);
  Header header;
  header.tensors = in.number<std::uint64_t>("the number of tensors");
  header.values = in.number<std::uint64_t>("the number of metadata keys");
  require(header.tensors <= kMaxGgufEntries, "it declares {} tensors, above the limit of {}", header.tensors,
          kMaxGgufEntries);
  require(header.values <= kMaxGgufEntries, "it declares {} metadata keys, above the limit of {}", header.values,
          kMaxGgufEntries);
  return header;
}

void read_metadata(Reader& in, std::uint64_t count, Gguf& out) {
  for (std::uint64_t i = 0; i < count; ++i) {
    std::string key = in.text(fmt::format("metadata key {}", i), kMaxGgufKey);
    require(!key.empty(), "metadata key {} is empty", i);
    const std::string what = fmt::format("metadata key '{}'", key.substr(0, 128));
    require(!out.metadata.contains(key), "{} is a duplicate", what);
    GgufValue value = read_value(in, what);
    out.metadata.emplace(std::move(key), std::move(value));
  }
}

std::uint64_t alignment_of(const Gguf& gguf) {
  const GgufValue* found = gguf.find(kAlignmentKey);
  if (!found) return 32;
  require(found->type == GgufType::u32, "metadata key '{}' must be u32, but it is {}", kAlignmentKey,
          found->type_name());
  const std::uint64_t alignment = std::get<std::uint64_t>(found->value);
  require(std::has_single_bit(alignment) && alignment <= kMaxGgufAlignment,
          "{} is {}; it must be a power of two up to {}", kAlignmentKey, alignment, kMaxGgufAlignment);
  return alignment;
}

struct Entry {
  std::string name;
  DType dtype = DType::f32;
  Shape shape;
  std::uint64_t offset = 0;
  std::size_t bytes = 0;
};

Entry read_entry(Reader& in, std::uint64_t index) {
  Entry e;
  e.name = in.text(fmt::format("the name of tensor {}", index), kMaxGgufName);
  require(!e.name.empty(), "tensor {} has no name", index);
  const std::string what = fmt::format("tensor '{}'", e.name);
  const auto rank = in.number<std::uint32_t>(what);
  require(rank <= kMaxRankInFile, "{} has {} dims; at most {} are allowed", what, rank, kMaxRankInFile);
  for (std::uint32_t i = 0; i < rank; ++i) {
    const auto dim = in.number<std::uint64_t>(what);
    require(dim <= INT64_MAX, "the shape of {} overflows", what);
    e.shape.insert(e.shape.begin(), static_cast<std::int64_t>(dim));
  }
  const auto type = in.number<std::uint32_t>(what);
  e.offset = in.number<std::uint64_t>(what);
  try {
    e.dtype = dtype_from_ggml(type);
    e.bytes = byte_size(e.dtype, e.shape);
  } catch (const Error& error) {
    fail("{}: {}", what, error.what());
  }
  return e;
}

std::vector<Entry> read_entries(Reader& in, std::uint64_t count) {
  std::vector<Entry> entries;
  std::set<std::string_view> names;
  for (std::uint64_t i = 0; i < count; ++i) entries.push_back(read_entry(in, i));
  for (const Entry& e : entries) require(names.insert(e.name).second, "the tensor name '{}' is a duplicate", e.name);
  return entries;
}

// Where each tensor lies: aligned, inside the file, and none in another's bytes.
void check_layout(const std::vector<Entry>& entries, std::uint64_t alignment, std::uint64_t data_size) {
  std::vector<const Entry*> order;
  for (const Entry& e : entries) {
    require(e.offset % alignment == 0, "the offset {} of tensor '{}' is no multiple of the alignment {}", e.offset,
            e.name, alignment);
    require(e.offset <= data_size && e.bytes <= data_size - e.offset,
            "tensor '{}' has {} bytes ({} of {}) at offset {}, beyond the file's {} bytes of data", e.name, e.bytes,
            name(e.dtype), to_string(e.shape), e.offset, data_size);
    if (e.bytes) order.push_back(&e);
  }
  std::sort(order.begin(), order.end(), [](const Entry* a, const Entry* b) { return a->offset < b->offset; });
  for (std::size_t i = 1; i < order.size(); ++i)
    require(order[i - 1]->offset + order[i - 1]->bytes <= order[i]->offset,
            "the data of tensor '{}' overlaps that of '{}'", order[i]->name, order[i - 1]->name);
}

}  // namespace

Gguf read_gguf(std::span<const std::byte> bytes, std::shared_ptr<const void> owner) {
  Reader in(bytes);
  const Header header = read_header(in);
  Gguf out;
  read_metadata(in, header.values, out);
  std::vector<Entry> entries = read_entries(in, header.tensors);
  const std::uint64_t alignment = alignment_of(out);
  const std::uint64_t start = (in.position() + alignment - 1) / alignment * alignment;
  const std::span<const std::byte> data = start <= bytes.size() ? bytes.subspan(start) : std::span<const std::byte>{};
  check_layout(entries, alignment, data.size());
  for (Entry& e : entries) {
    const std::byte* begin = e.bytes ? data.data() + e.offset : nullptr;
    const bool aligned =
        reinterpret_cast<std::uintptr_t>(begin) % static_cast<unsigned>(dtype_info(e.dtype).alignment()) == 0;
    const bool share = owner && aligned && e.bytes != 0;
    out.tensors.push_back(
        {std::move(e.name), share ? Tensor::wrap(e.dtype, std::move(e.shape), const_cast<std::byte*>(begin), owner)
                                  : tensor_from_bytes(e.dtype, std::move(e.shape), begin, e.bytes)});
  }
  return out;
}

Gguf read_gguf(const std::string& path) {
  auto mapping = MappedFile::open(path);
  return naming_file(path, [&] { return read_gguf(mapping->bytes(), mapping); });
}

}  // namespace frugal
