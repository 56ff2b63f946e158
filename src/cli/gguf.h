// What `frugal info` and `frugal convert` do with GGUF files.
#pragma once

#include <string>

#include "cli/command.h"

namespace frugal {

// Metadata and tensors; with `layers` a table of all tensors.
int info_gguf(const std::string& path, bool layers, const Common& common);

struct GgufConversion {
  std::string input;      // .gguf, or a llama2.c checkpoint (.bin)
  std::string output;     // .gguf
  std::string tokenizer;  // of a llama2.c checkpoint
  std::string type;       // of the weights, as ggml writes it; empty: as they are
  std::string output_type;
};

int convert_gguf(const GgufConversion& conversion, const Common& common);

}  // namespace frugal
