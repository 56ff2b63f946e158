// Element types, shapes and the owning tensor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace frugal {

// The types from q8_0 on are ggml's block-quantised ones, layouts in src/tensor/block_types.h: a row (the last dim) is
// cut into blocks of 32 or 256 elements that share their scales.
enum class DType : std::uint8_t {
  f32,
  f64,
  f16,
  bf16,
  i8,
  u8,
  i16,
  i32,
  i64,
  boolean,
  q8_0,
  q4_0,
  q4_1,
  q5_0,
  q5_1,
  q2_k,
  q3_k,
  q4_k,
  q5_k,
  q6_k,
};

// A type stores `block_elements` consecutive elements in `block_bytes` bytes; 1 element for plain types.
struct DTypeInfo {
  DType dtype;
  std::string_view name;         // "float32"; of block types ggml's name, "Q4_K"
  std::string_view safetensors;  // "F32"; empty where the format has no such type
  std::string_view numpy;        // "<f4"; empty likewise
  int block_elements;
  int block_bytes;

  bool blocks() const { return block_elements > 1; }
  int alignment() const { return blocks() ? 2 : block_bytes; }  // of memory that holds elements
};

const DTypeInfo& dtype_info(DType dtype);
std::span<const DTypeInfo> all_dtypes();
inline std::string_view name(DType dtype) { return dtype_info(dtype).name; }
DType dtype_from_name(std::string_view name);  // Error lists the known names.

// Dims, outermost first; a scalar has none. Rank is at most 8.
using Shape = std::vector<std::int64_t>;
inline constexpr std::size_t kMaxRank = 8;

std::string to_string(const Shape& shape);               // "1x3x224x224", "scalar"
std::int64_t element_count(const Shape& shape);          // Error on overflow or a negative dim.
std::size_t byte_size(DType dtype, const Shape& shape);  // Error on overflow, or if the last dim is no whole blocks.

template <typename T>
struct dtype_of;
template <>
struct dtype_of<float> {
  static constexpr DType value = DType::f32;
};
template <>
struct dtype_of<double> {
  static constexpr DType value = DType::f64;
};
template <>
struct dtype_of<std::int8_t> {
  static constexpr DType value = DType::i8;
};
template <>
struct dtype_of<std::uint8_t> {
  static constexpr DType value = DType::u8;
};
template <>
struct dtype_of<std::int16_t> {
  static constexpr DType value = DType::i16;
};
template <>
struct dtype_of<std::int32_t> {
  static constexpr DType value = DType::i32;
};
template <>
struct dtype_of<std::int64_t> {
  static constexpr DType value = DType::i64;
};
template <>
struct dtype_of<bool> {
  static constexpr DType value = DType::boolean;
};

// A dense row-major array. Copies share the storage; clone() copies the data.
// Storage is aligned to 64 bytes, except where it wraps a mapped file.
class Tensor {
 public:
  Tensor() = default;                // empty: defined() is false
  Tensor(DType dtype, Shape shape);  // zero-filled
  // Shares memory that `owner` keeps alive (a mapped file, another library's array).
  static Tensor wrap(DType dtype, Shape shape, void* data, std::shared_ptr<const void> owner);
  template <typename T>
  static Tensor from(Shape shape, const std::vector<T>& values);
  template <typename T>
  static Tensor scalar(T value) {
    return from<T>({}, std::vector<T>{value});
  }

  bool defined() const { return data_ != nullptr; }
  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  std::int64_t dim(int i) const;  // negative counts from the end
  int rank() const { return static_cast<int>(shape_.size()); }
  std::int64_t numel() const { return numel_; }
  std::size_t bytes() const { return bytes_; }

  void* raw() { return data_; }
  const void* raw() const { return data_; }
  template <typename T>
  T* data() {
    check(dtype_of<T>::value);
    return static_cast<T*>(data_);
  }
  template <typename T>
  const T* data() const {
    check(dtype_of<T>::value);
    return static_cast<const T*>(data_);
  }

  Tensor reshape(Shape shape) const;  // shares storage; Error if the element counts differ
  Tensor clone() const;
  // Converts values; itself if already of that type. To a block type: Error for a last dim of no whole blocks, or a
  // value that is not finite.
  Tensor to(DType dtype) const;

 private:
  void check(DType wanted) const;

  DType dtype_ = DType::f32;
  Shape shape_;
  std::int64_t numel_ = 0;
  std::size_t bytes_ = 0;
  void* data_ = nullptr;
  std::shared_ptr<const void> owner_;
};

Tensor tensor_from_bytes(DType dtype, Shape shape, const void* data, std::size_t bytes);

template <typename T>
Tensor Tensor::from(Shape shape, const std::vector<T>& values) {
  return tensor_from_bytes(dtype_of<T>::value, std::move(shape), values.data(), values.size() * sizeof(T));
}

}  // namespace frugal
