#include "graph/op.h"
#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(thresholded_relu) {
  registry.add("thresholded_relu", activation_op([](const Node& node) {
                 auto real = [&](const char* name) { return static_cast<float>(attr_real(node, name)); };
                 return ActivationSpec{.kind = Activation::thresholded_relu, .alpha = real("alpha")};
               }));
}

}  // namespace frugal
