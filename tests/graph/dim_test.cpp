#include "frugal/dim.h"

#include <gtest/gtest.h>

#include "frugal/error.h"
#ifdef FRUGAL_HAS_RAPIDCHECK
#include <rapidcheck/gtest.h>
#endif

namespace frugal {
namespace {

const Dim h = Dim::symbol("h"), w = Dim::symbol("w");

TEST(Dim, EqualValuesHaveEqualForms) {
  EXPECT_EQ(h + Dim(1) + w, w + h + Dim(1));
  EXPECT_EQ(h - h, Dim(0));
  EXPECT_EQ((h + Dim(1)) * (h - Dim(1)), h * h - Dim(1));
  EXPECT_EQ(floor_div(h - Dim(1), 2) + Dim(1), floor_div(h + Dim(1), 2));
  EXPECT_EQ(floor_div(h * Dim(4) + Dim(6), 2), h * Dim(2) + Dim(3));
  EXPECT_EQ(exact_div(h * w * Dim(6), w * Dim(3)), h * Dim(2));
  EXPECT_EQ((floor_div(h + Dim(1), 2)).text(), "floor((h+1)/2)");
}

TEST(Dim, RefusesWhatHasNoAnswer) {
  EXPECT_THROW(exact_div(h + Dim(1), w), Error);
  EXPECT_THROW(exact_div(Dim(7), Dim(2)), Error);
  EXPECT_THROW(Dim(INT64_MAX) + Dim(1), Error);
  EXPECT_THROW(Dim(INT64_MAX) * Dim(2), Error);
  EXPECT_THROW(fixed_shape({h}), Error);
}

#ifdef FRUGAL_HAS_RAPIDCHECK
// Arithmetic on symbols, then binding, equals arithmetic on numbers.
RC_GTEST_PROP(Dim, BindingCommutesWithArithmetic, ()) {
  auto size = *rc::gen::inRange<std::int64_t>(0, 500);
  auto other = *rc::gen::inRange<std::int64_t>(0, 500);
  Dim symbolic = h;
  std::int64_t number = size;
  for (int step = 0, steps = *rc::gen::inRange(1, 8); step < steps; ++step) {
    auto k = *rc::gen::inRange<std::int64_t>(1, 9);
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
        symbolic = symbolic + Dim(k);
        number += k;
        break;
      case 1:
        symbolic = symbolic - w;
        number -= other;
        break;
      case 2:
        symbolic = symbolic * Dim(k);
        number *= k;
        break;
      case 3:
        symbolic = floor_div(symbolic, k);
        number = number / k - (number % k != 0 && number < 0);
        break;
    }
  }
  RC_ASSERT(symbolic.bind({{"h", size}, {"w", other}}) == Dim(number));
}
#endif

}  // namespace
}  // namespace frugal
