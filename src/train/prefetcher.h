// Loads the next batches on a thread of its own while the current one is learned from.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include "train/batch.h"

namespace frugal {

class Prefetcher {
 public:
  // Gives the batches of `epoch` from `first_step` to the epoch's end. The source must outlive this.
  Prefetcher(const BatchSource& source, std::int64_t epoch, std::int64_t first_step = 0, std::size_t ahead = 4);
  ~Prefetcher();
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  Batch next();  // throws what the loading threw

 private:
  void work(std::int64_t epoch, std::int64_t step);

  const BatchSource& source_;
  const std::size_t ahead_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> ready_;
  std::exception_ptr failure_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace frugal
