#include <algorithm>

#include "graph/op.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  c.require_rank(0, 3);
  c.require_rank(1, 3);
  const SymShape &boxes = c.shape(0), &scores = c.shape(1);
  c.require(boxes[0] == scores[0] && boxes[1] == scores[2] && boxes[2] == Dim(4),
            "boxes [{}] and scores [{}] are not [N,B,4] and [N,C,B]", to_string(boxes), to_string(scores));
  std::int64_t most = c.integer("most");
  if (boxes[1].fixed()) most = std::min(most, boxes[1].value());
  return {{DType::i64, {scores[0] * scores[1] * Dim(most), 3}}};
}

}  // namespace

FRUGAL_OP(non_max_suppression) {
  return {
      .name = "non_max_suppression",
      .doc =
          "Boxes [N,B,4] that stay where those go that overlap a better one of their class, by scores [N,C,B]: rows "
          "(picture, class, box) by picture, class and falling score. How many there are depends on the data: the "
          "output holds as many as there can be, and rows of -1 after the last.",
      .inputs = {{"boxes"}, {"scores"}},
      .attrs = {{"most", AttrType::integer, std::nullopt, "boxes kept of a class in a picture", 0, 1 << 30},
                {"iou", AttrType::real, Attr(0.0), "a box goes that overlaps by more, as share of the union", 0, 1},
                {"score", AttrType::real, Attr(-3.4028234663852886e38), "a box goes that scores no more"},
                {"centre", AttrType::boolean, Attr(false),
                 "a box is x, y, width, height of its centre; else two opposite corners y, x, y, x"}},
      .infer = infer};
}

}  // namespace frugal
