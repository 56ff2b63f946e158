// Every row whose op works in the blocked layout: the same results as in the plain one, whatever the padding lanes
// hold.
#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "engine/engine_op.h"
#include "frugal/session.h"
#include "graph/builder.h"
#include "graph/initial_weights.h"
#include "kernels/kernels.h"
#include "ops/row_test.h"

namespace frugal::test {
namespace {

bool is_map(const StoredType& type) {
  return (type.dtype == DType::f32 || type.dtype == DType::u8) && type.shape.size() == 4;
}

template <typename T>
void copy_blocks(const Shape& s, int block, T* blocked, T* plain, bool to_blocks) {
  const std::int64_t blocks = (s[1] + block - 1) / block, pixels = s[2] * s[3];
  for (std::int64_t n = 0; n < s[0]; ++n)
    for (std::int64_t c = 0; c < s[1]; ++c)
      for (std::int64_t p = 0; p < pixels; ++p) {
        T &in_blocks = blocked[((n * blocks + c / block) * pixels + p) * block + c % block],
          &in_plane = plain[(n * s[1] + c) * pixels + p];
        (to_blocks ? in_blocks : in_plane) = to_blocks ? in_plane : in_blocks;
      }
}

// [N,C,H,W] -> [N, ceil(C/block), H, W, block], NaN (or a large byte) in the lanes beyond C; and back.
Tensor to_blocked(Tensor plain, int block) {
  const Shape& s = plain.shape();
  Tensor out(plain.dtype(), {s[0], (s[1] + block - 1) / block, s[2], s[3], block});
  if (plain.dtype() == DType::u8) {
    std::fill_n(out.data<std::uint8_t>(), out.numel(), std::uint8_t{0xA5});
    copy_blocks(s, block, out.data<std::uint8_t>(), plain.data<std::uint8_t>(), true);
  } else {
    std::fill_n(out.data<float>(), out.numel(), std::numeric_limits<float>::quiet_NaN());
    copy_blocks(s, block, out.data<float>(), plain.data<float>(), true);
  }
  return out;
}

Tensor to_plain(Tensor blocked, const StoredType& type) {
  Tensor out(type.dtype, type.shape);
  if (type.dtype == DType::u8)
    copy_blocks(type.shape, type.block, blocked.data<std::uint8_t>(), out.data<std::uint8_t>(), false);
  else
    copy_blocks(type.shape, type.block, static_cast<float*>(blocked.raw()), out.data<float>(), false);
  return out;
}

// One node compiled by itself.
struct SingleNode {
  Model model;
  std::vector<Tensor> inputs;  // of the graph
  NodeContext context;
  std::vector<Tensor> arguments, results;

  SingleNode(const OpRow& row, const KernelTable& kernels)
      : model(row_model(row)),
        inputs(row_inputs(row)),
        context{.node = model.graph.node(0), .inputs = {}, .outputs = {}, .constants = {}, .kernels = kernels} {
    std::size_t next = 0;
    for (ValueId id : context.node.inputs) {
      if (id == kNone) {
        context.inputs.push_back(std::nullopt);
        context.constants.push_back(nullptr);
        arguments.push_back({});
        continue;
      }
      const Value& value = model.graph.value(id);
      const bool constant = value.kind == ValueKind::weight;
      arguments.push_back(constant ? model.weights.at(value.name) : inputs[next++]);
      context.inputs.push_back(StoredType{value.type.dtype, fixed_shape(value.type.shape), 1});
      context.constants.push_back(constant ? &model.weights.at(value.name) : nullptr);
    }
    for (ValueId id : context.node.outputs) {
      const ValueType& type = model.graph.value(id).type;
      context.outputs.push_back({type.dtype, fixed_shape(type.shape), 1});
    }
  }

  // False where a value that would have to be blocked is no map.
  bool make_blocked(int block) {
    for (StoredType& out : context.outputs) {
      if (!is_map(out)) return false;
      out.block = block;
    }
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      if (!context.inputs[i] || context.constants[i] || !is_map(*context.inputs[i])) continue;
      context.inputs[i]->block = block;
      arguments[i] = to_blocked(arguments[i], block);
    }
    return true;
  }

