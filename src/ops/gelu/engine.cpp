#include "graph/op.h"
#include "ops/elementwise_engine.h"

namespace frugal {

FRUGAL_ENGINE(gelu) {
  registry.add("gelu", activation_engine([](const Node& node) {
                 bool exact = attr_text(node, "approximate") == "none";
                 return ActivationSpec{.kind = exact ? Activation::gelu : Activation::gelu_tanh};
               }));
}

}  // namespace frugal
