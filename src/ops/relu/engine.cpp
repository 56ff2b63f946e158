#include "engine/engine_op.h"

namespace frugal {

FRUGAL_ENGINE(relu) {
  registry.add("relu", {.compile =
                            [](const NodeContext& c) -> CompiledOp {
                              std::int64_t n = element_count(c.out().shape);
                              return {.run =
                                          [n](const RunArgs& args) {
                                            const float* in = args.f32_in(0);
                                            float* out = args.f32_out();
                                            for (std::int64_t i = 0; i < n; ++i) out[i] = in[i] > 0 ? in[i] : 0;
                                          },
                                      .algorithm = "reference"};
                            },
                        .as_activation = [](const Node&) { return std::optional(ActivationSpec{.kind = Activation::relu}); },
                        .in_place = true});
}

}  // namespace frugal
