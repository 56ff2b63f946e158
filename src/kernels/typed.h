// Elementwise work on any element type, for what the vector kernels (float32) do not cover. Ranges may be divided
// among threads. Integers wrap around; half types are computed in float32.
#pragma once

#include <cstddef>
#include <cstdint>

#include "frugal/tensor.h"
#include "kernels/types.h"

namespace frugal {

// Has KernelTable::activate this function? Then it can also be fused.
bool has_vector_form(Activation kind);
// Has KernelTable::binary this function?
bool has_vector_form(Binary op);

// Float types: every function. Integers: relu, clip, abs, neg, sign, square. In and out may be the same.
void activate_typed(DType type, std::int64_t n, const void* in, void* out, const ActivationSpec& spec);

// a_step and b_step are 0 (one element for all) or 1. Comparisons write booleans; bit operations are for integers and
// booleans; the others for numbers (integer division by zero gives 0).
void binary_typed(Binary op, DType type, std::int64_t n, const void* a, std::int64_t a_step, const void* b,
                  std::int64_t b_step, void* out);

// Float to integer truncates and saturates, NaN gives 0; integers wrap; anything but 0 is true.
void cast_typed(DType from, DType to, std::int64_t n, const void* in, void* out);

// Which elements are NaN, or an infinity of a wanted sign.
struct FloatClass {
  bool nan = false, negative_infinity = false, positive_infinity = false;
};
void classify_typed(DType type, std::int64_t n, const void* in, bool* out, FloatClass wanted);

// --- Reductions: `axes` are walked in order, the last one innermost; strides in elements ---
struct ReduceAxis {
  std::int64_t size, stride;
};
// One number from the elements at `in`; all of their sum of steps. Integers are summed in 64 bits.
void reduce_typed(Reduce kind, DType type, const ReduceAxis* axes, std::size_t axis_count, const void* in, void* out);

// Index of the largest (smallest) of `size` elements, the first of equals or the last; NaN wins against numbers.
std::int64_t arg_typed(DType type, std::int64_t size, std::int64_t stride, const void* in, bool smallest, bool last);

// out[i] = sum (of what is before i where `exclusive`), from the end where `reverse`.
void cum_sum_typed(DType type, std::int64_t size, std::int64_t stride, const void* in, void* out, bool exclusive,
                   bool reverse);

}  // namespace frugal
