#include "graph/op.h"
#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(elu) {
  registry.add("elu", activation_op([](const Node& node) {
                 auto real = [&](const char* name) { return static_cast<float>(attr_real(node, name)); };
                 return ActivationSpec{.kind = Activation::elu, .alpha = real("alpha"), .beta = 1};
               }));
}

}  // namespace frugal
