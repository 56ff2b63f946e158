// Drawing tokens, and the verification of drawn drafts (ems_sd.md sections 2.8 and 8).
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "base/random.h"
#include "language/drafter.h"
#include "language/sampler.h"
#include "language/speculation.h"
#include "language/stop.h"
#include "support/support.h"

namespace frugal::test {
namespace {

std::vector<double> probabilities(Sampler& sampler, std::vector<float> logits, std::vector<std::int32_t> history = {},
                                  TokenMask allowed = {}) {
  std::vector<double> out(logits.size());
  for (const Sampler::Candidate& c : sampler.distribution(logits, history, allowed))
    out[static_cast<std::size_t>(c.token)] = c.probability;
  return out;
}

const std::vector<float> kLogits = {std::log(0.5f), std::log(0.3f), std::log(0.15f), std::log(0.05f)};

void expect_near(const std::vector<double>& got, const std::vector<double>& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-6) << i;
}

TEST(Sampler, Filters) {
  auto with = [](SamplingOptions o) {
    Sampler sampler(o, 4);
    return probabilities(sampler, kLogits);
  };
  expect_near(with({.temperature = 1}), {0.5, 0.3, 0.15, 0.05});
  expect_near(with({.temperature = 1, .top_k = 2}), {0.625, 0.375, 0, 0});
  expect_near(with({.temperature = 1, .top_p = 0.7}), {0.625, 0.375, 0, 0});
  expect_near(with({.temperature = 1, .top_p = 0}), {1, 0, 0, 0});
  expect_near(with({.temperature = 1, .min_p = 0.25}), {0.5 / 0.95, 0.3 / 0.95, 0.15 / 0.95, 0});
  const double sum = 0.25 + 0.09 + 0.0225 + 0.0025;
  expect_near(with({.temperature = 0.5}), {0.25 / sum, 0.09 / sum, 0.0225 / sum, 0.0025 / sum});
  expect_near(with({}), {1, 0, 0, 0});
  expect_near(with({.logit_bias = {{0, -100}}}), {0, 1, 0, 0});
}

TEST(Sampler, PenaltiesAndMasks) {
  Sampler frequency({.frequency_penalty = 1, .presence_penalty = 0.5}, 3);
  std::vector<float> logits = {3, 2, 1};
  frequency.distribution(logits, std::vector<std::int32_t>{0, 0, 2});
  EXPECT_FLOAT_EQ(logits[0], 0.5);
  EXPECT_FLOAT_EQ(logits[1], 2);
  EXPECT_FLOAT_EQ(logits[2], -0.5);
  Sampler repetition({.repetition_penalty = 2, .penalty_window = 2}, 3);
  logits = {3, -2, 1};
  repetition.distribution(logits, std::vector<std::int32_t>{2, 0, 1});
  EXPECT_FLOAT_EQ(logits[0], 1.5);
  EXPECT_FLOAT_EQ(logits[1], -4);
  EXPECT_FLOAT_EQ(logits[2], 1);
  Sampler masked({.temperature = 1}, 4);
  const std::vector<std::uint64_t> mask = {0b1010};
  expect_near(probabilities(masked, kLogits, {}, mask), {0, 0.3 / 0.35, 0, 0.05 / 0.35});
}

TEST(Sampler, TheLowestIdWinsATie) {
  Sampler sampler({}, 4);
  std::vector<float> logits = {1, 3, 3, 2};
  EXPECT_EQ(sampler.sample(logits, {}, 0), 1);
}

TEST(Sampler, DrawsWithTheProbabilitiesItNames) {
  Sampler sampler({.temperature = 1, .seed = 3}, 4);
  std::vector<int> counts(4);
  constexpr int kDraws = 100'000;
  for (int i = 0; i < kDraws; ++i) {
    std::vector<float> logits = kLogits;
    ++counts[static_cast<std::size_t>(sampler.sample(logits, {}, i))];
  }
  const double p[] = {0.5, 0.3, 0.15, 0.05};
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_NEAR(counts[i], kDraws * p[i], 4 * std::sqrt(kDraws * p[i] * (1 - p[i]))) << i;
}

TEST(Sampler, BadOptionsAreNamed) {
  EXPECT_ERROR(Sampler({.temperature = -1}, 4), "temperature is -1");
  EXPECT_ERROR(Sampler({.temperature = std::nan("")}, 4), "temperature");
  EXPECT_ERROR(Sampler({.top_p = 1.5}, 4), "top-p is 1.5");
  EXPECT_ERROR(Sampler({.logit_bias = {{4, 1}}}, 4), "token 4");
}

TEST(VerifyDrawn, GivesTheTargetsDistribution) {
  struct Pair {
    std::vector<double> p, q;
    double acceptance;
  };
  const std::vector<Pair> pairs = {{{0.5, 0.3, 0.2}, {0.2, 0.5, 0.3}, 0.7},
                                   {{0.5, 0.3, 0.2}, {0.5, 0.3, 0.2}, 1},
                                   {{0.5, 0.3, 0.2}, {0, 1, 0}, 0.3},
                                   {{1, 0, 0}, {0, 0.5, 0.5}, 0}};
  constexpr int kDraws = 1'000'000;
  for (const Pair& pair : pairs) {
    RandomStream random(11, "verify");
    std::vector<int> counts(3);
    int accepted = 0;
    for (int i = 0; i < kDraws; ++i) {
      double u = random.uniform();
      std::int32_t draft = 0;
      while (draft < 2 && (u -= pair.q[static_cast<std::size_t>(draft)]) >= 0) ++draft;
      const Verified v = verify_drawn(pair.p, pair.q, draft, random.uniform(), random.uniform());
      accepted += v.accepted ? 1 : 0;
      ++counts[static_cast<std::size_t>(v.token)];
    }
    EXPECT_NEAR(accepted, kDraws * pair.acceptance,
                4 * std::sqrt(kDraws * pair.acceptance * (1 - pair.acceptance)) + 1e-9);
    for (std::size_t i = 0; i < 3; ++i)
      EXPECT_NEAR(counts[i], kDraws * pair.p[i], 4 * std::sqrt(kDraws * pair.p[i] * (1 - pair.p[i])) + 1e-9) << i;
  }
}

// Two tokens in a row, each of which depends on the one before: drafts from one chain, verified by another.
TEST(VerifyDrawn, GivesTheJointDistributionOfTwoTokens) {
  const std::vector<double> p0 = {0.6, 0.4}, q0 = {0.3, 0.7};
  const std::vector<std::vector<double>> p1 = {{0.2, 0.8}, {0.9, 0.1}}, q1 = {{0.5, 0.5}, {0.4, 0.6}};
  RandomStream random(12, "joint");
  auto draw = [&](const std::vector<double>& d) { return random.uniform() < d[0] ? 0 : 1; };
  constexpr int kDraws = 400'000;
  std::vector<int> counts(4);
  for (int i = 0; i < kDraws; ++i) {
    const int a = draw(q0), b = draw(q1[static_cast<std::size_t>(a)]);
    const Verified first = verify_drawn(p0, q0, a, random.uniform(), random.uniform());
    const auto at = static_cast<std::size_t>(first.token);
    const int second =
        first.accepted ? verify_drawn(p1[at], q1[at], b, random.uniform(), random.uniform()).token : draw(p1[at]);
    ++counts[at * 2 + static_cast<std::size_t>(second)];
  }
  for (std::size_t i = 0; i < 4; ++i) {
    const double p = p0[i / 2] * p1[i / 2][i % 2];
    EXPECT_NEAR(counts[i], kDraws * p, 4 * std::sqrt(kDraws * p * (1 - p))) << i;
  }
}

// Accepted tokens of independent chances (ems_sd.md section 8, check 7).
TEST(Speculation, ExpectedTokensOfAStep) {
  RandomStream random(5, "acceptance");
  auto step = [&](double alpha, int k) {
    int a = 1;
    while (a <= k && random.uniform() < alpha) ++a;
    return a;
  };
  struct Expected {
    double alpha;
    int k, batch;
    double mean, most;
  };
  for (const Expected& e : {Expected{0.8, 4, 2, 3.3616, 4.2437}, Expected{0.8, 4, 4, 3.3616, 4.8034},
                            Expected{0.8, 4, 8, 3.3616, 4.9817}, Expected{0.8, 4, 16, 3.3616, 4.9998},
                            Expected{0.6, 7, 8, 2.4580, 5.4966}, Expected{0.9, 7, 8, 5.6953, 7.9912}}) {
    double formula = 0, mean = 0, most = 0;
    for (int j = 0; j <= e.k; ++j) formula += 1 - std::pow(1 - std::pow(e.alpha, j), e.batch);
    EXPECT_NEAR(formula, e.most, 6e-5);
    EXPECT_NEAR((1 - std::pow(e.alpha, e.k + 1)) / (1 - e.alpha), e.mean, 6e-5);
    constexpr int kSteps = 40'000;
    for (int i = 0; i < kSteps; ++i) {
      int longest = 0;
      for (int b = 0; b < e.batch; ++b) {
        const int a = step(e.alpha, e.k);
        longest = std::max(longest, a);
        mean += static_cast<double>(a) / e.batch;
      }
      most += longest;
    }
    EXPECT_NEAR(mean / kSteps, e.mean, 0.05);
    EXPECT_NEAR(most / kSteps, e.most, 0.05);
  }
}

TEST(Speculation, DraftsOnlyWhatPays) {
  StepCosts flat, steep;
  for (int rows = 1; rows <= 16; ++rows) {
    flat.learn(rows, 1 + 0.01 * rows);
    steep.learn(rows, rows);
  }
  std::vector<DraftChoice> choices = {{{0.9, 0.9}, 7}, {{0.1, 0.1}, 7}};
  choose_drafts(choices, 2, flat, 0);
  EXPECT_EQ(choices[0].chosen, 7);
  EXPECT_LT(choices[1].chosen, 3);
  choose_drafts(choices, 2, steep, 0);
  EXPECT_EQ(choices[0].chosen + choices[1].chosen, 0);  // a row costs as much as it did alone
  choose_drafts(choices, 2, flat, 10);
  EXPECT_EQ(choices[0].chosen + choices[1].chosen, 0);  // so does its drafting
}

TEST(Speculation, AcceptanceFollowsWhatHappens) {
  Acceptance good(0.9), bad(0.9), half(0.9);
  for (int i = 0; i < 40; ++i) {
    good.learn(4, 4);
    bad.learn(4, 0);
    half.learn(4, 2);  // the first two, never the third
  }
  EXPECT_GT(good.chances({0, 0}).first, 0.8);
  EXPECT_GT(good.chances({0, 0}).next, 0.8);
  EXPECT_LT(bad.chances({1, 1}).first, 0.2);
  EXPECT_EQ(bad.chances({1, 0.75}).next, 0.75);  // nothing is known
  EXPECT_NEAR(half.chances({0.5, 0.5}).next, 0.5, 0.1);
  EXPECT_EQ(good.last(), 2);
  EXPECT_EQ(half.last(), 1);
  EXPECT_EQ(bad.last(), 0);
  for (int i = 0; i < 200; ++i) bad.fade();
  EXPECT_NEAR(bad.chances({1, 1}).first, 1, 0.01);
}

// What is right for a sequence whose drafts have just been accepted says little of one whose have not.
TEST(Speculation, StatisticsTellKindsOfDraftsApart) {
  DraftStatistics statistics;
  for (int i = 0; i < 100; ++i) {
    Acceptance sequence(0.9);
    statistics.learn(0, sequence, 4, i % 2 ? 4 : 0);
    statistics.learn(0, sequence, 4, i % 2 ? 4 : 0);  // as it was before
    statistics.learn(5, sequence, 3, 3);
  }
  Acceptance lucky(0.9), unlucky(0.9);
  const Acceptance fresh(0.9);
  lucky.learn(4, 4), unlucky.learn(4, 0);
  EXPECT_NEAR(statistics.chances(0, fresh).first, 0.5, 0.15);
  EXPECT_GT(statistics.chances(0, lucky).first, 0.9);
  EXPECT_LT(statistics.chances(0, unlucky).first, 0.1);
  EXPECT_GT(statistics.chances(5, unlucky).first, 0.6);
}

TEST(Drafter, LookupIsTheTableOfThePrompt) {
  const std::unique_ptr<Drafter> drafter = lookup_drafter();
  auto propose = [&](int sequence, std::vector<std::int32_t> tokens, std::size_t prompt, int most = 7) {
    std::vector<DraftRequest> requests = {{sequence, tokens, prompt, most}};
    drafter->propose(requests);
    return requests[0].drafts;
  };
  using Ids = std::vector<std::int32_t>;
  const Ids prompt = {5, 6, 7, 8, 9, 10, 11, 12, 13, 5, 6};
  EXPECT_EQ(propose(0, prompt, 11), (Ids{7, 8, 9, 10, 11, 12, 13}));
  EXPECT_EQ(propose(0, prompt, 11, 3), (Ids{7, 8, 9}));
  Ids longer = prompt;
  longer.insert(longer.end(), {7, 8});
  EXPECT_EQ(propose(0, longer, 11), (Ids{9, 10, 11, 12, 13, 5, 6}));
  longer.push_back(9);
  EXPECT_EQ(propose(0, longer, 11), Ids{});                   // (8, 9) is not followed by seven tokens
  EXPECT_EQ(propose(1, {5, 6, 7, 8, 5, 6, 7, 8}, 8), Ids{});  // shorter than match and copy together
  EXPECT_EQ(propose(2, {1}, 1), Ids{});
}

TEST(Drafter, NgramsComeFromAnotherTextToo) {
  const std::unique_ptr<Drafter> drafter = ngram_drafter(3, 2, {1, 2, 3, 40, 41, 2, 3, 50, 9, 8, 60});
  using Ids = std::vector<std::int32_t>;
  auto propose = [&](int sequence, const Ids& tokens) {
    std::vector<DraftRequest> requests = {{sequence, tokens, tokens.size(), 2}};
    drafter->propose(requests);
    return std::pair(requests[0].drafts, requests[0].sureness);
  };
  EXPECT_EQ(propose(0, {7, 2, 3}), std::pair(Ids{50, 9}, 2));               // the last place of (2, 3)
  EXPECT_EQ(propose(1, {1, 2, 3}), std::pair(Ids{40, 41}, 3));              // the longest match
  EXPECT_EQ(propose(2, {2, 3, 5, 6, 2, 3}), std::pair(Ids{5, 6}, 0));       // its own text comes first
  EXPECT_EQ(propose(3, {2, 3, 5, 6, 1, 2, 3}), std::pair(Ids{40, 41}, 3));  // unless it knows less
  EXPECT_EQ(propose(4, {9, 8}), std::pair(Ids{60}, 2));
  EXPECT_EQ(propose(5, {8, 60}), std::pair(Ids{}, 0));  // nothing follows
}

TEST(Drafter, NgramsComeFromWhatWasGeneratedToo) {
  const std::unique_ptr<Drafter> drafter = ngram_drafter(3, 2);
  using Ids = std::vector<std::int32_t>;
  Ids tokens = {1, 2, 3, 4, 9, 2, 3, 5, 7, 2, 3};
  std::vector<DraftRequest> requests = {{0, tokens, 2, 2}};
  drafter->propose(requests);
  EXPECT_EQ(requests[0].drafts, (Ids{5, 7}));  // the last place of (2, 3)
  tokens = {1, 2, 3, 4, 9, 2, 3, 5, 7, 1, 2, 3};
  requests = {{1, tokens, 2, 2}};
  drafter->propose(requests);
  EXPECT_EQ(requests[0].drafts, (Ids{4, 9}));  // (1, 2, 3) is longer
}

TEST(StopStrings, HoldsBackWhatMayBecomeOne) {
  StopStrings stop({"END", "\n\n"});
  EXPECT_EQ(stop.push("one E"), "one ");
  EXPECT_EQ(stop.push("N"), "");
  EXPECT_EQ(stop.push("X\n"), "ENX");
  EXPECT_EQ(stop.push("two EN"), "\ntwo ");
  EXPECT_EQ(stop.push("D and more"), "");
  EXPECT_TRUE(stop.stopped());
  EXPECT_EQ(stop.finish(), "");
  StopStrings other({"END"});
  EXPECT_EQ(other.push("an E"), "an ");
  EXPECT_EQ(other.finish(), "E");
}

}  // namespace
}  // namespace frugal::test
