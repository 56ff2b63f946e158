#include "formats/safetensors.h"

#include <cstring>

#include "formats/format_test.h"

namespace frugal {
namespace {

using namespace test;

std::string file_of(const std::string& header, std::size_t data_bytes) {
  return little(header.size(), 8) + header + std::string(data_bytes, '\0');
}

SafetensorsFile read(const std::string& bytes) { return read_safetensors(bytes_of(bytes), nullptr); }

const std::string kGood = R"({"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
                          R"("b":{"dtype":"U8","shape":[],"data_offsets":[24,25]}})";

TEST(Safetensors, ReadsAHandMadeFile) {
  std::string bytes = file_of(kGood, 25);
  float six = 6;
  std::memcpy(bytes.data() + bytes.size() - 25 + 20, &six, 4);
  bytes.back() = 7;
  SafetensorsFile file = read(bytes);
  EXPECT_EQ(file.metadata.at("k"), "v");
  EXPECT_EQ(file.tensors.at("a").shape(), (Shape{2, 3}));
  EXPECT_EQ(file.tensors.at("a").data<float>()[5], 6);
  EXPECT_EQ(file.tensors.at("b").shape(), Shape{});
  EXPECT_EQ(*file.tensors.at("b").data<std::uint8_t>(), 7);
}

TEST(Safetensors, AcceptsWhatTheFormatAllows) {
  EXPECT_TRUE(read(file_of("{}", 0)).tensors.empty());
  EXPECT_TRUE(read(file_of("{}      ", 0)).tensors.empty());
  EXPECT_EQ(read(file_of(R"({"e":{"shape":[0,5],"dtype":"I64","data_offsets":[0,0]}})", 0)).tensors.at("e").numel(), 0);
}

struct Broken {
  const char* what;
  std::string bytes;
  const char* word;
};

std::string entry(const char* body, std::size_t data = 4) {
  return file_of(std::string(R"({"a":)") + body + "}", data);
}

std::string many_tensors(std::size_t count) {
  std::string header = "{";
  for (std::size_t i = 0; i < count; ++i)
    header += "\"" + std::to_string(i) + R"(":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},)";
  header.back() = '}';
  return file_of(header, 0);
}

