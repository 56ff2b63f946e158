#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "base/check.h"
#include "language/hf_model.h"

namespace frugal {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 8> kKnown = {"llama",  "mistral",     "qwen2", "qwen3",
                                                    "gemma2", "gemma3_text", "gpt2",  "opt"};

class Fields {
 public:
  explicit Fields(const Json& json) : json_(json) {}
  bool has(const char* name) const { return json_.contains(name) && !json_[name].is_null(); }
  std::int64_t integer(const char* name, std::optional<std::int64_t> fallback = {}) const {
    return get<std::int64_t>(name, fallback, "a whole number", [](const Json& j) { return j.is_number_integer(); });
  }
  double real(const char* name, std::optional<double> fallback = {}) const {
    return get<double>(name, fallback, "a number", [](const Json& j) { return j.is_number(); });
  }
  bool flag(const char* name, bool fallback) const {
    return get<bool>(name, fallback, "true or false", [](const Json& j) { return j.is_boolean(); });
  }
  std::string text(const char* name, std::optional<std::string> fallback = {}) const {
    return get<std::string>(name, fallback, "a text", [](const Json& j) { return j.is_string(); });
  }
  Fields inner(const char* name) const {
    static const Json none = Json::object();
    return Fields(has(name) && json_[name].is_object() ? json_[name] : none);
  }
  const Json& json() const { return json_; }

 private:
  template <typename T, typename F>
  T get(const char* name, const std::optional<T>& fallback, const char* what, F fits) const {
    if (!has(name)) {
      if (fallback) return *fallback;
      fail("config.json lacks '{}'", name);
    }
    if (!fits(json_[name])) fail("'{}' in config.json must be {}", name, what);
    return json_[name].get<T>();
  }
  const Json& json_;
};

// {"rope_type": ..., "rope_theta": ...}; older files keep rope_theta and rope_scaling beside each other.
DecoderConfig::Rotary rotary(const Fields& all, const Fields& own, std::int64_t dims, double base) {
  DecoderConfig::Rotary r;
  r.dims = dims;
  r.base = own.real("rope_theta", all.real("rope_theta", base));
  const Fields scaling = own.has("rope_type") ? own : all.inner("rope_scaling");
  const std::string type = scaling.text("rope_type", scaling.text("type", "default"));
  if (type == "linear")
    r.scale = 1 / scaling.real("factor");
  else if (type == "llama3")
    r.scaled = true;
  else if (type != "default")
    fail("rotary positions are scaled by '{}'; default, linear and llama3 are supported", type);
  return r;
}

std::string activation(const std::string& name) {
  if (name == "gelu_new" || name == "gelu_pytorch_tanh" || name == "gelu_fast") return "gelu_tanh";
  if (name == "silu" || name == "swish") return "silu";
  if (name == "gelu" || name == "relu") return name;
  fail("the activation '{}' is not supported; silu, gelu, gelu_new, gelu_pytorch_tanh and relu are", name);
}

void layer_types(DecoderConfig& c, const Fields& f) {
  if (!f.has("layer_types")) return;
  for (const Json& type : f.json()["layer_types"]) c.windowed.push_back(type == "sliding_attention");
  if (std::none_of(c.windowed.begin(), c.windowed.end(), [](bool w) { return w; })) c.window = 0, c.windowed.clear();
}

void gemma(DecoderConfig& c, const Fields& f) {
  c.norm_after = true;
  c.embedding_scale = std::sqrt(static_cast<double>(c.width));
  c.attention_scale = 1 / std::sqrt(f.real("query_pre_attn_scalar", 256));
  c.attention_cap = f.real("attn_logit_softcapping", 0);
  c.logit_cap = f.real("final_logit_softcapping", 0);
  c.activation = activation(f.text("hidden_activation", "gelu_pytorch_tanh"));
  c.tied = f.flag("tie_word_embeddings", true);
  const bool third = c.architecture == "gemma3";
  if (c.windowed.empty()) {
    const std::int64_t pattern = f.integer("sliding_window_pattern", third ? 6 : 2);
    for (std::int64_t i = 0; i < c.layers; ++i) c.windowed.push_back((i + 1) % pattern != 0);
  }
  if (!third) return;
  c.norm_heads = true;
  const Fields both = f.inner("rope_parameters");
  if (both.has("full_attention")) {
    c.rotary = rotary(f, both.inner("full_attention"), c.head_depth, 1e6);
    c.local_rotary = rotary(Fields(Json::object()), both.inner("sliding_attention"), c.head_depth, 1e4);
  } else {
    c.local_rotary = {.dims = c.head_depth, .base = f.real("rope_local_base_freq", 1e4)};
  }
}

DecoderConfig gpt2(const Fields& f) {
  DecoderConfig c;
  c.layers = f.integer("n_layer");
  c.width = f.integer("n_embd");
  c.hidden = f.has("n_inner") ? f.integer("n_inner") : 4 * c.width;
  c.heads = c.kv_heads = f.integer("n_head");
  c.learned_positions = c.context = f.integer("n_positions");
  c.norm_eps = f.real("layer_norm_epsilon", 1e-5);
  c.activation = activation(f.text("activation_function", "gelu_new"));
  return c;
}

DecoderConfig opt(const Fields& f) {
  DecoderConfig c;
  c.layers = f.integer("num_hidden_layers");
  c.width = f.integer("hidden_size");
  c.hidden = f.integer("ffn_dim");
  c.heads = c.kv_heads = f.integer("num_attention_heads");
  c.context = f.integer("max_position_embeddings");
  c.position_offset = 2;
  c.learned_positions = c.context + c.position_offset;
  c.activation = activation(f.text("activation_function", "relu"));
  c.norm_first = f.flag("do_layer_norm_before", true);
  c.norm_last = c.norm_first && !f.flag("_remove_final_layer_norm", false);
  const std::int64_t embedding = f.integer("word_embed_proj_dim", c.width);
  c.embedding_width = embedding == c.width ? 0 : embedding;
  return c;
}

DecoderConfig rotary_family(const Fields& f) {
  DecoderConfig c;
  c.layers = f.integer("num_hidden_layers");
  c.width = f.integer("hidden_size");
  c.hidden = f.integer("intermediate_size");
  c.heads = f.integer("num_attention_heads");
  if (c.heads < 1) fail("'num_attention_heads' in config.json is {}; at least 1 is needed", c.heads);
  c.kv_heads = f.integer("num_key_value_heads", c.heads);
  c.head_depth = f.integer("head_dim", c.width / c.heads);
  c.context = f.integer("max_position_embeddings", 0);
  c.norm_eps = f.real("rms_norm_eps", 1e-6);
  c.window = f.integer("sliding_window", 0);
  layer_types(c, f);
  c.rotary = rotary(f, f.inner("rope_parameters"), c.head_depth, 1e4);
  return c;
}

}  // namespace

