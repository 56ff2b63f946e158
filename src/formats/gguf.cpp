#include "formats/gguf.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/text.h"

namespace frugal {
namespace {

// Index is ggml's number; gaps are types that were withdrawn.
constexpr std::array<std::string_view, 41> kGgmlNames{
    "F32",   "F16",    "Q4_0",  "Q4_1", "",     "",        "Q5_0",   "Q5_1",    "Q8_0",  "Q8_1",   "Q2_K",
    "Q3_K",  "Q4_K",   "Q5_K",  "Q6_K", "Q8_K", "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S",
    "IQ2_S", "IQ4_XS", "I8",    "I16",  "I32",  "I64",     "F64",    "IQ1_M",   "BF16",  "",       "",
    "",      "TQ1_0",  "TQ2_0", "",     "",     "",        "MXFP4",  "NVFP4"};

constexpr std::pair<DType, std::uint32_t> kGgmlTypes[] = {
    {DType::f32, 0},  {DType::f16, 1},   {DType::q4_0, 2},  {DType::q4_1, 3},  {DType::q5_0, 6},  {DType::q5_1, 7},
    {DType::q8_0, 8}, {DType::q2_k, 10}, {DType::q3_k, 11}, {DType::q4_k, 12}, {DType::q5_k, 13}, {DType::q6_k, 14},
    {DType::i8, 24},  {DType::i16, 25},  {DType::i32, 26},  {DType::i64, 27},  {DType::f64, 28},  {DType::bf16, 30}};

[[noreturn]] void wrong_type(std::string_view key, std::string_view wanted, const GgufValue& found) {
  fail("metadata key '{}' must be {}, but it is {}", key, wanted, found.type_name());
}

[[noreturn]] void missing(std::string_view key, std::string_view wanted) {
  fail("metadata key '{}' ({}) is missing", key, wanted);
}

template <typename T>
const T& get(const Gguf& gguf, std::string_view key, std::string_view wanted) {
  const GgufValue* found = gguf.find(key);
  if (!found) missing(key, wanted);
  const T* value = std::get_if<T>(&found->value);
  if (!value) wrong_type(key, wanted, *found);
  return *value;
}

std::int64_t to_signed(std::string_view key, std::uint64_t value) {
  require(value <= INT64_MAX, "metadata key '{}' is {}, which is too large", key, value);
  return static_cast<std::int64_t>(value);
}

}  // namespace

std::string_view name(GgufType type) {
  constexpr std::string_view names[] = {"u8",   "i8",     "u16",   "i16", "u32", "i32", "f32",
                                        "bool", "string", "array", "u64", "i64", "f64"};
  return names[static_cast<std::size_t>(type)];
}

std::string GgufValue::type_name() const {
  if (type != GgufType::array) return std::string(name(type));
  return fmt::format("array of {}", name(element));
}

std::size_t GgufValue::size() const {
  return std::visit(
      [](const auto& v) -> std::size_t {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, std::string>)
          return 1;
        else
          return v.size();
      },
      value);
}

const GgufValue* Gguf::find(std::string_view key) const {
  auto found = metadata.find(key);
  return found == metadata.end() ? nullptr : &found->second;
}

bool Gguf::boolean(std::string_view key, std::optional<bool> fallback) const {
  if (fallback && !find(key)) return *fallback;
  return get<bool>(*this, key, "true or false");
}

std::int64_t Gguf::integer(std::string_view key, std::optional<std::int64_t> fallback) const {
  const GgufValue* found = find(key);
  if (!found && fallback) return *fallback;
  if (!found) missing(key, "an integer");
  if (const auto* value = std::get_if<std::int64_t>(&found->value)) return *value;
  if (const auto* value = std::get_if<std::uint64_t>(&found->value)) return to_signed(key, *value);
  wrong_type(key, "an integer", *found);
}

double Gguf::real(std::string_view key, std::optional<double> fallback) const {
  const GgufValue* found = find(key);
  if (!found && fallback) return *fallback;
  if (!found) missing(key, "a number");
  if (const auto* value = std::get_if<double>(&found->value)) return *value;
  if (const auto* value = std::get_if<std::int64_t>(&found->value)) return static_cast<double>(*value);
  if (const auto* value = std::get_if<std::uint64_t>(&found->value)) return static_cast<double>(*value);
  wrong_type(key, "a number", *found);
}

const std::string& Gguf::text(std::string_view key) const { return get<std::string>(*this, key, "a string"); }

std::string Gguf::text(std::string_view key, std::string_view fallback) const {
  return find(key) ? text(key) : std::string(fallback);
}

const std::vector<std::string>& Gguf::texts(std::string_view key) const {
  return get<std::vector<std::string>>(*this, key, "an array of strings");
}

std::vector<std::int64_t> Gguf::integers(std::string_view key) const {
  const GgufValue* found = find(key);
  if (!found) missing(key, "an array of integers");
  if (const auto* values = std::get_if<std::vector<std::int64_t>>(&found->value)) return *values;
  const auto* values = std::get_if<std::vector<std::uint64_t>>(&found->value);
  if (!values) wrong_type(key, "an array of integers", *found);
  std::vector<std::int64_t> out;
  for (std::uint64_t v : *values) out.push_back(to_signed(key, v));
  return out;
}

std::vector<double> Gguf::reals(std::string_view key) const {
  return get<std::vector<double>>(*this, key, "an array of numbers (f32 or f64)");
}

const Tensor* Gguf::find_tensor(std::string_view name) const {
  auto found = std::find_if(tensors.begin(), tensors.end(), [&](const GgufTensor& t) { return t.name == name; });
  return found == tensors.end() ? nullptr : &found->tensor;
}

const Tensor& Gguf::tensor(std::string_view name) const {
  if (const Tensor* found = find_tensor(name)) return *found;
  std::vector<std::string> names;
  for (const GgufTensor& t : tensors) names.push_back(t.name);
  fail("there is no tensor '{}'{}", name, suggestion(name, names));
}

std::optional<std::uint32_t> ggml_type(DType dtype) {
  for (const auto& [ours, number] : kGgmlTypes)
    if (ours == dtype) return number;
  return std::nullopt;
}

std::string ggml_type_name(std::uint32_t number) {
  if (number < kGgmlNames.size() && !kGgmlNames[number].empty()) return std::string(kGgmlNames[number]);
  return fmt::format("number {}", number);
}

DType dtype_from_ggml(std::uint32_t number) {
  std::vector<std::string> known;
  for (const auto& [ours, ggml] : kGgmlTypes) {
    if (ggml == number) return ours;
    known.push_back(ggml_type_name(ggml));
  }
  fail("the type {} is not supported (supported: {})", ggml_type_name(number), join(known, ", "));
}

}  // namespace frugal
