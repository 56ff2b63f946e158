// Numbers within bounds, as grammars over their digits.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "language/constraint/json_rules.h"

namespace frugal {
namespace {

using G = Grammar;
using Parts = std::vector<GrammarPtr>;

constexpr int kDigits = 16, kBoundDigits = 12;              // behind the point: of a number, of a bound
constexpr std::int64_t kMostWhole = 9'999'999'999'999'999;  // of kDigits digits

GrammarPtr one_of(Parts parts) { return parts.empty() ? nullptr : G::either(std::move(parts)); }
GrammarPtr digit(char low, char high) {
  return G::chars({{static_cast<unsigned char>(low), static_cast<unsigned char>(high)}});
}

// Decimal digits between two bounds of the same length, from place i on. A bound binds (`from`, `to`) while all digits
// before were its own.
GrammarPtr same_length(const std::string& low, const std::string& high, std::size_t i, bool from, bool to) {
  const auto left = static_cast<std::int64_t>(low.size() - i);
  if (left == 0) return G::literal("");
  if (!from && !to) return JsonRules::digits(left, left);
  const char first = from ? low[i] : '0', last = to ? high[i] : '9';
  if (from && to && first == last) return G::sequence({digit(first, first), same_length(low, high, i + 1, true, true)});
  Parts parts;
  if (from) parts.push_back(G::sequence({digit(first, first), same_length(low, high, i + 1, true, false)}));
  const char inner = static_cast<char>(first + from), outer = static_cast<char>(last - to);
  if (inner <= outer) parts.push_back(G::sequence({digit(inner, outer), JsonRules::digits(left - 1, left - 1)}));
  if (to) parts.push_back(G::sequence({digit(last, last), same_length(low, high, i + 1, false, true)}));
  return G::either(std::move(parts));
}

// Whole numbers, not negative; null where there are none.
GrammarPtr whole(std::int64_t low, std::int64_t high) {
  Parts parts;
  const std::string first = std::to_string(low), last = std::to_string(high);
  for (std::size_t length = first.size(); low <= high && length <= last.size(); ++length) {
    const std::string least = length == first.size() ? first : "1" + std::string(length - 1, '0');
    const std::string most = length == last.size() ? last : std::string(length, '9');
    parts.push_back(same_length(least, most, 0, true, true));
  }
  return one_of(std::move(parts));
}

// A bound that is not negative: digits before and behind the point, those without zeros at the end.
struct Bound {
  std::int64_t whole = 0;
  std::string fraction{};
  bool excluded = false;
};

Bound bound(double size, bool excluded) {
  const std::string text = bound_text(size);
  const std::size_t point = text.find('.');
  return {std::stoll(text.substr(0, point)), point == std::string::npos ? "" : text.substr(point + 1), excluded};
}

// Digits behind the point, with the point before the first or nothing at all.
class Fraction {
 public:
  Fraction(const Bound* low, const Bound* high) : low_(low), high_(high) {}

  GrammarPtr grammar() const {
    Parts parts;
    if (may_end(0, low_, high_)) parts.push_back(G::literal(""));
    if (GrammarPtr digits = digits_from(0, low_, high_)) parts.push_back(G::sequence({G::literal("."), digits}));
    return one_of(std::move(parts));
  }

 private:
  // The number could end here; what is written so far is the beginning of the bounds that bind.
  static bool may_end(std::size_t i, const Bound* low, const Bound* high) {
    if (low && (i < low->fraction.size() || low->excluded)) return false;
    return !high || i < high->fraction.size() || !high->excluded;
  }
  static char place(const Bound* bound, std::size_t i, char otherwise) {
    return !bound ? otherwise : i < bound->fraction.size() ? bound->fraction[i] : '0';
  }

