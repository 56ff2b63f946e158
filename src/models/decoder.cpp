#include "models/decoder.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "graph/builder.h"
#include "models/registry.h"

namespace frugal {
namespace {

class Decoder {
 public:
  Decoder(const DecoderConfig& config, const WeightTypes& types) : c_(config), types_(types), b_(config.architecture) {
    tokens_ = b_.input("tokens", {Dim::symbol("tokens")}, DType::i32);
    positions_ = b_.input("positions", {Dim::symbol("tokens")}, DType::i32);
    sequences_ = b_.input("sequences", {Dim::symbol("tokens")}, DType::i32);
    rows_ = b_.input("rows", {Dim::symbol("outputs")}, DType::i32);
    table_ = angles(c_.rotary, "rotary");
    local_table_ = c_.local_rotary.dims > 0 ? angles(c_.local_rotary, "local_rotary") : table_;
  }

  Graph build() {
    const std::int64_t embedding = c_.embedding_width > 0 ? c_.embedding_width : c_.width;
    const ValueId table = weight("token_embd.weight", {c_.vocabulary, embedding}, 0.02);
    ValueId x = b_.op("embedding", {tokens_, table}, {}, "embedding");
    if (c_.embedding_scale != 1) x = b_.op("mul", {x, number("embedding_scale", c_.embedding_scale)});
    if (embedding != c_.width) x = linear("project_in", x, embedding, c_.width, false);
    if (c_.learned_positions > 0) x = b_.add(x, learned());
    std::vector<std::pair<std::int64_t, ValueId>> taps;
    for (std::int64_t layer = 0; layer < c_.layers; ++layer) {
      x = block(x, layer);
      if (std::find(c_.taps.begin(), c_.taps.end(), layer) != c_.taps.end())
        taps.emplace_back(layer, b_.op("gather", {x, rows_}, {{"axis", 0}}));
    }
    x = b_.op("gather", {x, rows_}, {{"axis", 0}}, "wanted");
    if (c_.exit) {
      x = b_.op("rms_norm", {x, raw("exit_norm.weight", {c_.width}, {Init::Kind::constant, 1, false})},
                {{"axis", -1}, {"eps", c_.norm_eps}}, "exit_norm");
      x = linear("exit", x, c_.width, c_.width, true);
    }
    if (c_.norm_last) x = norm("output_norm", x, c_.width);
    if (embedding != c_.width) x = linear("project_out", x, c_.width, embedding, false);
    const ValueId head = c_.tied ? table : weight("output.weight", {c_.vocabulary, embedding}, 0.02);
    x = b_.op("linear", {x, head}, {}, "head");
    if (c_.logit_cap > 0) {
      x = b_.op("tanh", {b_.op("mul", {x, number("logit_cap.inverse", 1 / c_.logit_cap)})});
      x = b_.op("mul", {x, number("logit_cap", c_.logit_cap)});
    }
    b_.output(x, "logits");
    for (const auto& [layer, value] : taps) b_.output(value, fmt::format("hidden.{}", layer));
    return b_.finish();
  }

 private:
  ValueId weight(const std::string& name, Shape shape, double deviation) {
    return raw(name, std::move(shape), {Init::Kind::normal, deviation, false});
  }
  ValueId raw(const std::string& name, Shape shape, Init init) {
    return b_.weight(name, std::move(shape), init, WeightRole::parameter, types_ ? types_(name) : DType::f32);
  }
  ValueId number(const std::string& name, double value) {
    return b_.weight(name, {}, {Init::Kind::constant, value, false}, WeightRole::constant);
  }

  ValueId linear(const std::string& name, ValueId x, std::int64_t in, std::int64_t out, bool bias) {
    std::vector<ValueId> inputs{x, weight(name + ".weight", {out, in}, 0.02)};
    if (bias) inputs.push_back(raw(name + ".bias", {out}, {}));
    return b_.op("linear", inputs, {}, name);
  }

