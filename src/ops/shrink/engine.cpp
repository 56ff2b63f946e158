#include "graph/op.h"
#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(shrink) {
  registry.add("shrink", activation_op([](const Node& node) {
                 auto real = [&](const char* name) { return static_cast<float>(attr_real(node, name)); };
                 return ActivationSpec{.kind = Activation::shrink, .alpha = real("lambd"), .beta = real("bias")};
               }));
}

}  // namespace frugal
