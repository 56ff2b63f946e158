// Decoder-only language models as graphs: one description covers Llama, Mistral, Qwen, Gemma, GPT-2, OPT and their kin.
//
// Inputs (T rows of a ragged batch, engine/kv_cache.h): tokens [tokens], positions [tokens], sequences [tokens], and
// rows [outputs]: the rows whose logits are wanted. Output: logits [outputs, vocabulary]. Weights carry the names that
// GGUF files give them ("blk.0.attn_q.weight").
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "frugal/graph.h"

namespace frugal {

struct DecoderConfig {
  std::string architecture = "llama";
  std::int64_t layers = 0, width = 0, hidden = 0, heads = 0, kv_heads = 0, head_depth = 0, vocabulary = 0, context = 0;

  enum class Norm { rms, layer };
  Norm norm = Norm::rms;
  double norm_eps = 1e-5;
  bool norm_first = true;   // before attention and MLP; else after their sums (OPT-350m)
  bool norm_after = false;  // also after attention and MLP, before their sums (Gemma 2 and 3)
  bool norm_heads = false;  // each head of q and k (Qwen 3, Gemma 3)
  bool norm_last = true;    // before the head

  struct Rotary {           // arXiv 2104.09864
    std::int64_t dims = 0;  // of a head; 0: none
    double base = 10000, scale = 1;
    bool scaled = false;  // frequencies are divided by weight rope_freqs.weight [dims / 2] (Llama 3)
  };
  Rotary rotary, local_rotary;  // `local`: of layers with a window, where it has dims
  bool interleaved = false;     // pairs are neighbours: GGUF files of the llama architecture
  std::int64_t learned_positions = 0, position_offset = 0;  // rows of a table; row of position 0 (OPT: 2)

  double attention_scale = 0;  // 0: 1 / sqrt(head_depth)
  double attention_cap = 0, logit_cap = 0;
  std::int64_t window = 0;     // 0: every layer sees everything
  std::vector<bool> windowed;  // of each layer; empty: all that `window` says
  bool bias_qkv = false, bias_output = false, bias_mlp = false;

  std::string activation = "silu";  // silu, relu, gelu, gelu_tanh
  bool gated = true;                // activation(gate) * up

  double embedding_scale = 1;
  std::int64_t embedding_width = 0;  // 0: width; else with projections in and out (OPT-350m)
  bool tied = true;                  // the head is the embedding's table

  // Behind the last layer, exit(rms_norm(x)): what a drafter made of a model's first layers has learned in place of
  // the layers it lacks (language/early_exit.h).
  bool exit = false;
  // Layers whose result is an output of the graph too: "hidden.N" [outputs, width], of the wanted rows.
  std::vector<std::int64_t> taps{};

  bool layer_windowed(std::int64_t layer) const {
    return window > 0 && (windowed.empty() || windowed[static_cast<std::size_t>(layer)]);
  }
};

// Element types of weights by name; none: all float32.
using WeightTypes = std::function<DType(const std::string& name)>;

// Error names the field that makes no sense.
Graph build_decoder(const DecoderConfig& config, const WeightTypes& types = nullptr);

// OPT as published: "125m", "350m", "1.3b", "2.7b", "6.7b", "13b" (Zhang et al., arXiv 2205.01068).
DecoderConfig opt_config(const std::string& size);

}  // namespace frugal
