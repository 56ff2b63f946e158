// What detectors share: the places of their rows. All of it is constant, so that no checkpoint needs to hold it.
#pragma once

#include <string>

#include "graph/builder.h"

namespace frugal {

// Centres of the cells of a level of height x width cells, row by row, [1, 2, cells]: x, y in cells.
inline ValueId cell_centres(GraphBuilder& b, const std::string& name, std::int64_t height, std::int64_t width) {
  auto axis = [&](const char* part, Shape shape) {
    return b.weight(name + part, std::move(shape), {Init::Kind::sequence, 0.5, false}, WeightRole::constant);
  };
  auto none = [&](const char* part, Shape shape) {
    return b.weight(name + part, std::move(shape), {Init::Kind::constant, 0, false}, WeightRole::constant);
  };
  ValueId x = b.add(axis(".x", {1, 1, 1, width}), none(".no_y", {1, 1, height, 1}));
  ValueId y = b.add(axis(".y", {1, 1, height, 1}), none(".no_x", {1, 1, 1, width}));
  return b.op("reshape", {b.op("concat", {x, y}, {{"axis", 1}}, name)}, {{"shape", Ints{1, 2, height * width}}});
}

}  // namespace frugal
