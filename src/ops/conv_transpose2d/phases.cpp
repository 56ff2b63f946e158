#include "ops/conv_transpose2d/phases.h"

#include <algorithm>
#include <numeric>

namespace frugal {

std::vector<PhaseAxis> phases_of(std::int64_t out, std::int64_t kernel, std::int64_t stride, std::int64_t dilation,
                                 std::int64_t pad) {
  std::vector<PhaseAxis> phases;
  for (std::int64_t r = 0; r < stride; ++r) {
    PhaseAxis phase;
    phase.first = ((r - pad) % stride + stride) % stride;
    if (phase.first >= out) continue;
    phase.count = (out - phase.first + stride - 1) / stride;
    phase.dilation = dilation / std::gcd(dilation, stride);
    std::int64_t last = 0;  // the largest t
    for (std::int64_t k = 0; k < kernel; ++k)
      if (k * dilation % stride == r) {
        phase.taps.insert(phase.taps.begin(), k);
        last = (k * dilation - r) / stride;
      }
    const std::int64_t q = (phase.first + pad) / stride;
    phase.pad = std::max<std::int64_t>(last - q, 0);
    phase.skip = std::max<std::int64_t>(q - last, 0);
    phases.push_back(std::move(phase));
  }
  return phases;
}

JointAxis joint_phases(std::int64_t out, std::int64_t kernel, std::int64_t stride, std::int64_t pad) {
  JointAxis joint{.window = (kernel + stride - 1) / stride, .pad = 0, .count = 0, .first_q = 0};
  joint.first_q = std::min(pad / stride, joint.window - 1);  // so that the convolution's padding is not negative
  joint.pad = joint.window - 1 - joint.first_q;
  joint.count = (out - 1 + pad) / stride - joint.first_q + 1;
  return joint;
}

}  // namespace frugal
