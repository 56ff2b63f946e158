#include "frugal/session.h"

#include <set>

#include "engine/engine_test.h"
#include "kernels/kernels.h"
#include "models/registry.h"
#include "support/counted_new.h"

namespace frugal {
namespace {

using test::random_tensor;
using test::with_weights;

Model small_net() {
  GraphBuilder b("small");
  ValueId x = b.input("x", {Dim::symbol("batch"), 3, Dim::symbol("height"), Dim::symbol("width")});
  ValueId y = b.relu(b.batch_norm("bn1", b.conv2d("conv1", x, {.out = 24, .kernel = 3})));
  ValueId z = b.batch_norm("bn2", b.conv2d("conv2", y, {.out = 24, .kernel = 3}));
  y = b.relu(b.add(z, y));
  y = b.op("global_avg_pool", {y});
  b.output(b.linear("fc", b.flatten(y), 5), "logits");
  return with_weights(b.finish());
}

TEST(Session, Bf16RoundsWhereTheProcessorHasIt) {
  const Model model = small_net();
  const Tensor x = random_tensor({1, 3, 9, 7});
  const Tensor exact = Session(model, {.threads = 1}).run({x})[0];
  for (const char* isa : {"scalar", "avx2", "avx512"}) {
    if (!isa_supported(isa == std::string("avx512") ? Isa::avx512 : Isa::avx2)) continue;
    Session session(model, {.threads = 1, .profile = true, .precision = "bf16", .isa = isa});
    const Tensor got = session.run({x})[0];
    for (std::int64_t i = 0; i < exact.numel(); ++i) {
      const float want = exact.data<float>()[i];
      EXPECT_NEAR(got.data<float>()[i], want, 0.03 * (1 + std::abs(want))) << isa;
    }
    bool rounded = false;
    for (const NodeProfile& node : session.profile()) rounded = rounded || node.algorithm == "vdpbf16ps";
    EXPECT_EQ(rounded, isa == std::string("avx512") && bf16_supported()) << isa;
  }
  EXPECT_THROW(Session(model, {.precision = "fp8"}), Error);
}

TEST(Session, Bf16KeepsTheNumbersAfterAnActivation) {
  GraphBuilder b("numbers");
  ValueId y = b.relu(b.conv2d("conv", b.input("x", {1, 20, 5, 6}), {.out = 24}));
  y = b.add(b.op("mul", {y, b.weight("scale", {1})}), b.weight("shift", {1}));
  b.output(b.op("mul", {b.relu(b.linear("fc", y, 7)), b.weight("last", {1})}), "y");  // rows of 6
  Model model = with_weights(b.finish());
  for (const auto& [name, value] : {std::pair{"scale", 3.0f}, {"shift", 2.0f}, {"last", -2.0f}})
    model.weights.at(name).data<float>()[0] = value;
  const Tensor x = random_tensor({1, 20, 5, 6});
  const Tensor exact = Session(model, {.threads = 1}).run({x})[0],
               got = Session(model, {.threads = 1, .precision = "bf16"}).run({x})[0];
  EXPECT_TRUE(test::close(got, exact, 0.1, 0));  // of values up to 7
}

TEST(Session, AgreesWithThePlainPath) {
  Model model = small_net();
  Tensor x = random_tensor({2, 3, 9, 7});
  for (int threads : {1, 2})
    EXPECT_TRUE(
        test::close(test::run(model, {x}, {.threads = threads})[0], test::run_plain(model, {x})[0], 1e-4, 1e-4));
}

TEST(Session, RunsAllocateNothingOnceCompiled) {
  for (int threads : {1, 2}) {
    Session session(small_net(), {.threads = threads, .profile = true});
    std::vector<Tensor> small{random_tensor({1, 3, 8, 8})}, large{random_tensor({2, 3, 16, 8})}, out_small, out_large;
    session.run(small, out_small);
    session.run(large, out_large);
    const std::int64_t before = test::total_allocations();
    session.run(small, out_small);
    session.run(large, out_large);
    session.run(large, out_large);
    EXPECT_EQ(test::total_allocations(), before) << threads << " threads";
  }
}

TEST(Session, ResultsDoNotDependOnTheNumberOfThreads) {
  Model model = with_weights(build_network("resnet18", {.classes = 10, .height = 64, .width = 64}));
  Tensor x = random_tensor({1, 3, 64, 64});
  std::vector<Tensor> one = test::run(model, {x}, {.threads = 1});
  for (int threads : {2, 3}) EXPECT_TRUE(test::same(test::run(model, {x}, {.threads = threads})[0], one[0]));
}

TEST(Session, TheArenaIsLittleMoreThanWhatIsAliveAtOnce) {
  Session session(with_weights(build_network("resnet18")), {.threads = 1, .winograd = false});
  session.run({random_tensor({1, 3, 224, 224})});
  const double first_two = 4.0 * (64 * 112 * 112 + 64 * 56 * 56);  // bytes of the two largest neighbours
  EXPECT_LT(static_cast<double>(session.arena_bytes()), 1.1 * first_two);
}

TEST(Session, KeepsWhatItCompiledForTheLastShapesOnly) {
  Session session(small_net(), {.threads = 1});
  for (int round = 0; round < 2; ++round)
    for (int height = 4; height < 16; ++height) {
      Tensor x = random_tensor({1, 3, height, 5}, static_cast<std::uint64_t>(height));
      EXPECT_TRUE(test::close(session.run({x})[0], test::run_plain(session.model(), {x})[0], 1e-4, 1e-4));
    }
}

// What is packed for one shape is not there any more when another shape asks for another algorithm.
TEST(Session, WeightsComeBackForAnotherAlgorithm) {
  GraphBuilder b("net");
  ValueId x = b.input("x", {1, 16, Dim::symbol("height"), Dim::symbol("width")});
  x = b.relu(b.batch_norm("bn1", b.conv2d("conv1", x, {.out = 16, .kernel = 3})));
  b.output(b.batch_norm("bn2", b.conv2d("conv2", x, {.out = 24, .kernel = 3})), "y");
  const Model model = with_weights(b.finish());
  Session session(model, {.threads = 1, .profile = true});
  std::set<std::string> algorithms;
  for (const Shape& shape : std::vector<Shape>{{1, 16, 56, 56}, {1, 16, 1, 2}, {1, 16, 14, 3}, {1, 16, 56, 56}}) {
    const Tensor in = random_tensor(shape);
    EXPECT_TRUE(test::close(session.run({in})[0], test::run_plain(model, {in})[0], 1e-4, 1e-4)) << to_string(shape);
    for (const NodeProfile& node : session.profile())
      if (node.op == "conv2d") algorithms.insert(node.algorithm);
  }
  EXPECT_TRUE(active_isa() == Isa::scalar || algorithms.size() > 1);
}

TEST(Session, ReusesOutputsThatFitAndReplacesOthers) {
  Session session(small_net(), {.threads = 1});
  Tensor x = random_tensor({1, 3, 8, 8});
  std::vector<Tensor> out{Tensor(DType::f32, {1, 5})};
  const void* memory = out[0].raw();
  session.run({x}, out);
  EXPECT_EQ(out[0].raw(), memory);
  out[0] = Tensor(DType::f32, {5});
  session.run({x}, out);
  EXPECT_EQ(out[0].shape(), (Shape{1, 5}));
}

TEST(Session, CanBeMoved) {
  Session first(small_net(), {.threads = 2});
  Tensor x = random_tensor({1, 3, 8, 8});
  std::vector<Tensor> want = first.run({x});
  Session second(std::move(first));
  EXPECT_TRUE(test::same(second.run({x})[0], want[0]));
  Session third(small_net(), {.threads = 1});
  third = std::move(second);
  EXPECT_TRUE(test::same(third.run({x})[0], want[0]));
}

TEST(Session, InputsAndWeightsMayBeOutputs) {
  GraphBuilder b("net");
  ValueId x = b.input("x", {Dim::symbol("n"), 4});
  ValueId w = b.weight("w", {3});
  b.output(x, "x_again");
  b.output(b.op("reshape", {x}, {{"shape", Ints{2, -1}}}), "x_reshaped");
  b.output(w, "w_again");
  b.output(b.relu(x), "y");
  Model model = with_weights(b.finish());
  for (bool optimize : {false, true}) {
    Session session(model, {.threads = 1, .optimize = optimize});
    for (std::uint64_t seed : {1, 2}) {
      Tensor in = random_tensor({2, 4}, seed);
      std::vector<Tensor> out = session.run({in});
      EXPECT_TRUE(test::same(out[0], in));
      EXPECT_TRUE(test::same(out[1], in.reshape({2, 4})));
      EXPECT_TRUE(test::same(out[2], model.weights.at("w")));
    }
  }
}

TEST(Session, SaysWhichInputDoesNotFit) {
  GraphBuilder b("two");
  ValueId x = b.input("x", {Dim::symbol("batch"), 4}), y = b.input("y", {Dim::symbol("batch"), 4});
  b.input("pairs", {Dim::symbol("batch") * Dim(2), 1});
  b.output(b.add(x, y), "sum");
  Session session(with_weights(b.finish()), {.threads = 1});
  Tensor good = random_tensor({3, 4}), pairs = random_tensor({6, 1});
  EXPECT_NO_THROW(session.run({good, good, pairs}));
  EXPECT_ERROR(session.run({good, good}), "takes 3 inputs, not 2");
  EXPECT_ERROR(session.run({good, random_tensor({3, 5}), pairs}), "'y' must have shape [batch,4]");
  EXPECT_ERROR(session.run({good, random_tensor({12}), pairs}), "'y' must have 2 dims");
  EXPECT_ERROR(session.run({good, random_tensor({2, 4}), pairs}), "'y' has batch = 2, but input 'x' says 3");
  EXPECT_ERROR(session.run({good, good, random_tensor({5, 1})}), "'pairs' must have shape [2*batch,1], here [6,1]");
  EXPECT_ERROR(session.run({good, good.to(DType::f16), pairs}), "not float16");
  EXPECT_ERROR(session.run({good, Tensor(), pairs}), "'y' is empty");
}

TEST(Session, AnEmptyBatchGivesAnEmptyResult) {
  EXPECT_EQ(test::run(small_net(), {Tensor(DType::f32, {0, 3, 8, 8})})[0].shape(), (Shape{0, 5}));
}

TEST(Session, SaysWhichWeightIsMissingOrWrong) {
  Model model = small_net();
  model.weights.erase("fc.bias");
  EXPECT_ERROR(Session(model, {.threads = 1}), "fc.bias");
  model.weights.emplace("fc.bias", Tensor(DType::i32, {5}));
  EXPECT_ERROR(Session(model, {.threads = 1}), "fc.bias");
}

TEST(Session, ProfilesEveryNode) {
  Session session(small_net(), {.threads = 1, .profile = true});
  EXPECT_TRUE(session.profile().empty());
  session.run({random_tensor({1, 3, 8, 8})});
  std::vector<NodeProfile> profile = session.profile();
  std::int64_t macs = 0;
  double end = 0;
  for (const NodeProfile& p : profile) {
    EXPECT_FALSE(p.algorithm.empty());
    EXPECT_GE(p.start_milliseconds, end);
    end = p.start_milliseconds + p.milliseconds;
    macs += p.macs;
  }
  EXPECT_EQ(macs, 64 * 24 * 27 + 64 * 24 * 24 * 9 + 24 * 5);
  EXPECT_EQ(profile[1].name, "conv2 + add + relu_2");
}

// Sizes in attributes are bound to the inputs' shapes whenever a program is compiled.
TEST(Session, BindsSizesInAttributes) {
  const Dim batch = Dim::symbol("batch"), width = Dim::symbol("width");
  Model model;
  ValueId x = model.graph.add_input("x", {DType::f32, {batch, 2, width}});
  ValueId y = model.graph.add_node("reshape", "y", {x}, {{"shape", SymShape{batch * Dim(2), width}}})[0];
  ValueId z = model.graph.add_node(
      "slice", "z", {y}, {{"starts", SymShape{floor_div(width, 2)}}, {"ends", SymShape{width}}, {"axes", Ints{1}}})[0];
  model.graph.add_output(z, "z");
  for (bool optimize : {false, true}) {
    Session session(model, {.threads = 1, .optimize = optimize});
    for (std::int64_t w : {4, 7}) {
      Tensor in(DType::f32, {3, 2, w});
      for (std::int64_t i = 0; i < in.numel(); ++i) in.data<float>()[i] = static_cast<float>(i);
      Tensor out = session.run({in})[0];
      ASSERT_EQ(out.shape(), (Shape{6, w - w / 2}));
      for (std::int64_t r = 0; r < 6; ++r)
        EXPECT_EQ(out.data<float>()[r * (w - w / 2)], static_cast<float>(r * w + w / 2));
    }
  }
}

}  // namespace
}  // namespace frugal
