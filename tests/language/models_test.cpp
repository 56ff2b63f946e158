// Real models: what others wrote down of them. The files are large; tests skip where they are absent.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "language/language_model.h"
#include "language/perplexity.h"
#include "language/toy.h"
#include "support/support.h"

namespace frugal::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

Json read_json(const fs::path& path) {
  std::ifstream file(path);
  return Json::parse(file);
}

// In $FRUGAL_DATA, or data/ of the checkout, where tools/get-model puts them.
fs::path model_path(const std::string& name) {
  const char* data = std::getenv("FRUGAL_DATA");
  return (data ? fs::path(data) : source_dir() / "data") / "smollm2" / name;
}

struct Loaded {
  explicit Loaded(const fs::path& path, RunnerOptions options) : language(load_language_model(path.string())) {
    runner = std::make_unique<Runner>(std::move(language.model), options);
  }
  Ids greedy(const Ids& prompt, int count, std::unique_ptr<Drafter> drafter = nullptr) {
    Scheduler scheduler(*runner, nullptr, {}, std::move(drafter), {});
    GenerateRequest request;
    request.prompt = prompt;
    request.max_tokens = count;
    const int id = scheduler.add(request);
    while (scheduler.step()) {}
    return scheduler.take(id).ids;
  }
  // The most likely token after each.
  Ids likeliest_of(const Ids& tokens) {
    const int sequence = runner->cache().open();
    RowBatch batch;
    for (std::int32_t i = 0; i < std::ssize(tokens); ++i)
      batch.add(tokens[static_cast<std::size_t>(i)], sequence, i, i, true);
    const std::span<const float> logits = runner->run(batch);
    runner->cache().close(sequence);
    Ids out;
    const auto width = static_cast<std::size_t>(runner->vocabulary());
    for (std::size_t i = 0; i < tokens.size(); ++i) out.push_back(likeliest(logits.subspan(i * width, width)));
    return out;
  }
  // Logits of the first token after the prompt.
  std::vector<float> first(const Ids& prompt) {
    const int sequence = runner->cache().open();
    RowBatch batch;
    for (std::int32_t i = 0; i < std::ssize(prompt); ++i)
      batch.add(prompt[static_cast<std::size_t>(i)], sequence, i, i, i + 1 == std::ssize(prompt));
    const std::span<const float> logits = runner->run(batch);
    runner->cache().close(sequence);
    return {logits.begin(), logits.end()};
  }
  LanguageModel language;
  std::unique_ptr<Runner> runner;
};

// Equal up to the first place where the two likeliest logits were closer than `margin`.
void expect_up_to_tie(const Ids& got, const Ids& expected, const std::vector<double>& margins, double margin,
                      const std::string& what) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (margins[i] < margin) return;
    ASSERT_LT(i, got.size()) << what;
    ASSERT_EQ(got[i], expected[i]) << what << ", token " << i;
  }
}

TEST(Stories260K, EveryRecordedToken) {
  const fs::path folder = shared_path("data/language");
  if (!fs::exists(folder)) GTEST_SKIP() << "without " << folder;
  const Json reference = read_json(folder / "stories260K_reference.json");
  for (CacheType cache : {CacheType::f32, CacheType::f16}) {
    Loaded model(folder / "stories260K-f32.gguf", toy_options(cache));
    for (const Json& test : reference["cases"]) {
      const Ids prompt = test["prompt_ids"], expected = test["generated_ids"];
      EXPECT_EQ(model.language.tokenizer->encode(test["prompt"].get<std::string>()), prompt);
      EXPECT_EQ(model.greedy(prompt, static_cast<int>(expected.size())), expected) << test["prompt"];
      EXPECT_EQ(model.greedy(prompt, static_cast<int>(expected.size()), ngram_drafter()), expected) << test["prompt"];
    }
  }
}

