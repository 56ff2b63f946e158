#include "formats/llama2c.h"

#include <cstring>
#include <filesystem>

#include "base/check.h"
#include "formats/file.h"

namespace frugal {
namespace {

constexpr std::int32_t kMostLayers = 1024, kMostSize = 1 << 20;
constexpr std::string_view kSpace = "\xe2\x96\x81";  // U+2581, how GGUF's SPM vocabularies write a space

struct Config {
  std::int32_t dim, hidden, layers, heads, kv_heads, vocabulary, longest;
};

Config read_config(std::span<const std::byte> bytes, bool& tied) {
  Config c;
  require(bytes.size() >= sizeof c, "the file has {} bytes, too short for the header of a llama2.c checkpoint",
          bytes.size());
  std::memcpy(&c, bytes.data(), sizeof c);
  tied = c.vocabulary > 0;
  if (!tied && c.vocabulary != INT32_MIN) c.vocabulary = -c.vocabulary;
  for (std::int32_t size : {c.dim, c.hidden, c.heads, c.kv_heads, c.vocabulary, c.longest})
    require(size > 0 && size <= kMostSize, "its header holds the size {}; this is not a llama2.c checkpoint", size);
  require(c.layers > 0 && c.layers <= kMostLayers, "its header says {} layers; 1 to {} are possible", c.layers,
          kMostLayers);
  require(c.dim % c.heads == 0 && c.heads % c.kv_heads == 0 && c.dim / c.heads % 2 == 0,
          "its header is inconsistent: {} heads and {} key-value heads of width {}", c.heads, c.kv_heads, c.dim);
  return c;
}

// Hands out the weights one behind the other; they share the mapping.
class WeightReader {
 public:
  WeightReader(std::shared_ptr<const MappedFile> file, std::size_t at) : file_(std::move(file)), at_(at) {}

  Tensor take(Shape shape) {
    const std::size_t bytes = byte_size(DType::f32, shape);
    const std::span<const std::byte> all = file_->bytes();
    require(bytes <= all.size() - at_, "the file ends within its weights: {} bytes are needed at byte {} of {}", bytes,
            at_, all.size());
    Tensor out = Tensor::wrap(DType::f32, std::move(shape), const_cast<std::byte*>(all.data() + at_), file_);
    at_ += bytes;
    return out;
  }
  std::size_t left() const { return file_->bytes().size() - at_; }

