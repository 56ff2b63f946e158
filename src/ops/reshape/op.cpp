#include "graph/op.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  const SymShape& in = c.shape(0);
  SymShape out;
  std::size_t unknown = SIZE_MAX;
  const SymShape wanted = c.dims("shape");
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::int64_t d = wanted[i].fixed() ? wanted[i].value() : 1;
    c.require(d >= -1, "a dim of the new shape is {}", d);
    c.require(d != 0 || i < in.size(), "dim {} is to be copied from the input, which has only {} dims", i, in.size());
    c.require(d != -1 || unknown == SIZE_MAX, "only one dim of the new shape can be -1");
    if (d == -1) unknown = i;
    out.push_back(d == 0 ? in[i] : d == -1 ? Dim(1) : wanted[i]);
  }
  if (unknown != SIZE_MAX) {
    // Dims copied at the same place cancel first, so that [batch,64,h,w] -> [batch,-1] needs no division by `batch`.
    SymShape numerator = in, divisor = out;
    for (std::size_t i = 0; i < std::min(in.size(), out.size()); ++i)
      if (i != unknown && in[i] == out[i]) numerator[i] = divisor[i] = Dim(1);
    if (product(divisor) == Dim(0)) c.refuse("a dim of -1 cannot be found where another is 0");
    try {
      out[unknown] = exact_div(product(numerator), product(divisor));
    } catch (const Error& e) {
      c.refuse("shape [" + to_string(in) + "] does not fit [" + to_string(out) + "]: " + e.what());
    }
  }
  // Sizes that are only named yet may prove equal when they are bound.
  const bool open = !fixed(wanted) && !(product(in) - product(out)).fixed();
  c.require(open || product(in) == product(out), "shape [{}] has another number of elements than [{}]", to_string(in),
            to_string(out));
  return {{c.input(0).dtype, out}};
}

}  // namespace

FRUGAL_OP(reshape) {
  return {.name = "reshape",
          .doc = "The same elements under another shape; 0 copies the input's dim at that place, -1 is what is left.",
          .inputs = {{.name = "x", .type = InputType::any}},
          .attrs = {{"shape", AttrType::dims, std::nullopt, "the new dims", -1, std::nullopt}},
          .infer = infer};
}

}  // namespace frugal
