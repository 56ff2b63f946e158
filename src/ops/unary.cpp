#include "ops/unary.h"

#include "ops/activation.h"

namespace frugal {

EngineOp test_op(std::function<FloatClass(const Node&)> wanted) {
  auto compile = [wanted](const NodeContext& c) -> CompiledOp {
    const DType type = c.in(0).dtype;
    const auto element = dtype_info(type).block_bytes;
    const std::int64_t n = element_count(c.out().shape);
    auto run = [=, which = wanted(c.node)](const RunArgs& args) {
      args.pool.parallel_for(n, kElementGrain, [&](std::int64_t begin, std::int64_t end, int) {
        classify_typed(type, end - begin, static_cast<const std::byte*>(args.in[0]) + begin * element,
                       static_cast<bool*>(args.out[0]) + begin, which);
      });
    };
    return {.run = run, .algorithm = "elementwise scalar"};
  };
  return {.compile = compile};
}

EngineOp flip_bits_op(std::int64_t mask) {
  auto compile = [mask](const NodeContext& c) -> CompiledOp {
    const DType type = c.in(0).dtype;
    const auto element = dtype_info(type).block_bytes;
    const std::int64_t n = element_count(c.out().shape);
    auto run = [=](const RunArgs& args) {  // little-endian: the low bytes of the mask are the mask of a narrow type
      args.pool.parallel_for(n, kElementGrain, [&](std::int64_t begin, std::int64_t end, int) {
        binary_typed(Binary::bit_xor, type, end - begin, static_cast<const std::byte*>(args.in[0]) + begin * element, 1,
                     &mask, 0, static_cast<std::byte*>(args.out[0]) + begin * element);
      });
    };
    return {.run = run, .algorithm = "elementwise scalar"};
  };
  return {.compile = compile, .in_place = true};
}

}  // namespace frugal
