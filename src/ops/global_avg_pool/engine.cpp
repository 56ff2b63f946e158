#include "ops/pooling_engine.h"

namespace frugal {

FRUGAL_ENGINE(global_avg_pool) {
  registry.add("global_avg_pool",
               {.compile = [](const NodeContext& c) { return compile_global_pooling(c, Pool::average); },
                .can_block = pooling_can_block});
}

}  // namespace frugal
