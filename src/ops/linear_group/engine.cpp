#include "ops/block_layer.h"

namespace frugal {

FRUGAL_ENGINE(linear_group) {
  registry.add("linear_group", {.compile = compile_block_linear, .packs_weight = true, .weight_pairs = true});
}

}  // namespace frugal
