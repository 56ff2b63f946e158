// Packed weights of every form (block_linear_types.h): the codes of a step and the scales of a group, in lanes.
#pragma once

#include "kernels/simd/block_tables.h"

namespace frugal::FRUGAL_SIMD {
namespace {

constexpr int kVectors = static_cast<int>(kBlockPanel) / kLanes;  // of a panel's channels
constexpr int kVectorBytes = 4 * kLanes;

inline V load_halves(const std::uint8_t* p) { return load_halves(reinterpret_cast<const std::uint16_t*>(p)); }

template <BlockForm F>
struct Codes {
  static constexpr BlockFormInfo kInfo = kBlockForms[static_cast<int>(F)];
  static constexpr int kBytes = 64 * kInfo.bits;   // of a unit
  static constexpr int kSteps = 8 / kInfo.groups;  // of a group
  static constexpr int kHead = static_cast<int>(kBlockPanel) * (kInfo.offset ? 4 : 2);

  // The bits of step S in a plane of `Width` bits, moved to the place `To` of every byte.
  template <int Width, int S, int To>
  static I plane(const std::uint8_t* at) {
    constexpr int kThere = 8 / Width, kShift = S % kThere * Width;
    const I all = load_i(at + 64 * (S / kThere));
    return and_i(shift_words<To - kShift>(all), set1_bytes(((1 << Width) - 1) << To));
  }
  // 4 elements of each channel of vector `v`: numbers from 0, or signed bytes where kInfo.bits is 8.
  template <int S>
  static I step(const std::uint8_t* codes, int v) {
    const std::uint8_t* at = codes + v * kVectorBytes;
    constexpr int b = kInfo.bits;
    if constexpr (b == 8) return load_i(at + 64 * S);
    if constexpr (b == 4) return plane<4, S, 0>(at);
    if constexpr (b == 5) return or_i(plane<4, S, 0>(at), plane<1, S, 4>(at + 64 * 4));
    if constexpr (b == 6) return or_i(plane<4, S, 0>(at), plane<2, S, 4>(at + 64 * 4));
    if constexpr (b == 2) return plane<2, S, 0>(at);
    if constexpr (b == 3) return or_i(plane<2, S, 0>(at), plane<1, S, 2>(at + 64 * 2));
  }
};

// The scales of a panel, unit after unit.
template <BlockForm F>
struct Scales {
  using C = Codes<F>;
  V s[kVectors], m[kVectors];  // of the current unit, or what factors are multiplied with
  const std::uint8_t* at;

  explicit Scales(const std::uint8_t* panel) : at(panel) {
    for (int v = 0; v < kVectors; ++v) s[v] = m[v] = zero();
  }
  // From unit to unit: open, scale and offset, close.
  void open(std::int64_t unit) {
    if (!C::kInfo.super || unit % kUnitsOfSuper == 0) load_head();
  }
  void close() {
    if constexpr (C::kInfo.super) at += 32;
  }
  void load_head() {
    for (int v = 0; v < kVectors; ++v) {
      s[v] = load_halves(at + 2 * v * kLanes);
      if constexpr (C::kInfo.offset) m[v] = load_halves(at + 2 * (static_cast<int>(kBlockPanel) + v * kLanes));
    }
    at += C::kHead;
  }
  // Any unit.
  static Scales of(const std::uint8_t* panel, std::int64_t unit) {
    constexpr std::int64_t kSuper = C::kHead + kUnitsOfSuper * 32;
    Scales out(panel + (C::kInfo.super ? unit / kUnitsOfSuper * kSuper : unit * C::kHead));
    out.load_head();
    if constexpr (C::kInfo.super) out.at += unit % kUnitsOfSuper * 32;
    return out;
  }

  V scale(int group, int v) const {
    if constexpr (!C::kInfo.super) return s[v];
    const std::uint8_t* p = at + group * kBlockPanel + v * kLanes;
    if constexpr (F == BlockForm::q2_k) return mul(s[v], to_float(and_i(load_small(p), set1_i(15))));
    return mul(s[v], to_float(load_small(p)));
  }
  V offset(int group, int v) const {
    if constexpr (!C::kInfo.super) return m[v];
    if constexpr (F == BlockForm::q2_k)
      return mul(m[v], to_float(and_i(shift_words<-4>(load_small(at + group * kBlockPanel + v * kLanes)), set1_i(15))));
    return mul(m[v], to_float(load_small(at + kBlockPanel + v * kLanes)));
  }
};

// Calls f with 0..N-1 as compile-time constants.
template <int N, typename F>
__attribute__((always_inline)) inline void each_constant(F f) {
  if constexpr (N > 0) {
    each_constant<N - 1>(f);
    f.template operator()<N - 1>();
  }
}

// The bytes of the scales of a panel.
template <BlockForm F>
constexpr std::int64_t scale_area(std::int64_t k) {
  constexpr std::int64_t kHead = Codes<F>::kHead;
  const std::int64_t units = k / kBlockUnit;
  const std::int64_t bytes =
      Codes<F>::kInfo.super ? units / kUnitsOfSuper * (kHead + kUnitsOfSuper * 32) : units * kHead;
  return (bytes + 63) / 64 * 64;
}

}  // namespace
}  // namespace frugal::FRUGAL_SIMD
