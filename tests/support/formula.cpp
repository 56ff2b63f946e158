#include "support/formula.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <set>
#include <sstream>

#include "base/check.h"

namespace frugal::test {
namespace {

Shape parse_shape(std::string text) {
  Shape shape;
  if (text == "-" || text == "scalar") return shape;
  std::replace(text.begin(), text.end(), 'x', ',');
  std::istringstream in(text);
  for (std::string dim; std::getline(in, dim, ',');) shape.push_back(std::stoll(dim));
  return shape;
}

std::string stem_of(const std::string& name) { return name.substr(0, name.rfind('.')); }

// README.md section 1: the kind by the name.
std::string kind_by_name(const NamedTensor& t, const std::set<std::string>& norms) {
  std::string last = t.name.substr(t.name.rfind('.') + 1);
  bool norm = norms.contains(stem_of(t.name));
  if (t.name == "detect.proj" || t.name == "detect.proj_conv.weight") return "bins";
  if (last == "alpha") return "alpha";
  if (last == "weight" && t.name.starts_with("detect.") && t.name.find("_preds") != std::string::npos) return "pred";
  if (last == "num_batches_tracked") return "i";
  if (last == "running_mean") return "rm";
  if (last == "running_var") return "rv";
  if (last == "adder") return "a";
  if (last == "weight") return norm ? "g" : "w";
  if (last == "bias") return norm ? "nb" : "b";
  fail("no rule for the tensor '{}'", t.name);
}

// What a kind multiplies 2u - 1 with; 0: the value is 0.5 + u.
double scale_of(const std::string& kind, const Shape& shape) {
  if (kind == "w" || kind == "pred") return std::sqrt(3.0 / static_cast<double>(element_count(shape) / shape[0]));
  if (kind.starts_with("w:")) return std::sqrt(3.0 / std::stod(kind.substr(2)));
  if (kind == "a") return std::sqrt(3.0);
  if (kind == "g" || kind == "rv" || kind == "alpha" || kind == "bins") return 0;
  if (kind == "nb" || kind == "rm") return 0.2;
  if (kind == "b") return 0.1;
  if (kind == "p") return 0.05;
  if (kind == "p1") return 1;
  fail("no rule for the kind '{}'", kind);
}

bool generated(const std::string& kind) { return kind != "i" && kind != "c" && !kind.starts_with("="); }

}  // namespace

std::vector<NamedTensor> read_names(const std::filesystem::path& path) {
  std::ifstream in(path);
  require(in.good(), "cannot read {}", path.string());
  std::vector<NamedTensor> names;
  std::set<std::string> norms;
  std::string name, shape, kind;
  while (in >> name >> shape >> kind) {
    names.push_back({name, parse_shape(shape), kind});
    if (name.ends_with(".running_mean")) norms.insert(stem_of(name));
  }
  for (NamedTensor& t : names)
    if (t.kind == "float32" || t.kind == "int64") t.kind = kind_by_name(t, norms);
  return names;
}

FormulaStream::FormulaStream(std::string_view name) : hash_(14695981039346656037ull) {
  for (char c : name) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 1099511628211ull;
}

double FormulaStream::operator()(std::int64_t i) const {
  std::uint64_t z = hash_ + (static_cast<std::uint64_t>(i) + 1) * 0x9E3779B97F4A7C15ull;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  z ^= z >> 31;
  return static_cast<double>(z >> 40) / 16777216.0;
}

Tensor formula_input(const std::string& name, Shape shape) {
  Tensor t(DType::f32, std::move(shape));
  FormulaStream u(name);
  float* values = t.data<float>();
  for (std::int64_t i = 0; i < t.numel(); ++i) values[i] = static_cast<float>(u(i));
  return t;
}

Weights formula_weights(const std::vector<NamedTensor>& names, const FormulaGains& gains) {
  Weights weights;
  for (const NamedTensor& named : names) {
    if (!generated(named.kind)) continue;
    Tensor t(DType::f32, named.shape);
    FormulaStream u(named.name);
    const double scale = scale_of(named.kind, named.shape) * (named.kind == "pred" ? gains.prediction : 1);
    const double gain = named.kind == "g" ? gains.norm : 1;
    float* values = t.data<float>();
    for (std::int64_t i = 0; i < t.numel(); ++i) {
      if (named.kind == "bins")
        values[i] = static_cast<float>(i);
      else
        values[i] = static_cast<float>(scale == 0 ? (0.5 + u(i)) * gain : (2 * u(i) - 1) * scale);
    }
    weights.emplace(named.name, std::move(t));
  }
  return weights;
}

std::uint32_t formula_crc32(const std::vector<NamedTensor>& names, const Weights& weights) {
  std::array<std::uint32_t, 256> table;
  for (std::uint32_t i = 0; i < 256; ++i) {
    table[i] = i;
    for (int bit = 0; bit < 8; ++bit) table[i] = table[i] & 1 ? 0xEDB88320u ^ (table[i] >> 1) : table[i] >> 1;
  }
  std::uint32_t crc = ~0u;
  for (const NamedTensor& named : names) {
    auto found = weights.find(named.name);
    if (found == weights.end()) continue;
    const auto* bytes = static_cast<const unsigned char*>(found->second.raw());
    for (std::size_t i = 0; i < found->second.bytes(); ++i) crc = table[(crc ^ bytes[i]) & 255] ^ (crc >> 8);
  }
  return ~crc;
}

}  // namespace frugal::test
