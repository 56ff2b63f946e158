#include "ops/layout.h"
#include "ops/rearrange.h"

namespace frugal {

FRUGAL_ENGINE(tile) {
  registry.add("tile", rearranging_op([](const NodeContext& c) {
                 const Shape &x = c.in(0).shape, &y = c.out().shape, strides = dense_strides(x);
                 Rearrangement r;
                 for (std::size_t i = 0; i < x.size(); ++i) {
                   r.size.insert(r.size.end(), {x[i] == 0 ? 0 : y[i] / x[i], x[i]});
                   r.stride.insert(r.stride.end(), {0, strides[i]});
                 }
                 return r;
               }));
}

}  // namespace frugal
