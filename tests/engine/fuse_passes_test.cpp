// What other programs write out becomes one op again, and nothing else does.
#include <cmath>

#include "engine/passes.h"
#include "graph/op.h"
#include "graph/rewrite.h"

namespace frugal {
namespace {

using test::checked;
using test::evaluate;
using test::with_weights;
using Strings = std::vector<std::string>;

// Attention as it is written in PyTorch: `head_major` with k transposed on its own, the scale on q or on the scores.
Model attention_model(bool separate_transpose, bool scale_scores, bool bias, bool twice_used) {
  GraphBuilder b("net");
  ValueId x = b.input("x", {Dim::symbol("batch"), 6, 10});
  std::vector<ValueId> parts = b.ops("split", {b.linear("qkv", x, 30)}, {{"sizes", Ints{10, 10, 10}}, {"axis", -1}});
  auto heads = [&](ValueId part, Ints perm) {
    return b.op("transpose", {b.op("reshape", {part}, {{"shape", Ints{0, 6, 2, 5}}})}, {{"perm", perm}});
  };
  ValueId scale = b.weight("scale", {1}), q = heads(parts[0], {0, 2, 1, 3}), v = heads(parts[2], {0, 2, 1, 3});
  ValueId k = heads(parts[1], separate_transpose ? Ints{0, 2, 3, 1} : Ints{0, 2, 1, 3});
  if (!scale_scores) q = b.op("mul", {q, scale});
  ValueId scores = b.op("matmul", {q, k}, {{"transpose_b", !separate_transpose}});
  if (scale_scores) scores = b.op("div", {scores, scale});
  if (bias) scores = b.add(scores, b.weight("bias", {1, 2, 6, 6}));
  scores = b.op("softmax", {scores});
  ValueId y = b.op("matmul", {scores, v});
  b.output(b.op("reshape", {b.op("transpose", {y}, {{"perm", Ints{0, 2, 1, 3}}})}, {{"shape", Ints{0, 6, 10}}}), "y");
  if (twice_used) b.output(scores, "weights");
  return with_weights(b.finish());
}

TEST(FuseAttention, FindsItHoweverItIsWritten) {
  const Tensor x = test::random_tensor({2, 6, 10}, 3);
  for (bool separate : {false, true})
    for (bool scale_scores : {false, true})
      for (bool bias : {false, true}) {
        Model after = checked(attention_model(separate, scale_scores, bias, false), fuse_attention, {x});
        const Strings ops = test::node_ops(after.graph);
        EXPECT_EQ(std::count(ops.begin(), ops.end(), "attention"), 1);
        for (const char* gone : {"softmax", "matmul", "mul", "div", "add"})
          EXPECT_EQ(std::count(ops.begin(), ops.end(), gone), 0) << gone;
      }
}

TEST(FuseAttention, LeavesWeightsThatSomebodyElseReads) {
  const Tensor x = test::random_tensor({2, 6, 10}, 3);
  const Strings ops = test::node_ops(checked(attention_model(false, false, false, true), fuse_attention, {x}).graph);
  EXPECT_EQ(std::count(ops.begin(), ops.end(), "attention"), 0);
  EXPECT_EQ(std::count(ops.begin(), ops.end(), "softmax"), 1);
}

// Writes formulas out as exporters do.
struct Writer {
  Model model;
  ValueId x = model.graph.add_input("x", {DType::f32, {Dim::symbol("batch"), 3, 8}});

