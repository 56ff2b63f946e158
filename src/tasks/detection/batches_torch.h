// Batches a detector learns from.
#pragma once

#include <memory>

#include "base/thread_pool.h"
#include "tasks/detection/dataset.h"
#include "tasks/detection/loss_torch.h"
#include "train/batch.h"
#include "train/image_batches.h"
#include "train/recipe.h"

namespace frugal {

// Shuffled anew every epoch; a mosaic of four pictures, moved and scaled, with probability detect.mosaic and not in the
// last detect.plain_epochs. Targets: "objects" float32 [objects, 6] of picture in the batch, label, x1, y1, x2, y2 in
// pixels. Inputs: float32 [batch, 3, side, side], bytes / 255. What is drawn for a picture depends on (seed, epoch,
// index) alone.
class DetectionBatches : public BatchSource {
 public:
  DetectionBatches(std::shared_ptr<const DetectionDataset> data, const Recipe& recipe, int side, Share share);

  std::int64_t steps() const override { return steps_; }
  Batch load(std::int64_t epoch, std::int64_t step) const override;

 private:
  LabelledPicture picture(std::size_t index, std::int64_t epoch) const;
  LabelledPicture mosaic_of(std::size_t index, RandomStream& random) const;

  std::shared_ptr<const DetectionDataset> data_;
  const Recipe& recipe_;
  DetectionAugment augment_;
  int side_;
  Share share_;
  std::int64_t pictures_, steps_;
  mutable std::vector<std::uint32_t> order_;  // of order_epoch_
  mutable std::int64_t order_epoch_ = -1;
  mutable ThreadPool pool_;
};

// The objects of each picture of a batch.
std::vector<Objects> objects_of(const Batch& batch);

}  // namespace frugal
