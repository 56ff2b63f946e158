// What NPY and NPZ writing share.
#pragma once

#include <string>

#include "frugal/tensor.h"

namespace frugal {

std::string npy_header(const Tensor& tensor);  // everything before the data
Tensor npy_writable(const Tensor& tensor);     // itself, or converted to a type that NumPy has

}  // namespace frugal