  ValueId norm(const std::string& name, ValueId x, std::int64_t width) {
    const ValueId scale = raw(name + ".weight", {width}, {Init::Kind::constant, 1, false});
    const Attrs attrs{{"axis", -1}, {"eps", c_.norm_eps}};
    if (c_.norm == DecoderConfig::Norm::rms) return b_.op("rms_norm", {x, scale}, attrs, name);
    return b_.op("layer_norm", {x, scale, raw(name + ".bias", {width}, {})}, attrs, name);
  }

  ValueId angles(const DecoderConfig::Rotary& rotary, const std::string& name) {
    if (rotary.dims == 0) return kNone;
    std::vector<ValueId> inputs{positions_};
    if (rotary.scaled)
      inputs.push_back(
          b_.weight("rope_freqs.weight", {rotary.dims / 2}, {Init::Kind::constant, 1, false}, WeightRole::constant));
    return b_.op("rotary_table", inputs, {{"dims", rotary.dims}, {"base", rotary.base}, {"scale", rotary.scale}}, name);
  }

  ValueId learned() {
    ValueId ids = positions_;
    if (c_.position_offset > 0)
      ids = b_.op("add", {ids, b_.weight("position_offset", {},
                                         {Init::Kind::constant, static_cast<double>(c_.position_offset), false},
                                         WeightRole::constant, DType::i32)});
    const ValueId table = weight("position_embd.weight", {c_.learned_positions, c_.width}, 0.02);
    return b_.op("embedding", {ids, table}, {}, "position_embedding");
  }

  // Each head of q or k by itself.
  ValueId norm_heads(const std::string& name, ValueId x, std::int64_t heads) {
    x = b_.op("reshape", {x}, {{"shape", Ints{-1, heads, c_.head_depth}}});
    x = norm(name, x, c_.head_depth);
    return b_.op("reshape", {x}, {{"shape", Ints{-1, heads * c_.head_depth}}});
  }

  ValueId attention(const std::string& name, ValueId x, std::int64_t layer) {
    const std::int64_t q_width = c_.heads * c_.head_depth, kv_width = c_.kv_heads * c_.head_depth;
    ValueId q = linear(name + "attn_q", x, c_.width, q_width, c_.bias_qkv);
    ValueId k = linear(name + "attn_k", x, c_.width, kv_width, c_.bias_qkv);
    const ValueId v = linear(name + "attn_v", x, c_.width, kv_width, c_.bias_qkv);
    if (c_.norm_heads) {
      q = norm_heads(name + "attn_q_norm", q, c_.heads);
      k = norm_heads(name + "attn_k_norm", k, c_.kv_heads);
    }
    const bool windowed = c_.layer_windowed(layer);
    if (const ValueId table = windowed ? local_table_ : table_; table != kNone) {
      const Attrs attrs{{"head_depth", c_.head_depth}, {"interleaved", c_.interleaved}};
      q = b_.op("rope", {q, table}, attrs, name + "rope_q");
      k = b_.op("rope", {k, table}, attrs, name + "rope_k");
    }
    const double scale =
        c_.attention_scale != 0 ? c_.attention_scale : 1 / std::sqrt(static_cast<double>(c_.head_depth));
    x = b_.op("ragged_attention", {q, k, v, sequences_, positions_},
              {{"heads", c_.heads},
               {"kv_heads", c_.kv_heads},
               {"scale", scale},
               {"soft_cap", c_.attention_cap},
               {"window", windowed ? c_.window : 0},
               {"layer", layer}},
              name + "attention");
    return linear(name + "attn_output", x, q_width, c_.width, c_.bias_output);
  }

  ValueId activate(ValueId x) {
    if (c_.activation == "gelu_tanh") return b_.op("gelu", {x}, {{"approximate", "tanh"}});
    return b_.op(c_.activation, {x});
  }

  ValueId mlp(const std::string& name, ValueId x) {
    ValueId gate = kNone;
    if (c_.gated) gate = activate(linear(name + "ffn_gate", x, c_.width, c_.hidden, c_.bias_mlp));
    ValueId up = linear(name + "ffn_up", x, c_.width, c_.hidden, c_.bias_mlp);
    up = c_.gated ? b_.op("mul", {gate, up}) : activate(up);
    return linear(name + "ffn_down", up, c_.hidden, c_.width, c_.bias_mlp);
  }

