#include "kernels/gemm.h"

#include "kernels/support.h"

namespace frugal::test {
namespace {

struct Size {
  std::int64_t m, n, k;
};
const Size kSizes[] = {{1, 1, 1},   {1, 10, 84},  {1, 1000, 512}, {2, 3, 5},   {5, 17, 33}, {6, 16, 7},   {7, 33, 64},
                       {14, 32, 9}, {15, 31, 40}, {16, 48, 1},    {29, 65, 3}, {64, 8, 27}, {113, 40, 70}};
// Rows that share the sets of a cache, and more of them than stay in it.
const Size kLong[] = {{130, 33, 1024}, {250, 34, 600}};

struct Problem {
  Size s;
  bool transposed, by_rows;
  std::vector<float> a, b, bias, slope, residual;
  Problem(Size size, bool transposed_b, bool rows)
      : s(size),
        transposed(transposed_b),
        by_rows(rows),
        a(random_values(s.m * s.k, "a")),
        b(random_values(s.k * s.n, "b")),
        bias(random_values(std::max(s.m, s.n), "bias")),
        slope(random_values(std::max(s.m, s.n), "slope")),
        residual(random_values(s.m * s.n, "residual")) {}

  std::vector<float> run(const KernelTable& table, int threads, Epilogue e, bool in_place = false) const {
    ThreadPool pool(threads);
    std::vector<float> packed(gemm_packed_floats(table, s.n, s.k)), scratch(gemm_scratch_floats(table, s.k, threads));
    gemm_pack(table, pool, s.n, s.k, b.data(), transposed ? s.k : s.n, transposed, packed.data());
    std::vector<float> c = in_place ? residual : std::vector<float>(s.m * s.n, -99);
    if (in_place) e.residual = c.data();
    gemm_run(table, pool, {s.m, s.n, s.k, a.data(), s.k, packed.data(), c.data(), s.n, e, by_rows}, scratch.data());
    return c;
  }
};

class Gemm : public EachIsa {};
FRUGAL_EACH_ISA(Gemm);

TEST(GemmReference, MatchesAPlainLoop) {
  Problem p({3, 4, 5}, false, false);
  std::vector<float> got = p.run(kernels(Isa::scalar), 1, {}), want(12);
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 4; ++j)
      for (int k = 0; k < 5; ++k) want[i * 4 + j] += p.a[i * 5 + k] * p.b[k * 4 + j];
  expect_close(got, want, 1e-6f, "reference");
}

TEST_P(Gemm, MatchesTheReference) {
  for (Size size : kSizes)
    for (bool transposed : {false, true}) {
      Problem p(size, transposed, transposed);
      expect_close(p.run(table(), 1, {}), p.run(reference(), 1, {}), 1e-5f, "plain");
      for (ActivationSpec spec : all_activations())
        for (bool last : {false, true}) {
          Epilogue e{p.bias.data(), p.residual.data(), spec, last};
          if (transposed) e.scale = 0.75f, e.shift = -0.5f;
          expect_close(p.run(table(), 1, e), p.run(reference(), 1, e), 1e-5f,
                       "activation " + std::to_string(static_cast<int>(spec.kind)));
          expect_same_bits(p.run(table(), 1, e, true), p.run(table(), 1, e), "residual in place");
        }
      Epilogue prelu{p.bias.data(), nullptr, {Activation::prelu, 0, 0, p.slope.data()}, false};
      expect_close(p.run(table(), 1, prelu), p.run(reference(), 1, prelu), 1e-5f, "prelu");
    }
}

TEST_P(Gemm, LongRows) {
  for (Size size : kLong) {
    Problem p(size, true, true);
    Epilogue e{p.bias.data(), p.residual.data(), {Activation::relu, 0, 0, nullptr}, false};
    const std::vector<float> got = p.run(table(), 1, e);
    expect_close(got, p.run(reference(), 1, e), 3e-5f, "long rows");
    for (int threads : {2, 3}) expect_same_bits(p.run(table(), threads, e), got, "threads");
  }
}

TEST_P(Gemm, ThreadsDoNotChangeABit) {
  for (Size size : kSizes) {
    Problem p(size, false, false);
    Epilogue e{p.bias.data(), p.residual.data(), {Activation::silu, 0, 0, nullptr}, false};
    for (int threads : {2, 3, 5}) expect_same_bits(p.run(table(), threads, e), p.run(table(), 1, e), "threads");
  }
}

}  // namespace
}  // namespace frugal::test
