// Logits of every architecture against transformers' own, on weights that a formula gives.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "language/hf_model.h"
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
