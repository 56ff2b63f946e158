#include "frugal/dim.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/check.h"

namespace frugal {

struct Dim::Atom {
  std::string key;           // canonical text
  std::optional<Dim> inner;  // floor(inner / divisor); a symbol otherwise
  std::int64_t divisor = 1;
};

namespace {

// Bounds of what a bad file may make us multiply out.
constexpr std::size_t kMostTerms = 64, kLongest = 2048;

std::int64_t floor_quotient(std::int64_t a, std::int64_t b) { return a / b - (a % b != 0 && (a % b < 0) != (b < 0)); }

std::int64_t checked_mul(std::int64_t a, std::int64_t b) {
  std::int64_t r = 0;
  require(!__builtin_mul_overflow(a, b, &r), "a dim overflows 64 bits");
  return r;
}

std::int64_t checked_add(std::int64_t a, std::int64_t b) {
  std::int64_t r = 0;
  require(!__builtin_add_overflow(a, b, &r), "a dim overflows 64 bits");
  return r;
}

}  // namespace

Dim Dim::symbol(const std::string& name) {
  Dim d;
  d.terms_.push_back(make_term(1, {std::make_shared<Atom>(Atom{name, std::nullopt, 1})}));
  return d;
}

Dim::Term Dim::make_term(std::int64_t coefficient, std::vector<AtomPtr> factors) {
  std::sort(factors.begin(), factors.end(), [](const AtomPtr& a, const AtomPtr& b) { return a->key < b->key; });
  std::string key;
  for (const AtomPtr& f : factors) key += (key.empty() ? "" : "*") + f->key;
  require(key.size() <= kLongest, "a dim becomes too complicated");
  return {coefficient, std::move(factors), std::move(key)};
}

void Dim::add_term(Term term) {
  if (term.coefficient == 0) return;
  auto at = std::lower_bound(terms_.begin(), terms_.end(), term.key,
                             [](const Term& t, const std::string& key) { return t.key < key; });
  if (at == terms_.end() || at->key != term.key) {
    terms_.insert(at, std::move(term));
    return;
  }
  at->coefficient = checked_add(at->coefficient, term.coefficient);
  if (at->coefficient == 0) terms_.erase(at);
}

std::int64_t Dim::value() const {
  FRUGAL_ASSERT(fixed());
  return constant_;
}

Dim operator+(const Dim& a, const Dim& b) {
  Dim sum = a;
  sum.constant_ = checked_add(sum.constant_, b.constant_);
  for (const Dim::Term& t : b.terms_) sum.add_term(t);
  require(sum.terms_.size() <= kMostTerms, "a dim becomes too complicated");
  return sum;
}

Dim operator-(const Dim& a, const Dim& b) { return a + b * Dim(-1); }

Dim operator*(const Dim& a, const Dim& b) {
  Dim out(checked_mul(a.constant_, b.constant_));
  for (const Dim::Term& t : a.terms_) out.add_term({checked_mul(t.coefficient, b.constant_), t.factors, t.key});
  for (const Dim::Term& t : b.terms_) out.add_term({checked_mul(t.coefficient, a.constant_), t.factors, t.key});
  for (const Dim::Term& x : a.terms_)
    for (const Dim::Term& y : b.terms_) {
      std::vector<Dim::AtomPtr> factors = x.factors;
      factors.insert(factors.end(), y.factors.begin(), y.factors.end());
      out.add_term(Dim::make_term(checked_mul(x.coefficient, y.coefficient), std::move(factors)));
      require(out.terms_.size() <= kMostTerms, "a dim becomes too complicated");
    }
  return out;
}

// floor((d*Q + R) / d) = Q + floor(R / d): the whole part leaves, so equal values get equal forms.
Dim floor_div(const Dim& a, std::int64_t divisor) {
  FRUGAL_ASSERT(divisor > 0);
  Dim whole(floor_quotient(a.constant_, divisor));
  Dim rest(a.constant_ - whole.constant_ * divisor);
  for (const Dim::Term& t : a.terms_) {
    std::int64_t q = floor_quotient(t.coefficient, divisor);
    whole.add_term({q, t.factors, t.key});
    rest.add_term({t.coefficient - q * divisor, t.factors, t.key});
  }
  if (rest.fixed()) return whole;
  auto atom = std::make_shared<Dim::Atom>(
      Dim::Atom{"floor((" + rest.text() + ")/" + std::to_string(divisor) + ")", rest, divisor});
  whole.add_term(Dim::make_term(1, {std::move(atom)}));
  return whole;
}

Dim exact_div(const Dim& a, const Dim& b) {
  auto refuse = [&] { fail("{} is not a multiple of {}", a.text(), b.text()); };
  if (a == b) return 1;
  std::vector<Dim::AtomPtr> cancel;
  std::int64_t divisor = b.constant_;
  if (!b.fixed()) {
    if (b.constant_ != 0 || b.terms_.size() != 1) refuse();
    cancel = b.terms_[0].factors;
    divisor = b.terms_[0].coefficient;
    if (a.constant_ != 0) refuse();
  }
  if (divisor == 0 || a.constant_ % divisor != 0) refuse();
  Dim out(a.constant_ / divisor);
  for (const Dim::Term& t : a.terms_) {
    std::vector<Dim::AtomPtr> left = t.factors;
    for (const Dim::AtomPtr& c : cancel) {
      auto at = std::find_if(left.begin(), left.end(), [&](const Dim::AtomPtr& f) { return f->key == c->key; });
      if (at == left.end()) refuse();
      left.erase(at);
    }
    if (t.coefficient % divisor != 0) refuse();
    if (left.empty())
      out.constant_ = checked_add(out.constant_, t.coefficient / divisor);
    else
      out.add_term(Dim::make_term(t.coefficient / divisor, std::move(left)));
  }
  return out;
}

bool operator==(const Dim& a, const Dim& b) {
  return a.constant_ == b.constant_ && a.terms_.size() == b.terms_.size() &&
         std::equal(a.terms_.begin(), a.terms_.end(), b.terms_.begin(), [](const Dim::Term& x, const Dim::Term& y) {
           return x.coefficient == y.coefficient && x.key == y.key;
         });
}

Dim Dim::bind(const Bindings& bindings) const {
  if (fixed()) return *this;
  Dim out(constant_);
  for (const Term& t : terms_) {
    Dim product(t.coefficient);
    for (const AtomPtr& f : t.factors) {
      if (f->inner) {
        product = product * floor_div(f->inner->bind(bindings), f->divisor);
      } else if (auto found = bindings.find(f->key); found != bindings.end()) {
        product = product * Dim(found->second);
      } else {
        product = product * symbol(f->key);
      }
    }
    out = out + product;
  }
  return out;
}

std::vector<Dim::Product> Dim::products() const {
  std::vector<Product> out;
  for (const Term& t : terms_) {
    Product& product = out.emplace_back(Product{t.coefficient, {}});
    for (const AtomPtr& f : t.factors)
      product.factors.push_back({f->inner ? "" : f->key, f->inner ? &*f->inner : nullptr, f->divisor});
  }
  return out;
}

std::string Dim::text() const {
  std::string out;
  for (const Term& t : terms_) {
    std::string factor = t.coefficient == 1 ? "" : t.coefficient == -1 ? "-" : std::to_string(t.coefficient) + "*";
    out += (out.empty() || t.coefficient < 0 ? "" : "+") + factor + t.key;
  }
  if (constant_ != 0 || out.empty()) out += (out.empty() || constant_ < 0 ? "" : "+") + std::to_string(constant_);
  return out;
}

namespace {

// expression = term {("+" | "-") term}; term = factor {"*" factor};
// factor = number | name | "floor((" expression ")/" number ")".
class DimReader {
 public:
  explicit DimReader(const std::string& text) : text_(text), at_(text.data()), end_(text.data() + text.size()) {}

