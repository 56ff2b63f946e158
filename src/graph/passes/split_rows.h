// Predicate push-down: of a network whose output has a row for each of many places, of which only a few are wanted,
// what works on each row alone is cut off, to be run for those that are wanted.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "frugal/model.h"

namespace frugal {

// Elements of dims begin ... end - 1.
std::int64_t product(const Shape& shape, int begin, int end);

// What decides about a row: whether a number in one of the columns first ... end - 1 of output 0 is above a threshold.
struct RowQuestion {
  int row_axis = 1, column_axis = 2;
  std::int64_t first = 0, end = 1;
};

// Dims axis, axis + 1, ... of a value, of sizes `extent`, are rows of the output from first_row on, in this order.
struct RowDims {
  int axis = 0;
  Shape extent{};
  std::int64_t first_row = 0;
  std::int64_t rows() const { return element_count(extent); }
  int end() const { return axis + static_cast<int>(extent.size()); }
  bool operator==(const RowDims&) const = default;
};

// Rows `dims` of the output are judged by columns of an output of the network.
struct RowJudge {
  std::size_t output = 0;
  RowDims dims;
  int column_axis = 0;
  std::int64_t first = 0, end = 0;
  bool before_sigmoid = false;  // the question is about the sigmoid of these numbers
};

// What the decoder takes: rows of an output of the network, or of known numbers, such as the centres of cells.
struct RowInput {
  RowDims dims;
  std::size_t output = 0;
  Tensor known{};  // where defined: these, and no output
};

// A model for one picture in two parts.
struct RowSplit {
  Model network;                 // takes the model's inputs; up to what is judged and what is decoded
  std::vector<RowJudge> judges;  // every row has one
  std::vector<RowInput> inputs;  // of the decoder, in order
  // Rows lie in parts, starts[i] ... starts[i + 1] - 1: levels of a pyramid, say. The last one is the number of rows.
  std::vector<std::int64_t> starts;
  // Makes output 0 of rows[i] rows of part i, part after part. In every value that it takes and gives, the dims of the
  // rows have become one of as many as there are of them in all, and ones behind it.
  std::function<Model(const std::vector<std::int64_t>& rows)> decoder;
};

// Walks back from output 0 through what works on each row alone: elementwise arithmetic, also with known numbers for
// each row; softmax over other axes; concat, split, slice, reshape and transpose that keep rows apart; 1x1 convolutions
// of a softmax, and, where nothing is judged by what they make, those before which rows are no wider than behind them.
// Known numbers must have been folded (fold_constants), and all sizes but the batch be known. Nothing where the judged
// columns are not found before the end.
std::optional<RowSplit> split_rows(const Model& model, const RowQuestion& question);

}  // namespace frugal
