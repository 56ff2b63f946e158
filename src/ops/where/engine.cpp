#include "ops/broadcast.h"

namespace frugal {
namespace {

template <typename T>
CompiledOp bind(const BroadcastPlan& plan) {
  auto run = [plan](const RunArgs& args) {
    run_broadcast(plan, args.pool, [&](std::int64_t row, std::int64_t from, std::int64_t n, const auto& at) {
      const auto [c_step, a_step, b_step] = plan.run.step;
      const auto* c = static_cast<const std::uint8_t*>(args.in[0]) + at[0] + from * c_step;
      const T *a = static_cast<const T*>(args.in[1]) + at[1] + from * a_step,
              *b = static_cast<const T*>(args.in[2]) + at[2] + from * b_step;
      T* out = static_cast<T*>(args.out[0]) + row * plan.run.size + from;
      if (c_step == 1 && a_step == 1 && b_step == 0)  // a mask: the usual case, compiled to vectors
        for (std::int64_t i = 0; i < n; ++i) out[i] = c[i] ? a[i] : *b;
      else if (c_step == 1 && a_step == 0 && b_step == 1)
        for (std::int64_t i = 0; i < n; ++i) out[i] = c[i] ? *a : b[i];
      else
        for (std::int64_t i = 0; i < n; ++i) out[i] = c[i * c_step] ? a[i * a_step] : b[i * b_step];
    });
  };
  return {.run = run, .algorithm = "elementwise scalar"};
}

CompiledOp compile(const NodeContext& c) {
  const BroadcastPlan plan = plan_broadcast(c.out(), std::array{c.in(0), c.in(1), c.in(2)});
  switch (dtype_info(c.out().dtype).block_bytes) {
    case 8: return bind<std::uint64_t>(plan);
    case 4: return bind<std::uint32_t>(plan);
    case 2: return bind<std::uint16_t>(plan);
    default: return bind<std::uint8_t>(plan);
  }
}

}  // namespace

FRUGAL_ENGINE(where) { registry.add("where", {.compile = compile}); }

}  // namespace frugal
