#include "ops/table.h"

namespace frugal {
namespace {

void attention(OpTable& table, const Shape& q, std::int64_t keys, std::int64_t values, double scale = 1,
               const Shape& bias = {}) {
  Shape k = q, v = q;
  k[k.size() - 2] = v[v.size() - 2] = keys;
  v.back() = values;
  OpRow row{.op = "attention", .attrs = {{"scale", scale}}, .inputs = {in(q), in(k), in(v)}, .tolerance = 2e-5};
  if (!bias.empty()) row.inputs.push_back(in(bias));
  table.add(row);
}

}  // namespace

FRUGAL_ROWS(attention) {
  attention(table, {1, 1}, 1, 1);
  attention(table, {5, 3}, 7, 4, 0.5);
  attention(table, {2, 3, 9, 8}, 9, 8, 0.35);
  attention(table, {2, 3, 9, 8}, 9, 8, 0.35, {1, 3, 9, 9});
  attention(table, {2, 3, 4, 5}, 6, 7, -0.4, {2, 1, 4, 6});
  attention(table, {1, 2, 75, 16}, 40, 33, 0.25);  // several tiles, the last one short
  attention(table, {3, 1, 16}, 70, 16, 0.25, {3, 1, 70});
  attention(table, {0, 4, 8}, 4, 8);
  attention(table, {2, 0, 8}, 4, 8);
  table.add({.op = "attention",
             .attrs = {{"scale", 0.125}},
             .inputs = {in({1, 3, 197, 64}), in({1, 3, 197, 64}), in({1, 3, 197, 64})},
             .speed = true});
}

}  // namespace frugal
