#include "base/check.h"
#include "engine/engine_op.h"

namespace frugal {
namespace {

CompiledOp compile(const NodeContext& c) {
  require(c.in(0).shape == c.in(1).shape, "add: broadcasting is not there yet");
  std::int64_t n = element_count(c.out().shape);
  return {.run =
              [n](const RunArgs& args) {
                for (std::int64_t i = 0; i < n; ++i) args.f32_out()[i] = args.f32_in(0)[i] + args.f32_in(1)[i];
              },
          .algorithm = "reference"};
}

}  // namespace

FRUGAL_ENGINE(add) { registry.add("add", {.compile = compile, .is_residual_add = true, .in_place = true}); }

}  // namespace frugal