 private:
  std::shared_ptr<const MappedFile> file_;
  std::size_t at_;
};

struct Kind {
  std::string_view name;
  Shape shape;
};

void read_weights(WeightReader& in, const Config& c, bool tied, Gguf& out) {
  const std::int64_t head = c.dim / c.heads, kv = head * c.kv_heads;
  const Kind kinds[] = {
      {"attn_norm", {c.dim}},          {"attn_q", {c.dim, c.dim}},      {"attn_k", {kv, c.dim}},
      {"attn_v", {kv, c.dim}},         {"attn_output", {c.dim, c.dim}}, {"ffn_norm", {c.dim}},
      {"ffn_gate", {c.hidden, c.dim}}, {"ffn_down", {c.dim, c.hidden}}, {"ffn_up", {c.hidden, c.dim}}};
  constexpr std::size_t kKinds = std::size(kinds);
  const Tensor embedding = in.take({c.vocabulary, c.dim});
  std::vector<Tensor> layers(static_cast<std::size_t>(c.layers) * kKinds);  // of one layer side by side
  for (std::size_t k = 0; k < kKinds; ++k)
    for (std::size_t i = k; i < layers.size(); i += kKinds) layers[i] = in.take(kinds[k].shape);
  const Tensor norm = in.take({c.dim});
  in.take({2, c.longest, head / 2});  // tables of sines and cosines, which nobody reads any more

  out.tensors = {{"token_embd.weight", embedding}, {"output_norm.weight", norm}};
  for (std::size_t i = 0; i < layers.size(); ++i)
    out.tensors.push_back({fmt::format("blk.{}.{}.weight", i / kKinds, kinds[i % kKinds].name), layers[i]});
  if (!tied) out.tensors.push_back({"output.weight", in.take({c.vocabulary, c.dim})});
  require(in.left() == 0, "there are {} bytes behind its weights; this is not a llama2.c checkpoint", in.left());
}

GgufValue number(std::int32_t value) { return GgufValue::u32(static_cast<std::uint32_t>(value)); }

void set_metadata(const Config& c, const std::string& name, Gguf& out) {
  out.metadata = {{"general.architecture", GgufValue::text("llama")},
                  {"general.name", GgufValue::text(name)},
                  {"general.file_type", GgufValue::u32(0)},
                  {"llama.context_length", number(c.longest)},
                  {"llama.embedding_length", number(c.dim)},
                  {"llama.block_count", number(c.layers)},
                  {"llama.feed_forward_length", number(c.hidden)},
                  {"llama.attention.head_count", number(c.heads)},
                  {"llama.attention.head_count_kv", number(c.kv_heads)},
                  {"llama.attention.layer_norm_rms_epsilon", GgufValue::f32(1e-5f)},
                  {"llama.rope.dimension_count", number(c.dim / c.heads)},
                  {"llama.vocab_size", number(c.vocabulary)}};
}

// Token types of GGUF.
enum : std::int64_t { kNormal = 1, kUnknown = 2, kControl = 3, kByte = 6 };

std::string spm_piece(std::string_view piece) {
  std::string out;
  for (char c : piece) c == ' ' ? out += kSpace : out += c;
  return out;
}

void read_tokenizer(std::span<const std::byte> bytes, std::int32_t vocabulary, Gguf& out) {
  std::size_t at = 0;
  auto take = [&](std::size_t count, int token) {
    require(count <= bytes.size() - at, "the file ends within token {} of {}", token, vocabulary);
    at += count;
    return bytes.data() + at - count;
  };
  take(sizeof(std::int32_t), 0);
  std::vector<std::string> tokens;
  std::vector<double> scores;
  std::vector<std::int64_t> types;
  for (int i = 0; i < vocabulary; ++i) {
    float score = 0;
    std::int32_t length = 0;
    std::memcpy(&score, take(sizeof score, i), sizeof score);
    std::memcpy(&length, take(sizeof length, i), sizeof length);
    require(length >= 0 && length <= 4096, "token {} has the length {}; 0 to 4096 are possible", i, length);
    const auto count = static_cast<std::size_t>(length);
    const std::string piece(reinterpret_cast<const char*>(take(count, i)), count);
    const bool byte = piece.size() == 6 && piece.starts_with("<0x") && piece.ends_with('>');
    constexpr std::string_view special[] = {"<unk>", "<s>", "</s>"};  // llama2.c has newlines around the last two
    tokens.push_back(i < 3 ? std::string(special[i]) : spm_piece(piece));
    scores.push_back(static_cast<double>(score));
    types.push_back(i == 0 ? kUnknown : i < 3 ? kControl : byte ? kByte : kNormal);
  }
  require(at == bytes.size(), "there are {} bytes behind its {} tokens; is it the tokenizer of another model?",
          bytes.size() - at, vocabulary);
  out.metadata.insert({{"tokenizer.ggml.model", GgufValue::text("llama")},
                       {"tokenizer.ggml.tokens", GgufValue::texts(std::move(tokens))},
                       {"tokenizer.ggml.scores", GgufValue::f32s(std::move(scores))},
                       {"tokenizer.ggml.token_type", GgufValue::i32s(std::move(types))},
                       {"tokenizer.ggml.bos_token_id", GgufValue::u32(1)},
                       {"tokenizer.ggml.eos_token_id", GgufValue::u32(2)},
                       {"tokenizer.ggml.unknown_token_id", GgufValue::u32(0)},
                       {"tokenizer.ggml.add_bos_token", GgufValue::boolean(true)}});
}

}  // namespace

Gguf read_llama2c(const std::string& checkpoint, const std::string& tokenizer) {
  Gguf out;
  auto file = MappedFile::open(checkpoint);
  std::int32_t vocabulary = 0;
  naming_file(checkpoint, [&] {
    bool tied = false;
    const Config c = read_config(file->bytes(), tied);
    vocabulary = c.vocabulary;
    WeightReader in(file, sizeof c);
    read_weights(in, c, tied, out);
    set_metadata(c, std::filesystem::path(checkpoint).stem().string(), out);
  });
  auto words = MappedFile::open(tokenizer);
  naming_file(tokenizer, [&] { read_tokenizer(words->bytes(), vocabulary, out); });
  return out;
}

}  // namespace frugal
