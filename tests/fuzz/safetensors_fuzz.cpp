#include "formats/safetensors.h"

#include "fuzz.h"

namespace frugal::fuzz {

void parse(std::span<const std::byte> input) {
  std::shared_ptr<const void> owner(std::shared_ptr<void>(), input.data());  // the caller owns the bytes
  for (const auto& [name, tensor] : read_safetensors(input, owner).tensors) touch(tensor);
}

std::vector<std::string> seeds() {
  std::vector<std::string> out;
  out.push_back(written([](const std::string& path) { write_safetensors(path, {}); }));
  out.push_back(written([](const std::string& path) {
    write_safetensors(path, {{"a.weight", Tensor(DType::f32, {2, 3})}, {"b", Tensor(DType::i64, {})}},
                      {{"key", "value"}});
  }));
  out.push_back(written([](const std::string& path) {
    std::map<std::string, Tensor> tensors;
    for (const DTypeInfo& info : all_dtypes()) tensors[std::string(info.name)] = Tensor(info.dtype, {256});
    write_safetensors(path, tensors);
  }));
  return out;
}

// The header length follows the header's text.
std::string repair(std::string input) {
  std::size_t end = input.rfind('}');
  if (input.size() >= 8 && end != std::string::npos && end >= 8) input.replace(0, 8, number(end + 1 - 8, 8));
  return input;
}

}  // namespace frugal::fuzz
