#include "formats/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/check.h"
#include "formats/file.h"
#include "formats/strict_json.h"

namespace frugal {
namespace {

static_assert(std::endian::native == std::endian::little, "tensor data is little-endian and used in place");

constexpr std::string_view kMetadataKey = "__metadata__";
constexpr std::string_view kBlockTypesKey = "frugal.block_types";

struct Entry {
  std::string name;
  DType dtype = DType::f32;
  Shape shape;
  std::vector<std::uint64_t> offsets;
  bool has_dtype = false, has_shape = false, has_offsets = false;
};

DType dtype_from_safetensors(std::string_view code, std::string_view tensor) {
  std::string known;
  for (const DTypeInfo& info : all_dtypes()) {
    if (info.safetensors.empty()) continue;
    if (info.safetensors == code) return info.dtype;
    known += (known.empty() ? "" : ", ") + std::string(info.safetensors);
  }
  fail("tensor '{}' has dtype '{}', which is not supported (supported: {})", tensor, code, known);
}

// Walks the header without building a document: the format has a fixed depth, so whatever is nested
// deeper is refused where it opens, and duplicate keys are seen (a DOM would keep the last silently).
class HeaderParser : public nlohmann::json_sax<nlohmann::json> {
 public:
  std::vector<Entry> entries;
  std::map<std::string, std::string> metadata;

