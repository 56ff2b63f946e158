#include "kernels/scalar/activation.h"
#include "kernels/simd/tables.h"

namespace frugal::scalar {
namespace {

void activate_all(std::int64_t n, const float* in, float* out, const ActivationSpec& spec) {
  for (std::int64_t i = 0; i < n; ++i) out[i] = activate(in[i], spec);
}

void prelu_block(std::int64_t pixels, int, const float* in, float* out, const float* slope) {
  for (std::int64_t i = 0; i < pixels; ++i) out[i] = in[i] < 0 ? slope[0] * in[i] : in[i];
}

float apply(Binary op, float a, float b) {
  switch (op) {
    case Binary::add: return a + b;
    case Binary::sub: return a - b;
    case Binary::rsub: return b - a;
    case Binary::mul: return a * b;
    case Binary::div: return a / b;
    case Binary::rdiv: return b / a;
    case Binary::min: return a < b || a != a ? a : b;
    case Binary::max: return a > b || a != a ? a : b;
    default: return 0;  // kernels/typed.h
  }
}

void binary(Binary op, Operand operand, std::int64_t n, const float* a, const float* b, float* out) {
  for (std::int64_t i = 0; i < n; ++i) out[i] = apply(op, a[i], operand == Operand::full ? b[i] : b[0]);
}

}  // namespace

void fill_elementwise(KernelTable& table) {
  table.activate = activate_all;
  table.prelu_block = prelu_block;
  table.binary = binary;
}

}  // namespace frugal::scalar
