// A small pool with a static partition of work: the parts depend only on their number, never on
// timing. Workers spin for a short while between jobs, then sleep.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

namespace frugal {

// A borrowed callable: two words, no allocation. The callable must outlive the call.
template <typename Signature>
class FunctionRef;
template <typename R, typename... Args>
class FunctionRef<R(Args...)> {
 public:
  template <typename F, typename = std::enable_if_t<!std::is_same_v<std::decay_t<F>, FunctionRef>>>
  FunctionRef(F&& f)  // NOLINT: implicit on purpose, it stands for the callable
      : object_(const_cast<void*>(static_cast<const void*>(&f))), call_([](void* o, Args... args) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(o))(std::forward<Args>(args)...);
        }) {}
  R operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

 private:
  void* object_;
  R (*call_)(void*, Args...);
};

class ThreadPool {
 public:
  explicit ThreadPool(int threads);  // the calling thread counts as one; at least 1
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return threads_; }

  // Calls body(part) once for every part 0..threads()-1, side by side, and returns when all are done. A part is
  // begun by its own thread, or by the caller where that thread is not there in time.
  // The body must not throw and must not call run() of the same pool.
  void run(FunctionRef<void(int)> body);

  // Splits [0, items) into threads() contiguous ranges whose bounds are multiples of `grain`
  // and calls body(begin, end, thread) for each that is not empty.
  void parallel_for(std::int64_t items, std::int64_t grain,
                    FunctionRef<void(std::int64_t begin, std::int64_t end, int thread)> body);

 private:
  struct State;
  int threads_;
  std::unique_ptr<State> state_;
};

// Cores this process may use: the affinity mask, bounded by a cgroup's CPU limit.
int available_cores();

}  // namespace frugal
