// Weights and inputs that a formula gives: the reference outputs of shared/data/parity were computed from
// them. The formula and the lists of names are described there (README.md and README_wave2.md, section 1).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "frugal/model.h"

namespace frugal::test {

struct NamedTensor {
  std::string name;
  Shape shape;
  std::string kind;  // of README_wave2.md: "w", "b", "g", "rv", "nb", "rm", "p", "p1", "i", "c", "=other"
};

// Both kinds of names files: "name 64x3x7x7 float32", where the kind follows from the name, and "name 64,3,7,7 w".
std::vector<NamedTensor> read_names(const std::filesystem::path& path);

// Element i of the tensor `name`: u in [0, 1), a multiple of 2^-24.
class FormulaStream {
 public:
  explicit FormulaStream(std::string_view name);
  double operator()(std::int64_t i) const;

 private:
  std::uint64_t hash_;
};

Tensor formula_input(const std::string& name, Shape shape);  // u, as float32

// What README.md section 1 says of single networks.
struct FormulaGains {
  double norm = 1;        // of the weights of batch norms
  double prediction = 1;  // of the weights of detect.*_preds*
};

// Every tensor that the formula makes (counters, constants other than detect.proj and tied tensors are left out).
Weights formula_weights(const std::vector<NamedTensor>& names, const FormulaGains& gains = {});

// CRC-32 (zlib) of those tensors, little-endian, in the order of the names file.
std::uint32_t formula_crc32(const std::vector<NamedTensor>& names, const Weights& weights);

}  // namespace frugal::test
