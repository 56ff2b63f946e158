#include "engine/arena.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <new>

namespace frugal {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

}  // namespace

Arena::Arena(std::size_t bytes) : bytes_(bytes) {
  if (bytes == 0) return;
  // From a few huge pages on, fewer entries of the address translation cache are worth the rounding.
  const bool huge = bytes >= 2 * kHugePage;
  const std::size_t alignment = huge ? kHugePage : 64;
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  data_ = static_cast<std::byte*>(std::aligned_alloc(alignment, rounded));
  if (!data_) throw std::bad_alloc();
  if (huge) madvise(data_, rounded, MADV_HUGEPAGE);
  std::memset(data_, 0, bytes);
}

Arena::~Arena() { std::free(data_); }

}  // namespace frugal
