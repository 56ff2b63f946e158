#include "graph/op.h"
#include "kernels/typed.h"
#include "ops/line.h"

namespace frugal {

FRUGAL_ENGINE(cum_sum) {
  registry.add("cum_sum", line_op([](const Node& node) {
                 return
                     [exclusive = attr_flag(node, "exclusive"), reverse = attr_flag(node, "reverse")](const Line& l) {
                       cum_sum_typed(l.type, l.size, l.stride, l.in, l.out, exclusive, reverse);
                     };
               }));
}

}  // namespace frugal
