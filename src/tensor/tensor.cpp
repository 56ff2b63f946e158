#include "frugal/tensor.h"

#include <sys/mman.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/check.h"
#include "tensor/block_types.h"
#include "tensor/half.h"

namespace frugal {
namespace {

constexpr std::array<DTypeInfo, 20> kDTypes{{
    {DType::f32, "float32", "F32", "<f4", 1, 4}, {DType::f64, "float64", "F64", "<f8", 1, 8},
    {DType::f16, "float16", "F16", "<f2", 1, 2}, {DType::bf16, "bfloat16", "BF16", "", 1, 2},
    {DType::i8, "int8", "I8", "|i1", 1, 1},      {DType::u8, "uint8", "U8", "|u1", 1, 1},
    {DType::i16, "int16", "I16", "<i2", 1, 2},   {DType::i32, "int32", "I32", "<i4", 1, 4},
    {DType::i64, "int64", "I64", "<i8", 1, 8},   {DType::boolean, "bool", "BOOL", "|b1", 1, 1},
    {DType::q8_0, "Q8_0", "", "", 32, 34},       {DType::q4_0, "Q4_0", "", "", 32, 18},
    {DType::q4_1, "Q4_1", "", "", 32, 20},       {DType::q5_0, "Q5_0", "", "", 32, 22},
    {DType::q5_1, "Q5_1", "", "", 32, 24},       {DType::q2_k, "Q2_K", "", "", 256, 84},
    {DType::q3_k, "Q3_K", "", "", 256, 110},     {DType::q4_k, "Q4_K", "", "", 256, 144},
    {DType::q5_k, "Q5_K", "", "", 256, 176},     {DType::q6_k, "Q6_K", "", "", 256, 210},
}};

// Reads element i as double; integers beyond 2^53 lose bits, which only the i64
// paths below would see.
double read(DType dtype, const void* p, std::int64_t i) {
  switch (dtype) {
    case DType::f32: return static_cast<const float*>(p)[i];
    case DType::f64: return static_cast<const double*>(p)[i];
    case DType::f16: return half_to_float(static_cast<const std::uint16_t*>(p)[i]);
    case DType::bf16: return bf16_to_float(static_cast<const std::uint16_t*>(p)[i]);
    case DType::i8: return static_cast<const std::int8_t*>(p)[i];
    case DType::u8: return static_cast<const std::uint8_t*>(p)[i];
    case DType::i16: return static_cast<const std::int16_t*>(p)[i];
    case DType::i32: return static_cast<const std::int32_t*>(p)[i];
    case DType::i64: return static_cast<double>(static_cast<const std::int64_t*>(p)[i]);
    case DType::boolean: return static_cast<const std::uint8_t*>(p)[i] != 0;
    default: FRUGAL_ASSERT(!dtype_info(dtype).blocks());
  }
  return 0;
}

void write(DType dtype, void* p, std::int64_t i, double v) {
  switch (dtype) {
    case DType::f32: static_cast<float*>(p)[i] = static_cast<float>(v); break;
    case DType::f64: static_cast<double*>(p)[i] = v; break;
    case DType::f16: static_cast<std::uint16_t*>(p)[i] = float_to_half(static_cast<float>(v)); break;
    case DType::bf16: static_cast<std::uint16_t*>(p)[i] = float_to_bf16(static_cast<float>(v)); break;
    case DType::i8: static_cast<std::int8_t*>(p)[i] = static_cast<std::int8_t>(v); break;
    case DType::u8: static_cast<std::uint8_t*>(p)[i] = static_cast<std::uint8_t>(v); break;
    case DType::i16: static_cast<std::int16_t*>(p)[i] = static_cast<std::int16_t>(v); break;
    case DType::i32: static_cast<std::int32_t*>(p)[i] = static_cast<std::int32_t>(v); break;
    case DType::i64: static_cast<std::int64_t*>(p)[i] = static_cast<std::int64_t>(v); break;
    case DType::boolean: static_cast<std::uint8_t*>(p)[i] = v != 0; break;
    default: FRUGAL_ASSERT(!dtype_info(dtype).blocks());
  }
}

}  // namespace

const DTypeInfo& dtype_info(DType dtype) { return kDTypes[static_cast<std::size_t>(dtype)]; }

std::span<const DTypeInfo> all_dtypes() { return kDTypes; }

DType dtype_from_name(std::string_view name) {
  std::string known;
  for (const DTypeInfo& info : kDTypes) {
    if (info.name == name) return info.dtype;
    known += (known.empty() ? "" : ", ") + std::string(info.name);
  }
  fail("unknown element type '{}' (known: {})", name, known);
}

std::string to_string(const Shape& shape) {
  if (shape.empty()) return "scalar";
  std::string text;
  for (std::int64_t d : shape) text += (text.empty() ? "" : "x") + std::to_string(d);
  return text;
}

std::int64_t element_count(const Shape& shape) {
  require(shape.size() <= kMaxRank, "a tensor has at most {} dims, not {}", kMaxRank, shape.size());
  std::int64_t n = 1;
  for (std::int64_t d : shape) {
    if (d < 0) fail("shape {} has a negative dim", to_string(shape));
    if (__builtin_mul_overflow(n, d, &n)) fail("shape {} overflows a 64-bit element count", to_string(shape));
  }
  return n;
}

std::size_t byte_size(DType dtype, const Shape& shape) {
  const DTypeInfo& info = dtype_info(dtype);
  std::int64_t n = element_count(shape);
  if (info.blocks() && (shape.empty() || shape.back() % info.block_elements != 0))
    fail("shape {} cannot be {}: the last dim must be a multiple of {}", to_string(shape), info.name,
         info.block_elements);
  std::int64_t bytes = 0;
  if (__builtin_mul_overflow(n / info.block_elements, static_cast<std::int64_t>(info.block_bytes), &bytes))
    fail("shape {} of {} overflows a 64-bit byte count", to_string(shape), info.name);
  return static_cast<std::size_t>(bytes);
}

// Large tensors lie in huge pages where the system gives them: streaming
// weights is up to a tenth faster so. They come straight from the system, which
// has cleared them, so that nobody touches them before they are written.
static std::shared_ptr<void> map_zeroed(std::size_t bytes) {
  constexpr std::size_t kHugePage = std::size_t{2} << 20;
  const std::size_t room = bytes + kHugePage;  // for the alignment
  void* mapped = ::mmap(nullptr, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  const auto at = (reinterpret_cast<std::uintptr_t>(mapped) + kHugePage - 1) / kHugePage * kHugePage;
  auto* data = reinterpret_cast<void*>(at);
#ifdef MADV_HUGEPAGE
  // Only whole huge pages are asked for, so that no memory beyond the tensor is
  // taken.
  ::madvise(data, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
#endif
  return {data, [mapped, room](void*) { ::munmap(mapped, room); }};
}

static std::shared_ptr<void> allocate_zeroed(std::size_t bytes) {
  constexpr std::size_t kMapped = std::size_t{2} << 20;
  if (bytes >= kMapped) return map_zeroed(bytes);
  constexpr std::align_val_t kAlignment{64};
  void* data = ::operator new(bytes, kAlignment);
  std::shared_ptr<void> owner(data, [](void* p) { ::operator delete(p, kAlignment); });
  std::memset(data, 0, bytes);
  return owner;
}

Tensor::Tensor(DType dtype, Shape shape)
    : dtype_(dtype), shape_(std::move(shape)), numel_(element_count(shape_)), bytes_(byte_size(dtype, shape_)) {
  require(bytes_ < (std::size_t{1} << 46), "a tensor of {} bytes is too large", bytes_);
  std::size_t padded = (bytes_ + 127) / 64 * 64;  // never empty, so defined() holds for zero elements
  std::shared_ptr<void> memory = allocate_zeroed(padded);
  data_ = memory.get();
  owner_ = std::move(memory);
}

Tensor Tensor::wrap(DType dtype, Shape shape, void* data, std::shared_ptr<const void> owner) {
  Tensor t;
  t.dtype_ = dtype;
  t.shape_ = std::move(shape);
  t.numel_ = element_count(t.shape_);
  t.bytes_ = byte_size(dtype, t.shape_);
  t.data_ = data;
  t.owner_ = std::move(owner);
  return t;
}

std::int64_t Tensor::dim(int i) const {
  int at = i < 0 ? i + rank() : i;
  FRUGAL_ASSERT(at >= 0 && at < rank());
  return shape_[static_cast<std::size_t>(at)];
}

Tensor Tensor::reshape(Shape shape) const {
  require(element_count(shape) == numel_, "cannot view shape {} as {}: element counts differ", to_string(shape_),
          to_string(shape));
  byte_size(dtype_, shape);  // a row of blocks cannot be cut
  Tensor t = *this;
  t.shape_ = std::move(shape);
  return t;
}

Tensor Tensor::clone() const { return tensor_from_bytes(dtype_, shape_, data_, bytes_); }

Tensor Tensor::to(DType dtype) const {
  if (dtype == dtype_) return *this;
  const bool from_blocks = dtype_info(dtype_).blocks(), to_blocks = dtype_info(dtype).blocks();
  if ((from_blocks && dtype != DType::f32) || (to_blocks && dtype_ != DType::f32)) return to(DType::f32).to(dtype);
  Tensor out(dtype, shape_);
  if (from_blocks) {
    dequantize_row(dtype_, data_, numel_, out.data<float>());
    return out;
  }
  if (to_blocks) {
    quantize_row(dtype, data<float>(), numel_, out.data_);
    return out;
  }
  for (std::int64_t i = 0; i < numel_; ++i) write(dtype, out.data_, i, read(dtype_, data_, i));
  return out;
}

void Tensor::check(DType wanted) const {
  if (wanted == dtype_) return;
  fail("a tensor of {} was read as {}", name(dtype_), name(wanted));
}

Tensor tensor_from_bytes(DType dtype, Shape shape, const void* data, std::size_t bytes) {
  Tensor t(dtype, std::move(shape));
  require(t.bytes() == bytes, "{} bytes of data do not fill shape {} of {}, which needs {}", bytes,
          to_string(t.shape()), name(dtype), t.bytes());
  if (bytes) std::memcpy(t.raw(), data, bytes);
  return t;
}

}  // namespace frugal
