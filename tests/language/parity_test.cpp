// Logits of every architecture against transformers' own, on weights that a formula gives.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "language/hf_model.h"
#include "language/language_model.h"
#include "language/toy.h"
#include "support/formula.h"
#include "support/reference.h"
#include "support/support.h"

namespace frugal::test {
namespace {

constexpr std::int64_t kLength = 12, kVocabulary = 96;

class Parity : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    folder_ = shared_path("data/parity/llm");
    if (!std::filesystem::exists(folder_)) GTEST_SKIP() << "without " << folder_;
    std::ifstream config(folder_ / (std::string("config_") + GetParam() + ".json"));
    config_ = nlohmann::json::parse(config);
    references_ = read_references(folder_ / (std::string(GetParam()) + ".npz"));
    const auto* ids = references_.at("input_ids").values.data<std::int32_t>();
    for (int row = 0; row < 2; ++row) ids_.emplace_back(ids + row * kLength, ids + (row + 1) * kLength);
  }
  Model model() const {
    return hf_model(config_, formula_weights(read_names(folder_ / (std::string("names_") + GetParam() + ".txt"))));
  }

  // Rows [begin, end) of both sequences in one step; their logits go to their places of [2, length, vocabulary].
  void step(Runner& runner, const int (&sequences)[2], std::int32_t begin, std::int32_t end, Tensor& out) const {
    RowBatch batch;
    for (std::int32_t i = begin; i < end; ++i)
      for (int s = 0; s < 2; ++s)
        batch.add(ids_[static_cast<std::size_t>(s)][static_cast<std::size_t>(i)], sequences[s], i, i, true);
    const std::span<const float> logits = runner.run(batch);
    for (int s : sequences) runner.cache().commit(s, end);
    for (std::int32_t i = begin, row = 0; i < end; ++i)
      for (std::int32_t s = 0; s < 2; ++s, ++row)
        std::copy_n(logits.data() + row * kVocabulary, kVocabulary,
                    out.data<float>() + (s * kLength + i) * kVocabulary);
  }

  std::filesystem::path folder_;
  nlohmann::json config_;
  std::map<std::string, Reference> references_;
  std::vector<Ids> ids_;
};

TEST_P(Parity, InOnePieceAndStepByStep) {
  for (int threads : {1, 2}) {
    Runner runner(model(), toy_options(CacheType::f32, threads));
    const int sequences[2] = {runner.cache().open(), runner.cache().open()};
    Tensor whole(DType::f32, {2, kLength, kVocabulary}), steps = whole.clone();
    step(runner, sequences, 0, kLength, whole);
    EXPECT_TRUE(agrees(whole, references_.at("logits"), 2e-5));
    for (int s : sequences) runner.cache().commit(s, 0);
    step(runner, sequences, 0, 5, steps);
    for (std::int32_t i = 5; i < kLength; ++i) step(runner, sequences, i, i + 1, steps);
    EXPECT_TRUE(agrees(steps, references_.at("logits_cached"), 2e-5));
    EXPECT_TRUE(close(steps, whole, 1e-4, 0));
  }
}

TEST_P(Parity, GreedyTokens) {
  Runner runner(model(), toy_options());
  Scheduler scheduler(runner, nullptr, {}, nullptr, {});
  GenerateRequest request;
  request.prompt = ids_[0];
  request.max_tokens = 8;
  const int id = scheduler.add(request);
  while (scheduler.step()) {}
  const auto* expected = references_.at("greedy").values.data<std::int32_t>();
  EXPECT_EQ(scheduler.take(id).ids, Ids(expected, expected + 8));
}

// Rows of each head as GGUF files of the llama architecture have them: the halves that rotate together side by side.
Tensor interleaved(const Tensor& t, std::int64_t head_depth) {
  Tensor out(t.dtype(), t.shape());
  const std::int64_t width = t.numel() / t.dim(0);
  for (std::int64_t row = 0; row < t.dim(0); ++row) {
    const std::int64_t in_head = row % head_depth, half = in_head / (head_depth / 2), pair = in_head % (head_depth / 2);
    std::copy_n(t.data<float>() + row * width, width, out.data<float>() + (row - in_head + 2 * pair + half) * width);
  }
  return out;
}

// q, k and v of a layer as one tensor.
Tensor joined(const Weights& weights, const std::string& stem, const std::string& kind) {
  std::vector<float> all;
  for (const char* part : {"q.", "k.", "v."}) {
    const Tensor& t = weights.at(stem + part + kind);
    all.insert(all.end(), t.data<float>(), t.data<float>() + t.numel());
  }
  Shape shape = weights.at(stem + "q." + kind).shape();
  shape[0] *= 3;
  Tensor out(DType::f32, shape);
  std::copy(all.begin(), all.end(), out.data<float>());
  return out;
}

