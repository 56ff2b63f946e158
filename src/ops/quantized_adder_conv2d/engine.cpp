#include <algorithm>
#include <cmath>
#include <memory>

#include "base/check.h"
#include "engine/engine_op.h"
#include "kernels/byte_adder.h"
#include "ops/layer_engine.h"
#include "ops/quantized_adder_conv2d/layer.h"

namespace frugal {
namespace {

AdderLayer layer_of(const NodeContext& c) {
  const auto constant = [&](std::size_t i) { return c.has(i) ? c.constants[i] : nullptr; };
  for (std::size_t i = 1; i < 6; ++i)
    require(!c.has(i) || constant(i), "node '{}': weight, step, group, bias and scale must be weights of the model",
            c.node.name);
  const auto floats = [&](std::size_t i) { return constant(i) ? constant(i)->data<float>() : nullptr; };
  return read_adder_layer(c.node, c.in(0).shape[1], c.out().shape[1],
                          {constant(1)->data<std::uint8_t>(), floats(2), constant(2)->numel(),
                           constant(3)->data<std::uint8_t>(), floats(4), floats(5)});
}

// A layer ready to run. Images are worked on one after the other, so that their planes stay in the cache.
class QuantizedAdder {
 public:
  explicit QuantizedAdder(const NodeContext& c)
      : layer_(layer_of(c)),
        plan_(byte_adder_plan(c.kernels.isa, convolution_shape(c), layer_.group,
                              static_cast<std::int64_t>(layer_.step.size()))),
        store_(c, FusedStore::kNoBias) {
    require(layer_.taps <= (1 << 23), "node '{}': the sum of {} distances does not fit 31 bits", c.node.name,
            layer_.taps);
    require(!layer_.quantizer.restore || plan_.shape.in_c <= 32768,
            "node '{}': the excess of {} channels does not fit 31 bits", c.node.name, plan_.shape.in_c);
    for (float step : layer_.step) inverse_.push_back(1.0f / step);
    restore_ = layer_.quantizer.restore && can_exceed();
    std::string kind = fmt::format("byte adder {} {}", name(c.kernels.isa), layer_.quantizer.zero);
    for (std::uint8_t g : layer_.group) kind += fmt::format(" {}", g);
    packed_ = c.packed(1, kind, [&] {
      Tensor packed(DType::u8, {plan_.weight_bytes});
      byte_adder_pack(plan_, layer_.v.data(), layer_.quantizer.zero, packed.data<std::uint8_t>());
      return packed;
    });
    layer_.v = {};
  }

  std::int64_t scratch_bytes() const { return byte_adder_scratch_bytes(plan_, restore_); }  // of one image
  std::size_t own_bytes() const { return layer_.factor.size() * 8 + plan_.offsets.size() * 8; }

  void operator()(const RunArgs& args) const {
    const std::int64_t batch = plan_.shape.batch, threads = args.pool.threads();
    if (batch % threads == 0 || batch >= 4 * threads) {
      args.pool.parallel_for(batch, 1, [&](std::int64_t begin, std::int64_t end, int thread) {
        for (std::int64_t n = begin; n < end; ++n)
          image(args, n, args.scratch + thread * scratch_bytes(), [](std::int64_t items, auto f) { f(0, items); });
      });
      return;
    }
    for (std::int64_t n = 0; n < batch; ++n)
      image(args, n, args.scratch, [&](std::int64_t items, auto f) {
        args.pool.parallel_for(items, 1, [&](std::int64_t begin, std::int64_t end, int) { f(begin, end); });
      });
  }

 private:
  // Whether an activation, cut at the limit, can take more steps than a byte of its group holds. Where every group has
  // the range of the inputs, none does.
  bool can_exceed() const {
    const AdderQuantizer& q = layer_.quantizer;
    return q.limit <= 0 || std::ranges::any_of(inverse_, [&](float inverse) {
             return std::nearbyint(q.limit * inverse) > static_cast<float>(q.qmax - q.zero);
           });
  }

  // `share(items, f)` calls f(begin, end) for parts of [0, items) and returns when all are done.
  template <typename Share>
  void image(const RunArgs& args, std::int64_t n, std::byte* scratch, Share share) const {
    const Conv2dShape& s = plan_.shape;
    const AdderQuantizer& q = layer_.quantizer;
    Epilogue epilogue = store_(args);
    if (epilogue.residual) epilogue.residual += n * s.out_c * s.out_h * s.out_w;
    const ByteAdderImage one{args.f32_in(0) + n * s.in_c * s.in_h * s.in_w,
                             inverse_.data(),
                             q.qmax,
                             q.zero,
                             q.limit,
                             restore_,
                             packed_.data<std::uint8_t>(),
                             layer_.factor.data(),
                             layer_.bias.data(),
                             args.f32_out() + n * s.out_c * s.out_h * s.out_w,
                             epilogue};
    const ByteAdderPass pass(plan_, one, scratch);
    share(pass.rows(), [&](std::int64_t begin, std::int64_t end) { pass.planes(begin, end); });
    if (pass.restored_rows() > 0)
      share(pass.restored_rows(), [&](std::int64_t begin, std::int64_t end) { pass.restore(begin, end); });
    share(pass.items(), [&](std::int64_t begin, std::int64_t end) { pass.sums(begin, end); });
  }

  AdderLayer layer_;
  ByteAdderPlan plan_;
  FusedStore store_;
  std::vector<float> inverse_;
  Tensor packed_;
  bool restore_ = false;
};

CompiledOp compile(const NodeContext& c) {
  if (element_count(c.out().shape) == 0) return {.run = [](const RunArgs&) {}, .algorithm = "empty"};
  const auto layer = std::make_shared<const QuantizedAdder>(c);
  return {.run = [layer](const RunArgs& args) { (*layer)(args); },
          .scratch_bytes = static_cast<std::size_t>(layer->scratch_bytes() * c.threads),
          .algorithm = "sum of absolute differences",
          .packed_bytes = layer->own_bytes()};
}

}  // namespace

FRUGAL_ENGINE(quantized_adder_conv2d) {
  registry.add("quantized_adder_conv2d", {.compile = compile, .fuses_activation = true, .fuses_residual = true});
}

}  // namespace frugal
