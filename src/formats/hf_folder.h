// A model as Hugging Face's libraries leave it in a folder: config.json and model.safetensors, or, in several files,
// model.safetensors.index.json ({"weight_map": {"tensor": "file"}}) and the files it names.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "frugal/tensor.h"

namespace frugal {

struct HfFolder {
  nlohmann::json config;  // an object
  std::map<std::string, Tensor> tensors;
};

// The tensors share the mapped files. Error for a missing or broken file, a tensor that the index names but its file
// does not hold, and a file outside the folder: the index may name files of the folder itself only, and no links.
HfFolder read_hf_folder(const std::string& folder);

}  // namespace frugal
