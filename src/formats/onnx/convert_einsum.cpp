// Einsum of one or two operands, written out: transpose, matmul over the shared labels, transpose.
#include <algorithm>

#include "formats/onnx/importer.h"

namespace frugal::onnx_import {
namespace {

struct Operand {
  ValueId id;
  std::string labels;
};

bool in(const std::string& text, char c) { return text.find(c) != std::string::npos; }

// Sums over the labels that nobody else wants, and checks that none is named twice.
Operand reduced(ImportNode& n, Operand x, const std::string& wanted) {
  Ints axes;
  std::string kept;
  for (std::size_t i = 0; i < x.labels.size(); ++i) {
    n.require(std::count(x.labels.begin(), x.labels.end(), x.labels[i]) == 1, "diagonals are not supported");
    if (in(wanted, x.labels[i]))
      kept += x.labels[i];
    else
      axes.push_back(static_cast<std::int64_t>(i));
  }
  if (axes.empty()) return x;
  return {n.op("reduce_sum", {x.id}, {{"axes", axes}, {"keep_dims", false}}), kept};
}

Operand ordered(ImportNode& n, Operand x, const std::string& labels) {
  Ints perm;
  for (char c : labels) perm.push_back(static_cast<std::int64_t>(x.labels.find(c)));
  if (x.labels == labels) return x;
  return {n.op("transpose", {x.id}, {{"perm", perm}}), labels};
}

Operand product_of(ImportNode& n, Operand a, Operand b, const std::string& out) {
  a = reduced(n, a, b.labels + out);
  b = reduced(n, b, a.labels + out);
  std::string batch, rows, columns, inner;
  for (char c : a.labels) (in(b.labels, c) ? (in(out, c) ? batch : inner) : rows) += c;
  for (char c : b.labels)
    if (!in(a.labels, c)) columns += c;
  a = ordered(n, a, batch + rows + inner);
  b = ordered(n, b, batch + inner + columns);
  auto sizes = [&](const Operand& x, std::size_t from, std::size_t count) {
    const SymShape shape = n.type_of(x.id).shape;
    return SymShape(shape.begin() + static_cast<std::ptrdiff_t>(from),
                    shape.begin() + static_cast<std::ptrdiff_t>(from + count));
  };
  SymShape batches = sizes(a, 0, batch.size()), m = sizes(a, batch.size(), rows.size()),
           k = sizes(a, batch.size() + rows.size(), inner.size()),
           c = sizes(b, batch.size() + inner.size(), columns.size());
  SymShape left = batches, right = batches, whole = batches;
  left.insert(left.end(), {product(m), product(k)});
  right.insert(right.end(), {product(k), product(c)});
  whole.insert(whole.end(), m.begin(), m.end());
  whole.insert(whole.end(), c.begin(), c.end());
  ValueId y = n.op("matmul", {n.reshape(a.id, left), n.reshape(b.id, right)});
  return {n.reshape(y, whole), batch + rows + columns};
}

void einsum(ImportNode& n) {
  std::string equation = n.text("equation", "");
  std::erase(equation, ' ');
  n.require(equation.size() <= 100 && !in(equation, '.'), "the equation '{}' is not supported", equation);
  const std::size_t arrow = equation.find("->");
  std::string left = equation.substr(0, arrow), out;
  if (arrow != std::string::npos) {
    out = equation.substr(arrow + 2);
  } else {  // every label that stands once, by the alphabet
    for (char c = 'A'; c <= 'z'; ++c)
      if (std::count(left.begin(), left.end(), c) == 1) out += c;
  }
  std::vector<Operand> operands;
  for (std::size_t i = 0, at = 0; i < n.input_count(); ++i) {
    std::size_t end = std::min(left.find(',', at), left.size());
    operands.push_back({n.in(i), left.substr(std::min(at, left.size()), end - std::min(at, left.size()))});
    n.require(operands.back().labels.size() == n.rank(i), "the equation '{}' does not fit its inputs", equation);
    at = end + 1;
  }
  n.require(operands.size() == 1 || operands.size() == 2, "{} operands are not supported", operands.size());
  Operand y = operands.size() == 1 ? reduced(n, operands[0], out) : product_of(n, operands[0], operands[1], out);
  for (char c : out) n.require(in(y.labels, c), "the equation '{}' asks for an unknown label", equation);
  n.require(y.labels.size() == out.size(), "the equation '{}' is not supported", equation);
  Ints perm;
  for (char c : out) perm.push_back(static_cast<std::int64_t>(y.labels.find(c)));
  n.result("transpose", {y.id}, {{"perm", perm}});
}

}  // namespace

void add_einsum(ConverterTable& t) { t["Einsum"] = einsum; }

}  // namespace frugal::onnx_import
