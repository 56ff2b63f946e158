#include "formats/gguf.h"

#include <cmath>
#include <cstring>

#include "formats/format_test.h"
#include "tensor/block_types.h"

namespace frugal {
namespace {

using namespace test;

Gguf read(const std::string& bytes) { return read_gguf(bytes_of(bytes), nullptr); }

std::string blocks_path() { return source_dir() / "tests/data/gguf/blocks.gguf"; }

// --- files made by hand ---

std::string text(std::string_view value) { return little(value.size(), 8) + std::string(value); }

std::string head(std::uint64_t tensors, std::uint64_t values, std::uint32_t version = 3) {
  return "GGUF" + little(version, 4) + little(tensors, 8) + little(values, 8);
}

std::string value(std::string_view key, std::uint32_t type, const std::string& bytes) {
  return text(key) + little(type, 4) + bytes;
}

std::string array(std::uint32_t element, std::uint64_t count, const std::string& bytes = "") {
  return little(element, 4) + little(count, 8) + bytes;
}

std::string tensor(std::string_view name, const std::vector<std::uint64_t>& dims, std::uint32_t type,
                   std::uint64_t offset) {
  std::string out = text(name) + little(dims.size(), 4);
  for (std::uint64_t d : dims) out += little(d, 8);
  return out + little(type, 4) + little(offset, 8);
}

std::string with_data(std::string header, std::size_t bytes, std::size_t alignment = 32) {
  header.resize((header.size() + alignment - 1) / alignment * alignment);
  return header + std::string(bytes, '\1');
}

// Two tensors, one value of a kind each: what the truncations and patches start from.
std::string good() {
  return with_data(head(2, 3) + value("a.u8", 0, "\7") + value("b.text", 8, text("x")) +
                       value("c.array", 9, array(8, 2, text("p") + text("q"))) + tensor("w", {3, 2}, 0, 0) +
                       tensor("q", {64, 1}, 2, 32),
                   32 + 36);
}

TEST(Gguf, ReadsAHandMadeFile) {
  for (std::uint32_t version : {2u, 3u}) {
    const Gguf file = read(patched(good(), 4, little(version, 4)));
    EXPECT_EQ(file.integer("a.u8"), 7);
    EXPECT_EQ(file.text("b.text"), "x");
    EXPECT_EQ(file.texts("c.array"), (std::vector<std::string>{"p", "q"}));
    ASSERT_EQ(file.tensors.size(), 2u);
    EXPECT_EQ(file.tensors[0].name, "w");
    EXPECT_EQ(file.tensor("w").shape(), (Shape{2, 3}));  // outermost first
    EXPECT_EQ(file.tensor("q").dtype(), DType::q4_0);
    EXPECT_EQ(file.tensor("q").shape(), (Shape{1, 64}));
    EXPECT_EQ(static_cast<const char*>(file.tensor("q").raw())[35], '\1');
  }
}

TEST(Gguf, AcceptsWhatTheFormatAllows) {
  EXPECT_TRUE(read(head(0, 0)).tensors.empty());
  EXPECT_EQ(read(with_data(head(1, 0) + tensor("s", {}, 0, 0), 4)).tensor("s").rank(), 0);
  EXPECT_EQ(read(with_data(head(1, 0) + tensor("e", {0, 5}, 0, 0), 0)).tensor("e").numel(), 0);
  const std::string eight = value("general.alignment", 4, little(8, 4));
  const Gguf file = read(with_data(head(2, 1) + eight + tensor("b", {1}, 0, 8) + tensor("a", {2}, 0, 0), 12, 8));
  EXPECT_EQ(file.tensors[0].name, "b");  // order of the header, not of the data
  const Gguf nested = read(head(0, 1) + value("n", 9, array(9, 2, array(0, 1, "\5") + array(7, 1, "\1"))));
  EXPECT_EQ(std::get<GgufValue::Arrays>(nested.find("n")->value)[1].element, GgufType::boolean);
}

struct Broken {
  const char* what;
  std::string bytes;
  const char* word;
};

std::string one_value(std::uint32_t type, const std::string& bytes) { return head(0, 1) + value("k", type, bytes); }

std::string one_tensor(const std::string& entry, std::size_t data = 64) { return with_data(head(1, 0) + entry, data); }

std::string aligned_to(std::uint32_t type, const std::string& bytes) {
  return with_data(head(1, 1) + value("general.alignment", type, bytes) + tensor("t", {1}, 0, 0), 64);
}

TEST(Gguf, RefusesEachBrokenField) {
  constexpr std::uint64_t most = ~0ull;
  const std::string deep = array(9, 1, array(9, 1, array(9, 1, array(9, 1, array(0, 0)))));
  const std::vector<Broken> table = {
      {"empty", "", "does not start with 'GGUF'"},
      {"bad magic", patched(good(), 0, "GGUX"), "does not start with 'GGUF'"},
      {"older magic", patched(good(), 0, "ggjt"), "not a GGUF file"},
      {"version 0", head(0, 0, 0), "version 0; supported are 2 and 3"},
      {"version 1", head(0, 0, 1), "version 1"},
      {"version 4", head(0, 0, 4), "version 4"},
      {"big-endian", head(0, 0, 0x03000000), "big-endian"},
      {"version missing", "GGUF\3", "ends within the version"},
      {"tensors -1", head(most, 0), "declares 18446744073709551615 tensors"},
      {"keys -1", head(0, most), "declares 18446744073709551615 metadata keys"},
      {"too many tensors", head(65'537, 0), "above the limit of 65536"},
      {"more tensors than there are", head(2, 0) + tensor("t", {1}, 0, 0), "ends within the name of tensor 1"},
      {"key size -1", head(0, 1) + little(most, 8) + "k", "metadata key 0 has 18446744073709551615 bytes"},
      {"key beyond the file", head(0, 1) + little(100, 8) + "k", "ends within metadata key 0"},
      {"key empty", head(0, 1) + value("", 0, "\1"), "metadata key 0 is empty"},
      {"key twice", head(0, 2) + value("k", 0, "\1") + value("k", 0, "\1"), "'k' is a duplicate"},
      {"value type 13", one_value(13, "\1"), "unknown value type 13"},
      {"value type -1", one_value(0xffffffff, "\1"), "unknown value type"},
      {"value missing", one_value(10, "1234567"), "ends within metadata key 'k'"},
      {"bool of 2", one_value(7, "\2"), "neither 0 nor 1"},
      {"string size -1", one_value(8, little(most, 8)), "above the limit"},
      {"string beyond the file", one_value(8, little(5, 8) + "four"), "ends within metadata key 'k'"},
      {"array of type 13", one_value(9, array(13, 0)), "unknown value type 13"},
      {"array of -1", one_value(9, array(0, most)), "declares 18446744073709551615 elements"},
      {"array whose bytes wrap", one_value(9, array(10, (most >> 3) + 2, "12345678")), "more than the file has room"},
      {"array of strings beyond the file", one_value(9, array(8, 2, text("abcdefgh"))), "ends within"},
      {"array of bools of 2", one_value(9, array(7, 2, "\1\2")), "neither 0 nor 1"},
      {"arrays nested too deep", one_value(9, deep), "nests arrays deeper than 4"},
      {"alignment a string", aligned_to(8, text("32")), "'general.alignment' must be u32, but it is string"},
      {"alignment u64", aligned_to(10, little(32, 8)), "must be u32"},
      {"alignment 0", aligned_to(4, little(0, 4)), "must be a power of two"},
      {"alignment 24", aligned_to(4, little(24, 4)), "must be a power of two"},
      {"alignment 2^31", aligned_to(4, little(1u << 31, 4)), "must be a power of two up to"},
      {"name empty", one_tensor(tensor("", {1}, 0, 0)), "tensor 0 has no name"},
      {"name too long", one_tensor(tensor(std::string(257, 'n'), {1}, 0, 0)), "above the limit of 256"},
      {"name twice", with_data(head(2, 0) + tensor("t", {1}, 0, 0) + tensor("t", {1}, 0, 32), 64),
       "'t' is a duplicate"},
      {"rank 5", one_tensor(tensor("t", {1, 1, 1, 1, 1}, 0, 0)), "tensor 't' has 5 dims; at most 4"},
      {"rank -1", one_tensor(text("t") + little(0xffffffff, 4)), "at most 4"},
      {"dim negative", one_tensor(tensor("t", {most}, 0, 0)), "the shape of tensor 't' overflows"},
      {"product wraps to 0", one_tensor(tensor("t", {1ull << 32, 1ull << 32}, 0, 0)), "tensor 't': shape"},
      {"bytes wrap to 4", one_tensor(tensor("t", {(1ull << 62) + 1}, 0, 0)), "overflows a 64-bit byte count"},
      {"type 4, withdrawn", one_tensor(tensor("t", {32}, 4, 0)), "tensor 't': the type number 4 is not supported"},
      {"type 23, not ours", one_tensor(tensor("t", {256}, 23, 0)), "the type IQ4_XS is not supported"},
      {"type -1", one_tensor(tensor("t", {32}, 0xffffffff, 0)), "number 4294967295 is not supported"},
      {"row of no whole blocks", one_tensor(tensor("t", {31, 32}, 2, 0)), "must be a multiple of 32"},
      {"offset not aligned", one_tensor(tensor("t", {1}, 0, 4)), "no multiple of the alignment 32"},
      {"offset beyond the data", one_tensor(tensor("t", {1}, 0, 96)), "beyond the file's 64 bytes of data"},
      {"offset -32", one_tensor(tensor("t", {16}, 0, most - 31)), "beyond the file's"},
      {"too many bytes", one_tensor(tensor("t", {17}, 0, 0)), "has 68 bytes (float32 of 17) at offset 0, beyond"},
      {"data missing", head(1, 0) + tensor("t", {1}, 0, 0), "beyond the file's 0 bytes"},
      {"overlap", with_data(head(2, 0) + tensor("a", {16}, 0, 0) + tensor("b", {1}, 0, 32), 64),
       "the data of tensor 'b' overlaps that of 'a'"},
      {"same place", with_data(head(2, 0) + tensor("a", {1}, 0, 0) + tensor("b", {1}, 0, 0), 64), "overlaps"},
  };
  for (const Broken& row : table) {
    SCOPED_TRACE(row.what);
    EXPECT_ERROR(read(row.bytes), row.word);
  }
}

TEST(Gguf, EveryTruncationIsRefused) {
  const std::string bytes = good();
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_THROW(read(bytes.substr(0, size)), Error) << size;
}

TEST(Gguf, GettersNameTheKeyAndWhatWasExpected) {
  const Gguf file = read_gguf(blocks_path());
  EXPECT_EQ(file.integer("test.uint32"), 4'000'000'000);
  EXPECT_EQ(file.integer("test.int64"), INT64_MIN);
  EXPECT_EQ(file.real("test.float32"), static_cast<double>(0.1f));
  EXPECT_EQ(file.real("test.int8"), -100);
  EXPECT_TRUE(file.boolean("test.bool"));
  EXPECT_EQ(file.integers("test.integers"), (std::vector<std::int64_t>{1, -2, 3}));
  EXPECT_EQ(file.reals("test.reals"), (std::vector<double>{0.5, -1.5}));
  EXPECT_EQ(file.integer("none", 5), 5);
  EXPECT_EQ(file.text("none", "x"), "x");
  EXPECT_FALSE(file.boolean("none", false));
  EXPECT_EQ(file.find("none"), nullptr);
  EXPECT_ERROR(file.integer("none"), "metadata key 'none' (an integer) is missing");
  EXPECT_ERROR(file.integer("test.uint64"), "too large");
  EXPECT_ERROR(file.integer("test.string", 1), "'test.string' must be an integer, but it is string");
  EXPECT_ERROR(file.text("test.texts"), "must be a string, but it is array of string");
  EXPECT_ERROR(file.reals("test.integers"), "must be an array of numbers");
  EXPECT_ERROR(file.boolean("test.uint8"), "must be true or false, but it is u8");
  EXPECT_ERROR(file.tensor("Q4_K.f3"), "Q4_K.f32");
}

// --- against the gguf package: see tests/data/gguf/make_blocks.py ---

TEST(Gguf, ValuesOfBlocksAreExactlyThoseOfTheReference) {
  const Gguf file = read_gguf(blocks_path());
  int types = 0;
  for (const DTypeInfo& info : all_dtypes()) {
    if (!info.blocks()) continue;
    const Tensor& blocks = file.tensor(info.name);
    EXPECT_EQ(blocks.dtype(), info.dtype);
    EXPECT_TRUE(same(blocks.to(DType::f32), file.tensor(std::string(info.name) + ".f32"))) << info.name;
    ++types;
  }
  EXPECT_EQ(types, 10);
}

TEST(Gguf, QuantisedBlocksAreExactlyThoseOfTheReference) {
  const Gguf file = read_gguf(blocks_path());
  for (DType type : {DType::q8_0, DType::q4_0, DType::q4_1, DType::q5_0, DType::q5_1})
    EXPECT_TRUE(same(file.tensor("x").to(type), file.tensor(std::string(name(type)) + ".of_x"))) << name(type);
}

void expect_equal(const Gguf& a, const Gguf& b) {
  EXPECT_TRUE(a.metadata == b.metadata);
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (std::size_t i = 0; i < a.tensors.size(); ++i) {
    EXPECT_EQ(a.tensors[i].name, b.tensors[i].name);
    EXPECT_TRUE(same(a.tensors[i].tensor, b.tensors[i].tensor)) << a.tensors[i].name;
  }
}

TEST(Gguf, WritesWhatItReads) {
  TempDir dir;
  const std::string path = dir / "a.gguf";
  Gguf file = read_gguf(blocks_path());
  file.metadata["general.alignment"] = GgufValue::u32(64);
  write_gguf(path, file);
  const Gguf back = read_gguf(path);
  expect_equal(file, back);
  for (const GgufTensor& t : back.tensors) EXPECT_EQ(reinterpret_cast<std::uintptr_t>(t.tensor.raw()) % 64, 0u);
  const std::string first = read_file(path);
  write_gguf(path, back);  // over the file that is mapped
  EXPECT_EQ(read_file(path), first);
}

TEST(Gguf, TheReferencePackageReadsWhatIsWritten) {
  FRUGAL_SKIP_WITHOUT_PYTHON("gguf");
  TempDir dir;
  write_gguf(dir / "a.gguf", read_gguf(blocks_path()));
  const char* program = R"(
import sys, gguf
ours, theirs = (gguf.GGUFReader(p) for p in sys.argv[1:])
def values(reader):
    return {k: (f.types, f.contents()) for k, f in reader.fields.items() if not k.startswith('GGUF.')}
assert values(ours) == values(theirs), (values(ours), values(theirs))
assert len(ours.tensors) == 26
for a, b in zip(ours.tensors, theirs.tensors):
    assert (a.name, a.tensor_type, a.shape.tolist()) == (b.name, b.tensor_type, b.shape.tolist())
    assert (a.data == b.data).all(), a.name
)";
  EXPECT_EQ(run_python(program, (dir / "a.gguf").string() + " " + blocks_path()), 0);
}

TEST(Gguf, RefusesToWriteWhatTheFormatCannotHold) {
  TempDir dir;
  const std::string path = dir / "a.gguf";
  auto of_tensor = [](std::string name, Tensor t) { return Gguf{{}, {{std::move(name), std::move(t)}}}; };
  auto of_value = [](GgufValue v) { return Gguf{{{"k", std::move(v)}}, {}}; };
  EXPECT_ERROR(write_gguf(path, of_tensor("t", Tensor(DType::u8, {1}))),
               "tensor 't': the format has no type for uint8");
  EXPECT_ERROR(write_gguf(path, of_tensor("t", Tensor(DType::f32, {1, 1, 1, 1, 1}))), "5 dims");
  EXPECT_ERROR(write_gguf(path, of_tensor(std::string(65, 'n'), Tensor::scalar(1.f))), "65 bytes");
  EXPECT_ERROR(write_gguf(path, of_tensor("", Tensor::scalar(1.f))), "1 to 64");
  EXPECT_ERROR(write_gguf(path, of_tensor("t", Tensor())), "empty");
  EXPECT_ERROR(write_gguf(path, {{}, {{"t", Tensor::scalar(1.f)}, {"t", Tensor::scalar(1.f)}}}), "duplicate");
  EXPECT_ERROR(write_gguf(path, of_value({GgufType::u8, {}, std::uint64_t{256}})), "key 'k': 256 does not fit");
  EXPECT_ERROR(write_gguf(path, of_value({GgufType::i8, {}, std::int64_t{-129}})), "does not fit");
  EXPECT_ERROR(write_gguf(path, of_value({GgufType::text, {}, 1.5})), "cannot be written as string");
  EXPECT_ERROR(write_gguf(path, of_value({GgufType::array, GgufType::u8, std::string("x")})), "cannot be written");
  EXPECT_ERROR(write_gguf(path, {{{"general.alignment", GgufValue::u32(24)}}, {}}), "power of two");
  EXPECT_ERROR(write_gguf(dir / "missing/a", {}), "cannot write");
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Gguf, ReadsTheSharedModels) {
  FRUGAL_SKIP_WITHOUT(shared_path("data/language"));
  const Gguf exact = read_gguf(shared_path("data/language/stories260K-f32.gguf"));
  EXPECT_EQ(exact.text("general.architecture"), "llama");
  EXPECT_EQ(exact.integer("llama.block_count"), 5);
  EXPECT_EQ(exact.tensor("token_embd.weight").shape(), (Shape{512, 64}));
  // Our own rounding of the weights is llama.cpp's.
  for (const auto& [file, type] : {std::pair{"q8_0", DType::q8_0}, {"q4_0", DType::q4_0}}) {
    const Gguf quantised = read_gguf(shared_path(std::string("data/language/stories260K-") + file + ".gguf"));
    int blocks = 0;
    for (const GgufTensor& t : quantised.tensors) {
      EXPECT_TRUE(same(exact.tensor(t.name).to(t.tensor.dtype()), t.tensor)) << t.name;
      blocks += t.tensor.dtype() == type;
    }
    EXPECT_GT(blocks, 20);
  }
}

}  // namespace
}  // namespace frugal
