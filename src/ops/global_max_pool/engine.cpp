#include "ops/pooling_engine.h"

namespace frugal {

FRUGAL_ENGINE(global_max_pool) {
  registry.add("global_max_pool", {.compile = [](const NodeContext& c) { return compile_global_pooling(c, Pool::max); },
                                   .can_block = pooling_can_block});
}

}  // namespace frugal
