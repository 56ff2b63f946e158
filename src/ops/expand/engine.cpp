#include "ops/layout.h"
#include "ops/rearrange.h"

namespace frugal {

FRUGAL_ENGINE(expand) {
  registry.add("expand", rearranging_op([](const NodeContext& c) {
                 const Shape &x = c.in(0).shape, &y = c.out().shape, strides = dense_strides(x);
                 Rearrangement r{y, Shape(y.size(), 0)};
                 for (std::size_t i = 0; i < x.size(); ++i)
                   if (x[i] != 1) r.stride[y.size() - x.size() + i] = strides[i];
                 return r;
               }));
}

}  // namespace frugal
