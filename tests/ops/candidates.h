// Random nodes for the property tests, right and wrong ones, drawn with RapidCheck so that a failure shrinks.
#pragma once

#include <rapidcheck.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "ops/table.h"

namespace frugal::test {

// A draw of one node of the named family; to be called inside a property.
const std::map<std::string, std::function<OpRow()>>& candidate_families();

}  // namespace frugal::test
