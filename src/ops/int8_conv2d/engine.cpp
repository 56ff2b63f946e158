#include "ops/int8_layer.h"
#include "ops/layer_engine.h"

namespace frugal {
namespace {

Int8Plan plan_for(const NodeContext& c, int block) {
  return {block == c.kernels.channel_block ? &c.kernels : &kernels(Isa::scalar), convolution_shape(c)};
}

bool can_block(const NodeContext& c, int block) {
  return block == c.kernels.channel_block && int8_fits(c.kernels, plan_for(c, block).shape, c.has(7));
}

}  // namespace

FRUGAL_ENGINE(int8_conv2d) {
  registry.add("int8_conv2d",
               {.compile = [](const NodeContext& c) { return compile_int8_layer(c, plan_for(c, c.in(0).block)); },
                .can_block = can_block,
                .prefers_blocked = true});
}

}  // namespace frugal
