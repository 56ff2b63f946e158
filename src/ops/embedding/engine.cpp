#include <algorithm>
#include <limits>

#include "engine/engine_op.h"
#include "ops/activation.h"

namespace frugal {
namespace {

CompiledOp compile(const NodeContext& c) {
  const std::int64_t rows = element_count(c.in(0).shape), known = c.in(1).shape[0], width = c.in(1).shape[1];
  const bool wide = c.in(0).dtype == DType::i64;
  auto run = [=](const RunArgs& args) {
    auto id = [&](std::int64_t i) -> std::int64_t {
      return wide ? static_cast<const std::int64_t*>(args.in[0])[i] : static_cast<const std::int32_t*>(args.in[0])[i];
    };
    const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / std::max<std::int64_t>(1, width));
    args.pool.parallel_for(rows, grain, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = begin; i < end; ++i) {
        float* out = args.f32_out() + i * width;
        if (id(i) >= 0 && id(i) < known)
          std::copy_n(args.f32_in(1) + id(i) * width, width, out);
        else
          std::fill_n(out, width, std::numeric_limits<float>::quiet_NaN());
      }
    });
  };
  return {.run = run, .algorithm = "copy"};
}

}  // namespace

FRUGAL_ENGINE(embedding) { registry.add("embedding", {.compile = compile}); }

}  // namespace frugal
