#include "tensor/slab.h"

#include <gtest/gtest.h>

namespace frugal {
namespace {

TEST(Slab, TensorsLieSideBySideAndOutliveEachOther) {
  Tensor a = slab_tensor(1000), b = slab_tensor(0), c = slab_tensor(70000);
  EXPECT_EQ(static_cast<std::uint8_t*>(c.raw()) - static_cast<std::uint8_t*>(a.raw()), 1024 + 64 + 64);
  for (const Tensor* t : {&a, &b, &c}) {
    EXPECT_TRUE(t->defined());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(t->raw()) % 64, 0u);
  }
  a = b = Tensor();
  for (std::int64_t i = 0; i < c.numel(); ++i) ASSERT_EQ(c.data<std::uint8_t>()[i], 0);
}

TEST(Slab, WhatDoesNotFitGetsMemoryOfItsOwn) {
  std::vector<Tensor> all;
  for (int i = 0; i < 12; ++i) {
    all.push_back(slab_tensor((std::int64_t{5} << 20) + i));
    all.back().data<std::uint8_t>()[all.back().numel() - 1] = static_cast<std::uint8_t>(i + 1);
  }
  all.push_back(slab_tensor(std::int64_t{40} << 20));
  all.back().data<std::uint8_t>()[(40 << 20) - 1] = 13;
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].data<std::uint8_t>()[all[i].numel() - 1], i + 1);
    EXPECT_EQ(all[i].data<std::uint8_t>()[0], 0);
  }
}

}  // namespace
}  // namespace frugal