  ValueId op(const char* name, std::initializer_list<ValueId> in, Attrs attrs = {}) {
    return model.graph.add_node(name, model.graph.fresh_name(name), in, std::move(attrs))[0];
  }
  ValueId number(double value) { return weight("c", Tensor::from<float>({}, {static_cast<float>(value)})); }
  ValueId row(Shape shape) { return weight("w", test::random_tensor(shape, 5)); }
  ValueId weight(const char* stem, Tensor data) {
    const std::string name = model.graph.fresh_name(stem);
    const ValueId id = model.graph.add_weight(name, DType::f32, data.shape(), WeightRole::parameter);
    model.weights.emplace(name, std::move(data));
    return id;
  }
  ValueId mul(ValueId a, ValueId b) { return op("mul", {a, b}); }
  ValueId div(ValueId a, ValueId b) { return op("div", {a, b}); }
  ValueId add(ValueId a, ValueId b) { return op("add", {a, b}); }
  ValueId mean(ValueId a) { return op("reduce_mean", {a}, {{"axes", Ints{2}}, {"keep_dims", true}}); }
  ValueId root(ValueId a) { return op("sqrt", {add(mean(mul(a, a)), number(1e-5))}); }
  ValueId centred() { return op("sub", {x, mean(x)}); }
  ValueId ramp() { return op("clip", {add(x, number(3))}, {{"min", 0.0}, {"max", 6.0}}); }
  ValueId erf_gate() { return add(op("erf", {div(x, number(M_SQRT2))}), number(1)); }
  ValueId tanh_gate(double cubic = 0.044715) {
    const ValueId inner = add(x, mul(number(cubic), mul(mul(x, x), x)));
    return add(number(1), op("tanh", {mul(inner, number(std::sqrt(2 / M_PI)))}));
  }
};

struct Formula {
  const char* op;
  std::function<ValueId(Writer&)> write;
};

const Formula kFormulas[] = {
    {"silu", [](Writer& w) { return w.mul(w.op("sigmoid", {w.x}), w.x); }},
    {"mish", [](Writer& w) { return w.mul(w.x, w.op("tanh", {w.op("softplus", {w.x})})); }},
    {"mish",
     [](Writer& w) { return w.mul(w.x, w.op("tanh", {w.op("log", {w.add(w.number(1), w.op("exp", {w.x}))})})); }},
    {"softplus", [](Writer& w) { return w.op("log", {w.add(w.op("exp", {w.x}), w.number(1))}); }},
    {"leaky_relu",
     [](Writer& w) {
       return w.op("maximum", {w.mul(w.number(0.1), w.x), w.x});
     }},
    {"hard_swish",
     [](Writer& w) {
       return w.mul(w.op("hard_sigmoid", {w.x}, {{"alpha", 1.0 / 6}, {"beta", 0.5}}), w.x);
     }},
    {"hard_swish", [](Writer& w) { return w.div(w.mul(w.x, w.ramp()), w.number(6)); }},
    {"hard_swish", [](Writer& w) { return w.mul(w.number(1.0 / 6), w.mul(w.ramp(), w.x)); }},
    {"hard_swish", [](Writer& w) { return w.mul(w.x, w.div(w.op("relu6", {w.add(w.number(3), w.x)}), w.number(6))); }},
    {"hard_sigmoid", [](Writer& w) { return w.mul(w.ramp(), w.number(1.0 / 6)); }},
    {"gelu", [](Writer& w) { return w.mul(w.mul(w.x, w.erf_gate()), w.number(0.5)); }},
    {"gelu", [](Writer& w) { return w.mul(w.mul(w.x, w.number(0.5)), w.erf_gate()); }},
    {"gelu", [](Writer& w) { return w.mul(w.mul(w.number(0.5), w.tanh_gate()), w.x); }},
    {"layer_norm",
     [](Writer& w) {
       const ValueId c = w.centred();
       return w.add(w.mul(w.div(c, w.root(c)), w.row({8})), w.row({8}));
     }},
    {"layer_norm",
     [](Writer& w) {
       const ValueId c = w.centred();
       return w.mul(c, w.op("reciprocal", {w.root(c)}));
     }},
    {"layer_norm",
     [](Writer& w) {
       const ValueId mean = w.mean(w.x), c = w.op("sub", {w.x, mean});
       const ValueId scale = w.mul(w.op("reciprocal", {w.root(c)}), w.row({8}));
       return w.add(w.mul(w.x, scale), w.op("sub", {w.row({8}), w.mul(mean, scale)}));
     }},
    {"rms_norm", [](Writer& w) { return w.mul(w.row({8}), w.div(w.x, w.root(w.x))); }},
    {"rms_norm", [](Writer& w) { return w.mul(w.mul(w.x, w.div(w.number(1), w.root(w.x))), w.row({8})); }},
    {"linear",
     [](Writer& w) {
       return w.add(w.op("matmul", {w.x, w.row({8, 5})}), w.row({5}));
     }},
    {"linear",
     [](Writer& w) {
       return w.add(w.row({5}), w.op("matmul", {w.x, w.row({5, 8})}, {{"transpose_b", true}}));
     }},
};

TEST(FuseComposites, FormulasBecomeOneOp) {
  for (const Formula& formula : kFormulas) {
    Writer w;
    w.model.graph.add_output(formula.write(w), "y");
    SCOPED_TRACE(formula.op);
    Model after = checked(w.model, fuse_composites, {test::random_tensor({2, 3, 8})});
    EXPECT_EQ(test::node_ops(after.graph), Strings{formula.op});
  }
}

TEST(FuseComposites, LeavesWhatIsNearlyOne) {
  const std::function<ValueId(Writer&)> others[] = {
      [](Writer& w) { return w.mul(w.x, w.op("sigmoid", {w.mul(w.x, w.x)})); },
      [](Writer& w) { return w.mul(w.mul(w.number(0.5), w.tanh_gate(0.0447)), w.x); },
      [](Writer& w) {
        return w.op("maximum", {w.mul(w.number(1.1), w.x), w.x});
      },
      [](Writer& w) {
        return w.mul(w.x, w.op("hard_sigmoid", {w.x}, {{"alpha", 0.2}, {"beta", 0.5}}));
      },
      [](Writer& w) {  // somebody else reads the gate
        const ValueId gate = w.op("sigmoid", {w.x});
        w.model.graph.add_output(gate, "gate");
        return w.mul(w.x, gate);
      },
  };
  for (const auto& write : others) {
    Writer w;
    const ValueId y = write(w);
    w.model.graph.add_output(y, "y");
    Model after = checked(w.model, fuse_composites, {test::random_tensor({2, 3, 8})});
    EXPECT_EQ(test::node_ops(after.graph), test::node_ops(w.model.graph));
  }
}

}  // namespace
}  // namespace frugal
