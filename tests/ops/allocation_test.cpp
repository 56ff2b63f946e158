// Memory runs out at every allocation in turn: the engine throws, leaks nothing, and works afterwards.
#include <gtest/gtest.h>

#include <memory>
#include <new>
#include <set>

#include "frugal/session.h"
#include "ops/row_test.h"
#include "support/counted_new.h"

namespace frugal::test {
namespace {

// Rows of one op differ little in what they allocate: the first of each layout is enough (rank 4 and others).
std::vector<OpRow> allocation_rows() {
  std::vector<OpRow> out;
  std::set<std::pair<std::string, bool>> seen;
  for (const OpRow& row : test_rows())
    if (seen.emplace(row.op, row.inputs[0].shape.size() == 4).second) out.push_back(row);
  return out;
}

class OpAllocation : public testing::TestWithParam<OpRow> {};
INSTANTIATE_TEST_SUITE_P(Table, OpAllocation, testing::ValuesIn(allocation_rows()), row_name);

// What is allocated from the model's being there to the outputs' being there.
enum class Attempt { finished, out_of_memory };
Attempt attempt(Session& session, const std::vector<Tensor>& inputs, std::vector<Tensor>& outputs, std::int64_t k) {
  fail_allocation(k);
  try {
    session.run(inputs, outputs);
  } catch (const std::bad_alloc&) {
    return stop_failing() ? Attempt::out_of_memory : Attempt::finished;
  }
  EXPECT_FALSE(stop_failing()) << "the failure of allocation " << k << " went unnoticed";
  return Attempt::finished;
}

TEST_P(OpAllocation, EveryFailureIsThrownAndLeaksNothing) {
  const Model model = surrounded_model(GetParam());
  const std::vector<Tensor> inputs = row_inputs(GetParam());
  const SessionOptions options{.threads = 1};
  const std::vector<Tensor> expected = Session(model, options).run(inputs);  // also fills the registries

  const std::int64_t before = live_allocations();
  std::int64_t k = 0;
  for (bool finished = false; !finished; ++k) {
    Session session(model, options);
    std::vector<Tensor> outputs;
    finished = attempt(session, inputs, outputs, k) == Attempt::finished;
    if (finished) break;
    if (k % 8 == 0) {
      session.run(inputs, outputs);  // a failure leaves the session usable
      for (std::size_t i = 0; i < outputs.size(); ++i)
        ASSERT_TRUE(same(outputs[i], expected[i])) << "after failure " << k;
    }
    ASSERT_LT(k, 100'000);
  }
  EXPECT_GT(k, 5) << "the run seems to allocate nothing: is the count of allocations wired up?";
  EXPECT_EQ(live_allocations(), before);
}

TEST_P(OpAllocation, RunningAgainAllocatesNothing) {
  for (int threads : {1, 2}) {
    Session session(surrounded_model(GetParam()), {.threads = threads});
    const std::vector<Tensor> inputs = row_inputs(GetParam());
    std::vector<Tensor> outputs;
    session.run(inputs, outputs);
    const std::int64_t before = total_allocations();
    session.run(inputs, outputs);
    EXPECT_EQ(total_allocations(), before) << threads << " threads";
  }
}

TEST(Allocation, ASessionCannotBeMadeWithoutMemory) {
  const Model model = row_model(test_rows()[0]);
  Session(model, {.threads = 3});
  const std::int64_t before = live_allocations();
  for (std::int64_t k = 0;; ++k) {
    fail_allocation(k);
    try {
      Session session(model, {.threads = 3});
    } catch (const std::bad_alloc&) {
      ASSERT_TRUE(stop_failing());
      ASSERT_EQ(live_allocations(), before) << "allocation " << k;
      continue;
    }
    ASSERT_FALSE(stop_failing());
    EXPECT_GT(k, 3);
    break;
  }
}

}  // namespace
}  // namespace frugal::test
