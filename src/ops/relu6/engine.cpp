#include "ops/activation.h"

namespace frugal {

FRUGAL_ENGINE(relu6) {
  registry.add("relu6", activation_op([](const Node&) { return ActivationSpec{.kind = Activation::clip, .beta = 6}; }));
}

}  // namespace frugal
