// A transposed convolution as plain ones. Output pixel o gets from input pixel i through tap k where
// o + pad = i * stride + k * dilation. With o + pad = q * stride + r, the taps of one remainder r ("phase") are those
// with k * dilation = t * stride + r, and the phase is an ordinary convolution over q with x[q - t].
#pragma once

#include <cstdint>
#include <vector>

namespace frugal {

// One phase along one axis.
struct PhaseAxis {
  std::vector<std::int64_t> taps;  // of the transposed kernel, in the order in which the convolution sees the input
  std::int64_t dilation = 1;       // of the convolution
  std::int64_t pad = 0;            // of the convolution, before
  std::int64_t skip = 0;           // outputs of the convolution before the first one that counts
  std::int64_t count = 0;          // outputs that count
  std::int64_t first = 0;          // where the first one goes; the others follow `stride` apart
};

// The phases of an axis of `out` pixels. A phase without taps has an empty list.
std::vector<PhaseAxis> phases_of(std::int64_t out, std::int64_t kernel, std::int64_t stride, std::int64_t dilation,
                                 std::int64_t pad);

// All phases side by side, as channels of one convolution with a window of ceil(kernel / stride) taps; dilation 1.
struct JointAxis {
  std::int64_t window, pad, count;
  std::int64_t first_q;  // output o lies at q = (o + pad) / stride - first_q, phase (o + pad) % stride
};
JointAxis joint_phases(std::int64_t out, std::int64_t kernel, std::int64_t stride, std::int64_t pad);

}  // namespace frugal
