// What a user may set: of `frugal compress ... adder_quant` and of training with the method adder_qat.
#pragma once

#include <vector>

#include "methods/adder_quant/adder_quant.h"
#include "methods/method.h"

namespace frugal {

std::vector<MethodOption> adder_quant_options();
AdderQuantSettings read_adder_quant_settings(const MethodOptions& options);  // UsageError names what does not fit

}  // namespace frugal
