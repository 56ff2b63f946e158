// The compiler against the plain path, on networks made by chance.
#include "base/random.h"
#include "engine/engine_test.h"
#include "engine/plan.h"
#include "engine/program.h"
#include "engine/storage.h"
#include "graph/op.h"
#include "kernels/kernels.h"

namespace frugal {
namespace {

bool has_op(std::string_view op) { return OpRegistry::instance().find(op) != nullptr; }

// Networks of layers on values picked by chance among the last made, all [1 or 2, C, 8, 8]: chains and joins of
// convolutions with the norms, activations, sums, concats, splits and gates that compilers like to fuse.
class Maker {
 public:
  explicit Maker(std::uint64_t seed) : random_(seed, "graphs"), b_("random") {
    for (const char* op : {"relu", "relu6", "hard_swish", "silu", "sigmoid", "leaky_relu"})
      if (has_op(op)) activations_.push_back(op);
  }

  Model make() {
    values_.push_back(b_.input("x", {1 + random_.below(2), channels(), 8, 8}));
    const std::uint32_t layers = 3 + random_.below(14);
    for (std::uint32_t i = 0; i < layers; ++i) values_.push_back(layer("n" + std::to_string(i), pick()));
    b_.output(values_.back(), "last");
    b_.output(pick(), "any");
    return test::with_weights(b_.finish());
  }

 private:
  template <typename T>
  const T& any(const std::vector<T>& of) {
    return of[random_.below(static_cast<std::uint32_t>(of.size()))];
  }
  std::int64_t channels() { return any(std::vector<std::int64_t>{3, 5, 8, 16, 24, 32}); }
  ValueId pick() {
    std::size_t recent = std::min<std::size_t>(values_.size(), 4);
    return values_[values_.size() - 1 - random_.below(static_cast<std::uint32_t>(recent))];
  }
  ValueId alike(ValueId x) {
    for (int tries = 0; tries < 8; ++tries)
      if (ValueId y = pick(); b_.graph().value(y).type == b_.graph().value(x).type) return y;
    return x;
  }
  ValueId activation(ValueId x) { return b_.op(any(activations_), {x}); }
  ValueId conv(const std::string& name, ValueId x, std::int64_t out, std::int64_t groups = 1) {
    return b_.conv2d(name, x,
                     {.out = out, .kernel = random_.below(3) ? 3 : 1, .groups = groups, .bias = random_.below(2) != 0});
  }
  ValueId pool(const std::string& op, ValueId x) {
    return b_.op(op, {x}, {{"kernel", Ints{3, 3}}, {"stride", Ints{1, 1}}, {"padding", Ints{1, 1, 1, 1}}});
  }

  ValueId layer(const std::string& name, ValueId x) {
    const std::int64_t c = b_.channels(x);
    switch (random_.below(12)) {
      case 0: return conv(name, x, channels());
      case 1: return activation(b_.batch_norm(name + ".bn", conv(name, x, channels())));
      case 2: return b_.add(conv(name, x, c), x);
      case 3: return conv(name, x, c, c);
      case 4: return b_.batch_norm(name, x);
      case 5: return activation(x);
      case 6: return b_.add(x, alike(x));
      case 7: return activation(b_.add(alike(x), x));
      case 8: return pool("max_pool2d", x);
      case 9:
        return has_op("concat") ? b_.op("concat", {x, pick(), random_.below(2) ? x : pick()}, {{"axis", 1}}, name) : x;
      case 10: return gate(name, x);
      default: return halves(name, x);
    }
  }
  // Squeeze and excite: every channel times a number made from the whole picture.
  ValueId gate(const std::string& name, ValueId x) {
    if (!has_op("mul")) return pool("max_pool2d", x);
    ValueId s = b_.conv2d(name, b_.op("global_avg_pool", {x}), {.out = b_.channels(x), .bias = true});
    return b_.op("mul", {x, b_.op("sigmoid", {s})});
  }
  ValueId halves(const std::string& name, ValueId x) {
    const std::int64_t c = b_.channels(x);
    if (!has_op("split") || c % 2 != 0) return activation(x);
    std::vector<ValueId> parts = b_.ops("split", {x}, {{"axis", 1}, {"sizes", Ints{c / 2, c / 2}}}, name);
    values_.push_back(parts[0]);
    return random_.below(2) ? b_.add(parts[0], parts[1]) : parts[1];
  }

