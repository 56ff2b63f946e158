// Memory for weights that are read one after the other.
#pragma once

#include "frugal/tensor.h"

namespace frugal {

// A tensor of bytes, in huge pages also where it is small: tensors that a thread makes one after the other lie side by
// side in memory that is freed when the last of them is. Streaming weights of half a megabyte each is twice as fast so.
Tensor slab_tensor(std::int64_t bytes);

}  // namespace frugal
