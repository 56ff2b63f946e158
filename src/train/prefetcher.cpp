#include "train/prefetcher.h"

namespace frugal {

Prefetcher::Prefetcher(const BatchSource& source, std::int64_t epoch, std::int64_t first_step, std::size_t ahead)
    : source_(source), ahead_(ahead), thread_([this, epoch, first_step] { work(epoch, first_step); }) {}

Prefetcher::~Prefetcher() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Prefetcher::work(std::int64_t epoch, std::int64_t step) {
  try {
    for (; step < source_.steps(); ++step) {
      Batch batch = source_.load(epoch, step);
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stop_ || ready_.size() < ahead_; });
      if (stop_) return;
      ready_.push_back(std::move(batch));
      changed_.notify_all();
    }
  } catch (...) {
    std::lock_guard lock(mutex_);
    failure_ = std::current_exception();
    changed_.notify_all();
  }
}

Batch Prefetcher::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !ready_.empty() || failure_; });
  if (ready_.empty()) std::rethrow_exception(failure_);
  Batch batch = std::move(ready_.front());
  ready_.pop_front();
  changed_.notify_all();
  return batch;
}

}  // namespace frugal