TEST(Safetensors, RefusesEachBrokenField) {
  const std::string eight = R"("shape":[1,1,1,1,1,1,1,1,1])";
  const std::vector<Broken> table = {
      {"empty", "", "too short"},
      {"length cut", little(2, 7), "too short"},
      {"length beyond file", little(3, 8) + "{}", "truncated"},
      {"length above the cap", little(100'000'001, 8) + "{}", "header length"},
      {"length -1", little(~0ull, 8) + "{}", "header length"},
      {"length zero", little(0, 8), "does not start"},
      {"not an object", file_of("[]", 0), "does not start"},
      {"leading space", file_of(" {}", 0), "does not start"},
      {"not JSON", file_of("{\"a\"", 0), "not valid JSON"},
      {"two documents", file_of("{}{}", 0), "not valid JSON"},
      {"not UTF-8", file_of("{\"\xff\":1}", 0), "not valid JSON"},
      {"entry is a number", entry("1"), "not an object"},
      {"entry is an array", entry("[]"), "not an object"},
      {"entry is null", entry("null"), "not an object"},
      {"nested deep", entry("{\"shape\":[[[[[[1]]]]]]}"), "holds an array"},
      {"object inside", entry("{\"shape\":{}}"), "is an object"},
      {"unknown key", entry(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1})"), "unknown key"},
      {"no dtype", entry(R"({"shape":[1],"data_offsets":[0,4]})"), "lacks dtype"},
      {"no shape", entry(R"({"dtype":"F32","data_offsets":[0,4]})"), "lacks shape"},
      {"no offsets", entry(R"({"dtype":"F32","shape":[1]})"), "lacks data_offsets"},
      {"key twice", entry(R"({"dtype":"F32","dtype":"I32","shape":[1],"data_offsets":[0,4]})"),
       "duplicate key 'dtype'"},
      {"shape twice", entry(R"({"shape":[1],"shape":[1],"dtype":"I32","data_offsets":[0,4]})"),
       "duplicate key 'shape'"},
      {"name twice",
       file_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
               R"("a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
               2),
       "duplicate"},
      {"name too long", file_of("{\"" + std::string(1025, 'n') + "\":1}", 0), "too long"},
      {"too many tensors", many_tensors(65'537), "too many tensors"},
      {"dtype unknown", entry(R"({"dtype":"F4_E2","shape":[1],"data_offsets":[0,4]})"), "not supported"},
      {"dtype a number", entry(R"({"dtype":7,"shape":[1],"data_offsets":[0,4]})"), "dtype of tensor 'a' is a number"},
      {"shape a string", entry(R"({"dtype":"F32","shape":"1","data_offsets":[0,4]})"), "is a string"},
      {"rank 9", entry(("{\"dtype\":\"F32\"," + eight + ",\"data_offsets\":[0,4]}").c_str()), "more than 8 dims"},
      {"dim negative", entry(R"({"dtype":"F32","shape":[-1],"data_offsets":[0,4]})"), "negative"},
      {"dim fractional", entry(R"({"dtype":"F32","shape":[1.5],"data_offsets":[0,4]})"), "fractional"},
      {"dim above int64", entry(R"({"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,4]})"), "overflows"},
      {"dim above uint64", entry(R"({"dtype":"F32","shape":[18446744073709551617],"data_offsets":[0,4]})"), "huge"},
      {"product wraps to 1", entry(R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]})"),
       "overflows"},
      {"bytes wrap", entry(R"({"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4]})"), "overflows"},
      {"one offset", entry(R"({"dtype":"F32","shape":[1],"data_offsets":[4]})"), "two numbers"},
      {"three offsets", entry(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4,4]})"), "two numbers"},
      {"offset negative", entry(R"({"dtype":"F32","shape":[1],"data_offsets":[-4,0]})"), "negative"},
      {"begin after end", entry(R"({"dtype":"F32","shape":[1],"data_offsets":[4,0]})"), "before they begin"},
      {"end beyond data", entry(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})", 3), "beyond"},
      {"end huge", entry(R"({"dtype":"F32","shape":[1],"data_offsets":[0,18446744073709551615]})"), "beyond"},
      {"bytes and shape differ", entry(R"({"dtype":"F32","shape":[2],"data_offsets":[0,4]})"), "needs 8"},
      {"bytes and dtype differ", entry(R"({"dtype":"F16","shape":[1],"data_offsets":[0,4]})"), "needs 2"},
      {"hole at the start", entry(R"({"dtype":"U8","shape":[2],"data_offsets":[2,4]})"), "hole"},
      {"trailing data", entry(R"({"dtype":"U8","shape":[2],"data_offsets":[0,2]})"), "trailing"},
      {"overlap",
       file_of(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
               R"("b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
               3),
       "overlaps"},
      {"bool of 2",
       patched(entry(R"({"dtype":"BOOL","shape":[4],"data_offsets":[0,4]})"),
               entry(R"({"dtype":"BOOL","shape":[4],"data_offsets":[0,4]})").size() - 1, "\x02"),
       "bool"},
      {"metadata a string", file_of(R"({"__metadata__":"x"})", 0), "not an object"},
      {"metadata of a number", file_of(R"({"__metadata__":{"k":1}})", 0), "only a string"},
      {"metadata of an object", file_of(R"({"__metadata__":{"k":{}}})", 0), "only a string"},
      {"metadata of null", file_of(R"({"__metadata__":{"k":null}})", 0), "only a string"},
      {"metadata key twice", file_of(R"({"__metadata__":{"k":"1","k":"2"}})", 0), "duplicate"},
      {"metadata twice", file_of(R"({"__metadata__":{},"__metadata__":{}})", 0), "duplicate"},
  };
  for (const Broken& row : table) {
    SCOPED_TRACE(row.what);
    EXPECT_ERROR(read(row.bytes), row.word);
  }
}

