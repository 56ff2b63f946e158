// The compiler against the plain path, on networks made by chance.
#include "base/random.h"
#include "engine/engine_test.h"
#include "engine/plan.h"
#include "engine/storage.h"
#include "graph/op.h"
#include "kernels/kernels.h"

namespace frugal {
namespace {

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : random_(seed, "graphs"), b_("random") {}

  // Layers on values picked at random among those made so far, all [1 or 2, C, H, W].
  Model make() {
    values_.push_back(b_.input("x", {1 + random_.below(2), channels(), 8, 8}));
    const std::uint32_t layers = 3 + random_.below(12);
    for (std::uint32_t i = 0; i < layers; ++i) add_layer("n" + std::to_string(i));
    b_.output(values_.back(), "last");
    b_.output(pick(), "any");
    return test::with_weights(b_.finish());
  }

 private:
  std::int64_t channels() { return std::array<std::int64_t, 6>{3, 5, 8, 16, 24, 32}[random_.below(6)]; }
  ValueId pick() { return values_[values_.size() - 1 - random_.below(static_cast<std::uint32_t>(std::min<std::size_t>(values_.size(), 4)))]; }
  ValueId alike(ValueId x) {
    for (int tries = 0; tries < 8; ++tries)
      if (ValueId y = pick(); b_.graph().value(y).type == b_.graph().value(x).type) return y;
    return x;
  }

  void add_layer(const std::string& name) {
    ValueId x = pick();
    ValueId y = x;
    const bool concat = OpRegistry::instance().find("concat"), split = OpRegistry::instance().find("split");
    switch (random_.below(9)) {
      case 0: case 1: y = b_.conv2d(name, x, {.out = channels(), .kernel = random_.below(2) ? 3 : 1, .bias = random_.below(2) != 0}); break;
      case 2: y = b_.conv2d(name, x, {.out = b_.channels(x), .kernel = 3}); break;
      case 3: y = b_.conv2d(name, x, {.out = b_.channels(x), .kernel = 3, .groups = b_.channels(x)}); break;
      case 4: y = b_.batch_norm(name, x); break;
      case 5: y = b_.relu(x); break;
      case 6: y = b_.add(x, alike(x)); break;
      case 7:
        if (concat) y = b_.op("concat", {x, pick_same_size(x), x}, {{"axis", 1}}, name);
        else y = b_.op("max_pool2d", {x}, {{"kernel", Ints{3, 3}}, {"stride", Ints{1, 1}}, {"padding", Ints{1, 1, 1, 1}}}, name);
        break;
      case 8:
        if (split && b_.channels(x) % 2 == 0) {
          std::vector<ValueId> parts = b_.ops("split", {x}, {{"axis", 1}, {"sizes", Ints{b_.channels(x) / 2, b_.channels(x) / 2}}}, name);
          values_.push_back(parts[0]);
          y = parts[1];
        } else y = b_.relu(x);
        break;
    }
    values_.push_back(y);
  }
  ValueId pick_same_size(ValueId) { return pick(); }  // every layer keeps height and width

  RandomStream random_;
  GraphBuilder b_;
  std::vector<ValueId> values_;
};

std::vector<Tensor> inputs_of(const Model& model, std::uint64_t seed) {
  return {test::random_tensor(fixed_shape(model.graph.value(model.graph.inputs()[0]).type.shape), seed)};
}

TEST(Compiler, AgreesWithThePlainPathOnRandomGraphs) {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    Model model = Maker(seed).make();
    std::vector<Tensor> inputs = inputs_of(model, seed + 1), want = test::run_plain(model, inputs);
    double scale = 1e-3;
    for (std::int64_t i = 0; i < want[0].numel(); ++i) scale = std::max<double>(scale, std::abs(want[0].data<float>()[i]));
    for (Isa isa : {Isa::scalar, Isa::avx2, Isa::avx512}) {
      if (!isa_supported(isa)) continue;
      std::vector<Tensor> first;
      for (int threads : {1, 2}) {
        Session session(model, {.threads = threads, .isa = std::string(name(isa))});
        session.run(inputs_of(model, 99));  // what an earlier run left behind must not matter
        std::vector<Tensor> got = session.run(inputs);
        ASSERT_TRUE(test::close(got[0], want[0], 2e-5 * scale, 1e-4)) << "seed " << seed << ", " << name(isa);
        ASSERT_TRUE(test::close(got[1], want[1], 2e-5 * scale, 1e-4)) << "seed " << seed << ", " << name(isa);
        if (threads == 1) first = got;
        else ASSERT_TRUE(test::same(got[0], first[0])) << "seed " << seed << ", " << name(isa);
      }
    }
  }
}

