#include "ops/int8.h"

namespace frugal {
namespace {

CompiledOp compile(const NodeContext& c) {
  const Int8Store store = int8_store(c, {static_cast<float>(attr_real(c.node, "scale"))}, {}, 1);
  Int8Epilogue epilogue = store.epilogue;
  epilogue.residual_is_float = c.in(1).dtype == DType::f32;
  const auto n = static_cast<std::int64_t>(c.in(0).bytes());
  const auto zero = static_cast<std::int32_t>(attr_int(c.node, "x_zero"));
  auto run = [=, kernel = c.kernels.int8.add](const RunArgs& args) {
    Int8Epilogue e = epilogue;
    set_residual(args, 1, e);
    const Int8AddArgs add{static_cast<const std::uint8_t*>(args.in[0]), zero, e, args.out[0]};
    args.pool.parallel_for(n, 1 << 12, [&](std::int64_t begin, std::int64_t end, int) { kernel(add, begin, end); });
  };
  // `store` holds what the epilogue points to.
  return {.run = [run, store](const RunArgs& args) { run(args); }, .algorithm = "elementwise"};
}

}  // namespace

FRUGAL_ENGINE(int8_add) {
  registry.add("int8_add",
               {.compile = compile, .can_block = [](const NodeContext& c, int) { return c.in(0).shape.size() == 4; }});
}

}  // namespace frugal