// The model as llama.cpp's converter writes it (convert_hf_to_gguf.py): keys, names and the order of rows.
Gguf as_gguf(const Model& model, const DecoderConfig& c) {
  Gguf file;
  const std::string& arch = c.architecture;
  auto set = [&](const char* key, GgufValue value) { file.metadata[arch + "." + key] = std::move(value); };
  auto number = [&](const char* key, std::int64_t value) {
    set(key, GgufValue::u32(static_cast<std::uint32_t>(value)));
  };
  auto real = [&](const char* key, double value) { set(key, GgufValue::f32(static_cast<float>(value))); };
  file.metadata["general.architecture"] = GgufValue::text(arch);
  number("block_count", c.layers), number("embedding_length", c.width), number("feed_forward_length", c.hidden);
  number("attention.head_count", c.heads), number("context_length", c.context);
  if (c.norm == DecoderConfig::Norm::layer) {
    real("attention.layer_norm_epsilon", c.norm_eps);
  } else {
    real("attention.layer_norm_rms_epsilon", c.norm_eps);
    number("attention.head_count_kv", c.kv_heads), number("attention.key_length", c.head_depth);
    number("attention.value_length", c.head_depth), number("rope.dimension_count", c.rotary.dims);
    real("rope.freq_base", c.rotary.base);
    if (c.rotary.scale != 1) {
      set("rope.scaling.type", GgufValue::text("linear"));
      real("rope.scaling.factor", 1 / c.rotary.scale);
    }
  }
  if (c.window > 0) number("attention.sliding_window", c.window);
  if (arch == "gemma3") number("attention.sliding_window_pattern", 3);
  if (c.attention_cap > 0) real("attn_logit_softcapping", c.attention_cap);
  if (c.logit_cap > 0) real("final_logit_softcapping", c.logit_cap);
  for (const auto& [name, tensor] : model.weights) {
    if (arch == "gpt2" && name.find(".attn_q.") != std::string::npos) {
      const std::string stem = name.substr(0, name.find("q.")), kind = name.substr(name.rfind('.') + 1);
      file.tensors.push_back({stem + "qkv." + kind, joined(model.weights, stem, kind)});
    } else if (arch == "gpt2" &&
               (name.find(".attn_k.") != std::string::npos || name.find(".attn_v.") != std::string::npos)) {
      continue;
    } else if (arch == "llama" &&
               (name.find(".attn_q.") != std::string::npos || name.find(".attn_k.") != std::string::npos)) {
      file.tensors.push_back({name, interleaved(tensor, c.head_depth)});
    } else {
      file.tensors.push_back({name, tensor});
    }
  }
  return file;
}

// Every architecture that GGUF files may name, by way of such a file.
TEST_P(Parity, AsAGgufFile) {
  DecoderConfig config = hf_config(config_);
  if (config.architecture == "opt") {
    EXPECT_ERROR(gguf_config(as_gguf(model(), config)), "the architecture 'opt' is not supported");
    return;
  }
  if (config.architecture == "mistral") config.architecture = "llama";  // as its files say
  const TempDir folder;
  const std::string path = (folder.path() / "model.gguf").string();
  write_gguf(path, as_gguf(model(), config));
  const Gguf file = read_gguf(path);
  DecoderConfig read = gguf_config(file);
  if (read.norm_after) read.attention_scale = config.attention_scale;  // odd in this model, and not in the format
  Runner runner(gguf_model(file, read), toy_options());
  const int sequences[2] = {runner.cache().open(), runner.cache().open()};
  Tensor whole(DType::f32, {2, kLength, kVocabulary});
  step(runner, sequences, 0, kLength, whole);
  EXPECT_TRUE(agrees(whole, references_.at("logits"), 2e-5));
}

INSTANTIATE_TEST_SUITE_P(Architectures, Parity,
                         testing::Values("llama", "mha_llama", "llama3_rope", "mistral_window5", "qwen2", "qwen3",
                                         "gemma2", "gemma3", "gpt2", "opt", "opt350_postnorm_proj"),
                         [](const auto& info) { return std::string(info.param); });

TEST(Opt, ParametersOfEverySize) {
  const std::pair<const char*, std::int64_t> sizes[] = {{"125m", 125'239'296},   {"350m", 331'196'416},
                                                        {"1.3b", 1'315'758'080}, {"2.7b", 2'651'596'800},
                                                        {"6.7b", 6'658'473'984}, {"13b", 12'853'473'280}};
  const std::int64_t cache_bytes[] = {36'864, 98'304, 196'608, 327'680, 524'288, 819'200};  // fp16, of a token
  for (std::size_t i = 0; i < std::size(sizes); ++i) {
    const Graph graph = build_decoder(opt_config(sizes[i].first));
    std::int64_t count = 0;
    for (const Value& value : graph.values())
      if (value.kind == ValueKind::weight && value.role == WeightRole::parameter)
        count += element_count(fixed_shape(value.type.shape));
    EXPECT_EQ(count, sizes[i].second) << sizes[i].first;
    const KvCache cache(cache_layers(graph), CacheType::f16, std::size_t{1} << 30);
    EXPECT_EQ(static_cast<std::int64_t>(cache.cell_bytes()), cache_bytes[i]) << sizes[i].first;
  }
}

}  // namespace
}  // namespace frugal::test
