// The single-file model; load_model and save_model are in frugal/model.h.
#pragma once

#include "formats/safetensors.h"
#include "frugal/model.h"

namespace frugal {

Model model_from_safetensors(SafetensorsFile file);  // the tensors keep sharing what they share

}  // namespace frugal
