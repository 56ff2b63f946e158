#include "graph/costs.h"

#include <gtest/gtest.h>

#include "models/registry.h"

namespace frugal {
namespace {

TEST(Costs, ResNet18) {
  Costs costs = compute_costs(build_network("resnet18"));
  EXPECT_EQ(costs.params, 11'689'512);
  EXPECT_EQ(costs.macs, 1'814'073'344);
}

}  // namespace
}  // namespace frugal
