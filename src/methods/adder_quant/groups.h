// Kernels of one layer in a few groups of similar size, so that each group gets a scale of its own.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace frugal {

// The group of each value, 0, 1, ... from the smallest values to the largest; groups are intervals of the sorted values
// and none is empty. There are at most `groups` of them: fewer where there are fewer distinct values, or fewer than
// `groups` times `align` values. All sizes but one are multiples of `align`.

// The least sum of squared distances from the groups' means, by dynamic programming; needs no seed. Of equally good
// ones, the one of fewest groups.
std::vector<int> group_exact(std::span<const float> values, int groups, int align);

// The same for the least sum of the squares of each value's largest neighbour in its group: where values are ranges,
// that is what rounding on the groups' grids adds as noise.
std::vector<int> group_by_noise(std::span<const float> values, int groups, int align);

// Lloyd's iterations from k-means++ seeds (Arthur and Vassilvitskii 2007), at most 300, until the centres move by less
// than 1e-4 of the deviation; clusters that become empty are dropped, cuts are rounded to multiples of `align`.
std::vector<int> group_kmeans(std::span<const float> values, int groups, int align, std::uint64_t seed);

// The sum that both minimise.
double group_cost(std::span<const float> values, std::span<const int> group);

}  // namespace frugal
