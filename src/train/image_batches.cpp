#include "train/image_batches.h"

#include <algorithm>
#include <exception>
#include <mutex>
#include <numeric>

#include "base/check.h"
#include "base/random.h"
#include "frugal/prepare.h"

namespace frugal {

namespace {

std::int64_t limited(const ImageDataset& data, std::int64_t limit) {
  auto n = static_cast<std::int64_t>(data.size());
  require(n > 0, "the data set has no pictures");
  return limit > 0 ? std::min(limit, n) : n;
}

}  // namespace

ImageBatches::ImageBatches(std::shared_ptr<const ImageDataset> data, const TaskInfo& input,
                           const Recipe::Augment& augment, std::int64_t batch, std::int64_t limit, std::uint64_t seed,
                           bool training, Share share, int threads)
    : data_(std::move(data)),
      input_(input),
      augmenter_(augment, input.channels, input.height, input.width, training),
      pictures_(limited(*data_, limit)),
      seed_(seed),
      training_(training),
      mixup_(training ? augment.mixup : 0),
      share_(share),
      pool_(threads) {
  batch_ = std::min(batch, pictures_);
  steps_ = training ? pictures_ / batch_ : (pictures_ + batch_ - 1) / batch_;
  if (const Tensor& pixels = data_->pixels(); pixels.defined())
    require(pixels.dim(1) == input.channels && pixels.dim(2) == input.height && pixels.dim(3) == input.width,
            "the pictures are {}x{}x{}, but the network takes {}x{}x{} (channels, height, width)", pixels.dim(1),
            pixels.dim(2), pixels.dim(3), input.channels, input.height, input.width);
}

ImageBatches::~ImageBatches() = default;

std::vector<std::uint32_t> shuffled_order(std::size_t count, std::uint64_t seed, std::int64_t epoch) {
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0u);
  RandomStream random(seed, "order", static_cast<std::uint64_t>(epoch));
  for (std::size_t i = count; i > 1; --i) std::swap(order[i - 1], order[random.below(static_cast<std::uint32_t>(i))]);
  return order;
}

const std::vector<std::uint32_t>& ImageBatches::order(std::int64_t epoch) const {
  if (epoch == order_epoch_) return order_;
  if (training_) {
    order_ = shuffled_order(static_cast<std::size_t>(pictures_), seed_, epoch);
  } else {
    order_.resize(static_cast<std::size_t>(pictures_));
    std::iota(order_.begin(), order_.end(), 0u);
  }
  order_epoch_ = epoch;
  return order_;
}

void ImageBatches::picture(std::size_t index, std::int64_t epoch, float* out) const {
  RandomStream random(seed_, "augment/" + std::to_string(epoch), index);
  if (data_->pixels().defined()) {
    const Tensor& pixels = data_->pixels();
    const std::size_t bytes = pixels.bytes() / data_->size();
    augmenter_.apply(pixels.data<std::uint8_t>() + index * bytes, out, random);
    return;
  }
  const Image fitted = fit_image(data_->get(index), input_);
  std::vector<std::uint8_t> planes(fitted.pixels.size());
  const auto channels = static_cast<std::size_t>(fitted.channels), plane = planes.size() / channels;
  for (std::size_t c = 0; c < channels; ++c)
    for (std::size_t i = 0; i < plane; ++i) planes[c * plane + i] = fitted.pixels[i * channels + c];
  augmenter_.apply(planes.data(), out, random);
}

Batch ImageBatches::load(std::int64_t epoch, std::int64_t step) const {
  const std::vector<std::uint32_t>& order = this->order(epoch);
  const std::int64_t start = step * batch_, global = std::min(batch_, pictures_ - start);
  const std::int64_t begin = start + global * share_.rank / share_.size,
                     end = start + global * (share_.rank + 1) / share_.size;
  Batch batch;
  batch.samples = end - begin;
  batch.global_samples = global;
  torch::Tensor images = torch::empty({end - begin, input_.channels, input_.height, input_.width});
  torch::Tensor labels = torch::empty({end - begin}, torch::kInt64);
  float* out = images.data_ptr<float>();
  const std::int64_t size = input_.channels * input_.height * input_.width;
  std::mutex mutex;
  std::exception_ptr failure;
  pool_.parallel_for(end - begin, 1, [&](std::int64_t from, std::int64_t to, int) {
    try {
      for (std::int64_t i = from; i < to; ++i)
        picture(order[static_cast<std::size_t>(begin + i)], epoch, out + i * size);
    } catch (...) {
      std::lock_guard lock(mutex);
      failure = std::current_exception();
    }
  });
  if (failure) std::rethrow_exception(failure);
  for (std::int64_t i = begin; i < end; ++i)
    labels.data_ptr<std::int64_t>()[i - begin] = data_->label(order[static_cast<std::size_t>(i)]);
  batch.inputs = {images};
  batch.targets["labels"] = labels;
  if (mixup_ > 0) mix(batch, epoch, step, start);
  return batch;
}

// Every picture is mixed with its mirror in the batch of all processes, all with the batch's one lambda.
void ImageBatches::mix(Batch& batch, std::int64_t epoch, std::int64_t step, std::int64_t start) const {
  RandomStream random(seed_, "mixup/" + std::to_string(epoch), static_cast<std::uint64_t>(step));
  const auto lambda = static_cast<float>(sample_beta(mixup_, random));
  const std::int64_t first = batch.global_samples * share_.rank / share_.size;
  const std::int64_t size = input_.channels * input_.height * input_.width;
  torch::Tensor probabilities = torch::zeros({batch.samples, classes()});
  std::vector<float> other(static_cast<std::size_t>(size));
  for (std::int64_t i = 0; i < batch.samples; ++i) {
    auto partner =
        static_cast<std::size_t>(order_[static_cast<std::size_t>(start + batch.global_samples - 1 - (first + i))]);
    picture(partner, epoch, other.data());
    float* mine = batch.inputs[0].data_ptr<float>() + i * size;
    for (std::int64_t k = 0; k < size; ++k)
      mine[k] = lambda * mine[k] + (1 - lambda) * other[static_cast<std::size_t>(k)];
    float* row = probabilities.data_ptr<float>() + i * classes();
    row[batch.targets["labels"].data_ptr<std::int64_t>()[i]] += lambda;
    row[data_->label(partner)] += 1 - lambda;
  }
  batch.targets["probabilities"] = probabilities;
}

Batch Batch::to(torch::Device device) const {
  if (device.is_cpu()) return *this;
  Batch moved = *this;
  for (torch::Tensor& t : moved.inputs) t = t.to(device);
  for (auto& [name, t] : moved.targets) t = t.to(device);
  return moved;
}

}  // namespace frugal
