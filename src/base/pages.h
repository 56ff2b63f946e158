// Pages of memory that a file gives back when they are needed again.
#pragma once

#include <cstddef>

namespace frugal {

// Whole pages within these bytes that are those of a mapped file, unchanged, leave this process (not the system's
// cache); who reads them gets them again. Any other memory stays as it is, and so does everything where the system
// does not tell which is which.
void drop_file_pages(const void* data, std::size_t bytes);

}  // namespace frugal
