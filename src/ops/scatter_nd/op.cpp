#include "ops/definitions.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  const SymShape &x = c.shape(0), &indices = c.shape(1);
  c.require(!indices.empty() && indices.back().fixed() && indices.back().value() <= static_cast<std::int64_t>(x.size()),
            "the last dim of the indices [{}] must be known and at most {}", to_string(indices), x.size());
  c.require(c.input(0).dtype == c.input(2).dtype, "x is {}, but the updates are {}", name(c.input(0).dtype),
            name(c.input(2).dtype));
  SymShape wanted(indices.begin(), indices.end() - 1);
  wanted.insert(wanted.end(), x.begin() + indices.back().value(), x.end());
  c.require(c.shape(2) == wanted, "the updates have shape [{}], not [{}]", to_string(c.shape(2)), to_string(wanted));
  return infer_same(c);
}

}  // namespace

FRUGAL_OP(scatter_nd) {
  OpDef def = scatter_definition("scatter_nd",
                                 "x with slices replaced, each named by the numbers along the last dim of the indices; "
                                 "of several for one place the last counts. Names outside are left out.");
  def.infer = infer;
  return def;
}

}  // namespace frugal
