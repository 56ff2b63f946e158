#include "tasks/detection/batches_torch.h"

#include <algorithm>

#include "base/check.h"
#include "frugal/prepare.h"

namespace frugal {
namespace {

constexpr double kMixupBeta = 32;

}  // namespace

DetectionBatches::DetectionBatches(std::shared_ptr<const DetectionDataset> data, const Recipe& recipe, int side,
                                   Share share)
    : data_(std::move(data)),
      recipe_(recipe),
      side_(side),
      share_(share),
      pictures_(static_cast<std::int64_t>(data_->size())),
      steps_(std::max<std::int64_t>(1, pictures_ / recipe.batch)),
      pool_(recipe.threads > 0 ? static_cast<int>(recipe.threads) : available_cores()) {
  const Recipe::Detect& d = recipe.detect;
  augment_ = {.scale = d.scale,
              .translate = d.translate,
              .degrees = d.degrees,
              .shear = d.shear,
              .hue = d.hue,
              .saturation = d.saturation,
              .value = d.value,
              .flip = d.flip};
}

LabelledPicture DetectionBatches::mosaic_of(std::size_t index, RandomStream& random) const {
  std::vector<LabelledPicture> four{fit_side(data_->get(index), side_)};
  while (four.size() < 4)
    four.push_back(fit_side(data_->get(random.below(static_cast<std::uint32_t>(data_->size()))), side_));
  for (std::size_t i = 4; i > 1; --i) std::swap(four[i - 1], four[random.below(static_cast<std::uint32_t>(i))]);
  return random_affine(mosaic(four, side_, random), side_, augment_, random);
}

LabelledPicture DetectionBatches::picture(std::size_t index, std::int64_t epoch) const {
  const Recipe::Detect& d = recipe_.detect;
  RandomStream random(static_cast<std::uint64_t>(recipe_.seed), "detection",
                      static_cast<std::uint64_t>(epoch * pictures_) + index);
  LabelledPicture out;
  if (epoch < recipe_.epochs - d.plain_epochs && random.uniform() < d.mosaic) {
    out = mosaic_of(index, random);
    if (random.uniform() < d.mixup) {
      const LabelledPicture other = mosaic_of(random.below(static_cast<std::uint32_t>(data_->size())), random);
      out = blend(out, other, sample_beta(kMixupBeta, random));
    }
  } else {
    out = random_affine(center_in(fit_side(data_->get(index), side_), side_), side_, augment_, random);
  }
  shift_colours(out.image, augment_, random);
  if (random.uniform() < augment_.flip) flip_sides(out);
  return out;
}

Batch DetectionBatches::load(std::int64_t epoch, std::int64_t step) const {
  if (epoch != order_epoch_) {
    order_ = shuffled_order(data_->size(), static_cast<std::uint64_t>(recipe_.seed), epoch);
    order_epoch_ = epoch;
  }
  const std::int64_t global = std::min(recipe_.batch, pictures_);
  const std::int64_t begin = global * share_.rank / share_.size, end = global * (share_.rank + 1) / share_.size;
  Batch batch;
  batch.samples = end - begin;
  batch.global_samples = global;
  batch.inputs = {torch::empty({batch.samples, 3, side_, side_})};
  TaskInfo bytes;  // mean 0, deviation 1
  bytes.height = bytes.width = side_;
  std::vector<LabelledPicture> made(static_cast<std::size_t>(batch.samples));
  const std::int64_t floats = 3LL * side_ * side_;
  auto* out = batch.inputs[0].data_ptr<float>();
  pool_.parallel_for(batch.samples, 1, [&](std::int64_t first, std::int64_t last, int) {
    for (std::int64_t i = first; i < last; ++i) {
      LabelledPicture& one = made[static_cast<std::size_t>(i)];
      one = picture(order_[static_cast<std::size_t>(step * global + begin + i)], epoch);
      normalize_image(one.image, bytes, out + i * floats);
    }
  });
  std::vector<float> objects;
  for (std::size_t i = 0; i < made.size(); ++i)
    for (const LabelledBox& b : made[i].boxes)
      for (double value : {static_cast<double>(i), static_cast<double>(b.label), b.x1, b.y1, b.x2, b.y2})
        objects.push_back(static_cast<float>(value));
  batch.targets["objects"] = torch::tensor(objects).view({static_cast<std::int64_t>(objects.size() / 6), 6});
  return batch;
}

std::vector<Objects> objects_of(const Batch& batch) {
  const torch::Tensor& all = batch.targets.at("objects");
  std::vector<Objects> out;
  for (std::int64_t i = 0; i < batch.samples; ++i) {
    const torch::Tensor rows = all.index_select(0, (all.select(1, 0) == static_cast<double>(i)).nonzero().squeeze(1));
    out.push_back({rows.select(1, 1).to(torch::kInt64), rows.narrow(1, 2, 4)});
  }
  return out;
}

}  // namespace frugal
