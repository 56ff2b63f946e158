// Sizes of a page of the cache (kernels/attend_types.h).
#pragma once

#include "kernels/attend_types.h"

namespace frugal {

std::size_t cache_element_bytes(CacheType type);
std::int64_t value_stride(std::int64_t depth);                   // depth rounded up to kCacheAlign
std::size_t key_page_bytes(CacheType type, std::int64_t depth);  // of one head, a multiple of 64
std::size_t value_page_bytes(CacheType type, std::int64_t depth);

}  // namespace frugal
