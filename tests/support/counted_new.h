// An operator new that counts, and can be told to fail, for the test binaries that link it (tests/CMakeLists.txt).
#pragma once

#include <cstdint>

namespace frugal::test {

// Makes the k-th allocation from now on (counted from 0, on any thread) throw std::bad_alloc, and only that one.
void fail_allocation(std::int64_t k);
// Ends that; true if the failure happened.
bool stop_failing();
std::int64_t live_allocations();
std::int64_t total_allocations();

}  // namespace frugal::test