DecoderConfig hf_config(const Json& config) {
  if (!config.is_object()) fail("config.json must be an object");
  const Fields f(config);
  const std::string type = f.text("model_type");
  if (std::find(kKnown.begin(), kKnown.end(), type) == kKnown.end())
    fail("the model_type '{}' is not supported; those that are: {}", type, fmt::join(kKnown, ", "));
  if (type == "gpt2" || type == "opt") {
    DecoderConfig c = type == "gpt2" ? gpt2(f) : opt(f);
    c.architecture = type;
    if (c.heads < 1) fail("config.json names {} attention heads; at least 1 is needed", c.heads);
    c.head_depth = c.width / c.heads;
    c.vocabulary = f.integer("vocab_size");
    c.norm = DecoderConfig::Norm::layer;
    c.bias_qkv = c.bias_output = c.bias_mlp = type == "gpt2" || f.flag("enable_bias", true);
    c.gated = false;
    c.tied = f.flag("tie_word_embeddings", true);
    return c;
  }
  DecoderConfig c = rotary_family(f);
  c.architecture = type == "gemma3_text" ? "gemma3" : type;
  c.vocabulary = f.integer("vocab_size");
  c.tied = f.flag("tie_word_embeddings", false);
  c.bias_qkv = type == "qwen2" || f.flag("attention_bias", false);
  c.bias_output = type != "qwen2" && f.flag("attention_bias", false);
  c.bias_mlp = f.flag("mlp_bias", false);
  if (type == "qwen3") c.norm_heads = true;
  if (type == "qwen2" && !f.flag("use_sliding_window", false) && c.windowed.empty()) c.window = 0;
  if (type.starts_with("gemma"))
    gemma(c, f);
  else
    c.activation = activation(f.text("hidden_act", "silu"));
  return c;
}

}  // namespace frugal
