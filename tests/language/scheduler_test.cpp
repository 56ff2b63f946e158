// Sequences that share a scheduler: they join, leave, wait and end without being seen in each other's texts.
#include <gtest/gtest.h>

#include "language/toy.h"
#include "support/support.h"

namespace frugal::test {
namespace {

TEST(Scheduler, AConversationIsNotReadAgain) {
  Runner runner(toy_model(toy_config()), toy_options());
  const std::int64_t free = runner.cache().free_cells();
  auto kept = std::make_shared<KeptText>();
  Scheduler scheduler(runner, nullptr, {}, ngram_drafter(2, 1), toy_batch(1));
  Ids history = random_prompt(1, 40);
  for (int turn = 0; turn < 3; ++turn) {
    GenerateRequest request;
    request.prompt = history;
    request.max_tokens = 10;
    request.kept = kept;
    const std::int64_t before = scheduler.times().prompt_tokens;
    const int id = scheduler.add(request);
    while (scheduler.step()) {}
    const Ids answer = scheduler.take(id).ids;
    EXPECT_EQ(answer, plain_greedy(runner, history, 10));
    EXPECT_LE(scheduler.times().prompt_tokens - before, turn == 0 ? 39 : 6);
    history.insert(history.end(), answer.begin(), answer.end());
    if (turn == 1) history.resize(history.size() - 4);  // the beginning agrees, the end does not
    const Ids more = random_prompt(static_cast<std::uint64_t>(turn) + 5, 5);
    history.insert(history.end(), more.begin(), more.end());
  }
  kept->drop(runner.cache());
  EXPECT_EQ(runner.cache().free_cells(), free);
}

// As a server uses it: requests come and go at any time, with other lengths and end tokens, some are cancelled.
TEST(Scheduler, SequencesJoinAndLeaveBetweenSteps) {
  Runner runner(toy_model(toy_config()), toy_options());
  const std::int64_t free = runner.cache().free_cells();
  SchedulerOptions o = toy_batch(5);
  o.chunk = 9;
  o.adaptive = true;
  Scheduler scheduler(runner, nullptr, {}, ngram_drafter(2, 1), o);
  struct Text {
    Ids prompt, seen{};
    int count, id = -1;
    bool cancelled;
  };
  std::vector<Text> texts;
  for (int i = 0; i < 16; ++i)
    texts.push_back(
        {.prompt = random_prompt(static_cast<std::uint64_t>(i), i % 4 ? 3 + static_cast<std::size_t>(i) : 70),
         .count = 4 + i * 5 % 17,
         .cancelled = i % 6 == 5});
  std::size_t next = 0;
  for (int step = 0; next < texts.size() || scheduler.step(); ++step) {
    for (; next < texts.size() && static_cast<int>(next) * 2 <= step; ++next) {
      Text& text = texts[next];
      GenerateRequest request;
      request.prompt = text.prompt;
      request.max_tokens = text.count;
      request.on_token = [&text](const Generated& g) { text.seen.push_back(g.token); };
      text.id = scheduler.add(request);
    }
    if (next < texts.size()) scheduler.step();
    for (Text& text : texts)
      if (text.cancelled && text.seen.size() > 2 && !scheduler.finished(text.id)) scheduler.cancel(text.id);
  }
  for (Text& text : texts) {
    const GenerateResult result = scheduler.take(text.id);
    const Ids alone = plain_greedy(runner, text.prompt, text.count);
    EXPECT_EQ(result.ids, text.seen);
    EXPECT_EQ(result.finish, text.cancelled && result.ids.size() < alone.size() ? "cancelled" : "length");
    if (result.finish == "length") {
      EXPECT_EQ(result.ids, alone);
    }
    EXPECT_TRUE(std::equal(result.ids.begin(), result.ids.end(), alone.begin()));
  }
  EXPECT_EQ(runner.cache().free_cells(), free);
}

// A long prompt is read in chunks beside those who write: they go on with every step.
TEST(Scheduler, ALongPromptKeepsNobodyWaiting) {
  Runner runner(toy_model(toy_config()), toy_options());
  SchedulerOptions o = toy_batch(3);
  o.chunk = 8;
  Scheduler scheduler(runner, nullptr, {}, nullptr, o);
  int written = 0;
  GenerateRequest writer, reader;
  writer.prompt = random_prompt(1, 3), writer.max_tokens = 100;
  writer.on_token = [&](const Generated&) { ++written; };
  reader.prompt = random_prompt(2, 200), reader.max_tokens = 1;
  scheduler.add(writer);
  scheduler.step();
  const int long_one = scheduler.add(reader), short_one = scheduler.add(writer);
  int steps = 0;
  for (; !scheduler.finished(long_one); ++steps) {
    const int before = written;
    scheduler.step();
    EXPECT_GT(written, before);
  }
  EXPECT_LE(steps, 30);  // 199 tokens, eight a step
  EXPECT_FALSE(scheduler.finished(short_one));
  EXPECT_GE(written, 2 * steps - 3);  // the second writer came in beside it
}

TEST(Scheduler, TheContextIsALimit) {
  Runner runner(toy_model(toy_config()), toy_options());
  SchedulerOptions o = toy_batch(1);
  o.context = 20;
  Scheduler scheduler(runner, nullptr, {}, ngram_drafter(2, 1), o);
  GenerateRequest request;
  request.prompt = random_prompt(1, 15);
  request.max_tokens = 100;
  const int id = scheduler.add(request);
  while (scheduler.step()) {}
  EXPECT_EQ(scheduler.take(id).ids.size(), 5u);
  request.prompt = random_prompt(1, 20);
  EXPECT_ERROR(scheduler.add(request), "the context holds 20");
}

TEST(Scheduler, CancelledSequencesFreeTheirCells) {
  RunnerOptions small = toy_options();
  small.cache_bytes = 1 << 20;
  Runner runner(toy_model(toy_config()), small);
  const std::int64_t free = runner.cache().free_cells();
  Scheduler scheduler(runner, nullptr, {}, nullptr, toy_batch(2));
  GenerateRequest request;
  request.prompt = random_prompt(1, 40);
  request.max_tokens = 50;
  const int a = scheduler.add(request), b = scheduler.add(request), c = scheduler.add(request);
  for (int i = 0; i < 5; ++i) scheduler.step();
  EXPECT_LT(runner.cache().free_cells(), free);
  scheduler.cancel(a);
  scheduler.cancel(c);
  while (scheduler.step()) {}
  EXPECT_EQ(scheduler.take(a).finish, "cancelled");
  EXPECT_EQ(scheduler.take(c).finish, "cancelled");
  EXPECT_EQ(scheduler.take(b).ids, plain_greedy(runner, request.prompt, 50));
  EXPECT_EQ(runner.cache().free_cells(), free);
  request.max_tokens = 100000;
  scheduler.add(request);
  EXPECT_ERROR(scheduler.step(), "does not fit into the cache");
}

}  // namespace
}  // namespace frugal::test
