#include "base/check.h"

#include "support/support.h"

namespace frugal {
namespace {

TEST(Check, FailFormatsOneSentence) {
  EXPECT_ERROR(fail("{} of {} is wrong", 3, "x"), "3 of x is wrong");
  EXPECT_THROW(fail_usage("unknown name '{}'", "y"), UsageError);
}

TEST(Check, RequireThrowsOnlyWhenFalse) {
  EXPECT_NO_THROW(require(true, "never"));
  EXPECT_ERROR(require(false, "needs {}", 2), "needs 2");
}

TEST(CheckDeathTest, AssertionNamesTheCondition) { EXPECT_DEATH(FRUGAL_ASSERT(1 + 1 == 3), "1 \\+ 1 == 3"); }

}  // namespace
}  // namespace frugal
