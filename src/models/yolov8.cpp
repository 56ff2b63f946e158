// The nano detector of the YOLOv8 family at the shapes and names of Ultralytics' release, written from its public
// description: C2f backbone, feature pyramid both ways, anchor-free heads with distributed box distances (Li et al.,
// "Generalized focal loss", 2020). Output [batch, 4 + classes, anchors]: centre, size in pixels, class probabilities.
#include <array>

#include "base/check.h"
#include "graph/builder.h"
#include "models/detection.h"
#include "models/registry.h"

namespace frugal {
namespace {

constexpr std::int64_t kBins = 16;  // of one distance

struct Yolo {
  GraphBuilder b{"yolov8"};

  ValueId conv(const std::string& name, ValueId x, std::int64_t out, std::int64_t kernel = 1, std::int64_t stride = 1) {
    x = b.conv2d(name + ".conv", x, {.out = out, .kernel = kernel, .stride = stride});
    return b.op("silu", {b.batch_norm(name + ".bn", x, 1e-3, 0.03)}, {}, name + ".act");
  }

  ValueId concat(std::vector<ValueId> parts, const std::string& name, int axis = 1) {
    return b.op("concat", std::move(parts), {{"axis", axis}}, name);
  }

  ValueId c2f(const std::string& name, ValueId x, std::int64_t out, int blocks, bool shortcut) {
    const std::int64_t half = out / 2;
    std::vector<ValueId> parts =
        b.ops("split", {conv(name + ".cv1", x, out)}, {{"sizes", Ints{half, half}}, {"axis", 1}}, name + ".split");
    for (int i = 0; i < blocks; ++i) {
      const std::string block = name + ".m." + std::to_string(i);
      ValueId y = conv(block + ".cv2", conv(block + ".cv1", parts.back(), half, 3), half, 3);
      parts.push_back(shortcut ? b.op("add", {parts.back(), y}, {}, block) : y);
    }
    return conv(name + ".cv2", concat(parts, name + ".concat"), out);
  }

  ValueId sppf(const std::string& name, ValueId x, std::int64_t out) {
    std::vector<ValueId> parts{conv(name + ".cv1", x, b.channels(x) / 2)};
    for (int i = 0; i < 3; ++i)
      parts.push_back(b.op("max_pool2d", {parts.back()},
                           {{"kernel", Ints{5, 5}}, {"stride", Ints{1, 1}}, {"padding", Ints{2, 2, 2, 2}}}));
    return conv(name + ".cv2", concat(parts, name + ".concat"), out);
  }

  ValueId upsample(const std::string& name, ValueId x) {
    return b.op("resize", {x}, {{"mode", "nearest"}, {"coordinates", "asymmetric"}, {"scale", Floats{2, 2}}}, name);
  }

  // Two 3x3 convolutions and the prediction.
  ValueId branch(const std::string& name, ValueId x, std::int64_t width, std::int64_t out, double bias) {
    x = conv(name + ".1", conv(name + ".0", x, width, 3), width, 3);
    ValueId w = b.weight(name + ".2.weight", {out, width, 1, 1}, {Init::Kind::torch_default, 0, false});
    ValueId start = b.weight(name + ".2.bias", {out}, {Init::Kind::constant, bias, false});
    return b.op("conv2d", {x, w, start}, {}, name + ".2");
  }

