#include "graph/shape_rules.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  c.require_rank(0, 2);
  c.require_rank(1, 2);
  const SymShape &x = c.shape(0), &table = c.shape(1);
  c.require(x[0] == table[0], "x has {} rows, but the table has {}", x[0].text(), table[0].text());
  c.require(x[1].fixed() && table[1].fixed(), "the widths must be fixed");
  const std::int64_t depth = c.integer("head_depth"), dims = table[1].value();
  c.require(x[1].value() % depth == 0, "rows of {} elements are not heads of {}", x[1].value(), depth);
  c.require(dims % 2 == 0 && dims <= depth, "the table turns {} elements of heads of {}", dims, depth);
  return infer_same(c);
}

}  // namespace

FRUGAL_OP(rope) {
  return {
      .name = "rope",
      .doc =
          "Rotary position embedding (arXiv 2104.09864): turns pairs of each head's first elements by the angles of "
          "a rotary_table [T, dims]. x: [T, heads * head_depth]. Pairs are (i, i + dims/2), or (2i, 2i + 1) where "
          "`interleaved`; elements from `dims` on stay.",
      .inputs = {{"x"}, {"table"}},
      .attrs = {{"head_depth", AttrType::integer, std::nullopt, "elements of a head", 1, 65536},
                {"interleaved", AttrType::boolean, Attr(false), "pairs are neighbours"}},
      .infer = infer};
}

}  // namespace frugal
