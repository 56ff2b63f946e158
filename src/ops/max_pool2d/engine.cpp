#include "ops/pooling_engine.h"

namespace frugal {

FRUGAL_ENGINE(max_pool2d) {
  registry.add("max_pool2d", {.compile = [](const NodeContext& c) { return compile_pooling(c, Pool::max); },
                              .can_block = pooling_can_block});
}

}  // namespace frugal
