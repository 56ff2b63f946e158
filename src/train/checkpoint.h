// The state of a run in one safetensors file, written atomically: whoever reads it sees the old one or the new one.
#pragma once

#include <map>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "frugal/tensor.h"
#include "train/recipe.h"

namespace frugal {

struct Checkpoint {
  std::map<std::string, Tensor> tensors;     // "weights/model/conv1.weight", "optimizer/first/...", "ema/..."
  std::map<std::string, std::string> notes;  // "recipe", "progress": JSON
};

void write_checkpoint(const std::string& path, const Checkpoint& checkpoint);
// Read by the first process and handed to all. Error: missing, damaged, not a checkpoint.
Checkpoint read_checkpoint(const std::string& path);

// Error names the first key in which the recipes differ. Keys that do not change what is learned may differ:
// output, threads, device, checkpoint_every, eval.
void require_same_recipe(const nlohmann::json& saved, const nlohmann::json& now, const std::string& path);

}  // namespace frugal
