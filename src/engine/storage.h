// Which values share memory, and where every value lies.
//
// Values that are views of each other, or overwrite each other in place, form one storage: a reshape and its
// input, the parts of a concat and the whole, a sum written over one of its operands. A storage is one block
// of the arena, alive from its first step to its last, or memory of the caller's (inputs, weights).
#pragma once

#include <vector>

#include "engine/plan.h"

namespace frugal {

struct Storage {
  std::size_t bytes = 0;
  int first = -1, last = -1;  // steps; graph outputs live to steps.size()
  std::vector<ValueId> members{};
  bool external = false;  // an input's or a weight's memory
};

struct Placement {
  struct Place {
    int storage;
    std::size_t offset;
  };
  std::vector<Place> values;             // of each value
  std::vector<Storage> storages;         // empty ones (no members) are gone
  std::vector<bool> elided;              // of each step: it has nothing to do
  std::vector<std::vector<int>> copies;  // of each concat made by copying: the inputs that are not in place yet

  const Storage& of(ValueId id) const {
    return storages[static_cast<std::size_t>(values[static_cast<std::size_t>(id)].storage)];
  }
  std::size_t offset(ValueId id) const { return values[static_cast<std::size_t>(id)].offset; }
};

// With `share` off, only views share memory.
Placement place_values(const Plan& plan, const CompileOptions& options, bool share);

}  // namespace frugal
