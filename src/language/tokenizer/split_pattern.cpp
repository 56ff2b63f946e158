#include "language/tokenizer/split_pattern.h"

#include "base/check.h"
#include "language/tokenizer/split_program.h"
#include "language/tokenizer/unicode.h"

namespace frugal {
namespace {

// What has to match after the current sequence.
struct After {
  const SplitElement* element;
  const SplitElement* stop;
  const After* up;
};

class Matcher {
 public:
  Matcher(const SplitPattern::Program& program, const char* end, std::int64_t& steps)
      : program_(program), end_(end), steps_(steps) {}

  const char* sequence(const SplitElement* element, const SplitElement* stop, const char* p, const After* after) {
    if (--steps_ < 0) fail("its pattern for cutting text into words takes too long on this text");
    if (element == stop) return after ? sequence(after->element, after->stop, p, after->up) : p;
    switch (element->kind) {
      case SplitElement::Kind::set: return repeated(element, stop, p, after);
      case SplitElement::Kind::text_end: return p == end_ ? sequence(element + 1, stop, p, after) : nullptr;
      case SplitElement::Kind::group: return group(element, stop, p, after);
      case SplitElement::Kind::ahead:
      case SplitElement::Kind::not_ahead: {
        bool found = false;
        for (const SplitSequence& one : element->alternatives)
          found = found || sequence(one.data(), one.data() + one.size(), p, nullptr) != nullptr;
        if (found != (element->kind == SplitElement::Kind::ahead)) return nullptr;
        return sequence(element + 1, stop, p, after);
      }
    }
    return nullptr;
  }

 private:
  // Greedy: as many as there are, then one less at a time.
  const char* repeated(const SplitElement* element, const SplitElement* stop, const char* p, const After* after) {
    const CharSet& set = program_.sets[static_cast<std::size_t>(element->set)];
    const char* q = p;
    std::uint32_t count = 0;
    while (count < element->most && q < end_) {
      const auto first = static_cast<unsigned char>(*q);
      if (first < 0x80) {
        if (!set.contains_ascii(first)) break;
        ++q;
      } else {
        Utf8Char c = decode_char(q, end_);
        if (!set.contains_wide(c.code)) break;
        q += c.bytes;
      }
      ++count;
    }
    steps_ -= count / 8;
    if (element + 1 == stop && after == nullptr) return count >= element->least ? q : nullptr;
    for (;; --count) {
      if (count < element->least) return nullptr;
      if (const char* found = sequence(element + 1, stop, q, after)) return found;
      if (count == 0) return nullptr;
      q = previous_char(p, q);
    }
  }

  const char* group(const SplitElement* element, const SplitElement* stop, const char* p, const After* after) {
    const After rest{element + 1, stop, after};
    for (const SplitSequence& one : element->alternatives)
      if (const char* found = sequence(one.data(), one.data() + one.size(), p, &rest)) return found;
    return element->least == 0 ? sequence(element + 1, stop, p, after) : nullptr;
  }

  const SplitPattern::Program& program_;
  const char* end_;
  std::int64_t& steps_;
};

}  // namespace

bool CharSet::contains_wide(char32_t code) const {
  bool found = (categories & category_bit(code)) != 0;
  if (!found && (space || not_space)) found = is_white_space(code) ? space : not_space;
  for (std::size_t i = 0; i < ranges.size() && !found; ++i) found = ranges[i].first <= code && code <= ranges[i].second;
  return found != negated;
}

SplitPattern::SplitPattern(std::string_view regex)
    : text_(regex), program_(std::make_unique<Program>(parse_split_pattern(regex))) {}
SplitPattern::~SplitPattern() = default;
SplitPattern::SplitPattern(SplitPattern&&) noexcept = default;
SplitPattern& SplitPattern::operator=(SplitPattern&&) noexcept = default;

const char* SplitPattern::match(const char* p, const char* end, std::int64_t& steps) const {
  Matcher matcher(*program_, end, steps);
  for (std::uint64_t left = program_->may_begin[static_cast<unsigned char>(*p)]; left != 0; left &= left - 1) {
    const SplitSequence& one = program_->alternatives[static_cast<std::size_t>(__builtin_ctzll(left))];
    const char* found = matcher.sequence(one.data(), one.data() + one.size(), p, nullptr);
    if (found != nullptr && found != p) return found;
  }
  return nullptr;
}

}  // namespace frugal
