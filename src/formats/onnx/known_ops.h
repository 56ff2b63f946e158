// Tensor operations on known elements.
#pragma once

#include "formats/onnx/importer.h"

namespace frugal::onnx_import {

std::size_t checked_count(const Shape& shape);  // Error above kMostKnown
Shape strides_of(const Shape& shape);
Shape shape_from(const Known& known);  // DependsOnSize where it is symbolic
Shape broadcast_shape(const Shape& a, const Shape& b);
Known expand(const Known& x, const Shape& shape);
// out[i] = x[offset + sum of index * step], for an index over `shape`.
Known strided(const Known& x, const Shape& shape, const Shape& steps, std::int64_t offset = 0);

template <typename F>
Known elementwise(const Known& a, const Known& b, DType dtype, F f) {
  const Shape shape = broadcast_shape(a.shape, b.shape);
  Known x = expand(a, shape), y = expand(b, shape);
  for (std::size_t i = 0; i < x.elements.size(); ++i) x.elements[i] = f(x.elements[i], y.elements[i]);
  x.dtype = dtype;
  return x;
}

void add_known_shapes(std::map<std::string, Evaluator, std::less<>>& table);

}  // namespace frugal::onnx_import
