// A data set that small networks learn within seconds.
#pragma once

#include <cstdint>
#include <filesystem>

namespace frugal::test {

// Files of MNIST's layout, 12x12, four classes: each is a bright bar at its own height, in noise. `prefix`: "train" or
// "t10k".
void write_bars(const std::filesystem::path& folder, const char* prefix, int pictures, std::uint64_t seed);

}  // namespace frugal::test
