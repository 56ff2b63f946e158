#include "kernels/attend.h"

namespace frugal {
namespace {

std::size_t page_bytes(CacheType type, std::int64_t depth) {
  const std::size_t scales = type == CacheType::q8 ? kPageCells * sizeof(float) : 0;
  return scales + static_cast<std::size_t>(value_stride(depth)) * kPageCells * cache_element_bytes(type);
}

}  // namespace

std::size_t cache_element_bytes(CacheType type) { return type == CacheType::f32 ? 4 : type == CacheType::f16 ? 2 : 1; }
std::int64_t value_stride(std::int64_t depth) { return (depth + kCacheAlign - 1) / kCacheAlign * kCacheAlign; }
std::size_t key_page_bytes(CacheType type, std::int64_t depth) { return page_bytes(type, depth); }
std::size_t value_page_bytes(CacheType type, std::int64_t depth) { return page_bytes(type, depth); }

}  // namespace frugal