TEST(Gpt2, TooFewRowsOfQKAndVAreRefused) {
  DecoderConfig config;
  config.architecture = "gpt2";
  config.layers = 1;
  config.heads = config.kv_heads = 2;
  config.head_depth = 4;
  Gguf file;
  file.tensors.push_back({"blk.0.attn_qkv.weight", Tensor(DType::f32, {20, 8})});
  EXPECT_ERROR(gguf_model(file, config), "q, k and v together need 24 rows");
}

class SmolLm2 : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = shared_path("data/language");
    path_ = model_path("SmolLM2-135M-Instruct.Q4_1.gguf");
    if (!fs::exists(folder_)) GTEST_SKIP() << "without " << folder_;
    if (!fs::exists(path_)) GTEST_SKIP() << "without " << path_ << " (tools/get-model smollm2)";
    reference_ = read_json(folder_ / "smollm2_reference.json");
  }
  static RunnerOptions options(bool exact) {
    RunnerOptions o = toy_options(exact ? CacheType::f32 : CacheType::f16, 0);
    o.cache_bytes = std::size_t{1} << 30;
    o.exact = exact;
    return o;
  }
  fs::path folder_, path_;
  Json reference_;
};

TEST_F(SmolLm2, ExactLogitsAndTokens) {
  Loaded model(path_, options(true));
  for (const Json& test : reference_["cases"]) {
    const Ids prompt = test["prompt_ids"];
    EXPECT_EQ(model.language.tokenizer->encode(test["prompt"].get<std::string>(), {.add_special = false}), prompt);
    const std::vector<float> logits = model.first(prompt);
    for (const Json& entry : test["exact_first_step_top5"])
      EXPECT_NEAR(logits[entry[0].get<std::size_t>()], entry[1].get<double>(), 1e-3) << test["name"];
    const Ids expected = test["exact_generated_ids"];
    expect_up_to_tie(model.greedy(prompt, static_cast<int>(expected.size())), expected, test["exact_top2_margin"], 2e-3,
                     test["name"]);
  }
}

TEST_F(SmolLm2, RoundedActivationsStayNear) {
  Loaded exact(path_, options(true)), rounded(path_, options(false));
  double distance = 0;
  std::int64_t logits = 0, steps = 0, same = 0;
  for (const Json& test : reference_["cases"]) {
    const Ids prompt = test["prompt_ids"], expected = test["exact_generated_ids"];
    const std::vector<float> a = exact.first(prompt), b = rounded.first(prompt);
    for (std::size_t i = 0; i < a.size(); ++i) distance += std::abs(a[i] - b[i]);
    logits += std::ssize(a);
    expect_up_to_tie(rounded.greedy(prompt, static_cast<int>(expected.size())), expected, test["exact_top2_margin"],
                     0.5, test["name"]);
    Ids all = prompt;
    all.insert(all.end(), expected.begin(), expected.end());
    const Ids wanted = exact.likeliest_of(all), got = rounded.likeliest_of(all);
    steps += std::ssize(wanted);
    for (std::size_t i = 0; i < wanted.size(); ++i) same += wanted[i] == got[i] ? 1 : 0;
  }
  EXPECT_LT(distance / static_cast<double>(logits), 0.25);
  EXPECT_GE(static_cast<double>(same), 0.94 * static_cast<double>(steps)) << same << " of " << steps;
}

TEST_F(SmolLm2, Perplexity) {
  const Json expected = read_json(folder_ / "smollm2_perplexity.json");
  Loaded model(path_, options(false));
  const std::string text = read_file(folder_ / "perplexity_text.txt");
  const Ids ids = model.language.tokenizer->encode(text, {.add_special = false, .parse_special = false});
  ASSERT_EQ(std::ssize(ids), expected["tokens"].get<std::int64_t>());
  const Perplexity got = perplexity(*model.runner, ids, expected["window"]);
  EXPECT_EQ(got.tokens, expected["scored"].get<std::int64_t>());
  EXPECT_NEAR(got.perplexity / expected["ppl_exact"].get<double>(), 1, 0.003);
}

}  // namespace
}  // namespace frugal::test
