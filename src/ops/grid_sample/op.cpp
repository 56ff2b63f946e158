#include "graph/op.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  c.require_rank(0, 4);
  c.require_rank(1, 4);
  const SymShape &x = c.shape(0), &grid = c.shape(1);
  c.require(grid[0] == x[0] && grid[3] == Dim(2), "the grid has shape [{}], not [{},height,width,2]", to_string(grid),
            x[0].text());
  for (std::size_t i = 2; i < 4; ++i)
    c.require(!x[i].fixed() || x[i].value() > 0, "there is nothing to sample in shape [{}]", to_string(x));
  return {{c.input(0).dtype, {x[0], x[1], grid[1], grid[2]}}};
}

}  // namespace

FRUGAL_OP(grid_sample) {
  return {
      .name = "grid_sample",
      .doc =
          "[N,C,H,W] sampled at the points of a grid [N,h,w,2] (x, y; -1 and 1 are the borders of the picture, or "
          "with align_corners the centres of its corner pixels), as PyTorch's grid_sample.",
      .inputs = {{"x"}, {"grid"}},
      .attrs = {{"mode", AttrType::text, Attr("bilinear"), "interpolation", {}, {}, {"nearest", "bilinear", "bicubic"}},
                {"padding_mode",
                 AttrType::text,
                 Attr("zeros"),
                 "what lies outside",
                 {},
                 {},
                 {"zeros", "border", "reflection"}},
                {"align_corners", AttrType::boolean, Attr(false), "what -1 and 1 mean"}},
      .infer = infer};
}

}  // namespace frugal
