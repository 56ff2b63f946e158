// Small tensors whose elements are known while a model is imported: constants, and what shape arithmetic makes of the
// inputs' sizes, which may be symbolic.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "frugal/graph.h"
#include "frugal/tensor.h"

namespace frugal::onnx_import {

// A number, exact as an integer or rounded as a real; or an integer expression in symbols over a divisor.
struct Element {
  Dim whole = 0;             // of an integer, and the numerator where symbolic
  std::int64_t divisor = 1;  // of a real that is symbolic
  double real = 0;           // of a real that is a number
  bool is_real = false;

  static Element integer(Dim d) { return {std::move(d), 1, 0, false}; }
  static Element number(double v) { return {0, 1, v, true}; }
  bool symbolic() const { return !whole.fixed(); }
  double value() const;  // of one that is not symbolic
};

struct Known {
  DType dtype = DType::i64;
  Shape shape;
  std::vector<Element> elements;

  bool symbolic() const;
  std::string symbols() const;  // the first element that is not a number, for messages
};

constexpr std::size_t kMostKnown = 65536;

bool can_be_known(const Tensor& tensor);  // small enough, and of a type with a meaning here
Known known_from(const Tensor& tensor);
Tensor tensor_from(const Known& known);  // not symbolic

// Thrown where a result depends on a size that is not known.
struct DependsOnSize {
  std::string text;
};

Element add(const Element& a, const Element& b);
Element subtract(const Element& a, const Element& b);
Element multiply(const Element& a, const Element& b);
Element divide(const Element& a, const Element& b);  // integers: towards zero
Element floor(const Element& a);
Element ceil(const Element& a);
int compare(const Element& a, const Element& b);  // -1, 0, 1
Element convert(const Element& a, DType dtype);   // of a cast

}  // namespace frugal::onnx_import
