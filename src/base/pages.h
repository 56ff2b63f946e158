// Pages of memory that are given back.
#pragma once

#include <cstddef>

namespace frugal {

// Whole pages within these bytes that are those of a mapped file, unchanged, leave this process (not the system's
// cache); who reads them gets them again. Any other memory stays as it is, and so does everything where the system
// does not tell which is which.
void drop_file_pages(const void* data, std::size_t bytes);

// Memory that was freed and is kept for later goes back to the system, where the allocator can do that.
void trim_heap();

}  // namespace frugal
