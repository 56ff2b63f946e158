#include "formats/npy.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "formats/file.h"
#include "formats/npy_bytes.h"

namespace frugal {
namespace {

constexpr std::string_view kMagic{"\x93NUMPY", 6};
constexpr std::size_t kMaxHeader = 65'536;

struct Header {
  DType dtype = DType::f32;
  bool big_endian = false, fortran = false;
  Shape shape;
};

// Reads the header: a Python dict literal with exactly the keys descr, fortran_order and shape.
class HeaderReader {
 public:
  explicit HeaderReader(std::string_view text) : rest_(text) {}

  Header read() {
    Header header;
    bool seen[3] = {};
    expect('{');
    while (!accept('}')) {
      std::string_view key = quoted();
      int which = key == "descr" ? 0 : key == "fortran_order" ? 1 : key == "shape" ? 2 : -1;
      require(which >= 0, "the NPY header has the unknown key '{}'", key);
      require(!seen[which], "the NPY header has a duplicate key '{}'", key);
      seen[which] = true;
      expect(':');
      if (which == 0) read_descr(header);
      if (which == 1) header.fortran = boolean();
      if (which == 2) header.shape = shape();
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    require(seen[0] && seen[1] && seen[2], "the NPY header lacks {}",
            !seen[0]   ? "descr"
            : !seen[1] ? "fortran_order"
                       : "shape");
    skip_space();
    require(rest_.empty(), "the NPY header goes on behind its closing brace");
    return header;
  }

 private:
  void skip_space() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n' || rest_[0] == '\t')) rest_.remove_prefix(1);
  }
  bool accept(char c) {
    skip_space();
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) { require(accept(c), "the NPY header is malformed: '{}' expected", c); }

  std::string_view quoted() {
    skip_space();
    char quote = rest_.empty() ? '\0' : rest_[0];
    std::size_t end = quote == '\'' || quote == '"' ? rest_.find(quote, 1) : std::string_view::npos;
    require(end != std::string_view::npos, "the NPY header is malformed: a quoted string expected");
    std::string_view text = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    return text;
  }

  void read_descr(Header& header) {
    skip_space();
    require(!rest_.starts_with('['), "structured NPY arrays are not supported; save one plain array each");
    std::string_view descr = quoted();
    require(descr.find('O') == std::string_view::npos,
            "NPY descr '{}' is an object array (Python pickles), which is never loaded", descr);
    std::string known;
    for (const DTypeInfo& info : all_dtypes()) {
      if (info.numpy.empty()) continue;
      known += (known.empty() ? "" : ", ") + std::string(info.numpy.substr(1));
      // Single bytes have no order; numpy writes '|' but '<' and '>' mean the same there.
      if (descr.size() < 2 || descr.substr(1) != info.numpy.substr(1)) continue;
      bool plain = info.block_bytes == 1 && descr[0] == '|';
      if (!plain && descr[0] != '<' && descr[0] != '>') continue;
      header.dtype = info.dtype;
      header.big_endian = descr[0] == '>' && info.block_bytes > 1;
      return;
    }
    fail("NPY descr '{}' is not a supported element type (supported: {})", descr.substr(0, 32), known);
  }

  bool boolean() {
    skip_space();
    for (bool value : {true, false}) {
      std::string_view word = value ? "True" : "False";
      if (!rest_.starts_with(word)) continue;
      rest_.remove_prefix(word.size());
      return value;
    }
    fail("fortran_order of the NPY header is neither True nor False");
  }

  Shape shape() {
    Shape dims;
    expect('(');
    while (!accept(')')) {
      skip_space();
      std::int64_t dim = 0;
      auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), dim);
      require(error == std::errc() && dim >= 0, "the shape of the NPY header holds something that is not a dim");
      rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
      require(dims.size() < kMaxRank, "the shape of the NPY header has more than {} dims", kMaxRank);
      dims.push_back(dim);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return dims;
  }

