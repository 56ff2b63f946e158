// Indices of several numbers as row numbers, for LibTorch.
#pragma once

#include "train/torch_op.h"

namespace frugal {

// x with its first `dims` dims as one.
inline torch::Tensor nd_slices_of(const torch::Tensor& x, std::int64_t dims) {
  std::int64_t rows = 1, slice = 1;
  for (std::int64_t i = 0; i < x.dim(); ++i) (i < dims ? rows : slice) *= x.size(i);
  return x.reshape({rows, slice});
}

// The row of nd_slices_of(x, batch + depth) that each name along the last dim of the indices means.
inline torch::Tensor nd_rows(const torch::Tensor& x, const torch::Tensor& indices, std::int64_t batch) {
  std::int64_t batches = 1;
  for (std::int64_t i = 0; i < batch; ++i) batches *= x.size(i);
  std::int64_t names = 1;
  for (std::int64_t i = batch; i + 1 < indices.dim(); ++i) names *= indices.size(i);
  torch::Tensor row = torch::arange(batches, torch::kLong).reshape({batches, 1}).expand({batches, names}).flatten();
  for (std::int64_t d = 0; d < indices.size(-1); ++d) {
    const torch::Tensor at = indices.select(-1, d).flatten().to(torch::kLong);
    row = row * x.size(batch + d) + torch::where(at < 0, at + x.size(batch + d), at);
  }
  return row;
}

}  // namespace frugal
