#include <algorithm>
#include <array>

#include "base/check.h"
#include "language/constraint/grammar.h"
#include "language/tokenizer/unicode.h"

namespace frugal {
namespace {

using Instruction = GrammarProgram::Instruction;
constexpr std::size_t kMaxCode = 400'000;
constexpr int kMaxDepth = 200;

// One byte range for each byte of the characters' UTF-8.
using ByteRanges = std::vector<std::pair<unsigned char, unsigned char>>;

void split_range(char32_t low, char32_t high, std::vector<ByteRanges>& out) {
  for (char32_t border : {0x7Fu, 0x7FFu, 0xFFFFu})
    if (low <= border && border < high) {
      split_range(low, border, out);
      return split_range(border + 1, high, out);
    }
  // Cut until all bytes after the first that differ run over their whole range.
  for (char32_t mask : {0x3Fu, 0xFFFu, 0x3FFFFu}) {
    if (high < 0x80 || (low & ~mask) == (high & ~mask)) continue;
    if ((low & mask) != 0) {
      split_range(low, low | mask, out);
      return split_range((low | mask) + 1, high, out);
    }
    if ((high & mask) != mask) {
      split_range(low, (high & ~mask) - 1, out);
      return split_range(high & ~mask, high, out);
    }
  }
  std::string a, b;
  append_utf8(a, low), append_utf8(b, high);
  ByteRanges ranges;
  for (std::size_t i = 0; i < a.size(); ++i)
    ranges.emplace_back(static_cast<unsigned char>(a[i]), static_cast<unsigned char>(b[i]));
  out.push_back(std::move(ranges));
}

class Compiler {
 public:
  explicit Compiler(const Grammar& grammar) : grammar_(grammar) {}

  GrammarProgram compile() {
    const auto& bodies = grammar_.bodies();
    require(!bodies.empty(), "the grammar has no rule");
    for (std::size_t i = 0; i < bodies.size(); ++i)
      require(bodies[i] != nullptr, "the rule '{}' is used but not defined", grammar_.name(i));
    check_left_recursion();
    entries_.assign(bodies.size(), 0);
    const std::uint32_t back = add({Instruction::Kind::back});
    for (std::size_t i = 0; i < bodies.size(); ++i) entries_[i] = emit(*bodies[i], back, 0);
    for (auto [at, rule] : calls_) program_.code[at].other = entries_[rule];
    program_.start = entries_[0];
    return std::move(program_);
  }

 private:
  std::uint32_t add(Instruction instruction) {
    require(program_.code.size() < kMaxCode, "the grammar is too large: more than {} steps", kMaxCode);
    program_.code.push_back(instruction);
    return static_cast<std::uint32_t>(program_.code.size() - 1);
  }

  std::uint32_t split(std::uint32_t a, std::uint32_t b) { return add({Instruction::Kind::split, 0, 0, a, b}); }

  // Code for the node that goes on at `next`; where it begins. Written from the end to the beginning.
  std::uint32_t emit(const GrammarNode& node, std::uint32_t next, int depth) {
    require(depth < kMaxDepth, "the grammar is nested deeper than {}", kMaxDepth);
    using Kind = GrammarNode::Kind;
    switch (node.kind) {
      case Kind::literal:
        for (std::size_t i = node.text.size(); i-- > 0;) {
          const auto byte = static_cast<unsigned char>(node.text[i]);
          next = add({Instruction::Kind::bytes, byte, byte, next});
        }
        return next;
      case Kind::chars: return emit_chars(node, next);
      case Kind::sequence:
        for (std::size_t i = node.items.size(); i-- > 0;) next = emit(*node.items[i], next, depth + 1);
        return next;
      case Kind::either: {
        std::uint32_t begin = emit(*node.items.back(), next, depth + 1);
        for (std::size_t i = node.items.size() - 1; i-- > 0;)
          begin = split(emit(*node.items[i], next, depth + 1), begin);
        return begin;
      }
      case Kind::repeat: return emit_repeat(node, next, depth);
      case Kind::rule: {
        const std::uint32_t at = add({Instruction::Kind::call, 0, 0, next});
        calls_.emplace_back(at, node.rule);
        return at;
      }
    }
    return next;
  }

  std::uint32_t emit_chars(const GrammarNode& node, std::uint32_t next) {
    std::vector<ByteRanges> all;
    for (auto [low, high] : node.ranges) {
      if (low < 0xD800 && high > 0xDFFF) {  // surrogates are no characters
        split_range(low, 0xD7FF, all), split_range(0xE000, high, all);
        continue;
      }
      if (low >= 0xD800 && low <= 0xDFFF) low = 0xE000;
      if (high >= 0xD800 && high <= 0xDFFF) high = 0xD7FF;
      if (low <= high) split_range(low, high, all);
    }
    require(!all.empty(), "a set of characters is empty");
    std::uint32_t begin = 0;
    bool first = true;
    for (const ByteRanges& ranges : all) {
      std::uint32_t one = next;
      for (std::size_t i = ranges.size(); i-- > 0;)
        one = add({Instruction::Kind::bytes, ranges[i].first, ranges[i].second, one});
      begin = std::exchange(first, false) ? one : split(one, begin);
    }
    return begin;
  }

  std::uint32_t emit_repeat(const GrammarNode& node, std::uint32_t next, int depth) {
    const GrammarNode& item = *node.items[0];
    std::uint32_t begin = next;
    if (node.most < 0) {
      const std::uint32_t loop = split(0, next);
      program_.code[loop].next = emit(item, loop, depth + 1);
      begin = loop;
    } else {
      for (std::int64_t i = node.least; i < node.most; ++i) begin = split(emit(item, begin, depth + 1), next);
    }
    for (std::int64_t i = 0; i < node.least; ++i) begin = emit(item, begin, depth + 1);
    return begin;
  }

