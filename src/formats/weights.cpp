#include "formats/weights.h"

#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "base/text.h"
#include "formats/safetensors.h"
#include "graph/initial_weights.h"

namespace frugal {
namespace {

constexpr std::string_view kPrefix = "module.";
constexpr std::size_t kNamed = 3;  // of a long list of names, so many are given

bool is_float(DType t) { return t == DType::f32 || t == DType::f64 || t == DType::f16 || t == DType::bf16; }

Weights plain_names(const Weights& tensors) {
  bool wrapped = !tensors.empty() && std::all_of(tensors.begin(), tensors.end(),
                                                 [](const auto& entry) { return entry.first.starts_with(kPrefix); });
  Weights out;
  for (const auto& [name, tensor] : tensors)
    if (!name.ends_with("num_batches_tracked")) out.emplace(wrapped ? name.substr(kPrefix.size()) : name, tensor);
  return out;
}

// "3 tensors are missing: 'fc.weight', did you mean 'linear.weight'?, ..."
std::string list(const std::vector<std::string>& names, std::string_view what, const std::vector<std::string>& others) {
  if (names.empty()) return "";
  std::vector<std::string> named;
  for (std::size_t i = 0; i < std::min(names.size(), kNamed); ++i) {
    std::string near = nearest(names[i], others);
    named.push_back("'" + names[i] + "'" + (near.empty() ? "" : " (nearest: '" + near + "')"));
  }
  if (names.size() > kNamed) named.push_back("...");
  return fmt::format("; {} {} {}: {}", names.size(), names.size() == 1 ? "tensor is" : "tensors are", what,
                     join(named, ", "));
}

}  // namespace

Weights match_weights(const Graph& graph, const Weights& tensors, const std::string& source) {
  Weights given = plain_names(tensors);
  Weights weights;
  std::vector<std::string> missing, unexpected, shapes;
  for (const Value& value : graph.values()) {
    if (value.kind != ValueKind::weight) continue;
    auto found = given.find(value.name);
    if (found == given.end()) {
      if (std::optional<Tensor> constant = given_constant(value))
        weights.emplace(value.name, std::move(*constant));
      else
        missing.push_back(value.name);
      continue;
    }
    const Tensor& tensor = found->second;
    const Shape wanted = fixed_shape(value.type.shape);
    if (tensor.shape() != wanted)
      shapes.push_back(fmt::format("'{}' is {}, not {}", value.name, to_string(tensor.shape()), to_string(wanted)));
    else if (tensor.dtype() != value.type.dtype && !(is_float(tensor.dtype()) && is_float(value.type.dtype)))
      shapes.push_back(fmt::format("'{}' is {}, not {}", value.name, name(tensor.dtype()), name(value.type.dtype)));
    else
      weights.emplace(value.name, tensor.to(value.type.dtype));
  }
  for (const auto& [name, tensor] : given)
    if (ValueId id = graph.find(name); id == kNone || graph.value(id).kind != ValueKind::weight)
      unexpected.push_back(name);
  if (missing.empty() && shapes.empty()) {
    if (!unexpected.empty())
      log_warning("{}: network '{}' makes no use of {} tensors, the first is '{}'", source, graph.name(),
                  unexpected.size(), unexpected.front());
    return weights;
  }

  std::string message = fmt::format("{} does not fit network '{}'", source, graph.name());
  message += list(missing, "missing", unexpected) + list(unexpected, "not part of it", missing);
  if (!shapes.empty()) {
    std::size_t more = shapes.size() > kNamed ? shapes.size() - kNamed : 0;
    shapes.resize(shapes.size() - more);
    message += "; " + join(shapes, ", ") + (more ? fmt::format(", and {} more of another shape", more) : "");
  }
  throw Error(message);
}

Weights load_weights(const Graph& graph, const std::string& path) {
  SafetensorsFile file = read_safetensors(path);
  return match_weights(graph, Weights(file.tensors.begin(), file.tensors.end()), path);
}

void take_matching_weights(Weights& weights, const std::string& path) {
  const SafetensorsFile file = read_safetensors(path);
  const Weights given = plain_names({file.tensors.begin(), file.tensors.end()});
  std::size_t taken = 0;
  for (auto& [name, tensor] : weights)
    if (auto found = given.find(name); found != given.end() && found->second.shape() == tensor.shape()) {
      tensor = found->second.to(tensor.dtype());
      ++taken;
    }
  require(taken > 0, "{}: none of its tensors has the name and shape of a weight of this network", path);
  if (taken < weights.size())
    log_info("{}: {} of {} weights taken over, the others start anew", path, taken, weights.size());
}

}  // namespace frugal
