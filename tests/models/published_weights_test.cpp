// The published CIFAR-10 weights of akamaster/pytorch_resnet_cifar10 through the engine: exactly as many of the
// pictures are recognised as with the code they come from (shared/data/classification/README.md).
#include <gtest/gtest.h>

#include <algorithm>

#include "formats/dataset.h"
#include "formats/weights.h"
#include "frugal/session.h"
#include "models/registry.h"
#include "support/support.h"

namespace frugal::test {
namespace {

constexpr std::int64_t kPixels = 32 * 32, kBatch = 100;

// Pictures [first, first + kBatch) as the network wants them: RGB / 255, minus mean, over deviation.
Tensor batch(const Tensor& pixels, std::int64_t first) {
  constexpr float kMean[] = {0.485f, 0.456f, 0.406f}, kDeviation[] = {0.229f, 0.224f, 0.225f};
  Tensor out(DType::f32, {kBatch, 3, 32, 32});
  const std::uint8_t* from = pixels.data<std::uint8_t>() + first * 3 * kPixels;
  float* to = out.data<float>();
  for (std::int64_t i = 0; i < out.numel(); ++i) {
    std::int64_t channel = i / kPixels % 3;
    to[i] = (static_cast<float>(from[i]) / 255 - kMean[channel]) / kDeviation[channel];
  }
  return out;
}

int right(const std::string& network, const std::string& weights, const ImageDataset& data) {
  Graph graph = build_network(network);
  Weights loaded = load_weights(graph, shared_path("data/classification/weights/" + weights));
  Session session({graph, std::move(loaded), {}}, {.threads = 2});
  int count = 0;
  for (std::int64_t first = 0; first < static_cast<std::int64_t>(data.size()); first += kBatch) {
    Tensor logits = session.run({batch(data.pixels(), first)})[0];
    for (std::int64_t i = 0; i < kBatch; ++i) {
      const float* row = logits.data<float>() + i * 10;
      count += std::max_element(row, row + 10) - row == data.label(static_cast<std::size_t>(first + i));
    }
  }
  return count;
}

TEST(PublishedWeights, RecogniseAThousandPictures) {
  const std::filesystem::path folder = shared_path("data/classification/cifar10_mini");
  FRUGAL_SKIP_WITHOUT(folder);
  std::unique_ptr<ImageDataset> data = open_dataset(folder, "test");
  ASSERT_EQ(data->size(), 1000u);
  EXPECT_EQ(right("resnet20_cifar_a", "resnet20_cifar10.safetensors", *data), 914);
  EXPECT_EQ(right("resnet56_cifar_a", "resnet56_cifar10.safetensors", *data), 926);
}

// The whole test set, where tools/get-data has fetched it.
TEST(PublishedWeights, RecogniseTheWholeTestSet) {
  const std::filesystem::path folder = source_dir() / "data" / "cifar10";
  FRUGAL_SKIP_WITHOUT(folder / "test_batch.bin");
  std::unique_ptr<ImageDataset> data = open_dataset(folder, "test");
  ASSERT_EQ(data->size(), 10'000u);
  EXPECT_EQ(right("resnet20_cifar_a", "resnet20_cifar10.safetensors", *data), 9173);
  EXPECT_EQ(right("resnet56_cifar_a", "resnet56_cifar10.safetensors", *data), 9339);
}

}  // namespace
}  // namespace frugal::test