  // --- left recursion: a rule that comes back to itself without having read a byte would never end ---

  bool nullable(const GrammarNode& node) const {
    using Kind = GrammarNode::Kind;
    auto can = [&](const GrammarPtr& item) { return nullable(*item); };
    switch (node.kind) {
      case Kind::literal: return node.text.empty();
      case Kind::chars: return false;
      case Kind::sequence: return std::all_of(node.items.begin(), node.items.end(), can);
      case Kind::either: return std::any_of(node.items.begin(), node.items.end(), can);
      case Kind::repeat: return node.least == 0 || nullable(*node.items[0]);
      case Kind::rule: return nullable_[node.rule];
    }
    return false;
  }

  void find_nullable() {
    nullable_.assign(grammar_.bodies().size(), false);
    for (bool changed = true; changed;) {
      changed = false;
      for (std::size_t i = 0; i < nullable_.size(); ++i)
        if (!nullable_[i] && nullable(*grammar_.bodies()[i])) nullable_[i] = changed = true;
    }
  }

  // The rules that may be called before a byte is read.
  void first_calls(const GrammarNode& node, std::vector<std::size_t>& out) const {
    using Kind = GrammarNode::Kind;
    if (node.kind == Kind::rule) out.push_back(node.rule);
    for (const GrammarPtr& item : node.items) {
      first_calls(*item, out);
      if (node.kind == Kind::sequence && !nullable(*item)) break;
    }
  }

  void check_left_recursion() {
    find_nullable();
    std::vector<char> seen(grammar_.bodies().size(), 0);  // 1: on the way, 2: done
    std::vector<std::vector<std::size_t>> first(seen.size());
    for (std::size_t i = 0; i < seen.size(); ++i) first_calls(*grammar_.bodies()[i], first[i]);
    for (std::size_t root = 0; root < seen.size(); ++root) {
      std::vector<std::pair<std::size_t, std::size_t>> way{{root, 0}};
      if (seen[root] == 2) continue;
      seen[root] = 1;
      while (!way.empty()) {
        auto& [rule, at] = way.back();
        if (at == first[rule].size()) {
          seen[rule] = 2;
          way.pop_back();
          continue;
        }
        const std::size_t next = first[rule][at++];
        require(seen[next] != 1, "the rule '{}' begins with itself; write it so that it reads something first",
                grammar_.name(next));
        if (seen[next] == 0) {
          seen[next] = 1;
          way.emplace_back(next, 0);
        }
      }
    }
  }

  const Grammar& grammar_;
  GrammarProgram program_;
  std::vector<std::uint32_t> entries_;
  std::vector<std::pair<std::uint32_t, std::size_t>> calls_;  // instruction, rule
  std::vector<bool> nullable_;
};

}  // namespace

std::size_t Grammar::rule(const std::string& name) {
  auto [found, is_new] = numbers_.emplace(name, bodies_.size());
  if (is_new) {
    require(bodies_.size() < 20'000, "the grammar has more than 20000 rules");
    names_.push_back(name);
    bodies_.emplace_back();
  }
  return found->second;
}

GrammarPtr Grammar::literal(std::string text) {
  return std::make_shared<GrammarNode>(GrammarNode{.kind = GrammarNode::Kind::literal, .text = std::move(text)});
}

GrammarPtr Grammar::chars(std::vector<std::pair<char32_t, char32_t>> ranges, bool negated) {
  std::sort(ranges.begin(), ranges.end());
  std::vector<std::pair<char32_t, char32_t>> merged;
  for (auto [low, high] : ranges) {
    if (!merged.empty() && low <= merged.back().second + 1)
      merged.back().second = std::max(merged.back().second, high);
    else
      merged.emplace_back(low, high);
  }
  if (negated) {
    std::vector<std::pair<char32_t, char32_t>> rest;
    char32_t from = 0;
    for (auto [low, high] : merged) {
      if (low > from) rest.emplace_back(from, low - 1);
      from = high + 1;
    }
    if (from <= 0x10FFFF) rest.emplace_back(from, 0x10FFFF);
    merged = std::move(rest);
  }
  return std::make_shared<GrammarNode>(GrammarNode{.kind = GrammarNode::Kind::chars, .ranges = std::move(merged)});
}

GrammarPtr Grammar::sequence(std::vector<GrammarPtr> items) {
  if (items.size() == 1) return items[0];
  return std::make_shared<GrammarNode>(GrammarNode{.kind = GrammarNode::Kind::sequence, .items = std::move(items)});
}

GrammarPtr Grammar::either(std::vector<GrammarPtr> items) {
  FRUGAL_ASSERT(!items.empty());
  if (items.size() == 1) return items[0];
  return std::make_shared<GrammarNode>(GrammarNode{.kind = GrammarNode::Kind::either, .items = std::move(items)});
}

GrammarPtr Grammar::repeat(GrammarPtr item, std::int64_t least, std::int64_t most) {
  FRUGAL_ASSERT(least >= 0 && (most < 0 || most >= least));
  return std::make_shared<GrammarNode>(
      GrammarNode{.kind = GrammarNode::Kind::repeat, .items = {std::move(item)}, .least = least, .most = most});
}

GrammarPtr Grammar::call(std::size_t rule) {
  return std::make_shared<GrammarNode>(GrammarNode{.kind = GrammarNode::Kind::rule, .rule = rule});
}

GrammarProgram compile_grammar(const Grammar& grammar) { return Compiler(grammar).compile(); }

}  // namespace frugal
