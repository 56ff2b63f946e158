#include "kernels/activation_names.h"

#include "base/check.h"

namespace frugal {
namespace {

// Not prelu, whose slopes are no attribute.
constexpr ActivationName kNames[] = {{Activation::none, "none"},       {Activation::relu, "relu"},
                                     {Activation::clip, "clip"},       {Activation::leaky_relu, "leaky_relu"},
                                     {Activation::sigmoid, "sigmoid"}, {Activation::hard_sigmoid, "hard_sigmoid"},
                                     {Activation::silu, "silu"},       {Activation::hard_swish, "hard_swish"},
                                     {Activation::gelu, "gelu"},       {Activation::gelu_tanh, "gelu_tanh"},
                                     {Activation::tanh, "tanh"},       {Activation::exp, "exp"}};

}  // namespace

std::span<const ActivationName> activation_names() { return kNames; }

std::optional<std::string_view> name(Activation activation) {
  for (const ActivationName& n : kNames)
    if (n.kind == activation) return n.text;
  return std::nullopt;
}

Activation activation_from_name(std::string_view text) {
  for (const ActivationName& n : kNames)
    if (n.text == text) return n.kind;
  fail("there is no activation '{}'", text);
}

}  // namespace frugal
