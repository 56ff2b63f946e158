// Byte-pair encoding by rank and by score.
#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <string>

#include "base/check.h"
#include "language/tokenizer/flat_hash.h"
#include "language/tokenizer/unicode.h"
#include "language/tokenizer/word_model.h"

namespace frugal {
namespace {

// Larger scores become smaller ranks.
std::uint32_t rank_of_score(float score) {
  const auto bits = std::bit_cast<std::uint32_t>(score);
  const std::uint32_t rising = bits >> 31 ? ~bits : bits | 0x80000000u;
  return std::min(~rising, kNoMerge - 1);
}

class MergeModel : public WordModel {
 public:
  explicit MergeModel(const TokenizerSpec& spec)
      : spec_(spec),
        unknown_(spec),
        index_(spec.tokens),
        pairs_(spec.merges.size()),
        whole_(new std::atomic<Whole>[spec.tokens.size()]) {
    byte_ids_.fill(-1);
    for (std::size_t i = 0; i < spec.tokens.size(); ++i) {
      whole_[i].store(Whole::not_tried, std::memory_order_relaxed);
      const std::string& token = spec.tokens[i];
      if (token.empty() || !is_text_token(spec.types[i])) continue;
      index_.add(static_cast<std::int32_t>(i));
      longest_ = std::max(longest_, token.size());
      if (token.size() == 1) byte_ids_[static_cast<unsigned char>(token[0])] = index_.find(token);
    }
    for (std::size_t i = 0; i < spec.merges.size(); ++i)
      pairs_.add(spec.merges[i].left, spec.merges[i].right, {static_cast<std::uint32_t>(i), spec.merges[i].result});
    fallback_ = fallback_bytes(spec);
  }

  // Most words are tokens. Whether merging ends at that token is tried once and remembered.
  void encode(std::string_view word, std::vector<std::int32_t>& ids, WordScratch& scratch) const override {
    const std::int32_t id = word.size() <= longest_ && spec_.end_of_word.empty() ? index_.find(word) : -1;
    if (id >= 0) {
      const Whole whole = whole_[static_cast<std::size_t>(id)].load(std::memory_order_relaxed);
      if (whole == Whole::yes || spec_.ignore_merges) return ids.push_back(id);
      if (whole == Whole::not_tried) {
        const std::size_t before = ids.size();
        merge(word, ids, scratch.merge);
        const bool one = ids.size() == before + 1 && ids.back() == id;
        whole_[static_cast<std::size_t>(id)].store(one ? Whole::yes : Whole::no, std::memory_order_relaxed);
        return;
      }
    }
    merge(word, ids, scratch.merge);
  }

 private:
  enum class Whole : std::uint8_t { not_tried, yes, no };

  void merge(std::string_view word, std::vector<std::int32_t>& ids, MergeScratch& scratch) const {
    scratch.symbols.clear();
    if (spec_.byte_level)
      byte_symbols(word, scratch.symbols);
    else
      char_symbols(word, scratch.symbols);
    if (spec_.kind == TokenizerKind::spm)
      merge_symbols(scratch, [&](const Symbol& left, const Symbol& right) -> PairMerge {
        if (left.size + right.size > longest_) return {kNoMerge, -1};
        const std::int32_t id = index_.find(word.substr(left.start, left.size + right.size));
        if (id < 0) return {kNoMerge, -1};
        return {rank_of_score(spec_.scores[static_cast<std::size_t>(id)]), id};
      });
    else
      merge_symbols(scratch, [&](const Symbol& left, const Symbol& right) -> PairMerge {
        if (left.id < 0 || right.id < 0) return {kNoMerge, -1};
        const PairTable::Merge* found = pairs_.find(left.id, right.id);
        return found ? PairMerge{found->rank, found->id} : PairMerge{kNoMerge, -1};
      });
    const std::size_t start = ids.size();
    for (const Symbol& symbol : scratch.symbols) {
      if (symbol.id >= 0)
        ids.push_back(symbol.id);
      else
        unknown_.append(word.substr(symbol.start, symbol.size), ids, start);
    }
  }

  void byte_symbols(std::string_view word, std::vector<Symbol>& symbols) const {
    for (std::uint32_t i = 0; i < word.size(); ++i)
      symbols.push_back({i, 1, byte_ids_[static_cast<unsigned char>(word[i])]});
    end_word(word, symbols);
  }

  void char_symbols(std::string_view word, std::vector<Symbol>& symbols) const {
    const char* end = word.data() + word.size();
    for (std::uint32_t i = 0; i < word.size();) {
      const std::uint32_t size = decode_char(word.data() + i, end).bytes;
      const std::int32_t id = index_.find(word.substr(i, size));
      if (id >= 0 || spec_.kind == TokenizerKind::spm || !append_bytes(word, i, size, symbols))
        symbols.push_back({i, size, id});
      i += size;
    }
    end_word(word, symbols);
  }

  void end_word(std::string_view word, std::vector<Symbol>& symbols) const {
    if (spec_.end_of_word.empty()) return;
    Symbol& last = symbols.back();
    last.id = index_.find(std::string(word.substr(last.start, last.size)) + spec_.end_of_word);
  }

  // The bytes of a character that is no token, before merging; false where a byte has no token.
  bool append_bytes(std::string_view word, std::uint32_t start, std::uint32_t size, std::vector<Symbol>& out) const {
    if (!spec_.byte_fallback) return false;
    auto id = [&](std::uint32_t i) { return fallback_[static_cast<unsigned char>(word[i])]; };
    for (std::uint32_t i = start; i < start + size; ++i)
      if (id(i) < 0) return false;
    for (std::uint32_t i = start; i < start + size; ++i) out.push_back({i, 1, id(i)});
    return true;
  }

  const TokenizerSpec& spec_;
  UnknownText unknown_;
  BytesTable index_;
  PairTable pairs_;
  std::array<std::int32_t, 256> byte_ids_{};
  std::vector<std::int32_t> fallback_;
  std::unique_ptr<std::atomic<Whole>[]> whole_;
  std::size_t longest_ = 0;
};

}  // namespace

std::unique_ptr<WordModel> merge_model(const TokenizerSpec& spec) { return std::make_unique<MergeModel>(spec); }

int fallback_byte(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return -1;
  auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; };
  const int high = digit(token[3]), low = digit(token[4]);
  return high < 0 || low < 0 ? -1 : 16 * high + low;
}

std::vector<std::int32_t> fallback_bytes(const TokenizerSpec& spec) {
  std::vector<std::int32_t> ids(256, -1);
  for (std::size_t i = 0; i < spec.tokens.size(); ++i)
    if (spec.types[i] == TokenType::byte)
      if (int byte = fallback_byte(spec.tokens[i]); byte >= 0)
        ids[static_cast<std::size_t>(byte)] = static_cast<int>(i);
  return ids;
}

void UnknownText::append(std::string_view text, std::vector<std::int32_t>& ids, std::size_t word_start) const {
  if (spec_->byte_fallback) {
    bool all = true;
    for (char c : text) all = all && bytes_[static_cast<unsigned char>(c)] >= 0;
    if (all) {
      for (char c : text) ids.push_back(bytes_[static_cast<unsigned char>(c)]);
      return;
    }
  }
  if (!spec_->unknown) return;  // nothing stands for it
  if (spec_->fuse_unknown && ids.size() > word_start && ids.back() == *spec_->unknown) return;
  ids.push_back(*spec_->unknown);
}

}  // namespace frugal
