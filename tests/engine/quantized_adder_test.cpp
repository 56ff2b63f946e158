// quantized_adder_conv2d in networks: what follows is fused, threads do not matter, bad weights are refused.
#include <algorithm>
#include <limits>

#include "base/bit_stream.h"
#include "base/random.h"
#include "engine/engine_test.h"
#include "graph/passes/passes.h"
#include "kernels/kernels.h"

namespace frugal {
namespace {

struct Network {
  Model model;
  std::int64_t groups = 3;

  ValueId weight(const std::string& name, Tensor data) {
    const ValueId id = model.graph.add_weight(name, data.dtype(), data.shape(), WeightRole::constant);
    model.weights.emplace(name, std::move(data));
    return id;
  }
  static Tensor drawn(const std::string& stream, std::int64_t count, float low, float high) {
    RandomStream random(5, stream);
    Tensor t(DType::f32, {count});
    for (std::int64_t i = 0; i < count; ++i) t.data<float>()[i] = random.uniform(low, high);
    return t;
  }
  ValueId floats(const std::string& name, std::int64_t count, float low, float high) {
    return weight(name, drawn(name, count, low, high));
  }
  ValueId bytes(const std::string& name, Shape shape, std::uint32_t below) {
    RandomStream random(5, name);
    Tensor t(DType::u8, std::move(shape));
    for (std::int64_t i = 0; i < t.numel(); ++i)
      t.data<std::uint8_t>()[i] = static_cast<std::uint8_t>(random.below(below));
    return weight(name, std::move(t));
  }

