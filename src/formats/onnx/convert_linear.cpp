// Products of matrices.
#include "formats/onnx/importer.h"

namespace frugal::onnx_import {
namespace {

void matmul(ImportNode& n) {
  SymShape a = n.shape(0), b = n.shape(1);
  n.require(!a.empty() && !b.empty(), "its inputs must have dims");
  if (a.size() >= 2 && b.size() >= 2) return n.result("matmul", {n.in(0), n.in(1)});
  // A vector is a row on the left and a column on the right, and that dim goes again.
  ValueId left = a.size() == 1 ? n.reshape(n.in(0), {1, a[0]}) : n.in(0);
  ValueId right = b.size() == 1 ? n.reshape(n.in(1), {b[0], 1}) : n.in(1);
  ValueId product = n.op("matmul", {left, right});
  SymShape out = n.type_of(product).shape;
  if (b.size() == 1) out.pop_back();
  if (a.size() == 1) out.erase(out.end() - (b.size() == 1 ? 1 : 2));
  n.result("reshape", {product}, {{"shape", Attr(out)}});
}

ValueId scaled(ImportNode& n, ValueId x, double factor) {
  return factor == 1 ? x : n.op("mul", {x, n.scalar(factor, n.type_of(x).dtype)});
}

void gemm(ImportNode& n) {
  const bool ta = n.integer("transA", 0) != 0, tb = n.integer("transB", 0) != 0;
  const double alpha = n.real("alpha", 1), beta = n.real("beta", 1);
  n.require(n.rank(0) == 2 && n.rank(1) == 2, "its inputs must have two dims");
  ValueId a = ta ? n.op("transpose", {n.in(0)}, {{"perm", Ints{1, 0}}}) : n.in(0);
  const bool with_c = n.has(2) && beta != 0;
  SymShape c = with_c ? n.shape(2) : SymShape{};
  const Dim columns = n.shape(1)[tb ? 0 : 1];
  const bool bias = with_c && c == SymShape{columns};
  if ((n.data(1) || tb) && alpha == 1 && n.type(1).dtype == DType::f32 && (!with_c || (bias && beta == 1))) {
    ValueId w = tb ? n.in(1) : n.op("transpose", {n.in(1)}, {{"perm", Ints{1, 0}}});
    return n.result("linear", {a, w, with_c ? n.in(2) : kNone});
  }
  ValueId b = tb ? n.op("transpose", {n.in(1)}, {{"perm", Ints{1, 0}}}) : n.in(1);
  if (!with_c && alpha == 1) return n.result("matmul", {a, b});
  ValueId product = scaled(n, n.op("matmul", {a, b}), alpha);
  if (!with_c) return n.out(0, product);
  n.result("add", {product, scaled(n, n.in(2), beta)});
}

}  // namespace

void add_linear(ConverterTable& t) {
  t["MatMul"] = matmul;
  t["Gemm"] = gemm;
}

}  // namespace frugal::onnx_import
