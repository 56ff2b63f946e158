#include "formats/onnx/tensor.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "tensor/half.h"

namespace frugal {
namespace {

using onnx::TensorProto;

// Element types that both sides have.
constexpr std::pair<DType, std::int64_t> kTypes[] = {
    {DType::f32, TensorProto::FLOAT},     {DType::f64, TensorProto::DOUBLE}, {DType::f16, TensorProto::FLOAT16},
    {DType::bf16, TensorProto::BFLOAT16}, {DType::i8, TensorProto::INT8},    {DType::u8, TensorProto::UINT8},
    {DType::i16, TensorProto::INT16},     {DType::i32, TensorProto::INT32},  {DType::i64, TensorProto::INT64},
    {DType::boolean, TensorProto::BOOL}};

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 36;

Shape shape_of(const google::protobuf::RepeatedField<std::int64_t>& dims) {
  require(dims.size() <= static_cast<int>(kMaxRank), "it has {} dims, more than {}", dims.size(), kMaxRank);
  Shape shape(dims.begin(), dims.end());
  for (std::int64_t d : shape) require(d >= 0, "it has a negative dim, {}", d);
  return shape;
}

std::uint64_t unsigned_number(const std::string& text, const std::string& what) {
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  require(error == std::errc() && end == text.data() + text.size(), "external data: {} is '{}', no number from 0", what,
          text.substr(0, 40));
  return value;
}

struct Bytes {
  const void* data = nullptr;
  std::size_t size = 0;
  std::shared_ptr<const void> owner;
};

Bytes external_bytes(const TensorProto& proto, std::size_t wanted, ModelFolder& folder) {
  std::string location;
  std::uint64_t offset = 0, length = wanted;
  for (const auto& entry : proto.external_data()) {
    if (entry.key() == "location") location = entry.value();
    if (entry.key() == "offset") offset = unsigned_number(entry.value(), "offset");
    if (entry.key() == "length") length = unsigned_number(entry.value(), "length");
  }
  auto file = naming_file("external data", [&] { return folder.open(location); });
  const std::uint64_t size = file->bytes().size();
  require(length == wanted, "external data: {} bytes are given for {}", length, wanted);
  require(offset <= size && length <= size - offset,
          "external data: bytes {} to {} lie beyond the end of '{}', which has {}", offset, offset + length, location,
          size);
  return {file->bytes().data() + offset, wanted, file};
}

template <typename T, typename Field>
Tensor typed(const Shape& shape, const Field& field) {
  Tensor out(dtype_of<T>::value, shape);
  require(static_cast<std::int64_t>(field.size()) == out.numel(), "it has {} values for shape {}", field.size(),
          to_string(shape));
  T* to = out.data<T>();
  for (const auto& value : field) *to++ = static_cast<T>(value);
  return out;
}

// Two-byte floats in int32_data.
Tensor typed_halves(DType dtype, const Shape& shape, const TensorProto& proto) {
  Tensor out(dtype, shape);
  require(proto.int32_data_size() == out.numel(), "it has {} values for shape {}", proto.int32_data_size(),
          to_string(shape));
  auto* to = static_cast<std::uint16_t*>(out.raw());
  for (std::int32_t value : proto.int32_data()) *to++ = static_cast<std::uint16_t>(value);
  return out;
}

Tensor from_fields(DType dtype, const Shape& shape, const TensorProto& p) {
  switch (dtype) {
    case DType::f32: return typed<float>(shape, p.float_data());
    case DType::f64: return typed<double>(shape, p.double_data());
    case DType::i64: return typed<std::int64_t>(shape, p.int64_data());
    case DType::i32: return typed<std::int32_t>(shape, p.int32_data());
    case DType::i16: return typed<std::int16_t>(shape, p.int32_data());
    case DType::i8: return typed<std::int8_t>(shape, p.int32_data());
    case DType::u8: return typed<std::uint8_t>(shape, p.int32_data());
    case DType::boolean: return typed<bool>(shape, p.int32_data());
    case DType::f16:
    case DType::bf16: return typed_halves(dtype, shape, p);
    default: break;
  }
  fail("it has an unknown type");
}

Tensor widened(Tensor t) { return t.dtype() == DType::f16 || t.dtype() == DType::bf16 ? t.to(DType::f32) : t; }

Tensor read(TensorProto& proto, ModelFolder& folder) {
  const DType dtype = dtype_from_onnx(proto.data_type());
  const Shape shape = shape_of(proto.dims());
  const std::size_t bytes = byte_size(dtype, shape);
  require(bytes <= kMostBytes, "it would need {} bytes", bytes);
  require(!proto.has_segment(), "tensors in segments are not supported");
  Bytes raw;
  if (proto.data_location() == TensorProto::EXTERNAL) {
    raw = external_bytes(proto, bytes, folder);
  } else if (proto.has_raw_data()) {
    std::shared_ptr<const std::string> text(proto.release_raw_data());
    raw = {text->data(), text->size(), text};
    require(raw.size == bytes, "it has {} bytes of data for shape {} of {}", raw.size, to_string(shape), name(dtype));
  } else {
    return from_fields(dtype, shape, proto);
  }
  if (bytes == 0) return Tensor(dtype, shape);
  const auto alignment = static_cast<std::size_t>(dtype_info(dtype).block_bytes);
  if (dtype == DType::boolean) {  // any byte that is not 0 is true
    Tensor out(dtype, shape);
    const auto* from = static_cast<const std::uint8_t*>(raw.data);
    for (std::size_t i = 0; i < bytes; ++i) out.data<bool>()[i] = from[i] != 0;
    return out;
  }
  if (reinterpret_cast<std::uintptr_t>(raw.data) % alignment != 0)
    return tensor_from_bytes(dtype, shape, raw.data, bytes);
  return Tensor::wrap(dtype, shape, const_cast<void*>(raw.data), raw.owner);
}

}  // namespace

std::string onnx_type_name(std::int64_t data_type) {
  constexpr const char* names[] = {"undefined",      "float32",  "uint8",        "int8",           "uint16",
                                   "int16",          "int32",    "int64",        "string",         "bool",
                                   "float16",        "float64",  "uint32",       "uint64",         "complex64",
                                   "complex128",     "bfloat16", "float8e4m3fn", "float8e4m3fnuz", "float8e5m2",
                                   "float8e5m2fnuz", "uint4",    "int4",         "float4e2m1"};
  if (data_type < 0 || data_type >= static_cast<std::int64_t>(std::size(names))) return std::to_string(data_type);
  return names[data_type];
}

DType dtype_from_onnx(std::int64_t data_type) {
  for (const auto& [dtype, number] : kTypes)
    if (number == data_type) return dtype;
  fail("the element type {} is not supported", onnx_type_name(data_type));
}

std::int64_t onnx_type(DType dtype) {
  for (const auto& [ours, number] : kTypes)
    if (ours == dtype) return number;
  fail("ONNX has no type for {}", name(dtype));
}

Tensor tensor_from_onnx(TensorProto& proto, ModelFolder& folder) {
  try {
    return widened(read(proto, folder));
  } catch (const Error& e) {
    fail("tensor '{}': {}", proto.name().substr(0, 200), e.what());
  }
}

Tensor tensor_from_onnx(onnx::SparseTensorProto& proto, ModelFolder& folder) {
  Tensor values = tensor_from_onnx(*proto.mutable_values(), folder);
  Tensor indices = tensor_from_onnx(*proto.mutable_indices(), folder);
  const std::string where = "sparse tensor '" + proto.values().name().substr(0, 200) + "'";
  try {
    Shape shape = shape_of(proto.dims());
    require(byte_size(values.dtype(), shape) <= kMostBytes >> 4, "it is too large to be made dense");
    require(
        values.rank() == 1 && indices.dtype() == DType::i64 && indices.dim(0) == values.dim(0) &&
            (indices.rank() == 1 || (indices.rank() == 2 && indices.dim(1) == static_cast<std::int64_t>(shape.size()))),
        "its indices do not fit its values");
    Tensor out(values.dtype(), shape);
    const auto width = indices.rank() == 1 ? 1 : indices.dim(1);
    const auto element = static_cast<std::size_t>(dtype_info(values.dtype()).block_bytes);
    for (std::int64_t i = 0; i < values.numel(); ++i) {
      const std::int64_t* index = indices.data<std::int64_t>() + i * width;
      std::int64_t at = 0;
      for (std::int64_t d = 0; d < width; ++d) {
        const std::int64_t size = indices.rank() == 1 ? out.numel() : shape[static_cast<std::size_t>(d)];
        require(index[d] >= 0 && index[d] < size, "index {} is outside of {}", index[d], size);
        at = at * (indices.rank() == 1 ? 1 : size) + index[d];
      }
      std::memcpy(static_cast<std::byte*>(out.raw()) + static_cast<std::size_t>(at) * element,
                  static_cast<const std::byte*>(values.raw()) + static_cast<std::size_t>(i) * element, element);
    }
    return out;
  } catch (const Error& e) {
    fail("{}: {}", where, e.what());
  }
}

}  // namespace frugal
