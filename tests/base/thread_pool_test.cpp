#include "base/thread_pool.h"

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "support/support.h"

namespace frugal {
namespace {

TEST(ThreadPool, AtLeastOneThread) {
  EXPECT_EQ(ThreadPool(0).threads(), 1);
  EXPECT_EQ(ThreadPool(-3).threads(), 1);
  EXPECT_EQ(ThreadPool(3).threads(), 3);
  EXPECT_GE(available_cores(), 1);
}

class ThreadPoolOf : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Threads, ThreadPoolOf, testing::Values(1, 2, 3, 8));

TEST_P(ThreadPoolOf, RunsTheBodyOncePerThread) {
  ThreadPool pool(GetParam());
  std::vector<int> calls(static_cast<std::size_t>(GetParam()));  // not atomic: each thread owns its cell
  for (int round = 0; round < 2000; ++round) pool.run([&](int t) { ++calls[static_cast<std::size_t>(t)]; });
  for (int c : calls) EXPECT_EQ(c, 2000);
}

TEST_P(ThreadPoolOf, RunReturnsAfterTheLastThread) {
  ThreadPool pool(GetParam());
  std::vector<int> done(static_cast<std::size_t>(GetParam()));
  pool.run([&](int t) {
    if (t != 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    done[static_cast<std::size_t>(t)] = 1;
  });
  for (int d : done) EXPECT_EQ(d, 1);
}

TEST_P(ThreadPoolOf, WakesSleepingWorkers) {
  ThreadPool pool(GetParam());
  std::atomic<int> calls = 0;
  for (int round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(3));  // far longer than the spin
    pool.run([&](int) { ++calls; });
  }
  EXPECT_EQ(calls, 5 * GetParam());
}

TEST_P(ThreadPoolOf, PartitionCoversEachItemOnceOnGrainBounds) {
  ThreadPool pool(GetParam());
  for (std::int64_t items : {1, 2, 7, 64, 1000, 1001})
    for (std::int64_t grain : {1, 3, 16, 2000}) {
      std::vector<int> seen(static_cast<std::size_t>(items));
      std::atomic<int> bad_bounds = 0;
      pool.parallel_for(items, grain, [&](std::int64_t begin, std::int64_t end, int thread) {
        if (begin >= end || begin % grain != 0 || (end != items && end % grain != 0)) ++bad_bounds;
        if (thread < 0 || thread >= pool.threads()) ++bad_bounds;
        for (std::int64_t i = begin; i < end; ++i) ++seen[static_cast<std::size_t>(i)];
      });
      EXPECT_EQ(bad_bounds, 0) << items << " items, grain " << grain;
      for (int s : seen) EXPECT_EQ(s, 1) << items << " items, grain " << grain;
    }
}

TEST_P(ThreadPoolOf, PartitionDoesNotDependOnTiming) {
  ThreadPool pool(GetParam());
  std::vector<int> first;
  for (int round = 0; round < 20; ++round) {
    std::vector<int> owner(1000);
    pool.parallel_for(1000, 8, [&](std::int64_t begin, std::int64_t end, int thread) {
      for (std::int64_t i = begin; i < end; ++i) owner[static_cast<std::size_t>(i)] = thread;
    });
    if (round == 0) first = owner;
    EXPECT_EQ(owner, first);
  }
}

TEST(ThreadPool, NothingToDoCallsNothing) {
  ThreadPool pool(2);
  bool called = false;
  pool.parallel_for(0, 4, [&](std::int64_t, std::int64_t, int) { called = true; });
  pool.parallel_for(-5, 4, [&](std::int64_t, std::int64_t, int) { called = true; });
  EXPECT_FALSE(called);
}

TEST(ThreadPool, ComesAndGoesQuickly) {
  for (int i = 0; i < 200; ++i) {
    ThreadPool pool(3);
    if (i % 2) pool.run([](int) {});
  }
}

TEST(ThreadPool, SeparatePoolsRunAtTheSameTime) {
  std::atomic<int> calls = 0;
  auto work = [&] {
    ThreadPool pool(2);
    for (int i = 0; i < 200; ++i) pool.run([&](int) { ++calls; });
  };
  std::thread other(work);
  work();
  other.join();
  EXPECT_EQ(calls, 800);
}

}  // namespace
}  // namespace frugal
