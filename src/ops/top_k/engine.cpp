#include <algorithm>
#include <cstring>

#include "engine/engine_op.h"
#include "graph/op.h"
#include "kernels/scalar/element.h"
#include "ops/axis.h"

namespace frugal {
namespace {

struct TopK {
  AxisView view;
  std::int64_t k;
  bool largest;
};

// One line: `order` is scratch for its indices.
template <typename E>
void top_line(const TopK& t, const void* in, std::int64_t from, void* out, std::int64_t* indices, std::int64_t to,
              std::int64_t* order) {
  const auto value = [&](std::int64_t i) { return scalar::at<E>(in, from + i * t.view.inner); };
  auto above = [](auto a, auto b) { return a > b || (a != a && b == b); };
  auto before = [&](std::int64_t i, std::int64_t j) {
    const auto a = value(i), b = value(j);
    if (t.largest ? above(a, b) : above(b, a)) return true;
    if (t.largest ? above(b, a) : above(a, b)) return false;
    return i < j;
  };
  for (std::int64_t i = 0; i < t.view.size; ++i) order[i] = i;
  std::partial_sort(order, order + t.k, order + t.view.size, before);
  for (std::int64_t i = 0; i < t.k; ++i) {
    scalar::put<E>(out, to + i * t.view.inner, value(order[i]));
    indices[to + i * t.view.inner] = order[i];
  }
}

CompiledOp compile(const NodeContext& c) {
  const TopK t{axis_view(c.in(0).shape, attr_int(c.node, "axis")), attr_int(c.node, "k"), attr_flag(c.node, "largest")};
  const AxisView view = t.view;
  auto run = [=, type = c.in(0).dtype](const RunArgs& args) {
    args.pool.parallel_for(view.outer * view.inner, 1, [&](std::int64_t begin, std::int64_t end, int thread) {
      auto* order = reinterpret_cast<std::int64_t*>(args.scratch) + thread * view.size;
      auto lines = [&]<typename E>(E) {
        for (std::int64_t i = begin; i < end; ++i)
          top_line<E>(t, args.in[0], i / view.inner * view.size * view.inner + i % view.inner, args.out[0],
                      static_cast<std::int64_t*>(args.out[1]), i / view.inner * t.k * view.inner + i % view.inner,
                      order);
      };
      scalar::for_float(type, lines);
      scalar::for_integer(type, lines);
    });
  };
  return {.run = run,
          .scratch_bytes = static_cast<std::size_t>(view.size * c.threads) * sizeof(std::int64_t),
          .algorithm = "partial sort"};
}

}  // namespace

FRUGAL_ENGINE(top_k) { registry.add("top_k", {.compile = compile}); }

}  // namespace frugal