  ValueId adder(const std::string& name, ValueId x, std::int64_t out, std::int64_t kernel, std::int64_t stride = 1,
                std::int64_t bits = 8, const std::string& steps = "", const Attrs& more = {}) {
    const std::int64_t in = model.graph.value(x).type.shape[1].value(), pad = kernel / 2;
    Attrs attrs{{"kernel", Ints{kernel, kernel}},
                {"stride", Ints{stride, stride}},
                {"padding", Ints{pad, pad, pad, pad}},
                {"bits", bits}};
    for (const auto& [key, value] : more) attrs[key] = value;
    return model.graph.add_node(
        "quantized_adder_conv2d", name,
        {x, bytes(name + ".adder", {out, packed_bytes(in * kernel * kernel, static_cast<int>(bits))}, 256),
         weight(name + ".step", drawn(steps.empty() ? name + ".step" : steps, groups, 0.01f, 0.03f)),
         bytes(name + ".group", {out}, static_cast<std::uint32_t>(groups)), floats(name + ".bias", out, -3, 3)},
        attrs)[0];
  }
  ValueId norm(const std::string& name, ValueId x) {  // gamma of both signs
    const std::int64_t c = model.graph.value(x).type.shape[1].value();
    return model.graph.add_node(
        "batch_norm", name,
        {x, floats(name + ".weight", c, -1, 1), floats(name + ".bias", c, -1, 1),
         floats(name + ".running_mean", c, -250, -150), floats(name + ".running_var", c, 100, 400)})[0];
  }
  ValueId op(const std::string& name, std::vector<ValueId> inputs) {
    return model.graph.add_node(name, name + std::to_string(model.graph.nodes().size()), std::move(inputs))[0];
  }
};

Tensor picture(Shape shape) {
  Tensor t = test::random_tensor(std::move(shape));
  for (std::int64_t i = 0; i < t.numel(); ++i) t.data<float>()[i] += 1;
  return t;
}

Network block(std::int64_t bits) {
  Network n;
  const ValueId x = n.model.graph.add_input("x", {DType::f32, {Dim::symbol("batch"), 16, 10, 13}});
  const ValueId y = n.norm("bn", n.adder("conv", x, 16, 3, 1, bits));
  n.model.graph.add_output(n.op("relu", {n.op("add", {y, x})}), "y");
  return n;
}

TEST(QuantizedAdder, NormResidualAndActivationGoIntoItsStore) {
  for (std::int64_t bits : {2, 5, 8}) {
    const Model model = std::move(block(bits).model);
    EXPECT_EQ(test::node_ops(fold_batch_norm(model).graph),
              (std::vector<std::string>{"quantized_adder_conv2d", "add", "relu"}));
    const std::vector<Tensor> x{picture({3, 16, 10, 13})};
    Session session(model, {.threads = 1, .profile = true});
    const Tensor y = session.run(x)[0];
    EXPECT_EQ(session.profile().size(), 1u);
    EXPECT_TRUE(test::close(y, test::run_plain(model, x)[0], 1e-4, 1e-5)) << bits << " bits";
  }
}

// A norm behind a norm, and a factor that is there already.
TEST(QuantizedAdder, NormsGoIntoAFactorThatIsThere) {
  Network n;
  const ValueId x = n.model.graph.add_input("x", {DType::f32, {1, 8, 5, 6}});
  n.model.graph.add_output(n.norm("b", n.norm("a", n.adder("conv", x, 9, 3))), "y");
  const Model once = fold_batch_norm(n.model);
  const std::vector<Tensor> in{picture({1, 8, 5, 6})};
  EXPECT_EQ(once.graph.nodes().size(), 1u);
  EXPECT_TRUE(test::close(test::run(once, in)[0], test::run_plain(n.model, in)[0], 1e-4, 1e-5));
}

// Two blocks of a residual network; the second takes half the pixels, and its shortcut is a layer too. With `apart`
// something stands before each adder layer that changes no number.
Network residual_network(std::int64_t groups, bool apart, const Attrs& more) {
  Network n;
  n.groups = groups;
  const auto input = [&](ValueId x) {
    const Ints one{1, 1};
    return apart ? n.model.graph.add_node("max_pool2d", "pool" + std::to_string(n.model.graph.nodes().size()), {x},
                                          {{"kernel", one}, {"stride", one}})[0]
                 : x;
  };
  const auto adder = [&](const std::string& name, ValueId x, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                         const std::string& step) {
    return n.norm(name + ".bn", n.adder(name, input(x), out, kernel, stride, 8, step, more));
  };
  const ValueId x = n.model.graph.add_input("x", {DType::f32, {Dim::symbol("batch"), 12, 14, 13}});
  const ValueId first = n.op("relu", {adder("first", x, 12, 3, 1, "a")});
  const ValueId inner = n.op("relu", {adder("inner", first, 20, 3, 1, "b")});
  const ValueId block = n.op("relu", {n.op("add", {adder("outer", inner, 12, 3, 1, "c"), first})});
  const ValueId half = n.op("relu", {adder("half", block, 33, 3, 2, "d")});
  const ValueId shortcut = adder("shortcut", block, 33, 1, 2, "d");  // the grids of `half`
  const ValueId other = adder("other", block, 33, 1, 2, "e");        // its own
  const ValueId sum = n.op("add", {adder("last", half, 33, 3, 1, "f"), n.op("add", {shortcut, other})});
  n.model.graph.add_output(n.op("relu", {sum}), "y");
  return n;
}

// A layer's store rounds for the layer that reads it; every bit is as if floats lay between them.
TEST(QuantizedAdder, RoundingGoesIntoTheStoreBefore) {
  const std::vector<Attrs> grids{{}, {{"zero", std::int64_t{117}}, {"limit", 2.0}}, {{"limit", 1.5}}};
  for (Isa which : {Isa::scalar, Isa::avx2, Isa::avx512}) {
    if (!isa_supported(which)) continue;
    const std::string isa(name(which));
    for (std::int64_t groups : {1, 3})
      for (const Attrs& more : grids)
        for (std::int64_t batch : {1, 5}) {
          const std::vector<Tensor> x{picture({batch, 12, 14, 13})};
          Session together(residual_network(groups, false, more).model,
                           {.threads = 1, .profile = true, .round_in_stores = true, .isa = isa});
          Session apart(residual_network(groups, true, more).model, {.threads = 1, .isa = isa});
          const Tensor y = together.run(x)[0];
          EXPECT_TRUE(test::same(y, apart.run(x)[0])) << isa << ", " << groups << " groups";
          std::string rounded;
          for (const NodeProfile& node : together.profile())
            if (node.algorithm.ends_with("rounded")) rounded += node.name.substr(0, node.name.find(' ')) + " ";
          EXPECT_EQ(rounded, "first inner outer half ");
          Session two(residual_network(groups, false, more).model, {.threads = 2, .round_in_stores = true, .isa = isa});
          EXPECT_TRUE(test::same(two.run(x)[0], y)) << isa;
        }
  }
}

// What exceeds a grid is needed too: the layer rounds itself.
TEST(QuantizedAdder, RoundingStaysWhereTheExcessIsNeeded) {
  const auto rounds_before = [](const Attrs& more) {
    Session session(residual_network(1, false, more).model, {.threads = 1, .profile = true, .round_in_stores = true});
    session.run({picture({1, 12, 14, 13})});
    return std::ranges::any_of(session.profile(),
                               [](const NodeProfile& n) { return n.algorithm.ends_with("rounded"); });
  };
  EXPECT_FALSE(rounds_before({{"restore", true}}));
  EXPECT_FALSE(rounds_before({{"restore", true}, {"limit", 1000.0}}));
  EXPECT_TRUE(rounds_before({{"restore", true}, {"limit", 0.01}}));  // nothing can exceed
}

TEST(QuantizedAdder, AnyNumberOfThreadsGivesTheSameBits) {
  Network n;
  const ValueId x = n.model.graph.add_input("x", {DType::f32, {Dim::symbol("batch"), 6, 17, 15}});
  const ValueId a = n.op("relu", {n.norm("bn1", n.adder("conv1", x, 20, 3, 2))});
  const ValueId b = n.op("relu", {n.op("add", {n.norm("bn2", n.adder("conv2", a, 20, 3)), a})});
  n.model.graph.add_output(n.adder("conv3", b, 33, 1), "y");
  for (std::int64_t batch : {1, 2, 5, 13}) {
    const std::vector<Tensor> in{picture({batch, 6, 17, 15})};
    const Tensor one = test::run(n.model, in, {.threads = 1})[0];
    for (int threads : {2, 3}) EXPECT_TRUE(test::same(test::run(n.model, in, {.threads = threads})[0], one)) << batch;
  }
}

TEST(QuantizedAdder, BadWeightsAreRefused) {
  const std::vector<Tensor> x{picture({1, 16, 10, 13})};
  Network n = block(8);
  n.model.weights.at("conv.group").data<std::uint8_t>()[3] = 3;
  EXPECT_ERROR(test::run(n.model, x), "output channel 3 is in group 3, but there are 3 groups");
  for (float step : {0.0f, -1.0f, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    n = block(8);
    n.model.weights.at("conv.step").data<float>()[1] = step;
    EXPECT_ERROR(test::run(n.model, x), "it must be a positive number");
  }
}

TEST(QuantizedAdder, BadNodesAreRefused) {
  const auto make = [](const Attrs& more, DType weight, std::int64_t row, std::int64_t channels = 4) {
    Network n;
    const ValueId x = n.model.graph.add_input("x", {DType::f32, {1, channels, 5, 5}});
    Attrs attrs{{"kernel", Ints{3, 3}}, {"bits", std::int64_t{5}}};
    for (const auto& [name, value] : more) attrs[name] = value;
    const auto add = [&](const char* name, DType type, Shape shape) {
      return n.model.graph.add_weight(name, type, std::move(shape), WeightRole::constant);
    };
    n.model.graph.add_node("quantized_adder_conv2d", "conv",
                           {x, add("w", weight, {6, row}), add("s", DType::f32, {2}), add("g", DType::u8, {6})}, attrs);
  };
  make({}, DType::u8, 23);  // 36 numbers of 5 bits
  make({{"doubled", true}}, DType::u8, 18);
  EXPECT_ERROR(make({}, DType::u8, 22), "a row of the weight has 22 bytes");
  EXPECT_ERROR(make({}, DType::i8, 23), "the weight is");
  const Attrs large{{"kernel", Ints{65536, 65536}}};
  EXPECT_ERROR(make(large, DType::u8, 23, std::int64_t{1} << 20), "too large");
  EXPECT_ERROR(make(large, DType::u8, 23, std::int64_t{1} << 36), "overflow");
  EXPECT_ERROR(make({{"bits", std::int64_t{9}}}, DType::u8, 23), "bits");
  EXPECT_ERROR(make({{"bits", std::int64_t{1}}}, DType::u8, 23), "bits");
  EXPECT_ERROR(make({{"zero", std::int64_t{32}}}, DType::u8, 23), "the largest number of 5 bits is 31");
}

}  // namespace
}  // namespace frugal
