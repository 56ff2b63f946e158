#include "formats/gguf.h"

#include "fuzz.h"

namespace frugal::fuzz {

void parse(std::span<const std::byte> input) {
  std::shared_ptr<const void> owner(std::shared_ptr<void>(), input.data());  // the caller owns the bytes
  for (const GgufTensor& t : read_gguf(input, owner).tensors) {
    touch(t.tensor);
    if (t.tensor.numel() < 65'536) touch(t.tensor.to(DType::f32));
  }
}

std::vector<std::string> seeds() {
  Gguf values;
  values.metadata = {{"general.architecture", GgufValue::text("llama")},
                     {"general.alignment", GgufValue::u32(64)},
                     {"a.bool", GgufValue::boolean(true)},
                     {"a.i8", {GgufType::i8, {}, std::int64_t{-3}}},
                     {"a.u16", {GgufType::u16, {}, std::uint64_t{3}}},
                     {"a.i64", {GgufType::i64, {}, std::int64_t{-3}}},
                     {"a.f32", GgufValue::f32(0.5f)},
                     {"a.f64", {GgufType::f64, {}, 0.5}},
                     {"tokens", GgufValue::texts({"a", "", "token"})},
                     {"scores", GgufValue::f32s({0.5, -1})},
                     {"types", GgufValue::i32s({1, 2})},
                     {"flags", {GgufType::array, GgufType::boolean, std::vector<bool>{true, false}}},
                     {"nested", {GgufType::array, GgufType::array, GgufValue::Arrays{GgufValue::i32s({1})}}}};
  Gguf tensors = values;
  for (const DTypeInfo& info : all_dtypes())
    if (ggml_type(info.dtype)) tensors.tensors.push_back({std::string(info.name), Tensor(info.dtype, {2, 256})});
  std::vector<std::string> out;
  for (const Gguf& gguf : {Gguf{}, values, tensors, Gguf{{}, {{"t", Tensor(DType::f32, {2, 3})}}}})
    out.push_back(written([&](const std::string& path) { write_gguf(path, gguf); }));
  return out;
}

// No length depends on another.
std::string repair(std::string input) { return input; }

}  // namespace frugal::fuzz
