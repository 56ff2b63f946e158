#include "kernels/typed.h"
#include "ops/line.h"

namespace frugal {

FRUGAL_ENGINE(hardmax) {
  registry.add("hardmax", line_op([](const Node&) {
                 return [](const Line& line) {
                   if (line.size == 0) return;
                   const std::int64_t best = arg_typed(line.type, line.size, line.stride, line.in, false, false);
                   const auto element = dtype_info(line.type).block_bytes;
                   for (std::int64_t i = 0; i < line.size; ++i) {
                     const bool here = i == best;
                     cast_typed(DType::boolean, line.type, 1, &here,
                                static_cast<std::byte*>(line.out) + i * line.stride * element);
                   }
                 };
               }));
}

}  // namespace frugal
