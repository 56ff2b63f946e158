// Checkpoints of llama2.c (https://github.com/karpathy/llama2.c, version 0 of export.py): seven int32 (dim, hidden dim,
// layers, heads, key-value heads, vocabulary, longest sequence), then float32 weights, kind by kind. A negative
// vocabulary says that the classifier is not the embedding. The tokenizer is a file of its own: int32 longest token,
// then for each token a float32 score, int32 length and the bytes.
#pragma once

#include <string>

#include "formats/gguf.h"

namespace frugal {

// Both files as one GGUF of architecture "llama" would hold them: its metadata, tokenizer and names of tensors.
// llama2.c turns neighbouring pairs in its rotary embedding, as GGUF's llama does, so no rows change places.
// Error for sizes that do not fit the file.
Gguf read_llama2c(const std::string& checkpoint, const std::string& tokenizer);

}  // namespace frugal
