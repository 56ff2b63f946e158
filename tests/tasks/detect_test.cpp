// From pictures to boxes: preparation, layouts of outputs, suppression, and what is drawn.
#include "frugal/detect.h"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "frugal/prepare.h"
#include "graph/initial_weights.h"
#include "models/registry.h"
#include "support/formula.h"
#include "support/support.h"
#include "tasks/draw_boxes.h"
#include "tasks/letterbox.h"

namespace frugal {
namespace {

TaskInfo letterbox(std::int64_t load, std::int64_t height = 640, std::int64_t width = 640) {
  TaskInfo info{.kind = "detect", .fit = "letterbox", .load = load, .fill = 114, .layout = "rows"};
  info.height = height;
  info.width = width;
  return info;
}

// Numbers of the official evaluation.
TEST(PlacePicture, AsTheOfficialEvaluationDoes) {
  struct Known {
    int width, height, load, to_width, to_height, left, top;
  };
  for (const Known& k : {Known{640, 427, 636, 636, 424, 2, 108}, Known{500, 375, 634, 634, 475, 3, 82},
                         Known{333, 500, 636, 423, 636, 108, 2}}) {
    const PicturePlacement p = place_picture(k.width, k.height, letterbox(k.load));
    EXPECT_EQ(std::tuple(p.width, p.height, p.left, p.top), std::tuple(k.to_width, k.to_height, k.left, k.top));
  }
  EXPECT_NEAR(place_picture(640, 427, letterbox(636)).gain_x, .993750, 1e-6);
  EXPECT_NEAR(place_picture(640, 427, letterbox(636)).gain_y, .992974, 1e-6);
  EXPECT_NEAR(place_picture(500, 375, letterbox(634)).gain_y, 1.266667, 1e-6);
}

TEST(PlacePicture, OtherShapesFitAndStretch) {
  const PicturePlacement wide = place_picture(1000, 100, letterbox(0, 320, 640));
  EXPECT_EQ(std::tuple(wide.width, wide.height, wide.left, wide.top), std::tuple(640, 64, 0, 128));
  const PicturePlacement tall = place_picture(100, 1000, letterbox(0, 320, 640));
  EXPECT_EQ(std::tuple(tall.width, tall.height, tall.left, tall.top), std::tuple(32, 320, 304, 0));
  const PicturePlacement thin = place_picture(10'000, 1, letterbox(636));
  EXPECT_EQ(std::tuple(thin.width, thin.height), std::tuple(636, 1));  // never nothing
  TaskInfo stretch = letterbox(0, 32, 64);
  stretch.fit = "stretch";
  const PicturePlacement all = place_picture(128, 128, stretch);
  EXPECT_EQ(std::tuple(all.width, all.height, all.left, all.gain_x, all.gain_y), std::tuple(64, 32, 0, .5, .25));
}

TEST(ScalePicture, ShrinksByMeansAndGrowsByLines) {
  Image image(4, 1, 1);
  image.pixels = {10, 20, 60, 100};
  EXPECT_EQ(scale_picture(image, 2, 1).pixels, (std::vector<std::uint8_t>{15, 80}));
  // Three of four: 1.333 pixels each.
  EXPECT_EQ(scale_picture(image, 3, 1).pixels, (std::vector<std::uint8_t>{12, 40, 90}));
  image.width = 2;
  image.pixels = {0, 100};
  EXPECT_EQ(scale_picture(image, 4, 1).pixels, (std::vector<std::uint8_t>{0, 25, 75, 100}));
  EXPECT_EQ(scale_picture(Image(7, 5, 3, 77), 13, 3), Image(13, 3, 3, 77));
  EXPECT_EQ(scale_picture(Image(1, 1, 3, 9), 5, 4), Image(5, 4, 3, 9));
}

TEST(PrepareDetection, GreyAroundThePictureAndChannelsInOrder) {
  Image red(20, 10, 3);
  for (std::size_t i = 0; i < red.pixels.size(); i += 3) red.pixels[i] = 255;
  TaskInfo info = letterbox(0, 32, 32);
  for (bool bgr : {false, true}) {
    info.bgr = bgr;
    const Tensor x = prepare_detection(red, info, place_picture(20, 10, info));
    auto at = [&](int c, int row, int column) { return x.data<float>()[(c * 32 + row) * 32 + column]; };
    EXPECT_EQ(x.shape(), (Shape{1, 3, 32, 32}));
    for (int c : {0, 1, 2}) {
      EXPECT_FLOAT_EQ(at(c, 7, 16), 114.f / 255);
      EXPECT_FLOAT_EQ(at(c, 24, 16), 114.f / 255);
      EXPECT_FLOAT_EQ(at(c, 8, 16), c == (bgr ? 2 : 0) ? 1 : 0);
      EXPECT_FLOAT_EQ(at(c, 23, 31), c == (bgr ? 2 : 0) ? 1 : 0);
    }
  }
}

constexpr PicturePlacement kSame{};

std::vector<Detection> decode(const Tensor& output, const std::string& layout, const DetectOptions& options = {}) {
  TaskInfo info = letterbox(0, 100, 200);
  info.layout = layout;
  return decode_detections(output, info, kSame, 10'000, 10'000, {"cat", "dog"}, options);
}

// The same two boxes in every layout.
TEST(Layouts, GiveTheSameBoxes) {
  const std::vector<float> plain{50, 40, 20, 10, .1f, .9f, 80, 60, 8, 8, .6f, .2f};
  const Tensor rows = Tensor::from(Shape{1, 2, 6}, plain);
  const Tensor turned =
      Tensor::from(Shape{1, 6, 2}, std::vector<float>{50, 80, 40, 60, 20, 8, 10, 8, .1f, .6f, .9f, .2f});
  const Tensor with_objectness =
      Tensor::from(Shape{1, 2, 7}, std::vector<float>{50, 40, 20, 10, .9f, .1f, 1, 80, 60, 8, 8, .75f, .8f, .2f});
  for (const auto& [layout, output] :
       {std::pair{"rows", rows}, {"yolov8", turned}, {"yolov5", with_objectness}, {"gold_yolo", with_objectness}}) {
    const std::vector<Detection> found = decode(output, layout);
    ASSERT_EQ(found.size(), 2u) << layout;
    EXPECT_EQ(std::tuple(found[0].label, found[0].index, found[1].label), std::tuple("dog", 1, "cat"));
    EXPECT_NEAR(found[0].score, .9, 1e-6);
    EXPECT_NEAR(found[1].score, .6, 1e-6);
    EXPECT_EQ(found[0].box, (Box{40, 35, 20, 10})) << layout;
    EXPECT_EQ(found[1].box, (Box{76, 56, 8, 8})) << layout;
  }
  // One cell right of the first, below it nothing.
  Tensor grid(DType::f32, {1, 7, 2, 2});
  auto set = [&](int channel, float v) { grid.data<float>()[channel * 4 + 1] = v; };
  set(0, .81f), set(1, .5f), set(3, -1), set(6, .64f);
  const std::vector<Detection> cell = decode(grid, "fastestdet");
  ASSERT_EQ(cell.size(), 1u);
  EXPECT_NEAR(cell[0].score, std::pow(.81, .6) * std::pow(.64, .4), 1e-6);
  const double w = 200 / (1 + std::exp(1.0)), x = (1 + std::tanh(.5)) / 2 * 200;
  EXPECT_NEAR(cell[0].box[0], x - w / 2, 1e-3);
  EXPECT_NEAR(cell[0].box[2], w, 1e-3);
  EXPECT_NEAR(cell[0].box[3], 25, 1e-3);  // half of the height around 0, cut at the edge
}

TEST(Layouts, RefuseWhatDoesNotFit) {
  EXPECT_ERROR(decode(Tensor(DType::f32, {1, 7, 2, 2}), "rows"), "1, boxes, numbers");
  EXPECT_ERROR(decode(Tensor(DType::f32, {1, 7, 8}), "fastestdet"), "height, width");
  EXPECT_ERROR(decode(Tensor(DType::f32, {2, 7, 8}), "rows"), "[2x7x8]");
  EXPECT_ERROR(decode(Tensor(DType::f32, {1, 9, 4}), "rows"), "before the classes");
  Tensor broken(DType::f32, {1, 1, 5});
  broken.data<float>()[4] = NAN;
  EXPECT_ERROR(decode(broken, "rows"), "not a number");
}

TEST(Detect, SuppressesWithinAClassAndKeepsTheBest) {
  const Tensor output = Tensor::from(
      Shape{1, 4, 6}, std::vector<float>{50, 50, 20, 20, .9f,  .5f, 51, 50, 20, 20, .8f, 0, 50, 50, 20, 20, 0, .7f,  //
                                         90, 50, 20, 20, .45f, 0});
  auto found = [&](const DetectOptions& o) {
    std::string text;
    for (const Detection& d : decode(output, "rows", o)) text += fmt::format("{}{:.2f} ", d.label, d.score);
    return text;
  };
  EXPECT_EQ(found({}), "cat0.90 dog0.70 cat0.45 ");
  EXPECT_EQ(found({.iou = .95f}), "cat0.90 cat0.80 dog0.70 cat0.45 ");
  EXPECT_EQ(found({.confidence = .5f}), "cat0.90 dog0.70 ");
  EXPECT_EQ(found({.most = 1}), "cat0.90 ");
  EXPECT_EQ(found({.classes = {1}}), "dog0.70 ");
  EXPECT_EQ(found({.iou = 1, .several_classes = true, .classes = {1}}), "dog0.70 dog0.50 ");
}

// The official post-processing on 500 rows.
TEST(Detect, KeepsWhatTheOfficialPostProcessingKeeps) {
  const std::filesystem::path path = test::shared_path("data/parity/gold_yolo/nms.json");
  FRUGAL_SKIP_WITHOUT(path);
  std::ifstream file(path);
  const nlohmann::json reference = nlohmann::json::parse(file);
  const test::FormulaStream box("nms.box"), score("nms.score");
  Tensor rows(DType::f32, {1, 500, 9});
  for (std::int64_t r = 0; r < 500; ++r) {
    float* row = rows.data<float>() + r * 9;
    for (std::int64_t i = 0; i < 4; ++i)
      row[i] = static_cast<float>(i < 2 ? 640 * box(r * 4 + i) : 20 + 300 * box(r * 4 + i));
    for (std::int64_t c = 0; c < 5; ++c) row[4 + c] = static_cast<float>(std::pow(score(r * 5 + c), 3));
  }
  // Far from every edge, so that no box is cut.
  const PicturePlacement shifted{.width = 1, .height = 1, .left = -1000, .top = -1000};
  std::size_t compared = 0;
  for (const auto& [name, result] : reference.at("results").items()) {
    const nlohmann::json& s = result.at("settings");
    const DetectOptions options{s.at("conf_thres"), s.at("iou_thres"), s.at("max_det"), s.at("multi_label"), {}};
    const std::vector<Detection> found = decode_detections(rows, letterbox(0), shifted, 10'000, 10'000, {}, options);
    const nlohmann::json& kept = result.at("kept_row_class");
    ASSERT_EQ(found.size(), kept.size()) << name;
    for (std::size_t i = 0; i < found.size(); ++i, ++compared) {
      const float* row = rows.data<float>() + kept[i][0].get<std::int64_t>() * 9;
      ASSERT_EQ(found[i].index, kept[i][1].get<int>()) << name << " " << i;
      ASSERT_EQ(found[i].score, row[4 + found[i].index]) << name << " " << i;
      ASSERT_NEAR(found[i].box[0] + found[i].box[2] / 2, row[0] + 1000, 1e-3) << name << " " << i;
    }
  }
  EXPECT_GT(compared, 100u);
}

TEST(Detect, BoxesAreOfThePictureAndInsideIt) {
  const PicturePlacement p = place_picture(333, 500, letterbox(636));
  // The whole input is the whole picture.
  EXPECT_EQ(box_on_picture({320, 320, 640, 640}, p, 333, 500), (Box{0, 0, 333, 500}));
  const Box b = box_on_picture({108 + 211.5f, 2 + 318, 423.f / 3, 636.f / 4}, p, 333, 500);
  EXPECT_NEAR(b[0], 111, 1e-3);
  EXPECT_NEAR(b[2], 111, 1e-3);
  EXPECT_NEAR(b[1], 187.5, 1e-3);
  EXPECT_NEAR(b[3], 125, 1e-3);
}

TEST(UsualDetectionInfo, FollowsTheGraph) {
  auto info = [](const char* name) { return usual_detection_info(build_network(name)); };
  EXPECT_EQ(std::tuple(info("gold_yolo_n").load, info("gold_yolo_s").load, info("yolov8n").load),
            std::tuple(636, 634, 0));
  EXPECT_EQ(std::tuple(info("gold_yolo_m").layout, info("yolov8n").layout, info("yolov8n").fill),
            std::tuple("rows", "yolov8", 114));
  EXPECT_EQ(usual_detection_info(build_network("gold_yolo_n", {.height = 320, .width = 320})).load, 318);
  EXPECT_EQ(detection_classes(build_network("gold_yolo_n", {.classes = 3}), info("gold_yolo_n")), 3);
  EXPECT_ERROR(usual_detection_info(build_network("resnet18")), "--layout");
  EXPECT_ERROR(usual_detection_info(build_network("lenet5")), "colour picture");
}

TEST(Detect, LabelsAndNumbersOfCoco) {
  const std::vector<std::string> coco = detection_labels(Model{}, 80);
  ASSERT_EQ(coco.size(), 80u);
  EXPECT_EQ(std::tuple(coco[0], coco[79], coco_category(coco, 0), coco_category(coco, 79), coco_category(coco, 11)),
            std::tuple("person", "toothbrush", 1, 90, 13));
  EXPECT_TRUE(detection_labels(Model{}, 3).empty());
  Model model;
  set_class_labels(model, {"a", "b", "c"});
  EXPECT_EQ(coco_category(detection_labels(model, 3), 2), 2);
}

TEST(Detect, OfAnUntrainedNetworkFindsNothingAboveItsScore) {
  Graph graph = build_network("gold_yolo_pico", {.classes = 2, .height = 64, .width = 96});
  Weights weights = initial_weights(graph, 1);
  Session session({std::move(graph), std::move(weights), {}}, {.threads = 1});
  const Image picture(50, 70, 3, 200);
  EXPECT_TRUE(detect(session, picture).empty());
  const std::vector<Detection> all = detect(session, picture, {.confidence = .005f, .iou = 1, .most = 1000});
  EXPECT_EQ(all.size(), 126u);  // every cell
  for (const Detection& d : all) {
    EXPECT_LE(d.box[0] + d.box[2], 50 + 1e-6);
    EXPECT_LE(d.box[1] + d.box[3], 70 + 1e-6);
  }
}

// One colour everywhere gives finite boxes; numbers that are none give one sentence, if anything of them is left.
TEST(Detect, OddInputs) {
  Graph graph = build_network("gold_yolo_pico", {.classes = 2, .height = 64, .width = 64});
  Weights weights = initial_weights(graph, 1);
  for (auto& [name, tensor] : weights)
    if (name.find("_preds") != std::string::npos) tensor = test::random_tensor(tensor.shape(), 3);
  Session session({std::move(graph), std::move(weights), {}}, {.threads = 1});
  const TaskInfo info = usual_detection_info(session.model().graph);
  for (std::uint8_t grey : {0, 114, 255})
    for (const Detection& d : detect(session, Image(64, 64, 3, grey), {.confidence = 0, .iou = 1, .most = 1000}))
      for (double side : d.box) EXPECT_TRUE(std::isfinite(side));
  for (float value : {NAN, INFINITY, -INFINITY}) {
    Tensor x(DType::f32, {1, 3, 64, 64});
    std::fill_n(x.data<float>(), x.numel(), value);
    const Tensor rows = session.run({x})[0];
    EXPECT_ERROR(decode_detections(rows, info, kSame, 64, 64, {}, {.confidence = 0.001f}), "not a number");
  }
}

TEST(TaskInfo, OfADetectorComesBack) {
  TaskInfo info = letterbox(636);
  info.bgr = true;
  EXPECT_EQ(task_info_from_json(to_json(info)), info);
  for (const char* bad :
       {R"({"kind":"detect","fit":"crop"})", R"({"kind":"detect","fit":"letterbox","fill":300})",
        R"({"kind":"detect","fit":"letterbox","load":-1})", R"({"kind":"detect","fit":"letterbox","bgr":1})"})
    EXPECT_ERROR(task_info_from_json(bad), "the task's");
}

// Whatever the ground, some line of a box differs strongly from it, and the label can be read.
TEST(DrawDetections, ShowOnAnyGround) {
  for (std::uint8_t ground : {0, 60, 128, 200, 255})
    for (int index = 0; index < 80; ++index) {
      Image image(200, 120, 3, ground);
      draw_detections(image, std::vector<Detection>{{index, "Mg", .87f, {60, 40, 100, 60}}});
      int across = 0;  // pixels of the left side that stand out
      for (int x = 50; x < 70; ++x) {
        const std::uint8_t* p = &image.pixels[static_cast<std::size_t>((70 * 200 + x) * 3)];
        across += std::abs(p[0] - ground) + std::abs(p[1] - ground) + std::abs(p[2] - ground) > 150;
      }
      EXPECT_GE(across, 1) << int(ground) << " " << index;
      EXPECT_EQ(image.pixels[static_cast<std::size_t>((70 * 200 + 110) * 3)], ground);  // the inside stays
    }
  for (int a = 0; a < 80; ++a)
    for (int b = 0; b < a; ++b) EXPECT_NE(class_color(a), class_color(b)) << a << " " << b;
}

// Six boxes at one place, in the middle and in a corner: all plates are there as if each were alone.
TEST(DrawDetections, LabelsKeepClearOfEachOther) {
  for (const Box& place : {Box{100, 90, 140, 90}, Box{0, 0, 140, 90}, Box{200, 150, 120, 90}}) {
    const auto pixels = [&](const std::vector<Detection>& found, int index) {
      Image image(320, 240, 3, 90);
      draw_detections(image, found);
      // The frames themselves are only as wide as this.
      const int edge = 4, left = static_cast<int>(place[0]), top = static_cast<int>(place[1]);
      const int right = static_cast<int>(place[0] + place[2]), bottom = static_cast<int>(place[1] + place[3]);
      int count = 0;
      for (int y = 0; y < 240; ++y)
        for (int x = 0; x < 320; ++x) {
          const bool frame = std::abs(x - left) < edge || std::abs(x - right) < edge || std::abs(y - top) < edge ||
                             std::abs(y - bottom) < edge;
          const std::uint8_t* p = &image.pixels[static_cast<std::size_t>((y * 320 + x) * 3)];
          count += !frame && Rgb{p[0], p[1], p[2]} == class_color(index);
        }
      return count;
    };
    std::vector<Detection> all;
    for (int i = 0; i < 6; ++i) all.push_back({i, "crowd", .9f - .1f * static_cast<float>(i), place});
    for (int i = 0; i < 6; ++i) {
      const int alone = pixels({all[static_cast<std::size_t>(i)]}, i);
      EXPECT_GT(alone, 300);
      EXPECT_GT(pixels(all, i), alone * 7 / 10) << i << " at " << place[0];
    }
  }
}

TEST(DrawDetections, ClipsAtEveryEdgeOfATinyPicture) {
  for (int side : {1, 3, 40}) {
    Image image(side, side, 3, 10);
    const double s = side;
    draw_detections(image, std::vector<Detection>{{1, "a label wider than the picture", .5f, {0, 0, s, s}},
                                                  {2, "", 1, {s / 2, s / 2, 0, 0}}});
    EXPECT_EQ(image.pixels.size(), static_cast<std::size_t>(side * side * 3));
  }
}

}  // namespace
}  // namespace frugal
