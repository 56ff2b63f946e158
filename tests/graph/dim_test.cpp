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

TEST(Dim, ParseReadsWhatTextWrites) {
  for (const Dim& d : {Dim(7), Dim(-3), h, h * Dim(-2) + w * h - Dim(1), floor_div(h + w * Dim(3) + Dim(1), 4) * w,
                       floor_div(floor_div(h - Dim(1), 2) + Dim(1), 2)})
    EXPECT_EQ(Dim::parse(d.text()), d) << d.text();
  for (const char* bad :
       {"", "+", "h+", "h*", "floor(h/2)", "floor((h)/0)", "floor((h)/2", "(h)", "99999999999999999999"})
    EXPECT_THROW(Dim::parse(bad), Error) << bad;
  EXPECT_THROW(Dim::parse(std::string(100000, '-')), Error);
}

TEST(Dim, StopsWhatGrowsWithoutEnd) {
  auto squared = [](Dim d) {
    for (int i = 0; i < 60; ++i) d = d * d;
  };
  auto tower = [](Dim d) {
    for (int i = 0; i < 200; ++i) d = d + floor_div(d, 2);
  };
  EXPECT_THROW(squared(h + w), Error);
  EXPECT_THROW(tower(h), Error);
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
