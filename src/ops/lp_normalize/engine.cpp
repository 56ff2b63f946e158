#include "graph/op.h"
#include "kernels/typed.h"
#include "ops/line.h"

namespace frugal {

FRUGAL_ENGINE(lp_normalize) {
  registry.add("lp_normalize", line_op([](const Node& node) {
                 const Reduce norm = attr_int(node, "p") == 1 ? Reduce::l1 : Reduce::l2;
                 return [norm](const Line& line) {
                   const ReduceAxis axis{line.size, line.stride};
                   alignas(8) std::byte total[8];
                   reduce_typed(norm, line.type, &axis, 1, line.in, total);
                   bool there = true;
                   cast_typed(line.type, DType::boolean, 1, total, &there);
                   const auto element = dtype_info(line.type).block_bytes;
                   for (std::int64_t i = 0; i < line.size; ++i) {
                     const std::int64_t at = i * line.stride * element;
                     const auto* x = static_cast<const std::byte*>(line.in) + at;
                     auto* y = static_cast<std::byte*>(line.out) + at;
                     if (there)
                       binary_typed(Binary::div, line.type, 1, x, 0, total, 0, y);
                     else
                       cast_typed(DType::boolean, line.type, 1, &there, y);
                   }
                 };
               }));
}

}  // namespace frugal