  ValueId detect(const std::string& name, const std::array<ValueId, 3>& levels, std::int64_t classes) {
    const std::int64_t box_width = std::max<std::int64_t>(b.channels(levels[0]) / 4, 4 * kBins);
    const std::int64_t class_width = std::max(b.channels(levels[0]), std::min<std::int64_t>(classes, 100));
    const std::int64_t out = 4 * kBins + classes;
    std::vector<ValueId> flat, cells, strides;
    std::int64_t anchors = 0;
    for (int i = 0; i < 3; ++i) {
      const std::string n = std::to_string(i);
      const auto at = static_cast<std::size_t>(i);
      ValueId box = branch(name + ".cv2." + n, levels[at], box_width, 4 * kBins, 1.0);
      ValueId score = branch(name + ".cv3." + n, levels[at], class_width, classes, -5.0);
      const std::int64_t height = b.dim(levels[at], 2).value(), width = b.dim(levels[at], 3).value();
      flat.push_back(
          b.op("reshape", {concat({box, score}, name + ".concat" + n)}, {{"shape", Ints{0, out, height * width}}}));
      cells.push_back(cell_centres(b, name + ".cells" + n, height, width));
      strides.push_back(b.weight(name + ".stride" + n, {1, 1, height * width},
                                 {Init::Kind::constant, static_cast<double>(8 << i), false}, WeightRole::constant));
      anchors += height * width;
    }
    std::vector<ValueId> parts = b.ops("split", {concat(flat, name + ".concat", 2)},
                                       {{"sizes", Ints{4 * kBins, classes}}, {"axis", 1}}, name + ".split");
    // The distances of the four sides: the expectation over their bins.
    ValueId bins = b.op("reshape", {parts[0]}, {{"shape", Ints{0, 4, kBins, anchors}}});
    bins = b.op("softmax", {b.op("transpose", {bins}, {{"perm", Ints{0, 2, 1, 3}}})}, {{"axis", 1}});
    ValueId values = b.weight(name + ".dfl.conv.weight", {1, kBins, 1, 1}, {Init::Kind::sequence, 0, false});
    ValueId sides = b.op("reshape", {b.op("conv2d", {bins, values}, {}, name + ".dfl.conv")},
                         {{"shape", Ints{0, 4, anchors}}}, name + ".dfl");
    std::vector<ValueId> corners = b.ops("split", {sides}, {{"sizes", Ints{2, 2}}, {"axis", 1}}, name + ".sides");
    ValueId centre = concat(cells, name + ".cells", 2), stride = concat(strides, name + ".strides", 2);
    ValueId half = b.weight(name + ".half", {1}, {Init::Kind::constant, 0.5, false}, WeightRole::constant);
    ValueId first = b.op("sub", {centre, corners[0]}), second = b.add(centre, corners[1]);
    ValueId boxes = concat({b.op("mul", {b.add(first, second), half}), b.op("sub", {second, first})}, name + ".boxes");
    return concat({b.op("mul", {boxes, stride}), b.op("sigmoid", {parts[1]})}, name);
  }
};

Graph yolov8n(const ModelOptions& o) {
  require(o.height % 32 == 0 && o.width % 32 == 0, "the picture, {} x {}, must be a multiple of 32 both ways", o.width,
          o.height);
  Yolo y;
  ValueId x = y.b.image_input(o.channels, o.height, o.width);
  x = y.conv("model.0", x, 16, 3, 2);
  x = y.c2f("model.2", y.conv("model.1", x, 32, 3, 2), 32, 1, true);
  ValueId p3 = y.c2f("model.4", y.conv("model.3", x, 64, 3, 2), 64, 2, true);
  ValueId p4 = y.c2f("model.6", y.conv("model.5", p3, 128, 3, 2), 128, 2, true);
  ValueId p5 = y.c2f("model.8", y.conv("model.7", p4, 256, 3, 2), 256, 1, true);
  p5 = y.sppf("model.9", p5, 256);
  ValueId down4 = y.c2f("model.12", y.concat({y.upsample("model.10", p5), p4}, "model.11"), 128, 1, false);
  ValueId out3 = y.c2f("model.15", y.concat({y.upsample("model.13", down4), p3}, "model.14"), 64, 1, false);
  ValueId out4 = y.c2f("model.18", y.concat({y.conv("model.16", out3, 64, 3, 2), down4}, "model.17"), 128, 1, false);
  ValueId out5 = y.c2f("model.21", y.concat({y.conv("model.19", out4, 128, 3, 2), p5}, "model.20"), 256, 1, false);
  y.b.output(y.detect("model.22", {out3, out4, out5}, o.classes), "output0");
  return y.b.finish();
}

}  // namespace

FRUGAL_MODELS(yolov8) {
  models.add({"yolov8n",
              "detect",
              "detector of the shape of YOLOv8n for COCO at 640, with its decoding; Ultralytics' names",
              {.classes = 80, .channels = 3, .height = 640, .width = 640},
              yolov8n});
}

}  // namespace frugal
