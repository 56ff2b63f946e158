// Decoding only rows that may score enough finds what decoding all of them does.
#include "tasks/row_decoder.h"

#include <algorithm>
#include <cmath>

#include "engine/program.h"
#include "frugal/detect.h"
#include "graph/builder.h"
#include "graph/initial_weights.h"
#include "graph/op.h"
#include "graph/passes/passes.h"
#include "models/registry.h"
#include "support/support.h"

namespace frugal {
namespace {

using Strings = std::vector<std::string>;

// Predictions that begin at 0, or near no object, spread over scores and sizes.
Model with_spread_scores(Graph graph) {
  Weights weights = initial_weights(graph, 1);
  for (const Value& v : graph.values()) {
    if (v.kind != ValueKind::weight || v.role != WeightRole::parameter) continue;
    Tensor t(DType::f32, fixed_shape(v.type.shape));
    if (v.init.kind == Init::Kind::constant && v.init.a < 0) weights[v.name] = t;
    if (v.init.kind != Init::Kind::zeros || t.rank() != 4) continue;
    t = test::random_tensor(t.shape(), v.name.size());
    for (std::int64_t i = 0; i < t.numel(); ++i)
      t.data<float>()[i] *= 8 / std::sqrt(static_cast<float>(t.numel() / t.dim(0)));
    weights[v.name] = std::move(t);
  }
  return {std::move(graph), std::move(weights), {}};
}

Image noise(int width, int height, std::uint32_t seed) {
  Image image(width, height);
  for (std::uint8_t& v : image.pixels) v = static_cast<std::uint8_t>((seed = seed * 1664525 + 1013904223) >> 24);
  return image;
}

Strings ops(const Graph& graph) {
  Strings names;
  for (const Node& node : graph.nodes()) names.push_back(node.op->name);
  return names;
}
bool has_op(const Graph& graph, const std::string& op) {
  const Strings names = ops(graph);
  return std::find(names.begin(), names.end(), op) != names.end();
}

// A threshold that none of `numbers` is near, below which lies this share of them.
float threshold_at(std::vector<float> numbers, double share) {
  std::sort(numbers.begin(), numbers.end());
  auto at = static_cast<std::size_t>(share * static_cast<double>(numbers.size() - 2));
  while (at + 2 < numbers.size() && numbers[at + 1] - numbers[at] < 1e-3f * numbers[at + 1]) ++at;
  return (numbers[at] + numbers[at + 1]) / 2;
}

// Those rows of the output that score more, with the same numbers. [1, rows, columns], or turned.
void expect_rows_above(const Model& model, const TaskInfo& info) {
  Session session(model, {.threads = 1});
  const std::unique_ptr<RowDecoder> decoder = RowDecoder::make(session, info);
  ASSERT_TRUE(decoder);
  const std::vector<Tensor> picture{test::random_tensor({1, 3, info.height, info.width}, 4)};
  const bool turned = info.layout == "yolov8";
  const Tensor want = session.run(picture)[0];
  const std::int64_t rows = want.dim(turned ? 2 : 1), columns = want.dim(turned ? 1 : 2),
                     last = info.layout == "yolov5" ? 5 : columns;
  auto at = [&](const Tensor& t, std::int64_t row, std::int64_t column) {
    return t.data<float>()[turned ? column * t.dim(2) + row : row * columns + column];
  };
  std::vector<float> scores(static_cast<std::size_t>(rows), 0);
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t c = 4; c < last; ++c)
      scores[static_cast<std::size_t>(row)] = std::max(scores[static_cast<std::size_t>(row)], at(want, row, c));
  for (float confidence : {0.f, threshold_at(scores, .6), threshold_at(scores, .9), 1.f}) {
    SCOPED_TRACE(confidence);
    const Tensor got = decoder->run(picture, confidence);
    std::int64_t found = 0;
    for (std::int64_t row = 0; row < rows; ++row) {
      if (scores[static_cast<std::size_t>(row)] <= confidence) continue;
      ASSERT_LT(found, got.dim(turned ? 2 : 1));
      for (std::int64_t c = 0; c < columns; ++c)
        EXPECT_NEAR(at(got, found, c), at(want, row, c), 1e-6 + 1e-6 * std::abs(at(want, row, c))) << row << ", " << c;
      ++found;
    }
    EXPECT_EQ(found, got.dim(turned ? 2 : 1));
    EXPECT_EQ(found == rows, confidence == 0);  // where all stay where they are
  }
}

void expect_the_same_detections(const Model& model, const TaskInfo& info) {
  for (float confidence : {0.f, .03f, .4f, .7f, 1.f})
    for (bool several : {false, true}) {
      SCOPED_TRACE(confidence);
      Session session(model, {.threads = 2});
      DetectOptions options{confidence, .6f, 1000, several, {}, false}, all = options;
      all.decode_all = true;
      Detector few(session, info, {}, options), every(session, info, {}, all);
      for (std::uint32_t seed : {1u, 2u}) {
        const Image image = noise(120, 70, seed);
        const std::vector<Detection> got = few(image), want = every(image);
        ASSERT_EQ(got.size(), want.size());
        EXPECT_TRUE(confidence > 0 || !want.empty());
        EXPECT_TRUE(confidence < 1 || want.empty());
        for (std::size_t i = 0; i < got.size(); ++i) {
          EXPECT_EQ(got[i].index, want[i].index);
          EXPECT_NEAR(got[i].score, want[i].score, 1e-6);
          for (std::size_t k = 0; k < 4; ++k) EXPECT_NEAR(got[i].box[k], want[i].box[k], 1e-3);
        }
      }
    }
}

Model gold_yolo(const std::string& head, std::int64_t classes = 3) {
  ModelOptions options{.classes = classes, .height = 64, .width = 96};
  options.extra["head"] = head;
  return with_spread_scores(build_network("gold_yolo_pico", options));
}

TEST(RowDecoder, GoldYolo) {
  for (const char* head : {"lrtb", "dfl", "both"}) {
    const Model model = gold_yolo(head);
    const TaskInfo info = usual_detection_info(model.graph);
    expect_rows_above(model, info);
    expect_the_same_detections(model, info);
  }
}

TEST(RowDecoder, YoloV8HasRowsLast) {
  const Model model = with_spread_scores(build_network("yolov8n", {.classes = 3, .height = 64, .width = 96}));
  const TaskInfo info = usual_detection_info(model.graph, "yolov8");
  expect_rows_above(model, info);
  expect_the_same_detections(model, info);
}

// A level of the form of YOLOv5: three anchors a cell, an objectness, a grid and sizes of anchors that broadcast.
ValueId anchored(GraphBuilder& b, ValueId x, const std::string& name, std::int64_t side) {
  x = b.conv2d(name, x, {.out = 3 * 7, .bias = true});
  x = b.op("reshape", {x}, {{"shape", Ints{0, 3, 7, side, side}}});
  x = b.op("sigmoid", {b.op("transpose", {x}, {{"perm", Ints{0, 1, 3, 4, 2}}})});
  const std::vector<ValueId> parts = b.ops("split", {x}, {{"sizes", Ints{2, 2, 3}}, {"axis", 4}}, name + ".split");
  auto constant = [&](const char* part, Shape shape, double first) {
    return b.weight(name + part, std::move(shape), {Init::Kind::sequence, first, false}, WeightRole::constant);
  };
  const ValueId two = b.weight(name + ".two", {1}, {Init::Kind::constant, 2, false}, WeightRole::constant);
  const ValueId xy = b.add(b.op("mul", {parts[0], two}), constant(".grid", {1, 1, side, side, 2}, -0.5));
  const ValueId wh = b.op("mul", {b.op("pow", {parts[1], two}), constant(".anchor", {1, 3, 1, 1, 2}, 10)});
  const ValueId all = b.op("concat", {xy, wh, parts[2]}, {{"axis", -1}});
  return b.op("reshape", {all}, {{"shape", Ints{0, 3 * side * side, 7}}});
}

TEST(RowDecoder, YoloV5HasAnchorsAndAnObjectness) {
  GraphBuilder b("anchored");
  ValueId x = b.conv2d("stem", b.image_input(3, 64, 64), {.out = 16, .kernel = 3, .stride = 8});
  const ValueId fine = anchored(b, x, "fine", 8);
  const ValueId coarse = anchored(b, b.conv2d("down", x, {.out = 16, .kernel = 3, .stride = 2}), "coarse", 4);
  b.output(b.op("concat", {fine, coarse}, {{"axis", 1}}), "output");
  const Model model = with_spread_scores(b.finish());
  TaskInfo info = usual_detection_info(model.graph, "yolov5");
  expect_rows_above(model, info);
  expect_the_same_detections(model, info);
}

// What is left of the network, and what the decoder is.
TEST(SplitRows, CutsBehindTheLastLayers) {
  const Model model = gold_yolo("dfl", 20);  // more than channels: only what is judged stops at them
  const RowQuestion best_class{.first = 4, .end = 24};
  auto evaluate = [](const Node& node, const std::vector<const Tensor*>& in) {
    return evaluate_node(node, in, active_kernels());
  };
  const std::optional<RowSplit> split = split_rows(fold_constants(model, evaluate), best_class);
  ASSERT_TRUE(split);
  EXPECT_EQ(split->starts, (std::vector<std::int64_t>{0, 8 * 12, 8 * 12 + 4 * 6, 8 * 12 + 4 * 6 + 2 * 3}));
  Strings names;
  for (std::size_t i = 0; i < split->network.graph.outputs().size(); ++i)
    names.push_back(split->network.graph.output_name(i));
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (Strings{"cls_logits.0", "cls_logits.1", "cls_logits.2", "detect.reg_convs.0.bn",
                            "detect.reg_convs.1.bn", "detect.reg_convs.2.bn"}));
  ASSERT_EQ(split->judges.size(), 3u);
  for (const RowJudge& judge : split->judges) {
    EXPECT_TRUE(judge.before_sigmoid);
    EXPECT_EQ(std::tuple(judge.column_axis, judge.first, judge.end), std::tuple(1, 0, 20));
  }
  const Model decoder = split->decoder({5, 4, 6});
  EXPECT_EQ(decoder.graph.value(decoder.graph.outputs()[0]).type.shape, (SymShape{1, 15, 24}));
  for (const char* op : {"sigmoid", "exp", "conv2d", "transpose"})
    EXPECT_EQ(std::string(op) != "exp", has_op(decoder.graph, op)) << op;
  // An output that is no list of rows.
  EXPECT_FALSE(split_rows(split->network, best_class));
}

