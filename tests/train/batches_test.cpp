// Loading and augmentation: what a picture becomes depends on seed, epoch and index alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "support/support.h"
#include "train/augment.h"
#include "train/image_batches.h"
#include "train/loss.h"
#include "train/prefetcher.h"

namespace frugal {
namespace {

// Pictures whose every pixel tells where it is.
class Numbered : public ImageDataset {
 public:
  Numbered(std::int64_t n, std::int64_t channels, std::int64_t size) {
    pixels_ = Tensor(DType::u8, {n, channels, size, size});
    for (std::int64_t i = 0; i < pixels_.numel(); ++i)
      pixels_.data<std::uint8_t>()[i] = static_cast<std::uint8_t>(1 + (i * 37 + i / 11) % 255);
    for (std::int64_t i = 0; i < n; ++i) labels_.push_back(static_cast<int>(i % 3));
    class_names_ = {"a", "b", "c"};
  }
  Image get(std::size_t) const override { return {}; }
};

TaskInfo input(std::int64_t channels, std::int64_t size) {
  return {.channels = channels, .height = size, .width = size};
}

ImageBatches make(Recipe::Augment augment, std::int64_t batch, Share share = {}, int threads = 1, bool training = true,
                  std::uint64_t seed = 1) {
  return ImageBatches(std::make_shared<Numbered>(50, 3, 8), input(3, 8), augment, batch, 0, seed, training, share,
                      threads);
}

const Recipe::Augment kAll{.crop = 2, .flip = true, .cutout = 3, .mixup = 0.4, .mean = {0.4, 0.5, 0.6}, .std = {0.2}};

TEST(Augment, NormalisesOnly) {
  Numbered data(1, 3, 8);
  Augmenter augmenter(kAll, 3, 8, 8, false);
  std::vector<float> out(3 * 64);
  augmenter.apply(data.pixels().data<std::uint8_t>(), out.data(), RandomStream(1, "x"));
  for (std::size_t i : {0u, 70u, 191u}) {
    double mean = 0.4 + 0.1 * static_cast<double>(i / 64);
    EXPECT_NEAR(out[i], (data.pixels().data<std::uint8_t>()[i] / 255.0 - mean) / 0.2, 1e-5);
  }
}

TEST(Augment, CropShiftsAndPadsWithBlack) {
  Numbered data(1, 1, 8);
  Augmenter augmenter({.crop = 2}, 1, 8, 8, true);
  std::set<std::pair<int, int>> seen;
  for (std::uint64_t draw = 0; draw < 200; ++draw) {
    std::vector<float> out(64);
    augmenter.apply(data.pixels().data<std::uint8_t>(), out.data(), RandomStream(1, "x", draw));
    bool found = false;
    for (int dy = -2; dy <= 2 && !found; ++dy)
      for (int dx = -2; dx <= 2 && !found; ++dx) {
        bool equal = true;
        for (int y = 0; y < 8; ++y)
          for (int x = 0; x < 8; ++x) {
            bool inside = y + dy >= 0 && y + dy < 8 && x + dx >= 0 && x + dx < 8;
            float expected = inside ? data.pixels().data<std::uint8_t>()[(y + dy) * 8 + x + dx] / 255.0f : 0;
            equal = equal && out[static_cast<std::size_t>(y * 8 + x)] == expected;
          }
        if (equal) found = true, seen.insert({dy, dx});
      }
    ASSERT_TRUE(found) << "draw " << draw << " is no shift of the picture";
  }
  EXPECT_EQ(seen.size(), 25u) << "every shift is drawn";
}

TEST(Augment, FlipMirrorsHalfOfThem) {
  Numbered data(1, 1, 8);
  Augmenter augmenter({.flip = true}, 1, 8, 8, true);
  int flipped = 0;
  for (std::uint64_t draw = 0; draw < 400; ++draw) {
    std::vector<float> out(64);
    augmenter.apply(data.pixels().data<std::uint8_t>(), out.data(), RandomStream(1, "x", draw));
    bool mirrored = out[0] == data.pixels().data<std::uint8_t>()[7] / 255.0f;
    ASSERT_TRUE(mirrored || out[0] == data.pixels().data<std::uint8_t>()[0] / 255.0f);
    flipped += mirrored;
  }
  EXPECT_NEAR(flipped, 200, 50);
}

TEST(Augment, CutoutErasesOneSquareInAllChannels) {
  Numbered data(1, 3, 8);
  Augmenter augmenter({.cutout = 3, .mean = {0.001}}, 3, 8, 8, true);  // no pixel equals the mean
  for (std::uint64_t draw = 0; draw < 50; ++draw) {
    std::vector<float> out(192);
    augmenter.apply(data.pixels().data<std::uint8_t>(), out.data(), RandomStream(1, "x", draw));
    int erased[3] = {};
    for (std::size_t i = 0; i < 192; ++i) erased[i / 64] += out[i] == 0;
    EXPECT_TRUE(erased[0] >= 4 && erased[0] <= 9) << erased[0];
    EXPECT_TRUE(erased[0] == erased[1] && erased[1] == erased[2]);
  }
}

TEST(Augment, BetaHasTheRightSpread) {
  RandomStream random(1, "beta");
  for (double alpha : {0.2, 1.0, 3.0}) {
    double sum = 0, squares = 0;
    const int n = 20000;
    for (int i = 0; i < n; ++i) {
      double v = sample_beta(alpha, random);
      ASSERT_TRUE(v >= 0 && v <= 1);
      sum += v, squares += v * v;
    }
    double mean = sum / n, variance = squares / n - mean * mean;
    EXPECT_NEAR(mean, 0.5, 0.01);
    EXPECT_NEAR(variance, 1 / (4 * (2 * alpha + 1)), 0.005) << "alpha " << alpha;
  }
}

TEST(Augment, RefusesAMeanOfTheWrongLength) {
  EXPECT_ERROR(Augmenter({.mean = {0.1, 0.2}}, 3, 8, 8, true), "3 channels");
}

TEST(Batches, DoNotDependOnThreadsOrOnWhatWasLoadedBefore) {
  ImageBatches one = make(kAll, 16), three = make(kAll, 16, {}, 3);
  one.load(5, 0);
  one.load(2, 1);
  Batch a = one.load(3, 2), b = three.load(3, 2);
  EXPECT_TRUE(torch::equal(a.inputs[0], b.inputs[0]));
  EXPECT_TRUE(torch::equal(a.targets.at("probabilities"), b.targets.at("probabilities")));
  EXPECT_FALSE(torch::equal(a.inputs[0], one.load(4, 2).inputs[0])) << "another epoch is another draw";
  EXPECT_FALSE(torch::equal(a.inputs[0], make(kAll, 16, {}, 1, true, 2).load(3, 2).inputs[0])) << "another seed too";
}

TEST(Batches, SharesOfTheProcessesMakeTheWholeBatch) {
  Batch whole = make(kAll, 15).load(1, 2);
  std::vector<torch::Tensor> images, labels, probabilities;
  for (int rank = 0; rank < 4; ++rank) {
    Batch part = make(kAll, 15, {rank, 4}).load(1, 2);
    EXPECT_EQ(part.global_samples, 15);
    images.push_back(part.inputs[0]);
    labels.push_back(part.targets.at("labels"));
    probabilities.push_back(part.targets.at("probabilities"));
  }
  EXPECT_TRUE(torch::equal(torch::cat(images), whole.inputs[0]));
  EXPECT_TRUE(torch::equal(torch::cat(labels), whole.targets.at("labels")));
  EXPECT_TRUE(torch::equal(torch::cat(probabilities), whole.targets.at("probabilities")));
}

TEST(Batches, AnEpochShowsEveryPictureOnceAndTestDataComeInOrder) {
  ImageBatches training = make({}, 10), test = make({}, 16, {}, 1, false);
  ASSERT_EQ(training.steps(), 5);
  std::set<float> sums;
  for (std::int64_t step = 0; step < 5; ++step)
    for (const torch::Tensor& picture : training.load(0, step).inputs[0].unbind())
      sums.insert(picture.sum().item<float>());
  EXPECT_EQ(sums.size(), 50u);
  ASSERT_EQ(test.steps(), 4);
  EXPECT_EQ(test.load(0, 3).samples, 2);
  EXPECT_EQ(test.load(0, 0).targets.at("labels")[4].item<std::int64_t>(), 1);
  EXPECT_EQ(make({}, 16).steps(), 3) << "the rest is left out";
  EXPECT_EQ(make({}, 500).load(0, 0).samples, 50) << "a batch larger than the data is all of them";
}

TEST(Batches, MixupMixesTargetsAsPictures) {
  Batch plain = make({}, 10).load(0, 0), mixed = make({.mixup = 1}, 10).load(0, 0);
  torch::Tensor p = mixed.targets.at("probabilities");
  EXPECT_TRUE(torch::allclose(p.sum(1), torch::ones({10})));
  torch::Tensor x = plain.inputs[0], y = x.flip(0);
  torch::Tensor lambda = ((mixed.inputs[0] - y) * (x - y)).sum() / (x - y).square().sum();
  EXPECT_TRUE(torch::allclose(mixed.inputs[0], lambda * x + (1 - lambda) * y, 1e-4, 1e-5));
  torch::Tensor labels = torch::one_hot(plain.targets.at("labels"), 3).to(torch::kFloat32);
  EXPECT_TRUE(torch::allclose(p, lambda * labels + (1 - lambda) * labels.flip(0), 1e-4, 1e-5));
}

TEST(Batches, PrefetcherGivesTheSameInOrder) {
  ImageBatches direct = make(kAll, 8), source = make(kAll, 8);
  Prefetcher prefetcher(source, 2, 1);
  for (std::int64_t step = 1; step < direct.steps(); ++step)
    EXPECT_TRUE(torch::equal(prefetcher.next().inputs[0], direct.load(2, step).inputs[0]));
  Prefetcher abandoned(source, 0, 0, 2);  // ends although nobody takes its batches
}

TEST(Batches, PrefetcherHandsOnFailures) {
  struct Broken : BatchSource {
    std::int64_t steps() const override { return 3; }
    Batch load(std::int64_t, std::int64_t step) const override {
      if (step == 1) throw Error("damaged");
      return {};
    }
  } broken;
  Prefetcher prefetcher(broken, 0);
  prefetcher.next();
  EXPECT_ERROR(prefetcher.next(), "damaged");
}

TEST(Batches, RefuseANetworkOfAnotherSize) {
  EXPECT_ERROR(ImageBatches(std::make_shared<Numbered>(5, 3, 8), input(1, 8), {}, 4, 0, 1, true, {}), "3x8x8");
}

TEST(Loss, SmoothingAndMixing) {
  torch::manual_seed(1);
  torch::Tensor logits = torch::randn({4, 3});
  Batch batch;
  batch.samples = batch.global_samples = 4;
  batch.targets["labels"] = torch::tensor({0, 2, 1, 1}, torch::kInt64);
  torch::Tensor hard = torch::one_hot(batch.targets["labels"], 3).to(torch::kFloat32);
  torch::Tensor target = hard * 0.9 + 0.1 / 3;
  torch::Tensor expected = -(target * torch::log_softmax(logits, 1)).sum() / 4;
  Recipe::Loss loss{.label_smoothing = 0.1};
  EXPECT_NEAR(classification_loss(logits, batch, loss).item<float>(), expected.item<float>(), 1e-6);
  batch.targets["probabilities"] = hard;
  EXPECT_NEAR(classification_loss(logits, batch, loss).item<float>(), expected.item<float>(), 1e-6);
  batch.global_samples = 8;
  EXPECT_NEAR(classification_loss(logits, batch, loss).item<float>(), expected.item<float>() / 2, 1e-6);
}

}  // namespace
}  // namespace frugal
