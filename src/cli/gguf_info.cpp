#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/gguf.h"
#include "cli/output.h"
#include "formats/gguf.h"

namespace frugal {
namespace {

constexpr std::size_t kShown = 16;       // elements of an array
constexpr std::size_t kShownText = 200;  // bytes of a string, in the text form

std::string type_name(DType type) { return ggml_type_name(*ggml_type(type)); }

double bits(std::size_t bytes, std::int64_t elements) {
  return elements ? 8 * static_cast<double>(bytes) / static_cast<double>(elements) : 0;
}

Json json_of(const GgufValue& value);

template <typename T>
Json json_of(const T& value) {
  return value;
}

// Long arrays (vocabularies) are cut: the document says how long they are.
template <typename T>
Json json_of(const std::vector<T>& values) {
  Json out = Json::array();
  for (std::size_t i = 0; i < std::min(values.size(), kShown); ++i) out.push_back(json_of(static_cast<T>(values[i])));
  if (values.size() <= kShown) return out;
  return {{"size", values.size()}, {"first", out}};
}

Json json_of(const GgufValue& value) {
  return std::visit([](const auto& v) { return json_of(v); }, value.value);
}

struct Totals {
  std::int64_t params = 0;
  std::size_t bytes = 0;
  std::map<DType, int> types;
};

Totals totals_of(const Gguf& gguf) {
  Totals out;
  for (const GgufTensor& t : gguf.tensors) {
    out.params += t.tensor.numel();
    out.bytes += t.tensor.bytes();
    ++out.types[t.tensor.dtype()];
  }
  return out;
}

Json document_of(const Gguf& gguf, const Totals& totals, const std::string& name) {
  Json document{{"name", name},
                {"task", "language"},
                {"architecture", gguf.text("general.architecture", "")},
                {"params", totals.params},
                {"weight_bytes", totals.bytes},
                {"bits_per_weight", bits(totals.bytes, totals.params)},
                {"metadata", Json::object()},
                {"tensors", Json::array()}};
  for (const auto& [key, value] : gguf.metadata)
    document["metadata"][key] = {{"type", value.type_name()}, {"value", json_of(value)}};
  for (const GgufTensor& t : gguf.tensors)
    document["tensors"].push_back({{"name", t.name},
                                   {"type", type_name(t.tensor.dtype())},
                                   {"shape", t.tensor.shape()},
                                   {"bytes", t.tensor.bytes()},
                                   {"bits_per_weight", bits(t.tensor.bytes(), t.tensor.numel())}});
  return document;
}

std::string text_of(const GgufValue& value) {
  std::string text = json_of(value).dump(-1, ' ', false, Json::error_handler_t::replace);
  if (value.type == GgufType::f32) text = fmt::format("{}", static_cast<float>(std::get<double>(value.value)));
  if (text.size() > kShownText) text = text.substr(0, kShownText) + " ...";
  return value.size() > kShown ? fmt::format("{} of {}", value.size(), name(value.element)) : text;
}

void print_text(const Gguf& gguf, const Totals& totals, const std::string& path, const std::string& name, bool layers) {
  print("{}\n", name);
  print("  params    {} ({}, {:.2f} bits a weight)\n", grouped(totals.params), bytes_text(totals.bytes),
        bits(totals.bytes, totals.params));
  std::string types;
  for (const auto& [type, count] : totals.types)
    types += fmt::format("{}{} {}", types.empty() ? "" : ", ", count, type_name(type));
  print("  tensors   {} ({})\n", gguf.tensors.size(), types);
  print("  file      {}\n", bytes_text(std::filesystem::file_size(path)));
  for (const auto& [key, value] : gguf.metadata) print("  {} = {}\n", key, text_of(value));
  if (!layers) return;
  Table table({"tensor", "type", "shape", ">bytes", ">bits a weight"});
  for (const GgufTensor& t : gguf.tensors)
    table.row({t.name, type_name(t.tensor.dtype()), to_string(t.tensor.shape()),
               grouped(static_cast<std::int64_t>(t.tensor.bytes())),
               fmt::format("{:.2f}", bits(t.tensor.bytes(), t.tensor.numel()))});
  print("\n");
  table.print();
}

}  // namespace

int info_gguf(const std::string& path, bool layers, const Common& common) {
  const Gguf gguf = read_gguf(path);
  const Totals totals = totals_of(gguf);
  const std::string name = gguf.text("general.name", std::filesystem::path(path).stem().string());
  if (common.json)
    print_json(document_of(gguf, totals, name));
  else
    print_text(gguf, totals, path, name, layers);
  return 0;
}

}  // namespace frugal