  // x + inner(norm(x)), with the norms where this family has them.
  template <typename F>
  ValueId residual(ValueId x, const std::string& before, const std::string& after, F inner) {
    ValueId y = inner(c_.norm_first ? norm(before, x, c_.width) : x);
    if (c_.norm_after) y = norm(after, y, c_.width);
    y = b_.add(x, y);
    return c_.norm_first ? y : norm(before, y, c_.width);
  }

  ValueId block(ValueId x, std::int64_t layer) {
    const std::string name = fmt::format("blk.{}.", layer);
    x = residual(x, name + "attn_norm", name + "post_attention_norm",
                 [&](ValueId h) { return attention(name, h, layer); });
    return residual(x, name + "ffn_norm", name + "post_ffw_norm", [&](ValueId h) { return mlp(name, h); });
  }

  const DecoderConfig& c_;
  const WeightTypes& types_;
  GraphBuilder b_;
  ValueId tokens_, positions_, sequences_, rows_, table_, local_table_;
};

void check(const DecoderConfig& c) {
  auto positive = [&](std::int64_t value, const char* what) {
    if (value < 1) fail("the {} model has {} {}; at least 1 is needed", c.architecture, value, what);
  };
  positive(c.layers, "layers");
  positive(c.width, "channels");
  positive(c.hidden, "channels inside its MLP");
  positive(c.heads, "attention heads");
  positive(c.kv_heads, "heads of keys");
  positive(c.head_depth, "channels a head");
  positive(c.vocabulary, "tokens in its vocabulary");
  if (c.heads % c.kv_heads != 0)
    fail("the {} model has {} heads that share {} heads of keys; the first must be a multiple of the second",
         c.architecture, c.heads, c.kv_heads);
  if (!c.windowed.empty() && std::ssize(c.windowed) != c.layers)
    fail("the {} model says of {} layers whether they have a window, but has {}", c.architecture, c.windowed.size(),
         c.layers);
}

}  // namespace

Graph build_decoder(const DecoderConfig& config, const WeightTypes& types) {
  check(config);
  return Decoder(config, types).build();
}

DecoderConfig opt_config(const std::string& size) {
  struct Size {
    const char* name;
    std::int64_t layers, width, heads;
  };
  static constexpr Size kSizes[] = {{"125m", 12, 768, 12},  {"350m", 24, 1024, 16}, {"1.3b", 24, 2048, 32},
                                    {"2.7b", 32, 2560, 32}, {"6.7b", 32, 4096, 32}, {"13b", 40, 5120, 40}};
  for (const Size& s : kSizes) {
    if (size != s.name) continue;
    DecoderConfig c;
    c.architecture = "opt";
    c.layers = s.layers;
    c.width = s.width;
    c.hidden = 4 * s.width;
    c.heads = c.kv_heads = s.heads;
    c.head_depth = s.width / s.heads;
    c.vocabulary = 50272;
    c.context = 2048;
    c.norm = DecoderConfig::Norm::layer;
    c.learned_positions = 2050;
    c.position_offset = 2;
    c.bias_qkv = c.bias_output = c.bias_mlp = true;
    c.activation = "relu";
    c.gated = false;
    if (size == "350m") {
      c.norm_first = c.norm_last = false;
      c.embedding_width = 512;
    }
    return c;
  }
  fail_usage("there is no OPT of size '{}'; there are 125m, 350m, 1.3b, 2.7b, 6.7b and 13b", size);
}

FRUGAL_MODELS(decoder) {
  for (const char* size : {"125m", "350m", "1.3b", "2.7b", "6.7b", "13b"})
    models.add({std::string("opt_") + size,
                "generate",
                "OPT, a decoder-only language model (Zhang et al., arXiv 2205.01068)",
                {},
                [size](const ModelOptions&) { return build_decoder(opt_config(size)); }});
}

}  // namespace frugal
