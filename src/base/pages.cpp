#include "base/pages.h"

#if __has_include(<malloc.h>)
#include <malloc.h>
#endif

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace frugal {
namespace {

// Of an entry of /proc/self/pagemap (Documentation/admin-guide/mm/pagemap.rst): in memory; a page of a file, which a
// private mapping's page is until somebody writes to it.
constexpr std::uint64_t kPresent = std::uint64_t{1} << 63, kOfFile = std::uint64_t{1} << 61;

}  // namespace

void drop_file_pages(const void* data, std::size_t bytes) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const std::uintptr_t begin = (reinterpret_cast<std::uintptr_t>(data) + page - 1) / page,
                       end = (reinterpret_cast<std::uintptr_t>(data) + bytes) / page;
  if (begin >= end) return;
  const int map = ::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (map < 0) return;
  std::uint64_t entries[512];
  for (std::uintptr_t at = begin; at < end;) {
    const std::size_t count = std::min<std::size_t>(std::size(entries), end - at);
    const ssize_t got = ::pread(map, entries, count * sizeof(entries[0]), static_cast<off_t>(at * sizeof(entries[0])));
    if (got != static_cast<ssize_t>(count * sizeof(entries[0]))) break;
    auto droppable = [&](std::size_t i) { return (entries[i] & kPresent) && (entries[i] & kOfFile); };
    for (std::size_t i = 0, run = 0; i < count; i = run) {
      run = i + 1;
      if (!droppable(i)) continue;
      while (run < count && droppable(run)) ++run;
      ::madvise(reinterpret_cast<void*>((at + i) * page), (run - i) * page, MADV_DONTNEED);
    }
    at += count;
  }
  ::close(map);
}

void trim_heap() {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

}  // namespace frugal
