// 1x1 convolutions run where there are fewer pixels, and nothing else moves.
#include "engine/passes.h"
#include "graph/op.h"

namespace frugal {
namespace {

using test::checked;
using test::with_weights;
using Strings = std::vector<std::string>;

const Tensor kPicture = test::random_tensor({2, 16, 6, 4}, 3);

Model net(const std::function<ValueId(GraphBuilder&, ValueId)>& make) {
  GraphBuilder b("net");
  b.output(make(b, b.relu(b.image_input(16, 6, 4))), "y");
  return with_weights(b.finish());
}

ValueId enlarge(GraphBuilder& b, ValueId x, const std::string& mode, const std::string& coordinates) {
  return b.op("resize", {x}, {{"mode", mode}, {"coordinates", coordinates}, {"size", Ints{12, 9}}});
}

std::int64_t macs(const Model& model) { return compute_costs(model.graph).macs; }

TEST(CommutePointwise, RunsBeforeWhatEnlarges) {
  for (const char* mode : {"bilinear", "nearest", "bicubic"})
    for (const char* coordinates : {"half_pixel", "align_corners"}) {
      const Model before = net([&](GraphBuilder& b, ValueId x) {
        return b.relu(b.conv2d("a", enlarge(b, x, mode, coordinates), {.out = 24, .bias = true}));
      });
      const Model after = checked(before, commute_pointwise, {kPicture});
      EXPECT_EQ(test::node_ops(after.graph), (Strings{"relu", "conv2d", "resize", "relu"}));
      EXPECT_EQ(macs(after), 24 * 16 * 6 * 4);
    }
}

// Several parts of a concat, of other sizes; the convolution of the rest takes the bias.
TEST(CommutePointwise, RunsBeforeThePartsOfAConcatThatWereEnlarged) {
  const Model before = net([](GraphBuilder& b, ValueId x) {
    const ValueId half = b.conv2d("half", x, {.out = 20, .kernel = 3, .stride = 2});
    const ValueId wide = b.conv2d("wide", enlarge(b, x, "nearest", "asymmetric"), {.out = 18, .kernel = 3});
    const ValueId parts[] = {enlarge(b, half, "bilinear", "half_pixel"), wide, enlarge(b, x, "bilinear", "half_pixel"),
                             b.relu(wide)};
    const ValueId all = b.op("concat", {parts[0], parts[1], parts[2], parts[3]}, {{"axis", 1}});
    return b.op("silu", {b.conv2d("fuse", all, {.out = 17, .bias = true})});
  });
  const Model after = checked(before, commute_pointwise, {kPicture});
  const std::int64_t pixels = 12 * 9;
  EXPECT_EQ(macs(before) - macs(after), 17 * (20 * (pixels - 3 * 2) + 16 * (pixels - 6 * 4)));
  EXPECT_EQ(test::node_ops(after.graph).back(), "silu");
}

TEST(CommutePointwise, RunsBehindPooling) {
  for (bool adaptive : {false, true}) {
    const Model before = net([&](GraphBuilder& b, ValueId x) {
      x = b.conv2d("a", x, {.out = 18, .bias = true});
      return adaptive ? b.op("adaptive_avg_pool2d", {x}, {{"size", Ints{4, 3}}})  // windows overlap
                      : b.op("avg_pool2d", {x}, {{"kernel", Ints{2, 2}}, {"stride", Ints{2, 2}}});
    });
    const Model after = checked(before, commute_pointwise, {kPicture});
    EXPECT_EQ(after.graph.nodes().back().op->name, "conv2d");
    EXPECT_EQ(macs(after), 18 * 16 * (adaptive ? 4 * 3 : 3 * 2));
  }
}

TEST(CommutePointwise, LeavesTheRestAlone) {
  auto kept = [](const std::function<ValueId(GraphBuilder&, ValueId)>& make) {
    const Model before = net(make);
    EXPECT_EQ(test::node_ops(checked(before, commute_pointwise, {kPicture}).graph), test::node_ops(before.graph));
  };
  auto pool = [](GraphBuilder& b, ValueId x, Attrs more) {
    more.insert({{"kernel", Attr(Ints{2, 2})}, {"stride", Attr(Ints{2, 2})}});
    return b.op("avg_pool2d", {x}, more);
  };
  kept([](GraphBuilder& b, ValueId x) {  // 3x3
    return b.conv2d("a", enlarge(b, x, "bilinear", "half_pixel"), {.out = 16, .kernel = 3});
  });
  kept([](GraphBuilder& b, ValueId x) {  // few channels
    return b.conv2d("a", enlarge(b, x, "bilinear", "half_pixel"), {.out = 8});
  });
  kept([](GraphBuilder& b, ValueId x) {  // it shrinks
    return b.conv2d("a", b.op("resize", {x}, {{"mode", "bilinear"}, {"size", Ints{3, 2}}}), {.out = 16});
  });
  kept([](GraphBuilder& b, ValueId x) {  // somebody else reads the large map
    const ValueId large = enlarge(b, x, "bilinear", "half_pixel");
    return b.add(b.conv2d("a", large, {.out = 16}), large);
  });
  kept([&](GraphBuilder& b, ValueId x) {  // an activation between
    return pool(b, b.relu(b.conv2d("a", x, {.out = 16})), {});
  });
  kept([&](GraphBuilder& b, ValueId x) {  // zeros at the border, which a bias would not be
    return pool(b, b.conv2d("a", x, {.out = 16, .bias = true}), {{"padding", Attr(Ints{1, 1, 1, 1})}});
  });
}

// In the engine the sum of both convolutions goes into the store of one of them.
TEST(CommutePointwise, TheSumIsNoStepOfItsOwn) {
  const Model model = net([](GraphBuilder& b, ValueId x) {
    const ValueId wide = b.conv2d("wide", enlarge(b, x, "nearest", "asymmetric"), {.out = 16, .kernel = 3});
    const ValueId all = b.op("concat", {wide, enlarge(b, x, "bilinear", "half_pixel")}, {{"axis", 1}});
    return b.op("silu", {b.conv2d("fuse", all, {.out = 32, .bias = true})});
  });
  Session session(model, {.threads = 1, .profile = true});
  EXPECT_TRUE(test::close(session.run({kPicture})[0], test::run_plain(model, {kPicture})[0], 2e-5, 2e-5));
  for (const NodeProfile& step : session.profile()) EXPECT_TRUE(step.op != "add" && step.op != "silu") << step.name;
}

}  // namespace
}  // namespace frugal
