#include "graph/op.h"
#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(leaky_relu) {
  registry.add("leaky_relu", activation_op([](const Node& node) {
                 return ActivationSpec{.kind = Activation::leaky_relu,
                                       .alpha = static_cast<float>(attr_real(node, "slope"))};
               }));
}

}  // namespace frugal
