// One dim of a shape: a number, or a polynomial in named sizes ("batch", "height") that are only
// known at run time, with floor division by constants. Canonical: equal dims compare equal.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace frugal {

using Bindings = std::map<std::string, std::int64_t, std::less<>>;  // symbol -> size

class Dim {
 public:
  Dim(std::int64_t value = 0) : constant_(value) {}  // NOLINT: implicit, a number is a dim
  static Dim symbol(const std::string& name);
  static Dim parse(const std::string& text);  // what text() writes; Error says where it is wrong

  bool fixed() const { return terms_.empty(); }
  std::int64_t value() const;                // only of a fixed dim
  Dim bind(const Bindings& bindings) const;  // replaces the symbols that are bound
  std::string text() const;                  // "224", "batch", "floor((height+1)/2)"

  // The sum's parts, for who must compute it elsewhere: constant() + the sum of products().
  struct Factor {
    std::string symbol;          // or, where `inner` is not null, floor(inner / divisor)
    const Dim* inner = nullptr;  // lives as long as the dim
    std::int64_t divisor = 1;
  };
  struct Product {
    std::int64_t coefficient;
    std::vector<Factor> factors;
  };
  std::int64_t constant() const { return constant_; }
  std::vector<Product> products() const;

  friend Dim operator+(const Dim& a, const Dim& b);
  friend Dim operator-(const Dim& a, const Dim& b);
  friend Dim operator*(const Dim& a, const Dim& b);
  friend Dim floor_div(const Dim& a, std::int64_t divisor);  // divisor > 0
  friend Dim exact_div(const Dim& a, const Dim& b);          // Error where a is not a multiple of b
  friend bool operator==(const Dim& a, const Dim& b);

 private:
  struct Atom;  // a symbol, or the floor of a quotient
  using AtomPtr = std::shared_ptr<const Atom>;
  struct Term {
    std::int64_t coefficient;
    std::vector<AtomPtr> factors;  // sorted by key
    std::string key;               // joined keys of the factors
  };
  void add_term(Term term);
  static Term make_term(std::int64_t coefficient, std::vector<AtomPtr> factors);

  std::int64_t constant_;
  std::vector<Term> terms_;  // sorted by key, coefficients not zero
};

using SymShape = std::vector<Dim>;
std::string to_string(const SymShape& shape);  // "batch,3,224,224"
SymShape bind(const SymShape& shape, const Bindings& bindings);
bool fixed(const SymShape& shape);
std::vector<std::int64_t> fixed_shape(const SymShape& shape);  // Error names the first unbound symbol
Dim product(const SymShape& shape);

}  // namespace frugal
