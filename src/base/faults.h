// Long lists of which some entries are wrong: what is wrong with each is told, and the rest is taken.
#pragma once

#include <string>
#include <vector>

#include "frugal/error.h"

namespace frugal {

using Faults = std::vector<std::string>;  // a sentence each

// Takes one entry. Where that fails, the sentence goes to `faults`; without them it is an Error as usual.
template <typename Body>
void take_or_tell(Faults* faults, Body&& body) {
  if (!faults) return body();
  try {
    body();
  } catch (const Error& e) {
    faults->push_back(e.what());
  }
}

}  // namespace frugal
