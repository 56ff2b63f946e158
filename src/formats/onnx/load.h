// An ONNX model in memory.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "frugal/onnx.h"

namespace frugal {

// As load_onnx; `folder` holds the external data, empty: there are none.
Model model_from_onnx(std::span<const std::byte> bytes, const std::string& folder, const OnnxOptions& options = {});

}  // namespace frugal
