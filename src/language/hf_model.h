// Language models as Hugging Face's transformers stores them: config.json and tensors by the names of its modules.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "frugal/model.h"
#include "models/decoder.h"

namespace frugal {

// Error where the model_type is unknown or a field is missing or makes no sense.
DecoderConfig hf_config(const nlohmann::json& config);
// `tensors`: of the checkpoint, by its own names.
Model hf_model(const nlohmann::json& config, Weights tensors);

}  // namespace frugal
