// ZIP as far as NPZ needs it (PKWARE APPNOTE 6.3: sections 4.3.7, 4.3.12, 4.3.16). Only the central
// directory is trusted for sizes: numpy writes local headers that defer to a ZIP64 field.
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "formats/file.h"
#include "formats/inflate.h"
#include "formats/npy.h"
#include "formats/npy_bytes.h"

namespace frugal {
namespace {

constexpr std::uint32_t kLocalSignature = 0x04034b50, kCentralSignature = 0x02014b50, kEndSignature = 0x06054b50;
constexpr std::size_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22;
constexpr std::size_t kMaxName = 1'024;

using Bytes = std::span<const std::byte>;

std::uint32_t number(Bytes bytes, std::size_t at, int size) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data() + at, static_cast<std::size_t>(size));
  return value;
}

std::string_view text(Bytes bytes, std::size_t at, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes.data()) + at, size};
}

struct Member {
  std::string name;
  int method = 0;
  std::uint32_t crc = 0;
  std::size_t packed = 0, unpacked = 0, local = 0;
  Bytes data;
};

// The end record stands at the very end, followed only by its own comment.
std::size_t find_end_record(Bytes file) {
  require(file.size() >= kEndSize, "{} bytes are too short for an NPZ archive", file.size());
  std::size_t last = file.size() - kEndSize, first = last > 65'535 ? last - 65'535 : 0;
  for (std::size_t at = last + 1; at-- > first;)
    if (number(file, at, 4) == kEndSignature && number(file, at + 20, 2) == last - at) return at;
  fail("the end of the NPZ archive is missing; it is truncated or not a ZIP archive");
}

Member read_central(Bytes file, std::size_t& at, std::size_t end) {
  require(end - at >= kCentralSize && number(file, at, 4) == kCentralSignature,
          "the directory of the NPZ archive is corrupt");
  std::size_t name_size = number(file, at + 28, 2), extra = number(file, at + 30, 2),
              comment = number(file, at + 32, 2);
  require(name_size <= kMaxName, "a name of {} bytes in the NPZ archive is too long (at most {})", name_size, kMaxName);
  require(end - at - kCentralSize >= name_size + extra + comment, "the directory of the NPZ archive is corrupt");
  Member m;
  m.name = text(file, at + kCentralSize, name_size);
  require((number(file, at + 8, 2) & 1) == 0, "'{}' in the NPZ archive is encrypted, which is not supported", m.name);
  m.method = static_cast<int>(number(file, at + 10, 2));
  require(m.method == 0 || m.method == 8,
          "'{}' uses ZIP compression method {} (0, stored, and 8, deflated, are supported)", m.name, m.method);
  m.crc = number(file, at + 16, 4);
  m.packed = number(file, at + 20, 4);
  m.unpacked = number(file, at + 24, 4);
  m.local = number(file, at + 42, 4);
  require(std::max({m.packed, m.unpacked, m.local}) < UINT32_MAX,
          "'{}' is a ZIP64 member (4 GiB or more), which is not supported", m.name);
  require(m.name.ends_with(".npy"), "'{}' in the NPZ archive is not an .npy array", m.name);
  m.name.resize(m.name.size() - 4);
  at += kCentralSize + name_size + extra + comment;
  return m;
}

std::vector<Member> read_directory(Bytes file) {
  std::size_t end = find_end_record(file);
  std::size_t count = number(file, end + 10, 2), size = number(file, end + 12, 4), start = number(file, end + 16, 4);
  require(number(file, end + 4, 4) == 0 && number(file, end + 8, 2) == count,
          "the NPZ archive is split over several disks, which is not supported");
  require(count != 0xffff && start != UINT32_MAX, "the NPZ archive is ZIP64, which is not supported");
  require(start <= end && size == end - start,
          "the directory of the NPZ archive does not lie where its end record says");
  std::vector<Member> members;
  std::size_t at = start;
  for (std::size_t i = 0; i < count; ++i) members.push_back(read_central(file, at, end));
  require(at == end, "the directory of the NPZ archive has trailing bytes");
  return members;
}

// Finds each member's data behind its local header; the members must not overlap (a ZIP bomb that
// unpacks the same bytes many times) and must end before the directory.
void locate_data(Bytes file, std::vector<Member>& members) {
  std::sort(members.begin(), members.end(), [](const Member& a, const Member& b) { return a.local < b.local; });
  std::size_t free_from = 0, limit = number(file, find_end_record(file) + 16, 4);
  for (Member& m : members) {
    require(m.local >= free_from, "'{}' overlaps another member of the NPZ archive", m.name);
    require(m.local <= limit && limit - m.local >= kLocalSize && number(file, m.local, 4) == kLocalSignature,
            "the local header of '{}' in the NPZ archive is corrupt", m.name);
    std::size_t name_size = number(file, m.local + 26, 2), extra = number(file, m.local + 28, 2);
    require(limit - m.local - kLocalSize >= name_size + extra &&
                text(file, m.local + kLocalSize, name_size) == m.name + ".npy",
            "the local header of '{}' in the NPZ archive gives another name", m.name);
    std::size_t start = m.local + kLocalSize + name_size + extra;
    require(m.packed <= limit - start, "the data of '{}' reaches beyond the NPZ archive; it is truncated", m.name);
    m.data = file.subspan(start, m.packed);
    free_from = start + m.packed;
  }
}

