// Language models in GGUF files: metadata to a DecoderConfig, tensors to weights. Keys and names are those of
// llama.cpp.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.h"
#include "language/assemble.h"
#include "language/language_model.h"

namespace frugal {
namespace {

constexpr std::array<std::string_view, 6> kKnown = {"llama", "qwen2", "qwen3", "gemma2", "gemma3", "gpt2"};

// Of the keys "<architecture>.<key>".
class Keys {
 public:
  explicit Keys(const Gguf& file) : file_(file), prefix_(file.text("general.architecture") + ".") {}
  std::int64_t integer(const std::string& key, std::optional<std::int64_t> fallback = {}) const {
    return file_.integer(prefix_ + key, fallback);
  }
  double real(const std::string& key, std::optional<double> fallback = {}) const {
    return file_.real(prefix_ + key, fallback);
  }
  std::string text(const std::string& key, std::string_view fallback) const {
    return file_.text(prefix_ + key, fallback);
  }
  bool has(const std::string& key) const { return file_.find(prefix_ + key) != nullptr; }

 private:
  const Gguf& file_;
  std::string prefix_;
};

void read_sizes(DecoderConfig& c, const Gguf& file, const Keys& keys) {
  c.layers = keys.integer("block_count");
  c.width = keys.integer("embedding_length");
  c.hidden = keys.integer("feed_forward_length");
  c.heads = keys.integer("attention.head_count");
  c.kv_heads = keys.integer("attention.head_count_kv", c.heads);
  if (c.heads < 1) fail("the file says that the model has {} attention heads; at least 1 is needed", c.heads);
  c.head_depth = keys.integer("attention.key_length", c.width / c.heads);
  if (keys.integer("attention.value_length", c.head_depth) != c.head_depth)
    fail("heads of keys and values differ in length; such a model is not supported");
  c.context = keys.integer("context_length", 0);
  c.vocabulary = file.tensor("token_embd.weight").shape().at(0);
}

void read_rotary(DecoderConfig& c, const Gguf& file, const Keys& keys) {
  c.rotary.dims = keys.integer("rope.dimension_count", c.head_depth);
  c.rotary.base = keys.real("rope.freq_base", 10000);
  const std::string scaling = keys.text("rope.scaling.type", "none");
  if (scaling == "linear")
    c.rotary.scale = 1 / keys.real("rope.scaling.factor", 1);
  else if (scaling != "none")
    fail("rotary positions are scaled by '{}'; none and linear are supported", scaling);
  c.rotary.scaled = file.find_tensor("rope_freqs.weight") != nullptr;
}

void read_gemma(DecoderConfig& c, const Keys& keys) {
  c.activation = "gelu_tanh";
  c.norm_after = true;
  c.embedding_scale = std::sqrt(static_cast<double>(c.width));
  c.window = keys.integer("attention.sliding_window", 4096);
  const bool third = c.architecture == "gemma3";
  const std::int64_t pattern = keys.integer("attention.sliding_window_pattern", third ? 6 : 2);
  for (std::int64_t i = 0; i < c.layers; ++i) c.windowed.push_back((i + 1) % pattern != 0);
  // The 27B models divide by width / heads, the others by the heads' own depth.
  const bool largest = c.layers == (third ? 62 : 46);
  if (largest) c.attention_scale = 1 / std::sqrt(static_cast<double>(c.width) / static_cast<double>(c.heads));
  if (third) {
    c.local_rotary = c.rotary;
    c.local_rotary.base = keys.real("rope.freq_base_swa", 10000);
    c.local_rotary.scale = 1;
  } else {
    c.attention_cap = keys.real("attn_logit_softcapping", 50);
    c.logit_cap = keys.real("final_logit_softcapping", 30);
  }
}

void read_gpt2(DecoderConfig& c, const Gguf& file) {
  c.norm = DecoderConfig::Norm::layer;
  c.activation = "gelu_tanh";
  c.gated = false;
  c.rotary = {};
  c.learned_positions = file.tensor("position_embd.weight").shape().at(0);
}

}  // namespace

DecoderConfig gguf_config(const Gguf& file) {
  DecoderConfig c;
  c.architecture = file.text("general.architecture");
  if (std::find(kKnown.begin(), kKnown.end(), c.architecture) == kKnown.end())
    fail("the architecture '{}' is not supported; those that are: {}", c.architecture, fmt::join(kKnown, ", "));
  const Keys keys(file);
  read_sizes(c, file, keys);
  c.norm_eps = keys.has("attention.layer_norm_rms_epsilon") ? keys.real("attention.layer_norm_rms_epsilon")
                                                            : keys.real("attention.layer_norm_epsilon", 1e-5);
  read_rotary(c, file, keys);
  c.interleaved = c.architecture == "llama";
  c.window = keys.integer("attention.sliding_window", 0);
  if (c.architecture == "gemma2" || c.architecture == "gemma3") read_gemma(c, keys);
  if (c.architecture == "gpt2") read_gpt2(c, file);
  c.norm_heads = file.find_tensor("blk.0.attn_q_norm.weight") != nullptr;
  c.bias_qkv = file.find_tensor("blk.0.attn_q.bias") || file.find_tensor("blk.0.attn_qkv.bias");
  c.bias_output = file.find_tensor("blk.0.attn_output.bias") != nullptr;
  c.bias_mlp = file.find_tensor("blk.0.ffn_down.bias") != nullptr;
  c.tied = file.find_tensor("output.weight") == nullptr;
  c.exit = file.find_tensor("exit.weight") != nullptr;
  return c;
}

Model gguf_model(const Gguf& file, const DecoderConfig& config) {
  Weights tensors;
  for (const GgufTensor& t : file.tensors) tensors.emplace(t.name, t.tensor);
  split_qkv(tensors, config);
  return assemble_decoder(config, std::move(tensors));
}

}  // namespace frugal