  RandomStream random_;
  GraphBuilder b_;
  std::vector<std::string> activations_;
  std::vector<ValueId> values_;
};

std::vector<Tensor> inputs_of(const Model& model, std::uint64_t seed) {
  return {test::random_tensor(fixed_shape(model.graph.value(model.graph.inputs()[0]).type.shape), seed)};
}

double largest(const std::vector<Tensor>& tensors) {
  double most = 1e-3;
  for (const Tensor& t : tensors)
    for (std::int64_t i = 0; i < t.numel(); ++i) most = std::max<double>(most, std::abs(t.data<float>()[i]));
  return most;
}

// Winograd's rounding is coarser than that of a plain sum.
void expect_agreement(std::uint64_t seed, bool winograd) {
  const double tolerance = winograd ? 2e-3 : 5e-5;
  Model model = Maker(seed).make();
  std::vector<Tensor> inputs = inputs_of(model, seed + 1), want = test::run_plain(model, inputs);
  for (Isa isa : {Isa::scalar, Isa::avx2, Isa::avx512}) {
    if (!isa_supported(isa)) continue;
    std::vector<Tensor> first;
    for (int threads : {1, 2}) {
      Session session(model, {.threads = threads, .winograd = winograd, .isa = std::string(name(isa))});
      session.run(inputs_of(model, 99));  // what an earlier run left behind must not matter
      std::vector<Tensor> got = session.run(inputs);
      if (threads == 1) first = got;
      for (std::size_t i = 0; i < want.size(); ++i) {
        ASSERT_TRUE(test::close(got[i], want[i], tolerance * largest(want), tolerance))
            << "seed " << seed << ", " << name(isa);
        ASSERT_TRUE(test::same(got[i], first[i])) << "seed " << seed << ", " << name(isa);
      }
    }
  }
}

TEST(Compiler, AgreesWithThePlainPathOnRandomGraphs) {
  for (std::uint64_t seed = 0; seed < 150 && !HasFatalFailure(); ++seed) expect_agreement(seed, false);
}

TEST(Compiler, AgreesWithThePlainPathWithWinograd) {
  for (std::uint64_t seed = 0; seed < 50 && !HasFatalFailure(); ++seed) expect_agreement(seed, true);
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
        for (ValueId id : plan.steps[write].inputs)
          kept = kept || (!p.copies[write].empty() && id != kNone && overlap(id, value));
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

// A weight goes when its last reader has packed it: not one that is read as it is, nor one that is an output.
TEST(Compiler, ReleasesWeightsThatAllReadersHavePacked) {
  GraphBuilder b("net");
  ValueId x = b.input("x", {2, 8, 6, 6});
  x = b.conv2d("conv", x, {.out = 16, .kernel = 3, .bias = true});
  x = b.flatten(b.op("global_avg_pool", {x}));
  b.output(b.linear("fc", x, 16), "y");
  Graph graph = b.finish();
  const ValueId fc = graph.node(static_cast<NodeId>(graph.nodes().size()) - 1).inputs[1];
  const Node& last = graph.nodes().back();
  ASSERT_EQ(last.op->name, "linear");
  graph.add_output(fc, "matrix");
  Model model = test::with_weights(std::move(graph));
  std::vector<std::string> released;
  PackCache packs(PackCache::Originals{[&](const Tensor& weight) {
                                         for (const auto& [name, w] : model.weights)
                                           if (&w == &weight) released.push_back(name);
                                       },
                                       nullptr});
  Program program(model, {{2, 8, 6, 6}}, {.kernels = &active_kernels(), .packs = &packs});
  EXPECT_EQ(released, std::vector<std::string>{"conv.weight"});
  // The next shape finds the packing and reads nothing: there is nothing to release again.
  Program other(model, {{2, 8, 6, 6}}, {.kernels = &active_kernels(), .packs = &packs});
  EXPECT_EQ(released, std::vector<std::string>{"conv.weight"});
  packs.need(model.weights.at("conv.weight"));
  Program after(model, {{2, 8, 6, 6}}, {.kernels = &active_kernels(), .packs = &packs});
  EXPECT_EQ(released, (std::vector<std::string>{"conv.weight", "conv.weight"}));
}

std::vector<std::string> step_names(const Model& model) {
  Plan plan = make_plan(model, {fixed_shape(model.graph.value(model.graph.inputs()[0]).type.shape)});
  fuse(plan);
  std::vector<std::string> out;
  for (const PlanStep& step : plan.steps)
    out.push_back(step.name + (step.epilogue.residual_last ? " (residual last)" : ""));
  return out;
}

using Strings = std::vector<std::string>;

TEST(Fuse, ActivationAndResidualInEitherOrder) {
  GraphBuilder b("net");
  ValueId x = b.input("x", {1, 4, 4, 4});
  ValueId y = b.relu(b.add(b.conv2d("conv1", x, {.out = 4}), x));
  y = b.add(y, b.relu(b.conv2d("conv2", y, {.out = 4})));
  b.output(y, "y");
  EXPECT_EQ(step_names(test::with_weights(b.finish())),
            (Strings{"conv1 + add + relu", "conv2 + relu_2 + add_2 (residual last)"}));
}

TEST(Fuse, NumbersAfterTheActivation) {
  GraphBuilder b("net");
  ValueId x = b.input("x", {1, 4, 4, 4});
  ValueId y = b.op("mul", {b.weight("scale", {1}), b.relu(b.conv2d("conv", x, {.out = 4}))});
  y = b.add(b.add(y, b.weight("shift", {1})), x);
  y = b.add(y, b.weight("late", {1}));
  b.output(y, "y");
  const Model model = test::with_weights(b.finish());
  EXPECT_EQ(step_names(model), (Strings{"conv + relu + mul + add + add_2 (residual last)", "add_3"}));
  const Tensor in = test::random_tensor({1, 4, 4, 4});
  EXPECT_TRUE(test::close(test::run(model, {in})[0], test::run_plain(model, {in})[0], 1e-5, 1e-5));
}

TEST(Fuse, NumbersAfterTheActivationOfAnAdderLayer) {
  GraphBuilder b("net");
  ValueId x = b.input("x", {2, 4, 4, 4});
  ValueId y = b.op("mul", {b.weight("scale", {1}), b.op("abs", {b.adder_conv2d("adder", x, {.out = 4})})});
  b.output(b.add(b.add(y, b.weight("shift", {1})), x), "y");
  const Model model = test::with_weights(b.finish());
  EXPECT_EQ(step_names(model), (Strings{"adder + abs + mul + add + add_2 (residual last)"}));
  const Tensor in = test::random_tensor({2, 4, 4, 4});
  EXPECT_TRUE(test::close(test::run(model, {in})[0], test::run_plain(model, {in})[0], 1e-5, 1e-5));
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

// Few channels that fill no blocks: the whole network stays plain, with lanes of pixels.
TEST(Layout, OfFewChannelsStaysPlain) {
  GraphBuilder b("net");
  ValueId x = b.input("x", {Dim::symbol("batch"), 1, 9, 32});
  x = b.op("prelu", {b.conv2d("first", x, {.out = 12, .kernel = 5, .bias = true}), b.weight("slope", {12})});
  x = b.add(b.conv2d("second", x, {.out = 12, .kernel = 3, .bias = true}), x);
  b.output(b.conv2d("last", b.op("silu", {b.conv2d("third", x, {.out = 12})}), {.out = 3, .kernel = 3}), "y");
  const Model model = test::with_weights(b.finish());
  const Tensor picture = test::random_tensor({2, 1, 9, 32}, 5);
  const std::vector<Tensor> want = test::run_plain(model, {picture});
  for (Isa isa : {Isa::avx2, Isa::avx512}) {
    if (!isa_supported(isa)) continue;
    Session session(model, {.threads = 2, .profile = true, .isa = std::string(name(isa))});
    EXPECT_TRUE(test::close(session.run({picture})[0], want[0], 2e-5, 2e-5)) << name(isa);
    for (const NodeProfile& node : session.profile()) EXPECT_EQ(node.algorithm, "pixels") << node.name;
  }
}

}  // namespace
}  // namespace frugal
