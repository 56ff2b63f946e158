// Pictures of one size, one after the other.
#include "base/thread_pool.h"
#include "frugal/detect.h"
#include "graph/initial_weights.h"
#include "models/registry.h"
#include "support/counted_new.h"
#include "support/support.h"
#include "tasks/letterbox.h"

namespace frugal {
namespace {

Image noise(int width, int height, std::uint32_t seed) {
  Image image(width, height);
  for (std::uint8_t& v : image.pixels) v = static_cast<std::uint8_t>((seed = seed * 1664525 + 1013904223) >> 24);
  return image;
}

Session small_detector(int threads) {
  Graph graph = build_network("gold_yolo_pico", {.classes = 2, .height = 64, .width = 96});
  Weights weights = initial_weights(graph, 1);
  return Session({std::move(graph), std::move(weights), {}}, {.threads = threads});
}

TEST(DetectionInput, IsTheSameForEveryPictureOfAStream) {
  TaskInfo info{.kind = "detect", .fit = "letterbox", .load = 90, .fill = 114, .layout = "rows"};
  info.height = 64, info.width = 96, info.mean = {.4f, .5f, .6f}, info.std = {.2f, .3f, 1};
  DetectionInput input(info, std::make_shared<ThreadPool>(3));  // and for every number of threads
  for (const auto& [width, height] : {std::pair(200, 150), {200, 150}, {31, 77}, {1, 1}, {90, 60}, {200, 150}}) {
    const Image image = noise(width, height, static_cast<std::uint32_t>(width));
    const PicturePlacement p = place_picture(width, height, info);
    const Tensor& got = input.prepare(image, p);
    EXPECT_TRUE(test::same(got, prepare_detection(image, info, p)));
    // What lies within is the picture scaled, what lies around it is grey.
    const Image scaled = scale_picture(image, p.width, p.height);
    for (int c = 0; c < 3; ++c)
      for (int y = 0; y < 64; ++y)
        for (int x = 0; x < 96; ++x) {
          const int row = y - p.top, column = x - p.left;
          const bool inside = row >= 0 && row < p.height && column >= 0 && column < p.width;
          const auto at = static_cast<std::size_t>((row * p.width + column) * 3 + c);
          const auto plane = static_cast<std::size_t>(c);
          const float byte = inside ? scaled.pixels[at] : 114;
          ASSERT_EQ(got.data<float>()[(c * 64 + y) * 96 + x], (byte / 255.0f - info.mean[plane]) / info.std[plane]);
        }
  }
}

TEST(Detector, AStreamOfOneSizeAllocatesNothingInTheEngine) {
  for (int threads : {1, 2}) {
    Session session = small_detector(threads);
    const TaskInfo info = usual_detection_info(session.model().graph);
    DetectionInput input(info, session.pool());
    const Image images[] = {noise(120, 50, 1), noise(120, 50, 2)};
    std::vector<Tensor> inputs(1), outputs;
    auto run = [&](const Image& image) {
      inputs[0] = input.prepare(image, place_picture(image.width, image.height, info));
      session.run(inputs, outputs);
    };
    run(images[0]);
    const std::int64_t before = test::total_allocations();
    run(images[1]);
    run(images[0]);
    EXPECT_EQ(test::total_allocations(), before) << threads << " threads";
  }
}

TEST(Detector, FindsTheSameAsOnePictureAlone) {
  Session session = small_detector(1);
  const DetectOptions options{.confidence = .005f, .iou = 1, .most = 1000};
  Detector detector(session, options);
  for (const auto& [width, height] : {std::pair(120, 50), {120, 50}, {33, 90}, {120, 50}}) {
    const Image image = noise(width, height, 9);
    const std::vector<Detection> got = detector(image), alone = detect(session, image, options);
    ASSERT_EQ(got.size(), alone.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      EXPECT_EQ(got[i].box, alone[i].box);
      EXPECT_EQ(got[i].score, alone[i].score);
    }
  }
  EXPECT_GT(detector.spent().network, 0);
}

}  // namespace
}  // namespace frugal
