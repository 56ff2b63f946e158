#include "formats/hf_folder.h"

#include "formats/format_test.h"
#include "formats/safetensors.h"

namespace frugal {
namespace {

using namespace test;
namespace fs = std::filesystem;

class Hf : public testing::Test {
 protected:
  Hf() { write_file(folder_ / "config.json", R"({"model_type":"llama","hidden_size":64})"); }

  void index(const std::string& map) {
    write_file(folder_ / "model.safetensors.index.json", R"({"metadata":{"total_size":8},"weight_map":)" + map + "}");
  }
  void shard(const std::string& file, const std::map<std::string, Tensor>& tensors) {
    write_safetensors(folder_ / file, tensors);
  }
  HfFolder read() { return read_hf_folder(folder_.path()); }

  TempDir folder_;
};

TEST_F(Hf, ReadsOneFile) {
  shard("model.safetensors", {{"w", random_tensor({2, 3}).to(DType::bf16)}});
  const HfFolder model = read();
  EXPECT_EQ(model.config.at("hidden_size"), 64);
  EXPECT_EQ(model.tensors.at("w").dtype(), DType::bf16);
}

TEST_F(Hf, ReadsShards) {
  shard("model-00001-of-00002.safetensors", {{"a", Tensor::scalar(1.f)}});
  shard("model-00002-of-00002.safetensors", {{"b", Tensor::scalar(2.f)}, {"c", Tensor::scalar(3.f).to(DType::f16)}});
  index(R"({"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors",
            "c":"model-00002-of-00002.safetensors"})");
  const HfFolder model = read();
  ASSERT_EQ(model.tensors.size(), 3u);
  EXPECT_EQ(*model.tensors.at("b").data<float>(), 2);
  EXPECT_EQ(model.tensors.at("c").dtype(), DType::f16);
}

TEST_F(Hf, SaysWhatIsMissing) {
  EXPECT_ERROR(read(), "has neither model.safetensors nor");
  EXPECT_ERROR(read_hf_folder(folder_ / "none"), "is not a folder");
  shard("model.safetensors", {{"w", Tensor::scalar(1.f)}});
  write_file(folder_ / "config.json", "[]");
  EXPECT_ERROR(read(), "config.json is not a JSON object");
  write_file(folder_ / "config.json", "{");
  EXPECT_ERROR(read(), "config.json is not valid JSON");
  fs::remove(folder_ / "config.json");
  EXPECT_ERROR(read(), "config.json: No such file");
}

TEST_F(Hf, ShardsLieInTheFolder) {
  const fs::path outside = folder_.path().string() + "-outside.safetensors";
  write_safetensors(outside, {{"a", Tensor::scalar(1.f)}});
  shard("s.safetensors", {{"b", Tensor::scalar(1.f)}});
  index(R"({"a":"../)" + outside.filename().string() + "\"}");
  EXPECT_ERROR(read(), "contains '..'");
  index(R"({"a":")" + outside.string() + "\"}");
  EXPECT_ERROR(read(), "absolute path");
  fs::create_symlink(outside, folder_ / "link.safetensors");
  index(R"({"a":"link.safetensors"})");
  EXPECT_ERROR(read(), "symbolic link");
  fs::create_hard_link(outside, folder_ / "hard.safetensors");
  index(R"({"a":"hard.safetensors"})");
  EXPECT_ERROR(read(), "hard link");
  fs::remove(outside);
  index(R"({"a":"s.safetensors"})");
  EXPECT_ERROR(read(), "the file 's.safetensors' does not hold the tensor 'a'");
  index(R"({"a":"none.safetensors"})");
  EXPECT_ERROR(read(), "cannot open 'none.safetensors'");
  index(R"({"a":1})");
  EXPECT_ERROR(read(), "the file of tensor 'a' is not a string");
  index("[]");
  EXPECT_ERROR(read(), "no object 'weight_map'");
  write_file(folder_ / "bad.safetensors", "x");
  index(R"({"a":"bad.safetensors"})");
  EXPECT_ERROR(read(), "bad.safetensors: the file has 1 bytes");
}

}  // namespace
}  // namespace frugal
