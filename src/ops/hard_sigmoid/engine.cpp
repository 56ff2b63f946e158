#include "graph/op.h"
#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(hard_sigmoid) {
  registry.add("hard_sigmoid", activation_op([](const Node& node) {
                 return ActivationSpec{.kind = Activation::hard_sigmoid,
                                       .alpha = static_cast<float>(attr_real(node, "alpha")),
                                       .beta = static_cast<float>(attr_real(node, "beta"))};
               }));
}

}  // namespace frugal
