// Speculative decoding in batches changes what is counted, never what is written (ems_sd.md section 8).
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "base/random.h"
#include "language/toy.h"
#include "support/support.h"

namespace frugal::test {
namespace {

std::vector<Ids> generate(Runner& runner, const std::vector<Ids>& prompts, int count, std::unique_ptr<Drafter> drafter,
                          const SchedulerOptions& o, DraftCounts* counts = nullptr, std::int32_t end = -1,
                          const std::function<void()>& between = nullptr) {
  Scheduler scheduler(runner, nullptr, {end}, std::move(drafter), o);
  std::vector<int> numbers;
  for (const Ids& prompt : prompts) {
    GenerateRequest request;
    request.prompt = prompt;
    request.max_tokens = count;
    numbers.push_back(scheduler.add(request));
  }
  while (scheduler.step())
    if (between) between();
  if (counts) *counts = scheduler.counts();
  std::vector<Ids> out;
  for (int number : numbers) out.push_back(scheduler.take(number).ids);
  return out;
}

// What each prompt goes on with, known beforehand: drafts that are right `good` tokens long.
class Oracle {
 public:
  Oracle(const std::vector<Ids>& prompts, const std::vector<Ids>& texts) {
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      Ids whole = prompts[i];
      whole.insert(whole.end(), texts[i].begin(), texts[i].end());
      texts_[static_cast<int>(i)] = whole;
    }
  }
  Ids after(const DraftRequest& r, int count) const {
    const Ids& whole = texts_.at(r.sequence);
    Ids out;
    for (std::size_t i = r.tokens.size(); i < whole.size() && std::ssize(out) < count; ++i) out.push_back(whole[i]);
    return out;
  }