  bool null() override { return wrong("null"); }
  bool boolean(bool) override { return wrong("true or false"); }
  bool number_integer(number_integer_t) override { return wrong("a negative number"); }
  bool number_float(number_float_t, const string_t&) override { return wrong("a fractional or huge number"); }
  bool binary(binary_t&) override { return wrong("binary data"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (at_ == At::shape) {
      require(entry().shape.size() < kMaxRank, "the shape of tensor '{}' has more than {} dims", entry().name,
              kMaxRank);
      require(value <= INT64_MAX, "the shape of tensor '{}' overflows", entry().name);
      entry().shape.push_back(static_cast<std::int64_t>(value));
    } else if (at_ == At::offsets) {
      require(entry().offsets.size() < 2, "data_offsets of tensor '{}' are not two numbers", entry().name);
      entry().offsets.push_back(value);
    } else {
      return wrong("a number");
    }
    return true;
  }

  bool string(string_t& value) override {
    if (at_ == At::tensor && key_ == "dtype") {
      entry().dtype = dtype_from_safetensors(value, entry().name);
      entry().has_dtype = true;
    } else if (at_ == At::metadata) {
      metadata[key_] = std::move(value);
    } else {
      return wrong("a string");
    }
    return true;
  }

  bool start_object(std::size_t) override {
    if (at_ == At::start) {
      at_ = At::document;
    } else if (at_ == At::document) {
      at_ = key_ == kMetadataKey ? At::metadata : At::tensor;
      if (at_ == At::tensor) entries.emplace_back().name = key_;
    } else {
      return wrong("an object");
    }
    return true;
  }

  bool key(string_t& key) override {
    if (at_ == At::tensor) {
      bool known = key == "dtype" || key == "shape" || key == "data_offsets";
      require(known, "tensor '{}' has the unknown key '{}'", entry().name, key.substr(0, 64));
      bool twice = key == "dtype" ? entry().has_dtype : key == "shape" ? entry().has_shape : entry().has_offsets;
      require(!twice, "tensor '{}' has a duplicate key '{}'", entry().name, key);
    } else {
      auto& seen = at_ == At::metadata ? metadata_keys_ : names_;
      require(key.size() <= kMaxSafetensorsName, "a name of {} bytes is too long (at most {})", key.size(),
              kMaxSafetensorsName);
      require(seen.size() < kMaxSafetensorsEntries, "there are too many {} (at most {})",
              at_ == At::metadata ? "metadata keys" : "tensors", kMaxSafetensorsEntries);
      require(seen.emplace(key, true).second, "the name '{}' is a duplicate", key);
    }
    key_ = std::move(key);
    return true;
  }

  bool end_object() override {
    if (at_ == At::tensor) {
      const Entry& e = entry();
      require(e.has_dtype && e.has_shape && e.has_offsets, "tensor '{}' lacks {}", e.name,
              !e.has_dtype   ? "dtype"
              : !e.has_shape ? "shape"
                             : "data_offsets");
    }
    at_ = at_ == At::document ? At::end : At::document;
    return true;
  }

  bool start_array(std::size_t) override {
    if (at_ != At::tensor || key_ == "dtype") return wrong("an array");
    at_ = key_ == "shape" ? At::shape : At::offsets;
    return true;
  }

  bool end_array() override {
    if (at_ == At::offsets)
      require(entry().offsets.size() == 2, "data_offsets of tensor '{}' are not two numbers", entry().name);
    (at_ == At::shape ? entry().has_shape : entry().has_offsets) = true;
    at_ = At::tensor;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    fail("the header is not valid JSON near its byte {}", position);
  }

 private:
  enum class At { start, document, tensor, shape, offsets, metadata, end };

  Entry& entry() { return entries.back(); }

  bool wrong(const char* found) {
    switch (at_) {
      case At::tensor: fail("{} of tensor '{}' is {}", key_, entry().name, found);
      case At::shape: fail("the shape of tensor '{}' holds {}", entry().name, found);
      case At::offsets: fail("data_offsets of tensor '{}' hold {}", entry().name, found);
      case At::metadata: fail("metadata '{}' is {}; only a string is allowed", key_, found);
      case At::document: fail("the header's entry '{}' is {}, not an object", key_, found);
      default: fail("the header is {}, not an object", found);
    }
  }

  At at_ = At::start;
  std::string key_;
  std::map<std::string, bool> names_, metadata_keys_;
};

// The data must be used completely: no hole, no overlap, nothing behind the last tensor
// (otherwise a file could smuggle data, or two tensors could share bytes).
void check_layout(std::vector<Entry>& entries, std::uint64_t data_size) {
  for (const Entry& e : entries) {
    std::uint64_t begin = e.offsets[0], end = e.offsets[1];
    require(begin <= end, "data_offsets of tensor '{}' end ({}) before they begin ({})", e.name, end, begin);
    require(end <= data_size, "data_offsets of tensor '{}' reach to {}, beyond the file's {} bytes of data", e.name,
            end, data_size);
    std::size_t wanted = 0;
    try {
      wanted = byte_size(e.dtype, e.shape);
    } catch (const Error& error) {
      fail("tensor '{}': {}", e.name, error.what());
    }
    require(end - begin == wanted, "tensor '{}' has {} bytes of data, but shape {} of {} needs {}", e.name, end - begin,
            to_string(e.shape), name(e.dtype), wanted);
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.offsets < b.offsets; });
  std::uint64_t at = 0;
  for (const Entry& e : entries) {
    require(e.offsets[0] >= at, "the data of tensor '{}' overlaps that of another tensor", e.name);
    require(e.offsets[0] == at, "there is a hole of {} bytes before the data of tensor '{}'", e.offsets[0] - at,
            e.name);
    at = e.offsets[1];
  }
  require(at == data_size, "there are {} trailing bytes behind the last tensor", data_size - at);
}

// The form of a block-quantised tensor in the file: its bytes, the last dim in bytes.
Shape byte_shape(const Tensor& t) {
  const DTypeInfo& info = dtype_info(t.dtype());
  Shape shape = t.shape();
  shape.back() = shape.back() / info.block_elements * info.block_bytes;
  return shape;
}

// Gives such tensors their types back, from the note {"tensor": "Q4_K"}.
void restore_blocks(std::vector<Entry>& entries, const std::string& note) {
  const nlohmann::json types = parse_json(note, kBlockTypesKey);
  require(types.is_object(), "{} is not a JSON object", kBlockTypesKey);
  std::map<std::string_view, Entry*> by_name;
  for (Entry& e : entries) by_name.emplace(e.name, &e);
  for (const auto& [name, type] : types.items()) {
    auto found = by_name.find(name);
    require(found != by_name.end() && type.is_string(), "{} names '{}', which is no tensor, or not a type",
            kBlockTypesKey, name.substr(0, 64));
    Entry& e = *found->second;
    const DTypeInfo& info = dtype_info(dtype_from_name(type.get<std::string>()));
    require(info.blocks() && e.dtype == DType::u8 && !e.shape.empty() && e.shape.back() % info.block_bytes == 0,
            "tensor '{}' is {}[{}], which cannot hold blocks of {} ({} bytes each)", e.name, frugal::name(e.dtype),
            to_string(e.shape), info.name, info.block_bytes);
    e.dtype = info.dtype;
    require(!__builtin_mul_overflow(e.shape.back() / info.block_bytes, static_cast<std::int64_t>(info.block_elements),
                                    &e.shape.back()),
            "the shape of tensor '{}' overflows", e.name);
  }
}

HeaderParser read_header(std::span<const std::byte> bytes, std::size_t& data_start) {
  require(bytes.size() >= 8, "the file has {} bytes, too short for a safetensors header", bytes.size());
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  require(length <= kMaxSafetensorsHeader, "the header length {} is above {}; this is not a safetensors file", length,
          kMaxSafetensorsHeader);
  require(length <= bytes.size() - 8, "the header length {} is beyond the file's {} bytes; the file is truncated",
          length, bytes.size());
  const char* text = reinterpret_cast<const char*>(bytes.data()) + 8;
  require(length > 0 && text[0] == '{', "the header does not start with '{{'; this is not a safetensors file");
  HeaderParser parser;
  nlohmann::json::sax_parse(text, text + length, &parser);
  data_start = 8 + length;
  return parser;
}

}  // namespace

SafetensorsFile read_safetensors(std::span<const std::byte> bytes, std::shared_ptr<const void> owner) {
  std::size_t data_start = 0;
  HeaderParser header = read_header(bytes, data_start);
  std::span<const std::byte> data = bytes.subspan(data_start);
  if (auto note = header.metadata.extract(std::string(kBlockTypesKey))) restore_blocks(header.entries, note.mapped());
  check_layout(header.entries, data.size());

  SafetensorsFile file;
  file.metadata = std::move(header.metadata);
  for (Entry& e : header.entries) {
    const std::byte* begin = data.data() + e.offsets[0];
    std::size_t size = e.offsets[1] - e.offsets[0];
    if (e.dtype == DType::boolean)
      require(std::all_of(begin, begin + size, [](std::byte b) { return b <= std::byte{1}; }),
              "tensor '{}' holds a bool that is neither 0 nor 1", e.name);
    bool aligned =
        reinterpret_cast<std::uintptr_t>(begin) % static_cast<unsigned>(dtype_info(e.dtype).alignment()) == 0;
    bool share = owner && aligned && size != 0;
    file.tensors[e.name] = share ? Tensor::wrap(e.dtype, std::move(e.shape), const_cast<std::byte*>(begin), owner)
                                 : tensor_from_bytes(e.dtype, std::move(e.shape), begin, size);
  }
  return file;
}

SafetensorsFile read_safetensors(const std::string& path) {
  auto mapping = MappedFile::open(path);
  return naming_file(path, [&] { return read_safetensors(mapping->bytes(), mapping); });
}

void write_safetensors(const std::string& path, const std::map<std::string, Tensor>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  using Named = std::pair<const std::string, Tensor>;
  std::vector<const Named*> order;
  for (const Named& named : tensors) {
    require(named.second.defined(), "cannot write {}: tensor '{}' is empty", path, named.first);
    require(named.first != kMetadataKey && named.first.size() <= kMaxSafetensorsName,
            "cannot write {}: '{}' cannot name a tensor", path, named.first.substr(0, 64));
    order.push_back(&named);
  }
  require(!metadata.contains(std::string(kBlockTypesKey)), "cannot write {}: the metadata key '{}' is the format's own",
          path, kBlockTypesKey);
  require(std::max(tensors.size(), metadata.size()) <= kMaxSafetensorsEntries,
          "cannot write {}: more than {} tensors or metadata keys", path, kMaxSafetensorsEntries);
  std::stable_sort(order.begin(), order.end(), [](const Named* a, const Named* b) {
    return dtype_info(a->second.dtype()).alignment() > dtype_info(b->second.dtype()).alignment();
  });
  std::map<std::string, std::string> notes = metadata, block_types;
  for (const auto& [name, tensor] : tensors)
    if (dtype_info(tensor.dtype()).blocks()) block_types.emplace(name, frugal::name(tensor.dtype()));

  std::string text = "{";
  try {
    if (!block_types.empty()) notes[std::string(kBlockTypesKey)] = nlohmann::json(block_types).dump();
    if (!notes.empty()) text += fmt::format("\"{}\":{},", kMetadataKey, nlohmann::json(notes).dump());
    std::size_t offset = 0;
    for (const Named* named : order) {
      const Tensor& t = named->second;
      const bool blocks = dtype_info(t.dtype()).blocks();
      text += fmt::format(R"({}:{{"dtype":"{}","shape":{},"data_offsets":[{},{}]}},)",
                          nlohmann::json(named->first).dump(), dtype_info(blocks ? DType::u8 : t.dtype()).safetensors,
                          nlohmann::json(blocks ? byte_shape(t) : t.shape()).dump(), offset, offset + t.bytes());
      offset += t.bytes();
    }
  } catch (const nlohmann::json::exception&) {
    fail("cannot write {}: a name or metadata value is not UTF-8", path);
  }
  if (text.back() == ',') text.pop_back();
  text += '}';
  text.resize((text.size() + 8 + 63) / 64 * 64 - 8, ' ');
  require(text.size() <= kMaxSafetensorsHeader, "cannot write {}: a header of {} bytes is above {}", path, text.size(),
          kMaxSafetensorsHeader);

  AtomicFile file(path);
  std::uint64_t length = text.size();
  file.write(&length, sizeof length);
  file.write(text);
  for (const Named* named : order) file.write(named->second.raw(), named->second.bytes());
  file.commit();
}

}  // namespace frugal