  Dim whole() {
    if (text_.size() > kLongest) refuse();
    Dim out = expression(0);
    if (at_ != end_) refuse();
    return out;
  }

 private:
  [[noreturn]] void refuse() const {
    fail("'{}' is no size such as 'batch', '2*height+1' or 'floor((height+1)/2)' (at character {})",
         text_.substr(0, 80), at_ - text_.data() + 1);
  }
  bool take(std::string_view word) {
    if (!std::string_view(at_, end_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  std::int64_t number() {
    std::int64_t value = 0;
    auto [next, error] = std::from_chars(at_, end_, value);
    if (error != std::errc()) refuse();
    at_ = next;
    return value;
  }
  Dim factor(int depth) {
    if (at_ == end_ || depth > 16) refuse();
    if (*at_ >= '0' && *at_ <= '9') return number();
    if (take("floor((")) {
      Dim inner = expression(depth + 1);
      if (!take(")/")) refuse();
      std::int64_t divisor = number();
      if (divisor <= 0 || !take(")")) refuse();
      return floor_div(inner, divisor);
    }
    const char* first = at_;
    while (at_ != end_ && std::string_view("+-*/()").find(*at_) == std::string_view::npos) ++at_;
    if (first == at_) refuse();
    return Dim::symbol(std::string(first, at_));
  }
  Dim term(int depth) {
    Dim out = factor(depth);
    while (take("*")) out = out * factor(depth);
    return out;
  }
  Dim expression(int depth) {
    Dim out = take("-") ? Dim(0) - term(depth) : term(depth);
    while (at_ != end_ && (*at_ == '+' || *at_ == '-')) out = *at_++ == '+' ? out + term(depth) : out - term(depth);
    return out;
  }

  const std::string& text_;
  const char *at_, *end_;
};

}  // namespace

Dim Dim::parse(const std::string& text) { return DimReader(text).whole(); }

std::string to_string(const SymShape& shape) {
  std::string out;
  for (const Dim& d : shape) out += (out.empty() ? "" : ",") + d.text();
  return out;
}

SymShape bind(const SymShape& shape, const Bindings& bindings) {
  SymShape out;
  for (const Dim& d : shape) out.push_back(d.bind(bindings));
  return out;
}

bool fixed(const SymShape& shape) {
  return std::all_of(shape.begin(), shape.end(), [](const Dim& d) { return d.fixed(); });
}

std::vector<std::int64_t> fixed_shape(const SymShape& shape) {
  std::vector<std::int64_t> out;
  for (const Dim& d : shape) {
    if (!d.fixed()) fail("the size '{}' of shape [{}] is not known here: give it a value", d.text(), to_string(shape));
    out.push_back(d.value());
  }
  return out;
}

Dim product(const SymShape& shape) {
  Dim p(1);
  for (const Dim& d : shape) p = p * d;
  return p;
}

}  // namespace frugal
