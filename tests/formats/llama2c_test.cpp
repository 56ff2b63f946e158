#include "formats/llama2c.h"

#include "formats/format_test.h"

namespace frugal {
namespace {

using namespace test;

constexpr int kDim = 8, kHidden = 6, kLayers = 2, kHeads = 2, kKvHeads = 1, kVocabulary = 5, kLongest = 4;

std::string floats(std::size_t count) { return std::string(count * 4, '\0'); }

std::string checkpoint(bool tied = true) {
  std::string out;
  for (int v : {kDim, kHidden, kLayers, kHeads, kKvHeads, tied ? kVocabulary : -kVocabulary, kLongest})
    out += little(static_cast<std::uint64_t>(v), 4);
  const std::size_t layer = kDim + 2 * kDim * kDim + 2 * 4 * kDim + kDim + 3 * kDim * kHidden;
  const std::size_t tables = kLongest * 4;
  return out + floats(kVocabulary * kDim + kLayers * layer + kDim + tables + (tied ? 0 : kVocabulary * kDim));
}

std::string tokenizer(int tokens = kVocabulary) {
  std::string out = little(7, 4);
  for (std::string_view piece : {"<unk>", "\n<s>\n", "\n</s>\n", "<0x0A>", " a"})
    if (tokens-- > 0) out += std::string("\0\0\x80\xbf", 4) + little(piece.size(), 4) + std::string(piece);
  return out;
}

class Llama2c : public testing::Test {
 protected:
  Gguf read(const std::string& weights, const std::string& words) {
    write_file(dir_ / "m.bin", weights);
    write_file(dir_ / "t.bin", words);
    return read_llama2c(dir_ / "m.bin", dir_ / "t.bin");
  }
  TempDir dir_;
};

TEST_F(Llama2c, ReadsAHandMadeModel) {
  const Gguf model = read(checkpoint(), tokenizer());
  EXPECT_EQ(model.tensors.size(), 2u + 2 * 9);
  EXPECT_EQ(model.tensor("blk.1.ffn_down.weight").shape(), (Shape{kDim, kHidden}));
  EXPECT_EQ(model.tensor("blk.0.attn_k.weight").shape(), (Shape{4, kDim}));
  EXPECT_EQ(model.integer("llama.attention.head_count_kv"), 1);
  EXPECT_EQ(model.texts("tokenizer.ggml.tokens"), (std::vector<std::string>{"<unk>", "<s>", "</s>", "<0x0A>",
                                                                            "\xe2\x96\x81"
                                                                            "a"}));
  EXPECT_EQ(model.integers("tokenizer.ggml.token_type"), (std::vector<std::int64_t>{2, 3, 3, 6, 1}));
  EXPECT_EQ(model.reals("tokenizer.ggml.scores")[4], -1.0);
  EXPECT_EQ(read(checkpoint(false), tokenizer()).tensor("output.weight").shape(), (Shape{kVocabulary, kDim}));
}

TEST_F(Llama2c, RefusesBrokenFiles) {
  const std::string good = checkpoint();
  EXPECT_ERROR(read(good.substr(0, 27), tokenizer()), "too short for the header");
  EXPECT_ERROR(read(good.substr(0, good.size() - 1), tokenizer()), "m.bin: the file ends within its weights");
  EXPECT_ERROR(read(good + "x", tokenizer()), "1 bytes behind its weights");
  EXPECT_ERROR(read(patched(good, 0, little(0, 4)), tokenizer()), "holds the size 0");
  EXPECT_ERROR(read(patched(good, 0, little(0x7fffffff, 4)), tokenizer()), "holds the size 2147483647");
  EXPECT_ERROR(read(patched(good, 20, little(0x80000000, 4)), tokenizer()), "holds the size");
  EXPECT_ERROR(read(patched(good, 8, little(0xffffffff, 4)), tokenizer()), "says -1 layers");
  EXPECT_ERROR(read(patched(good, 12, little(3, 4)), tokenizer()), "inconsistent: 3 heads");
  EXPECT_ERROR(read(good, tokenizer(4)), "t.bin: the file ends within token 4 of 5");
  EXPECT_ERROR(read(good, tokenizer() + "x"), "1 bytes behind its 5 tokens");
  EXPECT_ERROR(read(good, patched(tokenizer(), 8, little(0xffffffff, 4))), "token 0 has the length -1");
  for (std::size_t size = 0; size < tokenizer().size(); ++size)
    EXPECT_THROW(read(good, tokenizer().substr(0, size)), Error) << size;
}

TEST_F(Llama2c, EqualsTheSameModelAsGguf) {
  FRUGAL_SKIP_WITHOUT(shared_path("data/language"));
  const Gguf wanted = read_gguf(shared_path("data/language/stories260K-f32.gguf"));
  const Gguf model =
      read_llama2c(shared_path("data/language/stories260K.bin"), shared_path("data/language/tok512.bin"));
  ASSERT_EQ(model.tensors.size(), wanted.tensors.size());
  for (const GgufTensor& t : wanted.tensors) EXPECT_TRUE(same(model.tensor(t.name), t.tensor)) << t.name;
  for (const auto& [key, value] : wanted.metadata)
    if (key != "general.license") EXPECT_TRUE(model.find(key) && *model.find(key) == value) << key;
  EXPECT_EQ(model.metadata.size() + 1, wanted.metadata.size());
}

}  // namespace
}  // namespace frugal
