#include "ops/int8_layer.h"
#include "ops/layer_engine.h"

namespace frugal {

FRUGAL_ENGINE(int8_linear) {
  registry.add("int8_linear", {.compile = [](const NodeContext& c) {
                 const std::int64_t out = c.in(1).shape[0], m = out > 0 ? element_count(c.out().shape) / out : 0;
                 return compile_int8_layer(c, {&c.kernels, rows_shape(m, c.in(1).shape[1], out), true});
               }});
}

}  // namespace frugal