  std::string_view rest_;
};

// Column-major input to row-major output.
void copy_fortran(const std::byte* in, std::byte* out, const Shape& shape, std::size_t size) {
  std::vector<std::size_t> stride(shape.size(), size), index(shape.size(), 0);
  for (std::size_t d = 1; d < shape.size(); ++d) stride[d] = stride[d - 1] * static_cast<std::size_t>(shape[d - 1]);
  std::int64_t count = element_count(shape);
  std::size_t at = 0;
  for (std::int64_t i = 0; i < count; ++i, out += size) {
    std::memcpy(out, in + at, size);
    for (std::size_t d = shape.size(); d-- > 0;) {
      at += stride[d];
      if (++index[d] < static_cast<std::size_t>(shape[d])) break;
      at -= stride[d] * index[d];
      index[d] = 0;
    }
  }
}

}  // namespace

Tensor read_npy(std::span<const std::byte> bytes) {
  require(bytes.size() >= 10, "{} bytes are too short for an NPY array", bytes.size());
  std::string_view text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  require(text.starts_with(kMagic), "the data does not start with the NPY magic");
  int major = static_cast<int>(bytes[6]), minor = static_cast<int>(bytes[7]);
  require(major >= 1 && major <= 3 && minor == 0, "NPY version {}.{} is not supported (1.0, 2.0 and 3.0 are)", major,
          minor);
  std::size_t prefix = major == 1 ? 10 : 12;
  require(bytes.size() >= prefix, "{} bytes are too short for an NPY array", bytes.size());
  std::uint32_t length = 0;
  std::memcpy(&length, bytes.data() + 8, major == 1 ? 2 : 4);
  require(length <= kMaxHeader, "the NPY header length {} is above {}", length, kMaxHeader);
  require(length <= bytes.size() - prefix, "the NPY header length {} is beyond the data; it is truncated", length);
  Header header = HeaderReader(text.substr(prefix, length)).read();

  std::span<const std::byte> data = bytes.subspan(prefix + length);
  std::size_t wanted = byte_size(header.dtype, header.shape);
  require(data.size() >= wanted, "the NPY array is truncated: shape {} of {} needs {} bytes, {} are there",
          to_string(header.shape), name(header.dtype), wanted, data.size());
  require(data.size() == wanted, "there are {} trailing bytes behind the NPY array", data.size() - wanted);
  if (header.dtype == DType::boolean)
    require(std::all_of(data.begin(), data.end(), [](std::byte b) { return b <= std::byte{1}; }),
            "the NPY array holds a bool that is neither 0 nor 1");

  auto size = static_cast<std::size_t>(dtype_info(header.dtype).block_bytes);
  Tensor tensor(header.dtype, header.shape);
  auto* out = static_cast<std::byte*>(tensor.raw());
  if (header.fortran)
    copy_fortran(data.data(), out, header.shape, size);
  else if (wanted)
    std::memcpy(out, data.data(), wanted);
  if (header.big_endian)
    for (std::size_t i = 0; i < wanted; i += size) std::reverse(out + i, out + i + size);
  return tensor;
}

Tensor read_npy(const std::string& path) {
  auto mapping = MappedFile::open(path);
  return naming_file(path, [&] { return read_npy(mapping->bytes()); });
}

std::string npy_header(const Tensor& tensor) {
  std::string shape;
  for (std::int64_t dim : tensor.shape()) shape += fmt::format("{},{}", dim, tensor.rank() == 1 ? "" : " ");
  if (tensor.rank() > 1) shape.resize(shape.size() - 2);
  std::string dict = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}",
                                 dtype_info(tensor.dtype()).numpy, shape);
  dict.resize((dict.size() + 11 + 63) / 64 * 64 - 11, ' ');  // magic, version, length and newline: 11 bytes
  dict += '\n';
  std::string header{kMagic};
  header += {'\x01', '\x00', static_cast<char>(dict.size() & 255), static_cast<char>(dict.size() >> 8)};
  return header + dict;
}

Tensor npy_writable(const Tensor& tensor) {
  require(tensor.defined(), "an empty tensor cannot be written as NPY");
  return dtype_info(tensor.dtype()).numpy.empty() ? tensor.to(DType::f32) : tensor;
}

void write_npy(const std::string& path, const Tensor& tensor) {
  Tensor t = npy_writable(tensor);
  AtomicFile file(path);
  file.write(npy_header(t));
  file.write(t.raw(), t.bytes());
  file.commit();
}

}  // namespace frugal