// Independent of the compiler's own bookkeeping: which steps read a value's bytes, and who writes over them
// in between. A step that writes over bytes still to be read as another value is the bug looked for.
void expect_no_value_destroyed(const Plan& plan, const Placement& p) {
  auto range = [&](ValueId id) {
    const auto& place = p.values[static_cast<std::size_t>(id)];
    return std::tuple{place.storage, place.offset, place.offset + plan.value(id).bytes()};
  };
  auto overlap = [&](ValueId a, ValueId b) {
    auto [sa, ba, ea] = range(a);
    auto [sb, bb, eb] = range(b);
    return sa == sb && ba < eb && bb < ea;
  };
  for (std::size_t write = 0; write < plan.steps.size(); ++write) {
    if (p.elided[write]) continue;  // moves no byte
    for (ValueId out : plan.steps[write].outputs) {
      EXPECT_FALSE(p.of(out).external);
      for (std::size_t v = 0; v < plan.values.size(); ++v) {
        auto value = static_cast<ValueId>(v);
        if (value == out || !overlap(out, value)) continue;
        // Made before, read after: destroyed. A concat keeps the bytes of parts that lie in place.
        bool before = false, after = false, kept = false;
        for (std::size_t s = 0; s < write; ++s)
          for (ValueId id : plan.steps[s].outputs) before = before || id == value;
        for (std::size_t s = write + 1; s < plan.steps.size(); ++s)
          for (ValueId id : plan.steps[s].inputs) after = after || id == value;
        for (ValueId id : plan.outputs) after = after || id == value;
        for (ValueId id : plan.steps[write].inputs) kept = kept || (!p.copies[write].empty() && id != kNone && overlap(id, value));
        EXPECT_FALSE(before && after && !kept) << plan.steps[write].name << " destroys value " << v;
      }
    }
  }
}

TEST(Compiler, NeverWritesOverAValueStillToBeRead) {
  PackCache packs;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Model model = Maker(seed).make();
    CompileOptions options{.kernels = &active_kernels(), .packs = &packs};
    Plan plan = make_plan(model, {fixed_shape(model.graph.value(model.graph.inputs()[0]).type.shape)});
    fuse(plan);
    assign_layouts(plan, options);
    expect_no_value_destroyed(plan, place_values(plan, options, true));
    if (testing::Test::HasFailure()) FAIL() << "seed " << seed;
  }
}

std::vector<std::string> step_names(const Model& model) {
  Plan plan = make_plan(model, {fixed_shape(model.graph.value(model.graph.inputs()[0]).type.shape)});
  fuse(plan);
  std::vector<std::string> out;
  for (const PlanStep& step : plan.steps) out.push_back(step.name + (step.epilogue.residual_last ? " (residual last)" : ""));
  return out;
}

using Strings = std::vector<std::string>;

TEST(Fuse, ActivationAndResidualInEitherOrder) {
  GraphBuilder b("net");
  ValueId x = b.input("x", {1, 4, 4, 4});
  ValueId y = b.relu(b.add(b.conv2d("conv1", x, {.out = 4}), x));
  y = b.add(y, b.relu(b.conv2d("conv2", y, {.out = 4})));
  b.output(y, "y");
  EXPECT_EQ(step_names(test::with_weights(b.finish())), (Strings{"conv1 + add + relu", "conv2 + relu_2 + add_2 (residual last)"}));
}

TEST(Fuse, AResidualMadeLaterGoesIntoTheLaterProducer) {
  GraphBuilder b("net");
  ValueId x = b.input("x", {1, 4, 4, 4});
  ValueId main = b.conv2d("main", x, {.out = 4}), shortcut = b.conv2d("shortcut", x, {.out = 4});
  b.output(b.add(main, shortcut), "y");
  EXPECT_EQ(step_names(test::with_weights(b.finish())), (Strings{"main", "shortcut + add"}));
}

TEST(Fuse, NotWhereTheSumIsSeenElsewhere) {
  GraphBuilder b("net");
  ValueId x = b.input("x", {1, 4, 4, 4});
  ValueId y = b.conv2d("conv", x, {.out = 4});
  b.output(b.relu(y), "y");
  b.output(y, "before");
  EXPECT_EQ(step_names(test::with_weights(b.finish())), (Strings{"conv", "relu"}));
}

TEST(Fuse, NotAValueAddedToItself) {
  GraphBuilder b("net");
  ValueId y = b.conv2d("conv", b.input("x", {1, 4, 4, 4}), {.out = 4});
  b.output(b.add(y, y), "y");
  EXPECT_EQ(step_names(test::with_weights(b.finish())), (Strings{"conv", "add"}));
}

}  // namespace
}  // namespace frugal
