#include "graph/op.h"
#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(celu) {
  registry.add("celu", activation_op([](const Node& node) {
                 auto real = [&](const char* name) { return static_cast<float>(attr_real(node, name)); };
                 return ActivationSpec{.kind = Activation::celu, .alpha = real("alpha")};
               }));
}

}  // namespace frugal
