// Outputs of official code, as shared/data/parity stores them (README.md section 2, README_wave2.md section 2).
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>

#include "frugal/tensor.h"

namespace frugal::test {

// One tensor: all elements, or every stride-th.
struct Reference {
  Shape shape;
  std::int64_t stride = 1;
  Tensor values;
  double absmax = 0;  // of the whole tensor
};

// By key; from .npz, or from .safetensors with its description in the metadata.
std::map<std::string, Reference> read_references(const std::filesystem::path& path);

// |got - expected| <= tolerance * absmax everywhere. `got` is float32 or float64.
testing::AssertionResult agrees(const Tensor& got, const Reference& expected, double tolerance);

}  // namespace frugal::test
