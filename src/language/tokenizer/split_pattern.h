// The regular expressions by which tokenizers cut text into words, compiled once.
//
// What the published patterns use is a small part of regular expressions: alternatives of sequences of sets of
// characters with greedy repetition, groups, and looking ahead. Sets know ASCII by a bitmap and the rest by Unicode
// category, so that a run of letters is one loop. A pattern outside this part is refused by name, never run wrongly.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace frugal {

struct CharSet {
  std::array<std::uint64_t, 2> ascii{};
  std::uint32_t categories = 0;  // of characters above ASCII, like the members below
  bool space = false, not_space = false;
  bool negated = false;
  std::vector<std::pair<char32_t, char32_t>> ranges;

  bool contains_ascii(unsigned char c) const { return ascii[c >> 6] >> (c & 63) & 1; }
  bool contains_wide(char32_t code) const;
  bool contains(char32_t code) const {
    return code < 0x80 ? contains_ascii(static_cast<unsigned char>(code)) : contains_wide(code);
  }
};

class SplitPattern {
 public:
  // Error if the pattern is no regular expression, or uses more than is known here.
  explicit SplitPattern(std::string_view regex);
  ~SplitPattern();
  SplitPattern(SplitPattern&&) noexcept;
  SplitPattern& operator=(SplitPattern&&) noexcept;

  // Where the match that begins at `p` ends; nullptr where none does. Empty matches are none. Error if the pattern
  // needs more than `steps` (which counts down) to decide.
  const char* match(const char* p, const char* end, std::int64_t& steps) const;
  // Steps that any sensible pattern keeps to on a text of so many bytes.
  static std::int64_t step_limit(std::size_t bytes) { return 100000 + 200 * static_cast<std::int64_t>(bytes); }

  const std::string& text() const { return text_; }

  struct Program;

 private:
  std::string text_;
  std::unique_ptr<Program> program_;
};

// What becomes of the matches and of what lies between them.
enum class SplitBehavior { removed, isolated, merged_with_previous, merged_with_next, contiguous };

// What goes before a piece of text: nothing, or a text at the very beginning of the whole, or before every piece.
struct TextPrefix {
  enum class Where { never, first, always } where = Where::never;
  std::string text{};
  bool unless_there = true;  // not where the piece begins with it anyway
};

struct SplitStage {
  std::optional<SplitPattern> pattern{};  // none: the stage only changes the text
  SplitBehavior behavior = SplitBehavior::isolated;
  bool inverted = false;     // what lies between the matches counts as the matches
  bool write_marks = false;  // first, blanks become U+2581 ...
  TextPrefix prefix{};       // ... and this goes before it

  // Calls piece(begin, end) for every non-empty piece of [begin, end), in order. Needs a pattern.
  template <typename Piece>
  void split(const char* begin, const char* end, Piece&& piece) const;
};

template <typename Piece>
void SplitStage::split(const char* begin, const char* end, Piece&& piece) const {
  std::int64_t steps = SplitPattern::step_limit(static_cast<std::size_t>(end - begin));
  // A piece is held back until it is known that nothing joins it.
  const char* held = begin;
  const char* held_end = begin;
  bool held_match = false;
  auto flush = [&] {
    if (held != held_end) piece(held, held_end);
    held = held_end;
  };
  auto add = [&](const char* from, const char* to, bool is_match) {
    if (from == to) return;
    if (inverted) is_match = !is_match;
    bool join = false;
    switch (behavior) {
      case SplitBehavior::removed:
        flush();
        held = held_end = to;
        if (!is_match) piece(from, to);
        return;
      case SplitBehavior::isolated: break;
      case SplitBehavior::merged_with_previous: join = is_match && !held_match; break;
      case SplitBehavior::merged_with_next: join = held_match && !is_match; break;
      case SplitBehavior::contiguous: join = is_match && held_match; break;
    }
    if (!join) flush();
    held_end = to;
    held_match = is_match;
  };
  const char* gap = begin;
  for (const char* p = begin; p < end;) {
    const char* stop = pattern->match(p, end, steps);
    if (stop == nullptr) {
      ++p;
      while (p < end && (static_cast<unsigned char>(*p) & 0xC0u) == 0x80) ++p;
      continue;
    }
    add(gap, p, false);
    add(p, stop, true);
    p = gap = stop;
  }
  add(gap, end, false);
  flush();
}

}  // namespace frugal
