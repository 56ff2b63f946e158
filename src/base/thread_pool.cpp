#include "base/thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace frugal {
namespace {

// Longer than the gap between two layers and than what an application does between two pictures in a row, shorter than
// a scheduler's tick. By the clock, not by a number of pauses: one takes from 10 to 50 nanoseconds.
constexpr std::chrono::microseconds kSpin{50};
constexpr int kPausesPerLook = 16;  // at the clock

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// Waits a short while for `done()`, which the thread on core `other` brings about; false if it did not come. Where that
// is the own core, as the scheduler likes it right after a thread was woken, spinning would only keep the other one
// off.
template <typename F>
bool spin_until(const std::atomic<int>& other, F done) {
  if (done()) return true;
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    if (::sched_getcpu() == other.load(std::memory_order_relaxed)) std::this_thread::yield();
    for (int i = 0; i < kPausesPerLook; ++i) {
      if (done()) return true;
      pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

}  // namespace

// What two cores hand each other costs about a tenth of a microsecond a cache line: a job is one line, and so is all
// there is to say about a part of it.
struct ThreadPool::State {
  ~State() {  // also where a later worker could not be started
    stop.store(true);
    publish();
    for (std::thread& w : workers) w.join();
  }

  // The generation in which a part was last begun, by whoever raised it, and the one in which it was done.
  struct alignas(64) Part {
    std::atomic<std::uint32_t> begun{0}, done{0};
    std::atomic<int> core{-1};  // of who did it
  };
  struct alignas(64) Job {
    std::atomic<std::uint32_t> generation{0};
    std::atomic<bool> stop{false};
    std::atomic<int> core{-1};  // of the caller
    std::optional<FunctionRef<void(int)>> body{};
  };

  explicit State(int parts) : parts(static_cast<std::size_t>(parts)) {}

  std::vector<Part> parts;
  std::vector<std::thread> workers;
  Job job;
  std::atomic<std::uint32_t>& generation = job.generation;
  std::atomic<bool>& stop = job.stop;
  alignas(64) std::atomic<int> sleepers{0};
  std::mutex mutex;
  std::condition_variable wake;

  void worker(int index) {
    std::uint32_t seen = 0;
    for (;;) {
      wait_for_work(seen);
      seen = generation.load(std::memory_order_acquire);
      if (stop.load(std::memory_order_relaxed)) return;
      do_part(index, seen);
    }
  }

  // Does a part of generation `now` unless somebody else has begun it. A worker that comes late finds a newer
  // generation there; one that begins in time keeps run() from returning, so `body` is the right one.
  void do_part(int index, std::uint32_t now) {
    Part& part = parts[static_cast<std::size_t>(index)];
    std::uint32_t last = part.begun.load(std::memory_order_acquire);
    if (static_cast<std::int32_t>(now - last) <= 0 ||
        !part.begun.compare_exchange_strong(last, now, std::memory_order_acq_rel))
      return;
    part.core.store(::sched_getcpu(), std::memory_order_relaxed);
    (*job.body)(index);
    part.done.store(now, std::memory_order_release);
  }

  void wait_for_work(std::uint32_t seen) {
    if (spin_until(job.core, [&] { return generation.load(std::memory_order_acquire) != seen; })) return;
    std::unique_lock lock(mutex);
    sleepers.fetch_add(1, std::memory_order_seq_cst);
    wake.wait(lock, [&] { return generation.load(std::memory_order_seq_cst) != seen; });
    sleepers.fetch_sub(1, std::memory_order_relaxed);
  }

  void publish() {
    generation.fetch_add(1, std::memory_order_seq_cst);
    if (sleepers.load(std::memory_order_seq_cst) == 0) return;
    { std::lock_guard lock(mutex); }  // a sleeper that saw the old generation is now inside wait()
    wake.notify_all();
  }
};

ThreadPool::ThreadPool(int threads) : threads_(std::max(1, threads)), state_(std::make_unique<State>(threads_)) {
  for (int i = 1; i < threads_; ++i) state_->workers.emplace_back([this, i] { state_->worker(i); });
}

ThreadPool::~ThreadPool() = default;

void ThreadPool::run(FunctionRef<void(int)> body) {
  if (threads_ == 1) return body(0);
  State& s = *state_;
  s.job.body = body;
  s.job.core.store(::sched_getcpu(), std::memory_order_relaxed);
  s.publish();
  body(0);
  // A worker that sleeps, or has lost its core to another process, has not begun: its part is done here.
  const std::uint32_t now = s.generation.load(std::memory_order_relaxed);
  for (int t = 1; t < threads_; ++t) s.do_part(t, now);
  for (int t = 1; t < threads_; ++t) {
    const State::Part& part = s.parts[static_cast<std::size_t>(t)];
    auto is_done = [&] { return part.done.load(std::memory_order_acquire) == now; };
    while (!spin_until(part.core, is_done))
      std::this_thread::yield();  // a worker in the middle of its part may need this core
  }
}

void ThreadPool::parallel_for(std::int64_t items, std::int64_t grain,
                              FunctionRef<void(std::int64_t, std::int64_t, int)> body) {
  if (items <= 0) return;
  grain = std::max<std::int64_t>(1, grain);
  std::int64_t blocks = (items + grain - 1) / grain;
  if (threads_ == 1 || blocks == 1) return body(0, items, 0);
  run([&](int t) {
    std::int64_t begin = blocks * t / threads_ * grain;
    std::int64_t end = std::min(items, blocks * (t + 1) / threads_ * grain);
    if (begin < end) body(begin, end, t);
  });
}

int available_cores() {
  cpu_set_t set;
  int cores = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set)
                                                          : static_cast<int>(std::thread::hardware_concurrency());
  std::ifstream limit("/sys/fs/cgroup/cpu.max");  // "quota period" in microseconds, or "max period"
  std::string quota;
  double period = 0;
  if (limit >> quota >> period && quota != "max" && period > 0)
    cores = std::min(cores, static_cast<int>(std::atof(quota.c_str()) / period + 0.999));
  return std::max(1, cores);
}

}  // namespace frugal