std::uint32_t crc_of(Bytes bytes) {
  return static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

Tensor read_member(const Member& m) {
  require(m.method == 8 || m.packed == m.unpacked, "'{}' is stored, but its packed size {} is not its size {}", m.name,
          m.packed, m.unpacked);
  std::vector<std::byte> unpacked;
  if (m.method == 8) unpacked = inflate_exactly(m.data, m.unpacked);
  Bytes bytes = m.method == 8 ? Bytes(unpacked) : m.data;
  require(crc_of(bytes) == m.crc, "the CRC-32 of '{}' in the NPZ archive is wrong; the file is damaged", m.name);
  return read_npy(bytes);
}

void append(std::string& out, std::initializer_list<std::pair<std::uint32_t, int>> fields) {
  for (auto [value, size] : fields)
    for (int i = 0; i < size; ++i) out += static_cast<char>(value >> (8 * i));
}

constexpr std::uint32_t kZipEpoch = 0x00210000;  // 1980-01-01 00:00, DOS time in the low half

}  // namespace

std::map<std::string, Tensor> read_npz(Bytes bytes, std::size_t max_bytes) {
  std::vector<Member> members = read_directory(bytes);
  locate_data(bytes, members);
  std::map<std::string, Tensor> arrays;
  std::size_t total = 0;
  for (const Member& m : members) {
    require(!arrays.contains(m.name), "the name '{}' is a duplicate in the NPZ archive", m.name);
    total += m.unpacked;
    require(total <= max_bytes, "the arrays of the NPZ archive need more than the limit of {} bytes", max_bytes);
    try {
      arrays[m.name] = read_member(m);
    } catch (const Error& e) {
      fail("array '{}': {}", m.name, e.what());
    }
  }
  return arrays;
}

std::map<std::string, Tensor> read_npz(const std::string& path, std::size_t max_bytes) {
  auto mapping = MappedFile::open(path);
  return naming_file(path, [&] { return read_npz(mapping->bytes(), max_bytes); });
}

void write_npz(const std::string& path, const std::map<std::string, Tensor>& tensors, NpzCompression compression) {
  require(tensors.size() < 0xffff, "cannot write {}: an NPZ archive holds at most 65534 arrays, not {}", path,
          tensors.size());
  AtomicFile file(path);
  std::string directory;
  std::size_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    Tensor t = npy_writable(tensor);
    std::string member = npy_header(t), file_name = name + ".npy";
    require(file_name.size() <= kMaxName, "cannot write {}: a name of {} bytes is too long", path, name.size());
    member.append(static_cast<const char*>(t.raw()), t.bytes());
    Bytes plain = std::as_bytes(std::span(member));
    std::vector<std::byte> packed;
    bool deflated = compression == NpzCompression::deflated;
    if (deflated) packed = deflate(plain);
    Bytes data = deflated ? Bytes(packed) : plain;
    require(std::max(offset, std::max(plain.size(), data.size())) < UINT32_MAX,
            "cannot write {}: an NPZ archive is limited to 4 GiB; use safetensors", path);

    std::string common;  // fields that the local header and the directory share; 0x0800: the name is UTF-8
    append(common, {{20, 2},
                    {0x0800, 2},
                    {deflated ? 8u : 0u, 2},
                    {kZipEpoch, 4},
                    {crc_of(plain), 4},
                    {static_cast<std::uint32_t>(data.size()), 4},
                    {static_cast<std::uint32_t>(plain.size()), 4},
                    {static_cast<std::uint32_t>(file_name.size()), 2},
                    {0, 2}});
    std::string local;
    append(local, {{kLocalSignature, 4}});
    local += common + file_name;
    file.write(local);
    file.write(data.data(), data.size());

    append(directory, {{kCentralSignature, 4}, {20, 2}});
    directory += common;
    append(directory, {{0, 2}, {0, 2}, {0, 2}, {0, 4}, {static_cast<std::uint32_t>(offset), 4}});
    directory += file_name;
    offset += local.size() + data.size();
  }
  require(offset < UINT32_MAX, "cannot write {}: an NPZ archive is limited to 4 GiB; use safetensors", path);
  file.write(directory);
  std::string end;
  auto count = static_cast<std::uint32_t>(tensors.size());
  append(end, {{kEndSignature, 4},
               {0, 4},
               {count, 2},
               {count, 2},
               {static_cast<std::uint32_t>(directory.size()), 4},
               {static_cast<std::uint32_t>(offset), 4},
               {0, 2}});
  file.write(end);
  file.commit();
}

}  // namespace frugal
