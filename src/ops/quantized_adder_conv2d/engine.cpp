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

std::vector<float> inverses(std::span<const float> steps) {
  std::vector<float> out;
  for (float step : steps) out.push_back(1.0f / step);
  return out;
}

// Whether an activation, cut at the limit, can take more steps than a byte of its group holds. Where every group has
// the range of the inputs, none does.
bool can_exceed(const AdderQuantizer& q, const std::vector<float>& inverse) {
  return q.limit <= 0 || std::ranges::any_of(inverse, [&](float i) {
           return std::nearbyint(q.limit * i) > static_cast<float>(q.qmax - q.zero);
         });
}

// A layer ready to run. Images are worked on one after the other, so that their planes stay in the cache.
class QuantizedAdder {
 public:
  explicit QuantizedAdder(const NodeContext& c)
      : layer_(layer_of(c)),
        plan_(byte_adder_plan(c.kernels, convolution_shape(c), layer_.group,
                              static_cast<std::int64_t>(layer_.step.size()))),
        store_(c, FusedStore::kNoBias),
        inverse_(inverses(layer_.step)),
        reads_rounded_(c.in(0).dtype == DType::u8),
        stores_floats_(c.out().dtype == DType::f32),
        rounding_(c.rounding) {
    require(layer_.taps <= (1 << 23), "node '{}': the sum of {} distances does not fit 31 bits", c.node.name,
            layer_.taps);
    require(!layer_.quantizer.restore || plan_.shape.in_c <= 32768,
            "node '{}': the excess of {} channels does not fit 31 bits", c.node.name, plan_.shape.in_c);
    restore_ = layer_.quantizer.restore && can_exceed(layer_.quantizer, inverse_);
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
  // `share(items, f)` calls f(begin, end) for parts of [0, items) and returns when all are done.
  template <typename Share>
  void image(const RunArgs& args, std::int64_t n, std::byte* scratch, Share share) const {
    const ByteAdderPass pass(plan_, picture(args, n), scratch);
    share(pass.rows(), [&](std::int64_t begin, std::int64_t end) { pass.planes(begin, end); });
    if (pass.restored_rows() > 0)
      share(pass.restored_rows(), [&](std::int64_t begin, std::int64_t end) { pass.restore(begin, end); });
    share(pass.items(), [&](std::int64_t begin, std::int64_t end) { pass.sums(begin, end); });
  }

  ByteAdderImage picture(const RunArgs& args, std::int64_t n) const {
    const Conv2dShape& s = plan_.shape;
    const AdderQuantizer& q = layer_.quantizer;
    const std::int64_t in = n * s.in_c * s.in_h * s.in_w, out = n * s.out_c * s.out_h * s.out_w;
    ByteAdderImage one{.x = nullptr,
                       .grids = {inverse_.data(), q.qmax, q.zero, q.limit},
                       .restore = restore_,
                       .weights = packed_.data<std::uint8_t>(),
                       .factor = layer_.factor.data(),
                       .bias = layer_.bias.data(),
                       .y = stores_floats_ ? args.f32_out() + out : nullptr,
                       .epilogue = store_(args)};
    if (reads_rounded_)
      one.numbers = static_cast<const std::uint8_t*>(args.in[0]) + in * plan_.layout.groups;
    else
      one.x = args.f32_in(0) + in;
    if (one.epilogue.residual) one.epilogue.residual += out;
    if (rounding_) {
      const auto count = static_cast<std::int64_t>(rounding_->inverse.size());
      one.rounded = {static_cast<std::uint8_t*>(args.out.back()) + out * count,
                     count,
                     {rounding_->inverse.data(), rounding_->qmax, rounding_->zero, rounding_->limit}};
    }
    return one;
  }

  AdderLayer layer_;
  ByteAdderPlan plan_;
  FusedStore store_;
  std::vector<float> inverse_;
  bool reads_rounded_, stores_floats_, restore_ = false;
  std::optional<ByteRounding> rounding_;
  Tensor packed_;
};

// Nothing where the layer also needs what its input exceeds the grids by.
std::optional<ByteRounding> rounding_of(const NodeContext& c) {
  const Tensor* step = c.constants[2];
  if (!step) return std::nullopt;
  const AdderQuantizer q = adder_quantizer(c.node);
  ByteRounding r{inverses({step->data<float>(), static_cast<std::size_t>(step->numel())}), q.qmax, q.zero, q.limit};
  if (q.restore && can_exceed(q, r.inverse)) return std::nullopt;
  return r;
}

CompiledOp compile(const NodeContext& c) {
  if (element_count(c.out().shape) == 0) return {.run = [](const RunArgs&) {}, .algorithm = "empty"};
  const auto layer = std::make_shared<const QuantizedAdder>(c);
  return {.run = [layer](const RunArgs& args) { (*layer)(args); },
          .scratch_bytes = static_cast<std::size_t>(layer->scratch_bytes() * c.threads),
          .algorithm = c.rounding ? "sum of absolute differences, rounded" : "sum of absolute differences",
          .packed_bytes = layer->own_bytes()};
}

}  // namespace

FRUGAL_ENGINE(quantized_adder_conv2d) {
  registry.add("quantized_adder_conv2d", {.compile = compile,
                                          .fuses_activation = true,
                                          .fuses_residual = true,
                                          .rounds_input = rounding_of,
                                          .stores_rounded = true});
}

}  // namespace frugal
