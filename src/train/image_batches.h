// Batches of labelled pictures: shuffled, augmented, shared out among processes.
#pragma once

#include <memory>
#include <vector>

#include "base/thread_pool.h"
#include "formats/dataset.h"
#include "frugal/task_info.h"
#include "train/augment.h"
#include "train/batch.h"

namespace frugal {

// Where the pictures go: the batch of all processes is cut into one contiguous share a process.
struct Share {
  int rank = 0, size = 1;
};

// The numbers below `count` in the order that an epoch of training takes them.
std::vector<std::uint32_t> shuffled_order(std::size_t count, std::uint64_t seed, std::int64_t epoch);

class ImageBatches : public BatchSource {
 public:
  // `input` gives the size and the channels wanted; pictures of other sizes are fitted to it (fit_image), which
  // `threads` share. Data held in memory must have that size. In training pictures are shuffled (anew every epoch),
  // augmented, and the rest that does not fill a batch is left out; otherwise they come in order, all of them.
  // What is drawn for a picture depends on (seed, epoch, index of the picture) alone.
  ImageBatches(std::shared_ptr<const ImageDataset> data, const TaskInfo& input, const Recipe::Augment& augment,
               std::int64_t batch, std::int64_t limit, std::uint64_t seed, bool training, Share share, int threads = 1);
  ~ImageBatches() override;

  std::int64_t steps() const override { return steps_; }
  Batch load(std::int64_t epoch, std::int64_t step) const override;

  std::int64_t pictures() const { return pictures_; }
  std::int64_t classes() const { return static_cast<std::int64_t>(data_->class_names().size()); }
  const Augmenter& augmenter() const { return augmenter_; }

 private:
  const std::vector<std::uint32_t>& order(std::int64_t epoch) const;
  void picture(std::size_t index, std::int64_t epoch, float* out) const;
  void mix(Batch& batch, std::int64_t epoch, std::int64_t step, std::int64_t begin) const;

  std::shared_ptr<const ImageDataset> data_;
  TaskInfo input_;
  Augmenter augmenter_;
  std::int64_t batch_, pictures_, steps_;
  std::uint64_t seed_;
  bool training_;
  double mixup_;
  Share share_;
  mutable std::vector<std::uint32_t> order_;  // of order_epoch_
  mutable std::int64_t order_epoch_ = -1;
  mutable ThreadPool pool_;
};

}  // namespace frugal
