#include "graph/op.h"
#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(gelu) {
  registry.add("gelu", activation_op([](const Node& node) {
                 bool exact = attr_text(node, "approximate") == "none";
                 return ActivationSpec{.kind = exact ? Activation::gelu : Activation::gelu_tanh};
               }));
}

}  // namespace frugal
