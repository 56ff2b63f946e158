#include <cpuid.h>

#include <array>
#include <cstdlib>

#include "base/check.h"
#include "kernels/kernels.h"
#include "kernels/simd/tables.h"

namespace frugal {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"scalar", "avx2", "avx512"};

// The flags that cmake/FrugalTargets.cmake compiles each folder with; libgcc's check covers the
// operating system's part (xgetbv) too.
bool detect(Isa isa) {
  __builtin_cpu_init();
  bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2") &&
              __builtin_cpu_supports("avx");
  switch (isa) {
    case Isa::scalar: return true;
    case Isa::avx2: return avx2;
    case Isa::avx512:
      return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
             __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vbmi") &&
             __builtin_cpu_supports("avx512vpopcntdq");
  }
  return false;
}

template <typename... Fill>
KernelTable make_table(Isa isa, int channel_block, Fill... fill) {
  KernelTable table{};
  table.isa = isa;
  table.channel_block = channel_block;
  if (!isa_supported(isa)) return table;  // what fills it is compiled for that instruction set too
  (fill(table), ...);
  return table;
}

void nothing(KernelTable&) {}

}  // namespace

const KernelTable& kernels(Isa isa) {
  FRUGAL_ASSERT(isa_supported(isa));
  static const std::array<KernelTable, 3> tables = {
      make_table(Isa::scalar, 1, scalar::fill_gemm, scalar::fill_adder, scalar::fill_byte_adder, scalar::fill_conv,
                 scalar::fill_pool, scalar::fill_elementwise, scalar::fill_rows, scalar::fill_resample,
                 scalar::fill_int8, scalar::fill_bf16, scalar::fill_attend),
      make_table(Isa::avx2, 8, avx2::fill_gemm, avx2::fill_adder, avx2::fill_byte_adder, avx2::fill_conv,
                 avx2::fill_depthwise, avx2::fill_conv_pixels, avx2::fill_winograd, avx2::fill_pool,
                 avx2::fill_elementwise, avx2::fill_rows, avx2::fill_resample, avx2::fill_attend, avx2::fill_int8,
                 avx_vnni_supported() ? avx2::fill_int8_vnni : avx2::fill_int8_dot),
      make_table(Isa::avx512, 16, avx512::fill_gemm, avx512::fill_adder, avx512::fill_byte_adder, avx512::fill_conv,
                 avx512::fill_depthwise, avx512::fill_conv_pixels, avx512::fill_winograd, avx512::fill_pool,
                 avx512::fill_elementwise, avx512::fill_rows, avx512::fill_attend, avx512::fill_resample,
                 avx512::fill_int8, avx512::fill_int8_dot, bf16_supported() ? avx512::fill_bf16 : nothing),
  };
  return tables[static_cast<std::size_t>(isa)];
}

std::string_view name(Isa isa) { return kNames[static_cast<std::size_t>(isa)]; }

bool isa_supported(Isa isa) {
  static const std::array<bool, 3> supported = {true, detect(Isa::avx2), detect(Isa::avx512)};
  return supported[static_cast<std::size_t>(isa)];
}

// libgcc of GCC 12 does not name this one; the operating system's part is that of AVX2.
bool avx_vnni_supported() {
  static const bool supported = [] {
    unsigned a = 0, b = 0, c = 0, d = 0;
    return isa_supported(Isa::avx2) && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
  }();
  return supported;
}

bool bf16_supported() { return isa_supported(Isa::avx512) && __builtin_cpu_supports("avx512bf16"); }

Isa best_isa() {
  if (isa_supported(Isa::avx512)) return Isa::avx512;
  return isa_supported(Isa::avx2) ? Isa::avx2 : Isa::scalar;
}

Isa isa_from_name(std::string_view wanted) {
  for (Isa isa : {Isa::scalar, Isa::avx2, Isa::avx512}) {
    if (name(isa) != wanted) continue;
    if (!isa_supported(isa))
      fail_usage("the instruction set {} is asked for, which this processor lacks; the best it has is {}", wanted,
                 name(best_isa()));
    return isa;
  }
  fail_usage("there is no instruction set '{}'; FRUGAL_ISA and the session's option take scalar, avx2 or avx512",
             wanted);
}

Isa active_isa() {
  const char* wanted = std::getenv("FRUGAL_ISA");
  return wanted && *wanted ? isa_from_name(wanted) : best_isa();
}

}  // namespace frugal