TEST(Safetensors, BlockTypesMustFitTheirBytes) {
  auto with_note = [](const std::string& note, const std::string& shape, std::size_t bytes) {
    return file_of(R"({"__metadata__":{"frugal.block_types":")" + note + R"("},"a":{"dtype":"U8","shape":[)" + shape +
                       R"(],"data_offsets":[0,)" + std::to_string(bytes) + "]}}",
                   bytes);
  };
  const Tensor a = read(with_note(R"({\"a\":\"Q4_0\"})", "2,36", 72)).tensors.at("a");
  EXPECT_EQ(a.dtype(), DType::q4_0);
  EXPECT_EQ(a.shape(), (Shape{2, 64}));
  EXPECT_ERROR(read(with_note(R"({\"a\":\"Q4_0\"})", "37", 37)), "cannot hold blocks");
  EXPECT_ERROR(read(with_note(R"({\"a\":\"Q4_0\"})", "", 1)), "cannot hold blocks");
  EXPECT_ERROR(read(with_note(R"({\"a\":\"float32\"})", "36", 36)), "cannot hold blocks");
  EXPECT_ERROR(read(with_note(R"({\"a\":\"Q4_9\"})", "36", 36)), "unknown element type");
  EXPECT_ERROR(read(with_note(R"({\"b\":\"Q4_0\"})", "36", 36)), "no tensor");
  EXPECT_ERROR(read(with_note(R"({\"a\":4})", "36", 36)), "not a type");
  EXPECT_ERROR(read(with_note("[]", "36", 36)), "not a JSON object");
  EXPECT_ERROR(read(with_note("{", "36", 36)), "not valid JSON");
}

TEST(Safetensors, EveryTruncationIsRefused) {
  std::string bytes = file_of(kGood, 25);
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_THROW(read(bytes.substr(0, size)), Error) << size;
}

std::map<std::string, Tensor> one_of_each_type() {
  std::map<std::string, Tensor> tensors;
  for (const DTypeInfo& info : all_dtypes()) {
    Tensor values = random_tensor({3, info.blocks() ? 256 : 5});
    if (info.dtype == DType::boolean)
      for (int i = 0; i < 15; ++i) values.data<float>()[i] = static_cast<float>(i % 2);
    tensors["t/" + std::string(info.name)] = values.to(info.dtype);
  }
  tensors["scalar"] = Tensor::scalar(2.5f);
  tensors["none"] = Tensor(DType::i32, {4, 0});
  tensors["quote\"\\\xc3\xa9"] = Tensor::from<float>({1}, {1});
  return tensors;
}

void expect_equal(const std::map<std::string, Tensor>& a, const std::map<std::string, Tensor>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, tensor] : a) EXPECT_TRUE(same(tensor, b.at(name))) << name;
}

TEST(Safetensors, WritesWhatItReads) {
  TempDir dir;
  std::string path = dir / "a.safetensors";
  auto tensors = one_of_each_type();
  write_safetensors(path, tensors, {{"frugal", "\"quoted\"\n"}});
  SafetensorsFile file = read_safetensors(path);
  expect_equal(tensors, file.tensors);
  EXPECT_EQ(file.metadata.at("frugal"), "\"quoted\"\n");
  for (const auto& [name, tensor] : file.tensors)
    EXPECT_EQ(
        reinterpret_cast<std::uintptr_t>(tensor.raw()) % static_cast<unsigned>(dtype_info(tensor.dtype()).alignment()),
        0u)
        << name;
  std::string first = read_file(path);
  std::uint64_t header = 0;
  std::memcpy(&header, first.data(), 8);
  EXPECT_EQ((header + 8) % 64, 0u);
  write_safetensors(path, file.tensors, file.metadata);  // over the file that is mapped
  EXPECT_EQ(read_file(path), first);
}

TEST(Safetensors, TensorsOutliveTheFileAndNeverChangeIt) {
  TempDir dir;
  std::string path = dir / "a.safetensors";
  write_safetensors(path, {{"w", Tensor::from<float>({2}, {1, 2})}});
  Tensor w = read_safetensors(path).tensors.at("w");
  w.data<float>()[0] = 5;
  EXPECT_EQ(read_safetensors(path).tensors.at("w").data<float>()[0], 1);
  std::filesystem::remove(path);
  EXPECT_EQ(w.data<float>()[1], 2);
}

