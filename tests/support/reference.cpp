#include "support/reference.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "formats/npy.h"
#include "formats/safetensors.h"

namespace frugal::test {
namespace {

double largest(const Tensor& t) {
  Tensor values = t.to(DType::f64);
  double best = 0;
  for (std::int64_t i = 0; i < values.numel(); ++i) best = std::max(best, std::abs(values.data<double>()[i]));
  return best;
}

Reference whole(const Tensor& t) { return {t.shape(), 1, t, largest(t)}; }

std::map<std::string, Reference> from_npz(const std::filesystem::path& path) {
  std::map<std::string, Reference> out;
  const std::map<std::string, Tensor> arrays = read_npz(path.string());
  for (const auto& [key, array] : arrays) {
    if (key.ends_with(".shape") || key.ends_with(".stride") || key.ends_with(".stats")) continue;
    if (!key.ends_with(".sample")) {
      out[key] = whole(array);
      continue;
    }
    const std::string stem = key.substr(0, key.size() - std::string_view(".sample").size());
    Tensor dims = arrays.at(stem + ".shape").to(DType::i64), stats = arrays.at(stem + ".stats").to(DType::f64);
    Shape shape(dims.data<std::int64_t>(), dims.data<std::int64_t>() + dims.numel());
    out[stem] = {shape, arrays.at(stem + ".stride").to(DType::i64).data<std::int64_t>()[0], array,
                 stats.data<double>()[2]};
  }
  return out;
}

std::map<std::string, Reference> from_safetensors(const std::filesystem::path& path) {
  SafetensorsFile file = read_safetensors(path.string());
  const auto tensors = file.metadata.find("tensors");
  const nlohmann::json about =
      tensors == file.metadata.end() ? nlohmann::json::object() : nlohmann::json::parse(tensors->second);
  std::map<std::string, Reference> out;
  for (const auto& [key, tensor] : file.tensors) {
    out[key] = whole(tensor);
    if (!about.contains(key)) continue;
    const nlohmann::json& facts = about.at(key);
    out[key] = {facts.at("shape").get<Shape>(), facts.at("stride").get<std::int64_t>(), tensor,
                facts.at("absmax").get<double>()};
  }
  return out;
}

}  // namespace

std::map<std::string, Reference> read_references(const std::filesystem::path& path) {
  return path.extension() == ".npz" ? from_npz(path) : from_safetensors(path);
}

testing::AssertionResult agrees(const Tensor& got, const Reference& expected, double tolerance) {
  if (got.shape() != expected.shape)
    return testing::AssertionFailure() << "shape " << to_string(got.shape()) << " against "
                                       << to_string(expected.shape);
  const std::int64_t samples = expected.values.numel();
  if (samples == 0 || samples != (got.numel() + expected.stride - 1) / expected.stride)
    return testing::AssertionFailure() << samples << " samples do not fit " << got.numel() << " elements, every "
                                       << expected.stride;
  Tensor a = got.to(DType::f64), b = expected.values.to(DType::f64);
  double worst = 0;
  std::int64_t at = 0;
  for (std::int64_t i = 0; i < samples; ++i) {
    double difference = std::abs(a.data<double>()[i * expected.stride] - b.data<double>()[i]);
    if (!(difference <= worst)) worst = difference, at = i;
  }
  if (worst <= tolerance * expected.absmax)
    return testing::AssertionSuccess() << "worst " << worst / expected.absmax << " of absmax";
  return testing::AssertionFailure() << "sample " << at << ": " << a.data<double>()[at * expected.stride] << " against "
                                     << b.data<double>()[at] << ", " << worst / expected.absmax
                                     << " of the largest element";
}

}  // namespace frugal::test
