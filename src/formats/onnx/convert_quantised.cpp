// Quantised graphs: the QDQ form, and the older operators written out in it.
#include "formats/onnx/importer.h"

namespace frugal::onnx_import {
namespace {

void dequantize(ImportNode& n) {
  n.require(n.integer("block_size", 0) == 0, "blocked scales are not supported");
  n.result("dequantize_linear", {n.in(0), n.in(1), n.optional_in(2)}, {{"axis", n.integer("axis", 1)}});
}

void quantize(ImportNode& n) {
  n.require(n.integer("block_size", 0) == 0, "blocked scales are not supported");
  ValueId zero = n.optional_in(2);
  if (zero == kNone) zero = n.constant(Tensor(DType::u8, fixed_shape(n.shape(1))));
  n.result("quantize_linear", {n.in(0), n.in(1), zero}, {{"axis", n.integer("axis", 1)}});
}

ValueId real(ImportNode& n, std::size_t x, std::int64_t axis) {
  return n.op("dequantize_linear", {n.in(x), n.in(x + 1), n.in(x + 2)}, {{"axis", axis}});
}

void qlinear_matmul(ImportNode& n) {
  ValueId y = n.op("matmul", {real(n, 0, 0), real(n, 3, 1)});
  n.result("quantize_linear", {y, n.in(6), n.in(7)}, {{"axis", 1}});
}

// Sums of products of integers, as reals, which is exact up to 2^24.
void matmul_integer(ImportNode& n) {
  auto real_of = [&](std::size_t i, std::size_t zero, bool rows) {
    ValueId x = n.op("cast", {n.in(i)}, {{"to", "float32"}});
    if (!n.has(zero)) return x;
    ValueId z = n.op("cast", {n.in(zero)}, {{"to", "float32"}});
    if (rows && n.rank(zero) == 1 && n.shape(zero)[0] != Dim(1)) z = n.reshape(z, {n.shape(zero)[0], 1});
    return n.op("sub", {x, z});
  };
  n.require(n.rank(0) >= 2 && n.rank(1) >= 2, "its inputs must have two dims");
  ValueId y = n.op("matmul", {real_of(0, 2, true), real_of(1, 3, false)});
  n.result("cast", {y}, {{"to", "int32"}});
}

}  // namespace

void add_quantised(ConverterTable& t) {
  t["DequantizeLinear"] = dequantize;
  t["QuantizeLinear"] = quantize;
  t["QLinearMatMul"] = qlinear_matmul;
  t["MatMulInteger"] = matmul_integer;
}

}  // namespace frugal::onnx_import