  std::vector<Tensor> run(const EngineOp& op) {
    CompiledOp compiled = op.compile(context);
    std::vector<const void*> in;
    std::vector<void*> out;
    for (const Tensor& t : arguments) in.push_back(t.raw());
    for (const StoredType& type : context.outputs)
      out.push_back(results.emplace_back(DType::u8, Shape{static_cast<std::int64_t>(type.bytes())}).raw());
    Tensor scratch(DType::u8, {static_cast<std::int64_t>(compiled.scratch_bytes)});
    ThreadPool pool(1);
    compiled.run({in, out, static_cast<std::byte*>(scratch.raw()), pool});
    std::vector<Tensor> plain;
    for (std::size_t i = 0; i < results.size(); ++i) {
      const StoredType& type = context.outputs[i];
      Tensor typed =
          Tensor::wrap(type.dtype, {static_cast<std::int64_t>(type.bytes() / (type.dtype == DType::u8 ? 1 : 4))},
                       results[i].raw(), std::make_shared<Tensor>(results[i]));
      plain.push_back(to_plain(typed, type));
    }
    return plain;
  }
};

// The instruction sets of this machine on which the row's node works in blocks.
std::vector<Isa> blocked_isas(const OpRow& row) {
  std::vector<Isa> out;
  const EngineOp& op = EngineRegistry::instance().get(row.op);
  for (Isa isa : {Isa::avx2, Isa::avx512}) {
    if (!op.can_block || !isa_supported(isa)) continue;
    SingleNode node(row, kernels(isa));
    if (node.make_blocked(kernels(isa).channel_block) && op.can_block(node.context, kernels(isa).channel_block))
      out.push_back(isa);
  }
  return out;
}

std::vector<OpRow> blocked_rows() {
  std::vector<OpRow> rows = test_rows();
  std::erase_if(rows, [](const OpRow& row) { return blocked_isas(row).empty(); });
  return rows;
}

class OpBlocked : public testing::TestWithParam<OpRow> {};
INSTANTIATE_TEST_SUITE_P(Table, OpBlocked, testing::ValuesIn(blocked_rows()), row_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(OpBlocked);  // a machine without vectors

TEST_P(OpBlocked, AgreesWithThePlainLayout) {
  const OpRow& row = GetParam();
  const std::vector<Tensor> expected =
      Session(row_model(row), {.threads = 1, .optimize = false, .isa = "scalar"}).run(row_inputs(row));
  for (Isa isa : blocked_isas(row)) {
    SCOPED_TRACE(std::string(name(isa)));
    SingleNode node(row, kernels(isa));
    node.make_blocked(kernels(isa).channel_block);
    expect_rows_close(node.run(EngineRegistry::instance().get(row.op)), expected, row);
  }
}

// A network of these stays in the blocked layout from its first convolution to its last.
TEST(OpTable, WhatConvolutionalNetworksAreMadeOfWorksInBlocks) {
  if (best_isa() == Isa::scalar) GTEST_SKIP() << "this processor has no vectors";
  std::set<std::string> found;
  for (const OpRow& row : blocked_rows()) found.insert(row.op);
  for (const char* op : {"conv2d", "add", "sub", "mul", "div", "relu", "silu", "sigmoid", "hard_sigmoid", "hard_swish",
                         "gelu", "tanh", "leaky_relu", "prelu", "max_pool2d", "global_avg_pool"})
    EXPECT_TRUE(found.contains(op)) << op;
}

TEST(Blocked, SqueezeAndExcitationNeedsNoReorderInside) {
  if (best_isa() == Isa::scalar) GTEST_SKIP() << "this processor has no vectors";
  GraphBuilder b("squeeze_excitation");
  ValueId x = b.conv2d("stem", b.image_input(3, 16, 16), {.out = 40, .kernel = 3});
  ValueId s = b.op("relu", {b.conv2d("reduce", b.op("global_avg_pool", {x}), {.out = 12, .bias = true})});
  s = b.op("hard_sigmoid", {b.conv2d("expand", s, {.out = 40, .bias = true})});
  b.output(b.conv2d("head", b.op("mul", {x, s}), {.out = 32}), "out");
  Graph graph = b.finish();
  Weights weights = initial_weights(graph, 1);
  Model model{std::move(graph), std::move(weights), {}};
  const Tensor image = random_tensor({2, 3, 16, 16});

  Session session(model, {.threads = 1, .profile = true});
  const Tensor out = session.run({image})[0];
  EXPECT_TRUE(
      close(out, Session(model, {.threads = 1, .optimize = false, .isa = "scalar"}).run({image})[0], 1e-4, 1e-4));
  std::string steps;
  for (const NodeProfile& node : session.profile()) steps += node.op + " ";
  EXPECT_EQ(steps, "conv2d global_avg_pool conv2d conv2d mul conv2d reorder ");
}

}  // namespace
}  // namespace frugal::test
