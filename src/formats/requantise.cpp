#include "formats/requantise.h"

#include <algorithm>
#include <cmath>
#include <exception>

#include "base/check.h"
#include "formats/file.h"
#include "tensor/block_types.h"

namespace frugal {
namespace {

constexpr std::int64_t kSmall = 1024;  // elements

// What stands in for a type whose blocks do not fit the row.
DType fallback(DType type) {
  switch (type) {
    case DType::q2_k:
    case DType::q3_k: return DType::q4_0;
    case DType::q4_k: return DType::q5_0;
    case DType::q5_k: return DType::q5_1;
    case DType::q6_k: return DType::q8_0;
    default: return DType::f16;
  }
}

// llama.cpp's numbers (llama_ftype in llama.h): "mostly this type".
std::uint32_t file_type(DType type) {
  switch (type) {
    case DType::f16: return 1;
    case DType::q4_0: return 2;
    case DType::q4_1: return 3;
    case DType::q8_0: return 7;
    case DType::q5_0: return 8;
    case DType::q5_1: return 9;
    case DType::q2_k: return 10;
    case DType::q3_k: return 11;
    case DType::q4_k: return 14;
    case DType::q5_k: return 16;
    case DType::q6_k: return 18;
    case DType::bf16: return 32;
    default: return 0;
  }
}

// Rows one by one, so that no thread needs more than a row of float32.
Tensor converted(const Tensor& from, DType type, ThreadPool& pool) {
  Tensor out(type, from.shape());
  if (from.numel() == 0) return out;
  const std::int64_t columns = from.dim(-1), rows = from.numel() / columns;
  const std::size_t in_bytes = byte_size(from.dtype(), {columns}), out_bytes = byte_size(type, {columns});
  std::vector<std::exception_ptr> problems(static_cast<std::size_t>(pool.threads()));
  pool.parallel_for(rows, 1, [&](std::int64_t begin, std::int64_t end, int thread) {
    try {
      std::vector<float> row(static_cast<std::size_t>(columns));
      for (auto r = static_cast<std::size_t>(begin); r < static_cast<std::size_t>(end); ++r) {
        dequantize_row(from.dtype(), static_cast<const std::byte*>(from.raw()) + r * in_bytes, columns, row.data());
        if (type == DType::f16)
          for (float v : row) require(std::abs(v) < 65520 || !std::isfinite(v), "a value is {}, beyond float16", v);
        quantize_row(type, row.data(), columns, static_cast<std::byte*>(out.raw()) + r * out_bytes);
      }
    } catch (...) {
      problems[static_cast<std::size_t>(thread)] = std::current_exception();
    }
  });
  for (const std::exception_ptr& problem : problems)
    if (problem) std::rethrow_exception(problem);
  return out;
}

bool can_be_read(DType type) {
  return dtype_info(type).blocks() || type == DType::f32 || type == DType::f16 || type == DType::bf16;
}

}  // namespace

std::vector<DType> requantise_types() {
  std::vector<DType> out{DType::f32, DType::f16, DType::bf16};
  for (const DTypeInfo& info : all_dtypes())
    if (info.blocks()) out.push_back(info.dtype);
  return out;
}

DType requantised_type(const std::string& name, const Tensor& tensor, DType wanted) {
  if (!can_be_read(tensor.dtype())) return tensor.dtype();  // integers and the like
  const bool matrix = tensor.rank() >= 2 && name.ends_with(".weight") && name.find("norm") == std::string::npos;
  if (!matrix || tensor.numel() < kSmall) return DType::f32;
  while (tensor.dim(-1) % dtype_info(wanted).block_elements != 0) wanted = fallback(wanted);
  return wanted;
}

Gguf requantise(const Gguf& gguf, DType wanted, DType output, ThreadPool& pool, std::vector<Requantised>& report) {
  Gguf out;
  out.metadata = gguf.metadata;
  const std::string logits = gguf.find_tensor("output.weight") ? "output.weight" : "token_embd.weight";
  bool blocks = false;
  for (const GgufTensor& t : gguf.tensors) {
    const Tensor& from = t.tensor;
    const DType type = requantised_type(t.name, from, t.name == logits ? output : wanted);
    Tensor to = type == from.dtype()
                    ? from
                    : naming_file("tensor '" + t.name + "'", [&] { return converted(from, type, pool); });
    report.push_back({t.name, from.shape(), from.dtype(), type, from.bytes(), to.bytes()});
    blocks = blocks || dtype_info(type).blocks();
    out.tensors.push_back({t.name, std::move(to)});
  }
  out.metadata["general.file_type"] = GgufValue::u32(file_type(wanted));
  if (blocks) out.metadata["general.quantization_version"] = GgufValue::u32(2);
  return out;
}

}  // namespace frugal
