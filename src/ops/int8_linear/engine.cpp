#include "ops/int8_layer.h"

namespace frugal {

FRUGAL_ENGINE(int8_linear) {
  registry.add("int8_linear", {.compile = [](const NodeContext& c) {
                 Conv2dShape s;
                 s.out_c = c.in(1).shape[0], s.in_c = c.in(1).shape[1];
                 s.in_w = s.out_w = s.out_c > 0 ? element_count(c.out().shape) / s.out_c : 0;
                 return compile_int8_layer(c, {&c.kernels, s, true});
               }});
}

}  // namespace frugal