  // At least one digit from place i on; null where none will do.
  static GrammarPtr digits_from(std::size_t i, const Bound* low, const Bound* high) {
    if (i >= kDigits) return nullptr;
    if (low && i >= low->fraction.size() && !low->excluded) low = nullptr;  // whatever follows is as large
    if (!low && !high) return JsonRules::digits(1, kDigits - static_cast<std::int64_t>(i));
    const char first = place(low, i, '0'), last = place(high, i, '9');
    Parts parts;
    for (char c = first; c <= last; ++c) {
      const Bound *next_low = low && c == first ? low : nullptr, *next_high = high && c == last ? high : nullptr;
      Parts behind;
      if (may_end(i + 1, next_low, next_high)) behind.push_back(G::literal(""));
      if (GrammarPtr more = digits_from(i + 1, next_low, next_high)) behind.push_back(std::move(more));
      if (!behind.empty()) parts.push_back(G::sequence({digit(c, c), G::either(std::move(behind))}));
    }
    return one_of(std::move(parts));
  }

  const Bound *low_, *high_;
};

// Numbers that are not negative; `high` may be null.
GrammarPtr size_within(const Bound& low, const Bound* high, bool integer) {
  Parts parts;
  auto add = [&](const GrammarPtr& before, const Bound* from, const Bound* to) {
    if (!before) return;
    if (integer) return void(parts.push_back(before));
    if (GrammarPtr behind = Fraction(from, to).grammar()) parts.push_back(G::sequence({before, behind}));
  };
  if (integer) {
    add(whole(low.whole, high ? high->whole : kMostWhole), nullptr, nullptr);
  } else if (high && high->whole == low.whole) {
    add(whole(low.whole, low.whole), &low, high);
  } else {
    add(whole(low.whole, low.whole), &low, nullptr);
    add(whole(low.whole + 1, (high ? high->whole : kMostWhole + 1) - 1), nullptr, nullptr);
    if (high) add(whole(high->whole, high->whole), nullptr, high);
  }
  return one_of(std::move(parts));
}

GrammarPtr within(const NumberRange& range, bool integer) {
  if (range.low && range.high &&
      (*range.low > *range.high || (*range.low == *range.high && (range.low_excluded || range.high_excluded))))
    return nullptr;
  auto side = [&](std::optional<double> low, bool low_excluded, std::optional<double> high, bool high_excluded) {
    const Bound from = bound(low ? *low : 0, low_excluded);
    const Bound to = bound(high ? *high : 0, high_excluded);
    return size_within(from, high ? &to : nullptr, integer);
  };
  Parts parts;
  if (!range.high || *range.high >= 0) {
    const bool negative = !range.low || *range.low < 0;
    if (GrammarPtr above =
            side(negative ? 0 : *range.low, !negative && range.low_excluded, range.high, range.high_excluded))
      parts.push_back(std::move(above));
  }
  if (!range.low || *range.low < 0) {
    const bool whole_side = !range.high || *range.high >= 0;  // down from zero, which is not written as -0
    std::optional<double> to;
    if (range.low) to = -*range.low;
    GrammarPtr below = whole_side ? side(integer ? 1 : 0, !integer, to, range.low_excluded)
                                  : side(-*range.high, range.high_excluded, to, range.low_excluded);
    if (below) parts.push_back(G::sequence({G::literal("-"), std::move(below)}));
  }
  return one_of(std::move(parts));
}

}  // namespace

std::string bound_text(double value) {
  if (!(std::abs(value) < 1e15)) return "";
  for (int digits = 0; digits <= kBoundDigits; ++digits) {
    std::string text = fmt::format("{:.{}f}", value, digits);
    if (std::stod(text) == value) return text;
  }
  return "";
}

GrammarPtr number_within(const NumberRange& range) { return within(range, false); }

GrammarPtr integer_within(const NumberRange& range) {
  NumberRange whole;  // the outermost integers
  if (range.low)
    whole.low = std::ceil(*range.low) + (range.low_excluded && std::ceil(*range.low) == *range.low ? 1 : 0);
  if (range.high)
    whole.high = std::floor(*range.high) - (range.high_excluded && std::floor(*range.high) == *range.high ? 1 : 0);
  return within(whole, true);
}

}  // namespace frugal
