// Typed attributes of a node, checked against its op's schema when the node is made.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "frugal/dim.h"

namespace frugal {

using Ints = std::vector<std::int64_t>;
using Floats = std::vector<double>;

struct Attr {
  // A list of dims that are all numbers is kept as Ints.
  std::variant<bool, std::int64_t, double, std::string, Ints, Floats, SymShape> value;

  // NOLINTBEGIN: implicit on purpose, so that attributes are written as {{"stride", Ints{2, 2}}, {"groups", 4}}.
  Attr() : value(false) {}
  Attr(bool v) : value(v) {}
  Attr(int v) : value(std::int64_t{v}) {}
  Attr(std::int64_t v) : value(v) {}
  Attr(double v) : value(v) {}
  Attr(const char* v) : value(std::string(v)) {}
  Attr(std::string v) : value(std::move(v)) {}
  Attr(Ints v) : value(std::move(v)) {}
  Attr(Floats v) : value(std::move(v)) {}
  Attr(SymShape v) : value(std::move(v)) {
    if (const auto& dims = std::get<SymShape>(value); fixed(dims)) value = fixed_shape(dims);
  }
  // NOLINTEND
  // Written out because GCC 12 at -O3 destroys a variant whose copy has thrown.
  Attr(const Attr& other) : value(false) {
    std::visit([this](auto copy) { value = std::move(copy); }, other.value);
  }
  Attr& operator=(const Attr& other) {
    Attr copy(other);
    value = std::move(copy.value);
    return *this;
  }
  Attr(Attr&&) noexcept = default;
  Attr& operator=(Attr&&) noexcept = default;
  bool operator==(const Attr&) const = default;
};

using Attrs = std::map<std::string, Attr, std::less<>>;

}  // namespace frugal
