#include "graph/op.h"
#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(clip) {
  registry.add("clip", activation_op([](const Node& node) {
                 return ActivationSpec{.kind = Activation::clip,
                                       .alpha = static_cast<float>(attr_real(node, "min")),
                                       .beta = static_cast<float>(attr_real(node, "max"))};
               }));
}

}  // namespace frugal