TEST(RowDecoder, LeavesUnknownFormsAlone) {
  const TaskInfo info{.kind = "detect", .height = 32, .width = 32, .fit = "stretch", .layout = "yolov8"};
  auto detector = [](const std::function<ValueId(GraphBuilder&, ValueId)>& last) {
    GraphBuilder b("net");
    ValueId x = b.conv2d("a", b.image_input(3, 32, 32), {.out = 6, .kernel = 3, .stride = 4, .bias = true});
    b.output(last(b, b.op("reshape", {x}, {{"shape", Ints{0, 6, 64}}})), "output");
    return with_spread_scores(b.finish());
  };
  auto known = [&](const Model& model) {
    Session session(model, {.threads = 1});
    return RowDecoder::make(session, info) != nullptr;
  };
  EXPECT_TRUE(known(detector([](GraphBuilder& b, ValueId x) { return b.op("sigmoid", {x}); })));
  const Model unknown[] = {
      detector([](GraphBuilder& b, ValueId x) {
        return b.op("softmax", {x}, {{"axis", 2}});
      }),  // over the rows
      detector([](GraphBuilder& b, ValueId x) {
        return b.op("softmax", {x}, {{"axis", 1}});
      }),  // of all classes
      detector([](GraphBuilder& b, ValueId x) {
        return b.op("flip", {x}, {{"axes", Ints{2}}});
      }),
      detector([](GraphBuilder& b, ValueId x) {
        return b.op("sub", {x, b.op("reduce_mean", {x}, {{"axes", Ints{2}}, {"keep_dims", true}})});
      })};
  for (const Model& model : unknown) {
    EXPECT_FALSE(known(model));
    Session session(model, {.threads = 1});
    const DetectOptions options{.confidence = -10, .most = 1000};
    DetectOptions all = options;
    all.decode_all = true;
    const std::vector<Detection> got = Detector(session, info, {}, options)(noise(40, 30, 1)),
                                 want = Detector(session, info, {}, all)(noise(40, 30, 1));
    ASSERT_EQ(got.size(), want.size());
    EXPECT_GT(got.size(), 0u);
    for (std::size_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i].box, want[i].box);
  }
  Session plain(unknown[0], {.threads = 1, .optimize = false});
  EXPECT_FALSE(RowDecoder::make(plain, info));
}

TEST(RowDecoder, ANumberThatIsNoneIsStillSaid) {
  Model model = gold_yolo("lrtb");
  for (auto& [name, tensor] : model.weights)
    if (name.find("cls_preds.0.bias") != std::string::npos) {
      tensor = tensor.clone();
      tensor.data<float>()[1] = NAN;
    }
  Session session(model, {.threads = 1});
  Detector detector(session);
  EXPECT_ERROR(detector(noise(50, 40, 1)), "not a number");
}

}  // namespace
}  // namespace frugal
