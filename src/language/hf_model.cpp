#include "language/hf_model.h"

#include <array>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <numbers>
#include <utility>

#include "base/check.h"
#include "language/assemble.h"

namespace frugal {
namespace {

using Json = nlohmann::json;
using Names = std::vector<std::pair<std::string_view, std::string_view>>;  // theirs, GGUF's

const Names& ends(const std::string& architecture) {
  static const Names llama = {{"embed_tokens", "token_embd"}, {"norm", "output_norm"}};
  static const Names gpt2 = {{"wte", "token_embd"}, {"wpe", "position_embd"}, {"ln_f", "output_norm"}};
  static const Names opt = {{"embed_tokens", "token_embd"},
                            {"embed_positions", "position_embd"},
                            {"final_layer_norm", "output_norm"},
                            {"project_in", "project_in"},
                            {"project_out", "project_out"}};
  return architecture == "gpt2" ? gpt2 : architecture == "opt" ? opt : llama;
}

const Names& parts(const std::string& architecture) {
  static const Names llama = {{"input_layernorm", "attn_norm"},    {"self_attn.q_proj", "attn_q"},
                              {"self_attn.k_proj", "attn_k"},      {"self_attn.v_proj", "attn_v"},
                              {"self_attn.o_proj", "attn_output"}, {"self_attn.q_norm", "attn_q_norm"},
                              {"self_attn.k_norm", "attn_k_norm"}, {"post_attention_layernorm", "ffn_norm"},
                              {"mlp.gate_proj", "ffn_gate"},       {"mlp.up_proj", "ffn_up"},
                              {"mlp.down_proj", "ffn_down"}};
  static const Names gemma = [] {
    Names names = llama;
    names[7] = {"post_attention_layernorm", "post_attention_norm"};
    names.emplace_back("pre_feedforward_layernorm", "ffn_norm");
    names.emplace_back("post_feedforward_layernorm", "post_ffw_norm");
    return names;
  }();
  static const Names gpt2 = {{"ln_1", "attn_norm"}, {"attn.c_attn", "attn_qkv"}, {"attn.c_proj", "attn_output"},
                             {"ln_2", "ffn_norm"},  {"mlp.c_fc", "ffn_up"},      {"mlp.c_proj", "ffn_down"}};
  static const Names opt = {{"self_attn_layer_norm", "attn_norm"},
                            {"self_attn.q_proj", "attn_q"},
                            {"self_attn.k_proj", "attn_k"},
                            {"self_attn.v_proj", "attn_v"},
                            {"self_attn.out_proj", "attn_output"},
                            {"final_layer_norm", "ffn_norm"},
                            {"fc1", "ffn_up"},
                            {"fc2", "ffn_down"}};
  if (architecture == "gpt2") return gpt2;
  if (architecture == "opt") return opt;
  return architecture.starts_with("gemma") ? gemma : llama;
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// "model.layers.3.mlp.up_proj.weight" -> "blk.3.ffn_up.weight"; empty where the network has no such tensor.
std::string gguf_name(std::string_view name, const std::string& architecture) {
  if (name.starts_with("lm_head.")) return "output." + std::string(name.substr(8));
  take(name, "model.");
  take(name, "decoder.");
  take(name, "transformer.");
  std::string stem;
  const Names* names = &ends(architecture);
  if (take(name, "layers.") || take(name, "h.")) {
    const std::size_t dot = name.find('.');
    if (dot == std::string_view::npos) return "";
    stem = fmt::format("blk.{}.", name.substr(0, dot));
    name.remove_prefix(dot + 1);
    names = &parts(architecture);
  }
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return "";
  for (const auto& [theirs, ours] : *names)
    if (name.substr(0, dot) == theirs) return stem + std::string(ours) + std::string(name.substr(dot));
  return "";
}

Tensor transposed(const Tensor& t) {
  const std::int64_t rows = t.dim(0), columns = t.dim(1);
  Tensor out(t.dtype(), {columns, rows});
  const std::size_t bytes = t.bytes() / static_cast<std::size_t>(t.numel());
  const auto* from = static_cast<const std::byte*>(t.raw());
  auto* to = static_cast<std::byte*>(out.raw());
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < columns; ++c)
      std::memcpy(to + static_cast<std::size_t>(c * rows + r) * bytes,
                  from + static_cast<std::size_t>(r * columns + c) * bytes, bytes);
  return out;
}

// GPT-2 stores matrices [in, out].
void transpose_matrices(Weights& tensors) {
  for (auto& [name, t] : tensors)
    if (name.starts_with("blk.") && name.ends_with(".weight") && t.rank() == 2) t = transposed(t);
}

// Gemma multiplies by 1 + weight.
void add_one_to_norms(Weights& tensors) {
  for (auto& [name, t] : tensors) {
    if (name.find("norm.") == std::string::npos) continue;
    t = t.to(DType::f32).clone();
    for (std::int64_t i = 0; i < t.numel(); ++i) t.data<float>()[i] += 1;
  }
}

// What Llama 3 divides frequencies by: 1 for short waves, `factor` for those longer than the old context, between
// them a blend.
Tensor llama3_factors(const Json& config, const DecoderConfig& c) {
  const Json& s = config.contains("rope_parameters") && config["rope_parameters"].contains("factor")
                      ? config["rope_parameters"]
                      : config.at("rope_scaling");
  const double factor = s.at("factor"), low = s.at("low_freq_factor"), high = s.at("high_freq_factor");
  const double context = s.at("original_max_position_embeddings");
  Tensor out(DType::f32, {c.rotary.dims / 2});
  for (std::int64_t i = 0; i < c.rotary.dims / 2; ++i) {
    const double wave =
        2 * std::numbers::pi * std::pow(c.rotary.base, 2 * static_cast<double>(i) / static_cast<double>(c.rotary.dims));
    double value = 1;
    if (wave > context / low) {
      value = factor;
    } else if (wave > context / high) {
      const double smooth = (context / wave - low) / (high - low);
      value = 1 / ((1 - smooth) / factor + smooth);
    }
    out.data<float>()[i] = static_cast<float>(value);
  }
  return out;
}

}  // namespace

Model hf_model(const Json& config, Weights tensors) {
  const DecoderConfig c = hf_config(config);
  Weights named;
  for (auto& [name, t] : tensors) {
    if (c.tied && name == "lm_head.weight") continue;
    if (name.ends_with("rotary_emb.inv_freq") || name.ends_with(".attn.bias") || name.ends_with(".attn.masked_bias"))
      continue;  // constants that older files hold
    const std::string ours = gguf_name(name, c.architecture);
    if (ours.empty()) fail("the tensor '{}' has no place in a {} model", name, c.architecture);
    named.emplace(ours, std::move(t));
  }
  if (c.architecture == "gpt2") transpose_matrices(named);
  split_qkv(named, c);
  if (c.architecture.starts_with("gemma")) add_one_to_norms(named);
  if (c.rotary.scaled) named["rope_freqs.weight"] = llama3_factors(config, c);
  return assemble_decoder(c, std::move(named));
}

}  // namespace frugal
