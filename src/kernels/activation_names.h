// Names of the activations that the store of an 8-bit layer takes, as the attribute of the ops on bytes has them.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "kernels/types.h"

namespace frugal {

struct ActivationName {
  Activation kind;
  std::string_view text;
};
std::span<const ActivationName> activation_names();
std::optional<std::string_view> name(Activation activation);  // none: the store does not take it
Activation activation_from_name(std::string_view text);       // Error: there is none of this name

}  // namespace frugal