TEST(Safetensors, UnalignedTensorsAreCopied) {
  std::string bytes = file_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                              R"("b":{"dtype":"F64","shape":[1],"data_offsets":[1,9]}})",
                              9);
  auto owner = std::make_shared<std::string>(bytes);
  SafetensorsFile file = read_safetensors(bytes_of(*owner), owner);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(file.tensors.at("b").raw()) % 8, 0u);
  EXPECT_EQ(*file.tensors.at("b").data<double>(), 0.0);
}

TEST(Safetensors, AFailedWriteLeavesTheOldFile) {
  TempDir dir;
  std::string path = dir / "a.safetensors";
  write_safetensors(path, {{"w", Tensor::scalar(1.f)}});
  std::string before = read_file(path);
  EXPECT_ERROR(write_safetensors(path, {{"\xff", Tensor::scalar(1.f)}}), "UTF-8");
  EXPECT_ERROR(write_safetensors(path, {{"__metadata__", Tensor::scalar(1.f)}}), "cannot name");
  EXPECT_ERROR(write_safetensors(path, {{"w", Tensor()}}), "empty");
  EXPECT_ERROR(write_safetensors(path, {{"w", Tensor::scalar(1.f)}}, {{"frugal.block_types", ""}}), "format's own");
  EXPECT_EQ(read_file(path), before);
  EXPECT_ERROR(write_safetensors(dir / "missing/a", {}), "No such file");
  EXPECT_ERROR(write_safetensors("/dev/null", {}), "regular");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir.path()), {}), 1);
}

TEST(Safetensors, ErrorsNameTheFile) {
  TempDir dir;
  EXPECT_ERROR(read_safetensors(dir / "missing"), "missing");
  EXPECT_ERROR(read_safetensors(dir.path()), "folder");
  write_file(dir / "short", "abc");
  EXPECT_ERROR(read_safetensors(dir / "short"), "short: ");
  EXPECT_ERROR(read_safetensors("/dev/null"), "regular");
}

TEST(Safetensors, AgreesWithTheReferenceLibrary) {
  FRUGAL_SKIP_WITHOUT_PYTHON("safetensors.numpy, ml_dtypes");
  TempDir dir;
  auto tensors = one_of_each_type();
  write_safetensors(dir / "ours", tensors, {{"key", "value"}});
  const char* program = R"(
import sys, numpy, ml_dtypes
from safetensors import safe_open
from safetensors.numpy import save_file
with safe_open(sys.argv[1], 'np') as f:
    metadata = f.metadata()
    assert metadata['key'] == 'value' and '"t/Q4_K":"Q4_K"' in metadata['frugal.block_types'], metadata
    tensors = {k: f.get_tensor(k) for k in f.keys()}
assert len(tensors) == int(sys.argv[3]), sorted(tensors)
assert tensors['t/float32'].shape == (3, 5) and tensors['scalar'] == 2.5
assert (tensors['t/float64'] == tensors['t/float32']).all()
assert (tensors['t/int32'] == tensors['t/float32'].astype('int32')).all()
assert tensors['t/bool'].reshape(-1).tolist() == [i % 2 == 1 for i in range(15)]
assert tensors['t/Q4_K'].shape == (3, 144) and tensors['t/Q4_K'].dtype == numpy.uint8
save_file(tensors, sys.argv[2], metadata)
)";
  ASSERT_EQ(run_python(program, (dir / "ours").string() + " " + (dir / "theirs").string() + " " +
                                    std::to_string(tensors.size())),
            0);
  SafetensorsFile theirs = read_safetensors(dir / "theirs");
  expect_equal(tensors, theirs.tensors);
  EXPECT_EQ(theirs.metadata.at("key"), "value");
}

TEST(Safetensors, ReadsTheSharedFiles) {
  FRUGAL_SKIP_WITHOUT(shared_path("data"));
  int files = 0;
  for (const char* folder : {"data/parity", "data/classification"})
    for (const auto& item : std::filesystem::recursive_directory_iterator(shared_path(folder)))
      if (item.path().extension() == ".safetensors") {
        EXPECT_FALSE(read_safetensors(item.path()).tensors.empty()) << item.path();
        ++files;
      }
  EXPECT_GT(files, 0);
}

}  // namespace
}  // namespace frugal