 private:
  std::map<int, Ids> texts_;
};

struct Expected {
  std::vector<Ids> prompts, texts;
};

Expected expected(Runner& runner, int count, int tokens) {
  Expected e;
  for (int i = 0; i < count; ++i) {
    e.prompts.push_back(random_prompt(static_cast<std::uint64_t>(i), 1 + static_cast<std::size_t>(i * 7 % 23)));
    e.texts.push_back(plain_greedy(runner, e.prompts.back(), tokens));
  }
  return e;
}

TEST(Speculation, EveryDrafterAndBatchSizeGivesTheGreedyTexts) {
  Runner runner(toy_model(toy_config()), toy_options());
  const Expected e = expected(runner, 12, 20);
  const Oracle oracle(e.prompts, e.texts);
  auto wrong = [&](const DraftRequest& r) {
    Ids out = oracle.after(r, 5);
    for (std::int32_t& token : out) token = (token + 1) % 256;
    return out;
  };
  for (int batch : {1, 2, 3, 8}) {
    EXPECT_EQ(generate(runner, e.prompts, 20, nullptr, toy_batch(batch)), e.texts);
    EXPECT_EQ(generate(runner, e.prompts, 20, lookup_drafter(1, 3), toy_batch(batch)), e.texts);
    EXPECT_EQ(generate(runner, e.prompts, 20, ngram_drafter(3, 1), toy_batch(batch)), e.texts);
    for (int k : {1, 2, 4, 8}) {
      auto copy = std::make_unique<Runner>(toy_model(toy_config(), 0.05), toy_options());
      DraftCounts counts;
      EXPECT_EQ(generate(runner, e.prompts, 20, model_drafter(std::move(copy), 256), toy_batch(batch, k), &counts),
                e.texts);
      EXPECT_GT(counts.accepted, 0);
      EXPECT_LT(counts.accepted, counts.drafted);
    }
    DraftCounts counts;
    EXPECT_EQ(generate(runner, e.prompts, 20, scripted_drafter(wrong), toy_batch(batch), &counts), e.texts);
    EXPECT_EQ(counts.accepted, 0);
    for (int k : {1, 3, 7}) {
      auto right = scripted_drafter([&](const DraftRequest& r) { return oracle.after(r, k); });
      EXPECT_EQ(generate(runner, e.prompts, 20, std::move(right), toy_batch(batch, k), &counts), e.texts);
      EXPECT_EQ(counts.accepted, counts.drafted);
    }
  }
}

// Where all drafts were accepted, the draft model has never been fed the last of them: it is fed with what came after.
TEST(Speculation, ADraftModelCatchesUpWithWhatWasAccepted) {
  auto drafter = [] {
    return model_drafter(std::make_unique<Runner>(toy_model(toy_config(), 0.05), toy_options()), 256);
  };
  const auto one = drafter();
  Ids text = random_prompt(3, 9);
  for (int step = 0; step < 6; ++step) {
    DraftRequest asked{.sequence = 0, .tokens = text, .prompt = 9, .most = 4}, anew = asked;
    one->propose({&asked, 1});
    drafter()->propose({&anew, 1});
    ASSERT_EQ(asked.drafts.size(), 4u);
    EXPECT_EQ(asked.drafts, anew.drafts) << "step " << step;
    const std::size_t accepted = step < 4 ? 4 : 1;  // twice most of it is thrown away
    text.insert(text.end(), asked.drafts.begin(), asked.drafts.begin() + static_cast<std::ptrdiff_t>(accepted));
    text.push_back(17 * step);
  }
}

TEST(Speculation, CountsOfDraftsThatAreAlwaysRightOrAlwaysWrong) {
  Runner runner(toy_model(toy_config()), toy_options());
  const Expected e = expected(runner, 1, 24);
  const Oracle oracle(e.prompts, e.texts);
  DraftCounts counts;
  for (int k : {1, 2, 3, 5}) {
    generate(runner, e.prompts, 24, scripted_drafter([&](const DraftRequest& r) { return oracle.after(r, k); }),
             toy_batch(1, k), &counts);
    EXPECT_EQ(counts.steps, (24 + k) / (k + 1));
  }
  generate(runner, e.prompts, 24, scripted_drafter([&](const DraftRequest& r) {
             Ids out = oracle.after(r, 3);
             for (std::int32_t& token : out) token ^= 1;
             return out;
           }),
           toy_batch(1, 3), &counts);
  EXPECT_EQ(counts.steps, 24);
}

// The paper's example: contexts of 5 and 3 tokens, drafts (5, 2) then (2, 5), accepted (4, 1) then (2, 6).
TEST(Speculation, TheWorkedExampleOfThePaper) {
  Runner runner(toy_model(toy_config()), toy_options());
  const std::vector<Ids> prompts = {random_prompt(1, 6), random_prompt(2, 4)};  // the last token has no cell yet
  std::vector<Ids> texts;
  for (const Ids& prompt : prompts) texts.push_back(plain_greedy(runner, prompt, 30));
  const Oracle oracle(prompts, texts);
  const int drafted[2][2] = {{5, 2}, {2, 5}}, accepted[2][2] = {{4, 1}, {2, 6}};
  struct Totals {
    std::int64_t rows, cells;
  };
  auto run = [&](Padding padding) {
    std::map<int, int> turn;
    auto script = [&](const DraftRequest& r) {
      const int step = turn[r.sequence]++;
      if (step > 1) return Ids{};
      Ids out = oracle.after(r, drafted[step][r.sequence]);
      const auto right = static_cast<std::size_t>(accepted[step][r.sequence]) - 1;
      for (std::size_t i = right; i < out.size(); ++i) out[i] ^= 1;
      return out;
    };
    Scheduler scheduler(runner, nullptr, {}, scripted_drafter(script), toy_batch(2, 7, padding));
    std::vector<int> numbers;
    for (const Ids& prompt : prompts) {
      GenerateRequest request;
      request.prompt = prompt;
      request.max_tokens = 30;
      numbers.push_back(scheduler.add(request));
    }
    while (scheduler.counts().steps < 2) scheduler.step();
    for (int number : numbers) scheduler.cancel(number);
    while (scheduler.step()) {}
    const std::size_t lengths[] = {4 + 2, 1 + 6};
    for (std::size_t i = 0; i < 2; ++i) {
      const Ids ids = scheduler.take(numbers[i]).ids;
      EXPECT_EQ(ids, Ids(texts[i].begin(), texts[i].begin() + static_cast<std::ptrdiff_t>(lengths[i])));
    }
    return Totals{scheduler.counts().rows, scheduler.counts().cells};
  };
  const Totals ems = run({}), padded = run({true, true}), inputs = run({true, false}), cache = run({false, true});
  EXPECT_EQ(ems.rows, 18);
  EXPECT_EQ(ems.cells, 21);
  EXPECT_EQ(padded.rows, 24);
  EXPECT_EQ(padded.cells, 30);
  EXPECT_EQ(inputs.rows, 24);
  EXPECT_EQ(inputs.cells, 21);
  EXPECT_EQ(cache.rows, 18);
  EXPECT_EQ(cache.cells, 30);
}

TEST(Speculation, ThePaddedFormsGiveTheSameTexts) {
  Runner runner(toy_model(toy_config()), toy_options());
  const Expected e = expected(runner, 6, 16);
  DraftCounts unpadded;
  generate(runner, e.prompts, 16, ngram_drafter(2, 1), toy_batch(6, 4), &unpadded);
  for (Padding padding : {Padding{true, true}, Padding{true, false}, Padding{false, true}}) {
    DraftCounts counts;
    EXPECT_EQ(generate(runner, e.prompts, 16, ngram_drafter(2, 1), toy_batch(6, 4, padding), &counts), e.texts);
    EXPECT_GE(counts.rows, unpadded.rows);
    EXPECT_GE(counts.cells, unpadded.cells);
  }
}

// Accepted by chance, each draft independently: a step gives (1 - p^(k+1)) / (1 - p) tokens of a sequence on average,
// and a common place of the cache moves on by the largest of the batch, sum over j of 1 - (1 - p^j)^B (ems_sd.md
// section 8, check 7).
TEST(Speculation, SyntheticAcceptanceIsThatOfTheFormulas) {
  RunnerOptions large = toy_options();
  large.cache_bytes = std::size_t{256} << 20;
  Runner runner(toy_model(toy_config(1)), large);
  constexpr int kSteps = 300, kBatch = 8;
  struct Case {
    double chance;
    int drafts;
    double tokens, cells;
  };
  for (const Case& c : {Case{0.8, 4, 3.3616, 4.8034}, Case{0.6, 7, 2.4580, 5.4966}, Case{0.9, 7, 5.6953, 7.9912}})
    for (bool padded : {false, true}) {
      SchedulerOptions o = toy_batch(kBatch, c.drafts, {padded, padded});
      o.synthetic = {c.chance};
      o.seed = 3;
      Scheduler scheduler(
          runner, nullptr, {},
          scripted_drafter([](const DraftRequest& r) { return Ids(static_cast<std::size_t>(r.most), 1); }), o);
      for (int i = 0; i < kBatch; ++i) {
        GenerateRequest request;
        request.prompt = {5};
        request.max_tokens = (c.drafts + 1) * kSteps + 1;
        scheduler.add(request);
      }
      while (scheduler.counts().steps < kSteps) scheduler.step();
      const double turns = kSteps * kBatch;
      const double tokens = static_cast<double>(scheduler.times().decoded_tokens) / turns;
      for (int i = 0; i < kBatch; ++i) scheduler.cancel(i);
      while (scheduler.step()) {}
      const DraftCounts& counts = scheduler.counts();
      EXPECT_EQ(counts.drafted, c.drafts * kSteps * kBatch);
      EXPECT_NEAR(tokens, c.tokens, 0.2);
      EXPECT_NEAR(static_cast<double>(counts.accepted) / turns, c.tokens - 1, 0.2);
      EXPECT_NEAR(static_cast<double>(counts.cells) / turns, padded ? c.cells : c.tokens, 0.2);
      for (std::size_t i = 0; i < counts.per_position.size(); ++i)
        EXPECT_NEAR(static_cast<double>(counts.per_position[i]) / turns, std::pow(c.chance, i + 1), 0.05) << i;
    }
}

TEST(Speculation, StaleCellsAreNeverRead) {
  for (CacheType type : {CacheType::f32, CacheType::f16})
    for (float poison : {std::numeric_limits<float>::quiet_NaN(), 1e30f}) {
      Runner runner(toy_model(toy_config()), toy_options(type));
      const std::vector<Ids> prompts = {random_prompt(1, 9), random_prompt(2, 30), random_prompt(3, 17)};
      const std::vector<Ids> clean = generate(runner, prompts, 24, ngram_drafter(2, 1), toy_batch(3));
      auto fill = [&] { runner.cache().fill_stale(poison); };
      fill();
      EXPECT_EQ(generate(runner, prompts, 24, ngram_drafter(2, 1), toy_batch(3), nullptr, -1, fill), clean);
      const std::vector<Ids> padded =
          generate(runner, prompts, 24, ngram_drafter(2, 1), toy_batch(3, 7, {true, true}), nullptr, -1, fill);
      EXPECT_EQ(padded, clean);
    }
}

TEST(Speculation, OrderOfRowsAndThreadsChangeNoBit) {
  std::vector<std::vector<float>> all;
  for (int threads : {1, 2})
    for (bool shuffled : {false, true}) {
      Runner runner(toy_model(toy_config()), toy_options(CacheType::f16, threads));
      struct Row {
        std::int32_t token, sequence, place;
      };
      std::vector<Row> rows;
      for (int s = 0; s < 3; ++s) {
        const int sequence = runner.cache().open();
        for (std::int32_t i = 0; i < 11 + 9 * s; ++i) rows.push_back({(i * 37 + s * 11) % 256, sequence, i});
      }
      std::vector<std::size_t> order(rows.size());
      for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
      RandomStream random(4, "order");
      if (shuffled)
        for (std::size_t i = order.size(); i > 1; --i)
          std::swap(order[i - 1], order[random.below(static_cast<std::uint32_t>(i))]);
      RowBatch batch;
      for (std::size_t i : order) batch.add(rows[i].token, rows[i].sequence, rows[i].place, rows[i].place, true);
      const std::span<const float> logits = runner.run(batch);
      std::vector<float> sorted(logits.size());
      for (std::size_t i = 0; i < order.size(); ++i)
        std::copy_n(logits.begin() + static_cast<std::ptrdiff_t>(i * 256), 256,
                    sorted.begin() + static_cast<std::ptrdiff_t>(order[i] * 256));
      all.push_back(sorted);
    }
  for (const std::vector<float>& other : all) EXPECT_EQ(other, all[0]);
}

TEST(Speculation, ASampledTextDoesNotDependOnTheBatchNorOnDrafts) {
  Runner runner(toy_model(toy_config()), toy_options());
  auto run = [&](int batch, std::unique_ptr<Drafter> drafter) {
    Scheduler scheduler(runner, nullptr, {}, std::move(drafter), toy_batch(batch));
    std::vector<int> numbers;
    for (int i = 0; i < 6; ++i) {
      GenerateRequest request;
      request.prompt = random_prompt(static_cast<std::uint64_t>(i), 10);
      request.max_tokens = 20;
      request.sampling = {.temperature = 0.7, .top_k = 50, .top_p = 0.95, .seed = static_cast<std::uint64_t>(i)};
      if (i % 2)  // penalties see the drafts that were accepted before a row
        request.sampling.repetition_penalty = 1.3, request.sampling.presence_penalty = 0.5, request.sampling.top_k = 0;
      numbers.push_back(scheduler.add(request));
    }
    while (scheduler.step()) {}
    std::vector<Ids> out;
    for (int number : numbers) out.push_back(scheduler.take(number).ids);
    return out;
  };
  const std::vector<Ids> alone = run(1, nullptr);
  EXPECT_EQ(run(4, nullptr), alone);
  EXPECT_EQ(run(6, ngram_drafter(2, 1)), alone);
  EXPECT_EQ(run(3, model_drafter(std::make_unique<Runner>(toy_model(toy_config(), 0.02), toy_options()), 256)), alone);
}

TEST(Speculation, EndsAndLimits) {
  Runner runner(toy_model(toy_config()), toy_options());
  const Ids prompt = random_prompt(5, 8);
  const Ids text = plain_greedy(runner, prompt, 30);
  const Oracle oracle({prompt}, {text});
  for (int count : {0, 1, 2, 9}) {
    const Ids got =
        generate(runner, {prompt}, count, scripted_drafter([&](const DraftRequest& r) { return oracle.after(r, 7); }),
                 toy_batch(1))[0];
    EXPECT_EQ(got, Ids(text.begin(), text.begin() + count));
  }
  // An end token inside accepted drafts, and as the first token.
  for (std::size_t at : {std::size_t{0}, std::size_t{4}}) {
    const auto first = std::find(text.begin(), text.end(), text[at]) - text.begin();
    DraftCounts counts;
    const Ids got =
        generate(runner, {prompt}, 30, scripted_drafter([&](const DraftRequest& r) { return oracle.after(r, 7); }),
                 toy_batch(1), &counts, text[at])[0];
    EXPECT_EQ(got, Ids(text.begin(), text.begin() + first + 1));
  }
  // One ends long before the other.
  const Ids other = random_prompt(6, 12);
  const Ids other_text = plain_greedy(runner, other, 30);
  Scheduler scheduler(runner, nullptr, {}, nullptr, toy_batch(2));
  GenerateRequest shorter, longer;
  shorter.prompt = prompt;
  shorter.max_tokens = 2;
  longer.prompt = other;
  longer.max_tokens = 30;
  const int a = scheduler.add(shorter), b = scheduler.add(longer);
  while (scheduler.step()) {}
  EXPECT_EQ(scheduler.take(a).ids, Ids(text.begin(), text.begin() + 2));
  EXPECT_EQ(scheduler.take(b).ids, other_text);
  GenerateRequest empty;
  EXPECT_ERROR(scheduler.add(empty), "no tokens");
  GenerateRequest outside;
  outside.prompt = {256};
  EXPECT_ERROR(scheduler.add(outside), "token 256");
}

}  // namespace
}  // namespace frugal::test
