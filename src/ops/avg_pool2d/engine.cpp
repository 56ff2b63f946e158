#include "graph/op.h"
#include "ops/pooling_engine.h"

namespace frugal {

FRUGAL_ENGINE(avg_pool2d) {
  auto compile = [](const NodeContext& c) {
    return compile_pooling(c, attr_flag(c.node, "count_include_pad") ? Pool::average_count_pad : Pool::average);
  };
  registry.add("avg_pool2d", {.compile = compile, .can_block = pooling_can_block});
}

}  // namespace frugal
