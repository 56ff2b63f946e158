#include <algorithm>
#include <array>
#include <chrono>
#include <mutex>

#include "kernels/kernels.h"
#include "kernels/simd/tables.h"

namespace frugal {

namespace scalar {
double fma_loop(std::int64_t steps) {
  float acc[12];
  std::fill(std::begin(acc), std::end(acc), 0.001f);
  for (std::int64_t i = 0; i < steps; ++i)
    for (float& a : acc) {
      a = a * 0.999f + 0.001f;
      asm volatile("" : "+x"(a));
    }
  return static_cast<double>(steps) * 12;
}
}  // namespace scalar

namespace {

double measure(Isa isa) {
  double (*loop)(std::int64_t) = isa == Isa::avx512 ? avx512::fma_loop
                                 : isa == Isa::avx2 ? avx2::fma_loop
                                                    : scalar::fma_loop;
  double best = 0;
  for (int attempt = 0; attempt < 7; ++attempt) {  // about 2 ms each; the host is shared, so the best counts
    auto start = std::chrono::steady_clock::now();
    double done = loop(500'000);
    std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    best = std::max(best, done / seconds.count() * 1e-9);
  }
  return best;
}

}  // namespace

double measured_peak_gmacs(Isa isa) {
  static std::array<std::once_flag, 3> once;
  static std::array<double, 3> peak{};
  auto i = static_cast<std::size_t>(isa);
  std::call_once(once[i], [&] { peak[i] = measure(isa); });
  return peak[i];
}

}  // namespace frugal
