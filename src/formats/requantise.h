// The weights of a GGUF in another type.
#pragma once

#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "formats/gguf.h"

namespace frugal {

struct Requantised {
  std::string name;
  Shape shape;
  DType from = DType::f32, to = DType::f32;
  std::size_t bytes_before = 0, bytes_after = 0;
};

// Types that requantise() writes: f32, f16, bf16 and the block types.
std::vector<DType> requantise_types();

// The type a tensor gets when `wanted` is asked for:
// - what is no matrix of a linear layer or embedding (norms, biases, fewer than 1024 elements) is f32;
// - a row that is no whole number of 256-blocks gets the type of 32-blocks with the next more bits (Q2_K, Q3_K: Q4_0;
//   Q4_K: Q5_0; Q5_K: Q5_1; Q6_K: Q8_0), and where that does not fit either, f16.
DType requantised_type(const std::string& name, const Tensor& tensor, DType wanted);

// Every tensor in the type that `wanted` gives it, on all threads of the pool, and the metadata that say so
// (general.file_type, general.quantization_version). The matrix that makes the logits (output.weight, or
// token_embd.weight where that serves as both) gets `output`, since errors there go straight into the choice of words.
// What is of its type already is kept byte for byte. Error names a tensor with values that the type cannot hold.
Gguf requantise(const Gguf& gguf, DType wanted, DType output, ThreadPool& pool, std::vector<Requantised>& report);

}  // namespace frugal
