#include "kernels/self_check.h"

#include <gtest/gtest.h>

#include "kernels/support.h"

namespace frugal {
namespace {

using SelfCheck = test::EachIsa;

TEST_P(SelfCheck, ThisMachinePasses) {
  for (std::uint64_t seed : {0, 1, 2})
    for (const KernelCheck& check : check_kernels(GetParam(), seed))
      EXPECT_TRUE(check.ok()) << check.name << ": error " << check.error << " of " << check.tolerance << ", seed "
                              << seed;
}

TEST_P(SelfCheck, CoversTheKernelsThatMatter) {
  std::vector<std::string> names;
  for (const KernelCheck& check : check_kernels(GetParam(), 0)) names.push_back(check.name);
  for (const char* wanted : {"gemm", "softmax", "max pool", "conv direct", "conv depthwise", "byte adder",
                             "linear Q4_1", "linear Q6_K", "attention f16", "attention q8"})
    EXPECT_NE(std::find(names.begin(), names.end(), wanted), names.end()) << wanted;
}

TEST(KernelCheck, AnErrorBeyondTheToleranceFails) {
  EXPECT_FALSE((KernelCheck{"gemm", 1e-3, 1e-5, 4}.ok()));
  EXPECT_FALSE((KernelCheck{"gemm", 0, 1e-5, 0}.ok()));  // nothing was checked
  EXPECT_TRUE((KernelCheck{"gemm", 0, 1e-5, 1}.ok()));
}

FRUGAL_EACH_ISA(SelfCheck);

}  // namespace
}  // namespace frugal
