#include "formats/npy.h"

#include "formats/format_test.h"
#include "formats/inflate.h"

namespace frugal {
namespace {

using namespace test;

std::string npy(const std::string& dict, const std::string& data, int version = 1) {
  return "\x93NUMPY" + little(static_cast<unsigned>(version), 2) + little(dict.size(), version == 1 ? 2 : 4) + dict +
         data;
}

std::string header(const char* descr, const char* shape, const char* fortran = "False") {
  return std::string("{'descr': '") + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }\n";
}

Tensor read(const std::string& bytes) { return read_npy(bytes_of(bytes)); }

TEST(Npy, ReadsHandMadeArrays) {
  EXPECT_TRUE(
      same(read(npy(header("|u1", "(2, 2)"), "abcd")), Tensor::from<std::uint8_t>({2, 2}, {'a', 'b', 'c', 'd'})));
  EXPECT_TRUE(same(read(npy(header("<i2", "(1,)"), little(0x1234, 2), 2)), Tensor::from<std::int16_t>({1}, {0x1234})));
  EXPECT_TRUE(
      same(read(npy(header(">i4", "()"), big(0x12345678, 4), 3)), Tensor::from<std::int32_t>({}, {0x12345678})));
  EXPECT_EQ(read(npy(header("<f4", "(0, 3)"), "")).shape(), (Shape{0, 3}));
  EXPECT_EQ(read(npy(R"({"shape":(1),"fortran_order":False,"descr":"<u1"})", "x")).shape(), (Shape{1}));
}

TEST(Npy, FortranOrderIsTurned) {
  std::string data;  // element (i, j, k) of shape 2x3x4 holds i*12 + j*4 + k; stored with i fastest
  for (int k = 0; k < 4; ++k)
    for (int j = 0; j < 3; ++j)
      for (int i = 0; i < 2; ++i) data += little(static_cast<unsigned>(i * 12 + j * 4 + k), 2);
  Tensor t = read(npy(header("<i2", "(2, 3, 4)", "True"), data));
  for (std::int16_t i = 0; i < 24; ++i) EXPECT_EQ(t.data<std::int16_t>()[i], i);
}

struct Broken {
  const char* what;
  std::string bytes;
  const char* word;
};

TEST(Npy, RefusesEachBrokenField) {
  const std::string good = npy(header("<f4", "(2,)"), std::string(8, '\0'));
  ASSERT_EQ(read(good).numel(), 2);
  const std::vector<Broken> table = {
      {"empty", "", "too short"},
      {"magic", patched(good, 1, "X"), "magic"},
      {"version 0", patched(good, 6, std::string(1, '\0')), "version 0.0"},
      {"version 4", patched(good, 6, "\x04"), "version 4.0"},
      {"version 1.1", patched(good, 7, "\x01"), "version 1.1"},
      {"version 2 cut", patched(good, 6, "\x02").substr(0, 11), "too short"},
      {"header length", patched(good, 8, "\xff\xff"), "truncated"},
      {"header length above cap", patched(npy(header("<f4", "()"), "1234", 2), 8, "\xff\xff\xff\xff"), "above"},
      {"not a dict", npy("[]", ""), "'{' expected"},
      {"unclosed", npy("{'descr': '<f4'", ""), "'}' expected"},
      {"unknown key", npy("{'x': 1}", ""), "unknown key 'x'"},
      {"key twice", npy("{'descr': '<f4', 'descr': '<f4'}", ""), "duplicate"},
      {"no descr", npy("{'fortran_order': False, 'shape': ()}", ""), "lacks descr"},
      {"no order", npy("{'descr': '<f4', 'shape': ()}", ""), "lacks fortran_order"},
      {"no shape", npy("{'descr': '<f4', 'fortran_order': False}", ""), "lacks shape"},
      {"text behind", npy("{'descr': '<f4', 'fortran_order': False, 'shape': ()} x", "1234"), "goes on"},
      {"unquoted", npy("{descr: 1}", ""), "quoted"},
      {"object array", npy(header("|O", "(1,)"), "12345678"), "pickles"},
      {"structured", npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': ()}", "1234"), "structured"},
      {"complex", npy(header("<c8", "()"), "12345678"), "not a supported element type"},
      {"unsigned 16", npy(header("<u2", "()"), "12"), "not a supported element type"},
      {"text", npy(header("<U4", "()"), "1234567812345678"), "not a supported element type"},
      {"no order sign", npy(header("f4", "()"), "1234"), "not a supported element type"},
      {"bar on 4 bytes", npy(header("|f4", "()"), "1234"), "not a supported element type"},
      {"empty descr", npy(header("", "()"), "1234"), "not a supported element type"},
      {"order not bool", npy(header("<f4", "()", "None"), "1234"), "neither True nor False"},
      {"shape not a tuple", npy(header("<f4", "[1]"), "1234"), "'(' expected"},
      {"dim negative", npy(header("<f4", "(-1,)"), "1234"), "not a dim"},
      {"dim a word", npy(header("<f4", "(x,)"), "1234"), "not a dim"},
      {"dim above int64", npy(header("<f4", "(9223372036854775808,)"), "1234"), "not a dim"},
      {"dims unclosed", npy(header("<f4", "(1, 2"), "1234"), "not a dim"},
      {"dims run on", npy(header("<f4", "(1 2)"), "1234"), "')' expected"},
      {"rank 9", npy(header("<f4", "(1,1,1,1,1,1,1,1,1)"), "1234"), "more than 8 dims"},
      {"product overflow", npy(header("<f4", "(4294967296, 4294967296)"), "1234"), "overflows"},
      {"byte overflow", npy(header("<f8", "(4611686018427387904,)"), "1234"), "overflows"},
      {"huge", npy(header("<f4", "(1000000000000,)"), "1234"), "truncated"},
      {"data cut", good.substr(0, good.size() - 1), "truncated"},
      {"trailing", good + "x", "trailing"},
      {"bool of 2", npy(header("|b1", "(1,)"), "\x02"), "bool"},
  };
  for (const Broken& row : table) {
    SCOPED_TRACE(row.what);
    EXPECT_ERROR(read(row.bytes), row.word);
  }
}

TEST(Npy, WritesWhatItReads) {
  TempDir dir;
  for (const Shape& shape : {Shape{}, Shape{7}, Shape{2, 3}, Shape{0, 4}}) {
    Tensor t = random_tensor(shape);
    write_npy(dir / "t.npy", t);
    EXPECT_TRUE(same(read_npy(dir / "t.npy"), t));
  }
  Tensor brain = random_tensor({5}).to(DType::bf16);
  write_npy(dir / "b.npy", brain);
  EXPECT_TRUE(same(read_npy(dir / "b.npy"), brain.to(DType::f32)));
  EXPECT_ERROR(write_npy(dir / "e.npy", Tensor()), "empty");
  EXPECT_ERROR(read_npy(dir / "missing.npy"), "missing.npy");
}

// One stored member "a.npy"; the fields lie at fixed places.
const std::string kMember = npy(header("|u1", "(3,)"), "xyz");
constexpr std::size_t kLocal = 0, kNameAt = 30, kDataAt = 35;
const std::size_t kCentral = kDataAt + kMember.size(), kEnd = kCentral + 46 + 5;

std::string archive() {
  std::string common = little(20, 2) + little(0, 2) + little(0, 2) + little(0x00210000, 4) + little(crc32(kMember), 4) +
                       little(kMember.size(), 4) + little(kMember.size(), 4) + little(5, 2) + little(0, 2);
  return "PK\x03\x04" + common + "a.npy" + kMember + "PK\x01\x02" + little(20, 2) + common + little(0, 2) +
         little(0, 2) + little(0, 2) + little(0, 4) + little(0, 4) + "a.npy" + "PK\x05\x06" + little(0, 4) +
         little(1, 2) + little(1, 2) + little(51, 4) + little(kCentral, 4) + little(0, 2);
}

TEST(Npz, RefusesEachBrokenField) {
  const std::string good = archive();
  ASSERT_EQ(read_npz(bytes_of(good)).at("a").numel(), 3);
  auto central = [&](std::size_t at, std::string_view bytes) { return patched(good, kCentral + at, bytes); };
  auto end = [&](std::size_t at, std::string_view bytes) { return patched(good, kEnd + at, bytes); };
  std::string directory = good.substr(kCentral, 51), head = good.substr(0, kCentral), tail = good.substr(kEnd);
  std::string twice =
      head + directory + directory + patched(patched(tail, 8, little(2, 2) + little(2, 2)), 12, little(102, 4));
  std::string second = patched(directory, 42, little(kCentral, 4));
  std::string twins =
      head + head + directory + second +
      patched(patched(tail, 8, little(2, 2) + little(2, 2)), 12, little(102, 4) + little(2 * kCentral, 4));
  const std::vector<Broken> table = {
      {"empty", "", "too short"},
      {"end signature", end(0, "XX"), "truncated"},
      {"comment length", end(20, little(1, 2)), "truncated"},
      {"cut", good.substr(0, good.size() - 1), "truncated"},
      {"disk number", end(4, little(1, 2)), "several disks"},
      {"counts differ", end(8, little(2, 2)), "several disks"},
      {"count too high", end(8, little(2, 2) + little(2, 2)), "directory"},
      {"count too low", end(8, little(0, 2) + little(0, 2)), "trailing"},
      {"zip64 end", end(16, "\xff\xff\xff\xff"), "ZIP64"},
      {"directory offset", end(16, little(kCentral + 1, 4)), "does not lie"},
      {"directory size", end(12, little(50, 4)), "does not lie"},
      {"central signature", central(0, "XX"), "corrupt"},
      {"encrypted", central(8, "\x01"), "encrypted"},
      {"method", central(10, "\x0c"), "method 12"},
      {"crc", central(16, "\x01\x02"), "CRC-32"},
      {"packed size", central(20, little(kMember.size() - 1, 4)), "stored"},
      {"unpacked size", central(24, little(kMember.size() + 1, 4)), "stored"},
      {"packed beyond", central(20, little(kMember.size() + 1, 4) + little(kMember.size() + 1, 4)), "beyond"},
      {"zip64 member", central(24, "\xff\xff\xff\xff"), "ZIP64"},
      {"name length", central(28, little(6, 2)), "corrupt"},
      {"name too long", central(28, little(2000, 2)), "too long"},
      {"extra length", central(30, little(1, 2)), "corrupt"},
      {"local offset", central(42, little(1, 4)), "local header"},
      {"local offset far", central(42, little(kEnd, 4)), "local header"},
      {"not an array", central(46, "a.txt"), "not an .npy"},
      {"local signature", patched(good, kLocal, "XX"), "local header"},
      {"local name", patched(good, kNameAt, "b"), "another name"},
      {"local name length", patched(good, 26, "\xff\xff"), "another name"},
      {"local extra", patched(good, 28, "\xff"), "another name"},
      {"data", patched(good, kDataAt + 8, "\xff"), "CRC-32"},
      {"overlap", twice, "overlaps"},
      {"duplicate", twins, "duplicate"},
  };
  for (const Broken& row : table) {
    SCOPED_TRACE(row.what);
    EXPECT_ERROR(read_npz(bytes_of(row.bytes)), row.word);
  }
  EXPECT_ERROR(read_npz(bytes_of(good), 10), "limit of 10");
}

TEST(Npz, WritesWhatItReads) {
  TempDir dir;
  std::map<std::string, Tensor> tensors{{"a", random_tensor({4, 5})}, {"b/c", Tensor::scalar(std::int64_t{-3})}};
  for (NpzCompression compression : {NpzCompression::stored, NpzCompression::deflated}) {
    write_npz(dir / "t.npz", tensors, compression);
    auto read = read_npz(dir / "t.npz");
    ASSERT_EQ(read.size(), 2u);
    for (const auto& [name, tensor] : tensors) EXPECT_TRUE(same(read.at(name), tensor));
  }
  write_npz(dir / "none.npz", {});
  EXPECT_TRUE(read_npz(dir / "none.npz").empty());
}

TEST(Npz, DamagedCompressedDataIsRefused) {
  TempDir dir;
  write_npz(dir / "t.npz", {{"a", random_tensor({50})}});
  std::string good = read_file(dir / "t.npz");
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_THROW(read_npz(bytes_of(good.substr(0, size))), Error);
  for (std::size_t at = 35; at < 200; ++at)
    EXPECT_THROW(read_npz(bytes_of(patched(good, at, std::string(1, static_cast<char>(good[at] ^ 1))))), Error) << at;
}

TEST(Inflate, StatesWhatIsWrong) {
  std::string text(5000, 'a');
  auto packed = deflate(bytes_of(text));
  EXPECT_LT(packed.size(), 50u);
  EXPECT_EQ(inflate_exactly(packed, 5000).size(), 5000u);
  EXPECT_ERROR(inflate_exactly(packed, 4999), "more than");
  EXPECT_ERROR(inflate_exactly(packed, 5001), "not the 5001");
  EXPECT_ERROR(inflate_exactly(packed, std::size_t{1} << 40), "cannot unpack");
  EXPECT_ERROR(inflate_exactly(std::span(packed).first(packed.size() - 1), 5000), "truncated");
  packed.push_back(std::byte{0});
  EXPECT_ERROR(inflate_exactly(packed, 5000), "trailing");
  EXPECT_ERROR(gunzip(packed, 5000), "gzip");
}

TEST(Npy, AgreesWithNumpy) {
  FRUGAL_SKIP_WITHOUT_PYTHON("numpy");
  TempDir dir;
  std::map<std::string, Tensor> tensors;
  for (const DTypeInfo& info : all_dtypes())
    if (!info.numpy.empty())
      tensors[std::string(info.name)] = Tensor::from<float>({2, 3}, {0, 1, 1, 0, 0, 1}).to(info.dtype);
  tensors["scalar"] = Tensor::scalar(2.5f);
  tensors["line"] = random_tensor({7});
  write_npz(dir / "ours.npz", tensors);
  write_npy(dir / "ours.npy", tensors.at("line"));
  const char* program = R"(
import sys, numpy as np
folder = sys.argv[1]
ours = dict(np.load(folder + '/ours.npz'))
for name, array in ours.items():
    if name not in ('scalar', 'line'):
        assert array.dtype == np.dtype(name), (name, array.dtype)
        assert array.astype(int).tolist() == [[0, 1, 1], [0, 0, 1]], name
assert ours['scalar'].shape == () and ours['scalar'] == 2.5
assert (np.load(folder + '/ours.npy') == ours['line']).all() and ours['line'].shape == (7,)
np.savez(folder + '/stored.npz', **ours)
np.savez_compressed(folder + '/deflated.npz', **ours)
np.savez(folder + '/turned.npz', **{k: np.array(v, order='F') for k, v in ours.items()})
np.savez(folder + '/swapped.npz', **{k: v.astype(v.dtype.newbyteorder('>')) for k, v in ours.items()})
for version in (1, 0), (2, 0), (3, 0):
    with open(folder + '/version%d.npy' % version[0], 'wb') as f:
        np.lib.format.write_array(f, ours['line'], version)
)";
  ASSERT_EQ(run_python(program, dir.path().string()), 0);
  for (const char* file : {"stored.npz", "deflated.npz", "turned.npz", "swapped.npz"}) {
    auto read = read_npz(dir / file);
    ASSERT_EQ(read.size(), tensors.size()) << file;
    for (const auto& [name, tensor] : tensors) EXPECT_TRUE(same(read.at(name), tensor)) << file << " " << name;
  }
  for (const char* file : {"version1.npy", "version2.npy", "version3.npy"})
    EXPECT_TRUE(same(read_npy(dir / file), tensors.at("line"))) << file;
}

TEST(Npz, ReadsTheSharedFiles) {
  FRUGAL_SKIP_WITHOUT(shared_path("data/parity"));
  int files = 0;
  for (const auto& item : std::filesystem::recursive_directory_iterator(shared_path("data/parity")))
    if (item.path().extension() == ".npz") {
      EXPECT_FALSE(read_npz(item.path()).empty()) << item.path();
      ++files;
    }
  EXPECT_GT(files, 0);
}

}  // namespace
}  // namespace frugal
