#include "language/tokenizer.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/check.h"
#include "language/tokenizer/added_tokens.h"
#include "language/tokenizer/flat_hash.h"
#include "language/tokenizer/normalizer.h"
#include "language/tokenizer/unicode.h"
#include "language/tokenizer/word_model.h"

namespace frugal {
namespace {

// Where text without any rule for words can be cut before a mark without changing the result: wherever the character
// before it never stands there within a token. Models then see words, not a book as one word.
class MarkCuts {
 public:
  explicit MarkCuts(const TokenizerSpec& spec) {
    if (cut_by_patterns(spec) || spec.byte_level || spec.kind == TokenizerKind::word_piece) return;
    useful_ = true;
    bool mark_is_token = false;
    for (std::size_t i = 0; i < spec.tokens.size(); ++i) {
      if (!is_text_token(spec.types[i])) continue;
      const std::string& token = spec.tokens[i];
      mark_is_token = mark_is_token || token == kBlankMark;
      for (std::size_t at = token.find(kBlankMark); at != token.npos; at = token.find(kBlankMark, at + 1)) {
        if (at == 0) continue;
        const char* end = token.data() + at;
        joined_.push_back(decode_char(previous_char(token.data(), end), end).code);
      }
    }
    useful_ = mark_is_token;  // else unknown marks could be joined with what stands before them
    std::sort(joined_.begin(), joined_.end());
    joined_.erase(std::unique(joined_.begin(), joined_.end()), joined_.end());
  }

  template <typename Word>
  void cut(const char* begin, const char* end, Word&& word) const {
    const char* start = begin;
    if (useful_) {
      for (const char* p = begin; (p = find_mark(p, end)) != nullptr; p += kBlankMark.size()) {
        if (p == start) continue;
        const char32_t before = decode_char(previous_char(begin, p), p).code;
        if (std::binary_search(joined_.begin(), joined_.end(), before)) continue;
        word(start, p);
        start = p;
      }
    }
    if (start != end) word(start, end);
  }

 private:
  static bool cut_by_patterns(const TokenizerSpec& spec) {
    return std::any_of(spec.splits.begin(), spec.splits.end(),
                       [](const SplitStage& s) { return s.pattern.has_value(); });
  }

  static const char* find_mark(const char* p, const char* end) {
    while (p < end &&
           (p = static_cast<const char*>(std::memchr(p, kBlankMark[0], static_cast<std::size_t>(end - p))))) {
      if (end - p >= 3 && p[1] == kBlankMark[1] && p[2] == kBlankMark[2]) return p;
      ++p;
    }
    return nullptr;
  }

  bool useful_ = false;
  std::vector<char32_t> joined_;  // characters that stand before a mark within a token
};

// What a token adds to the text.
std::string decoded(const TokenizerSpec& spec, std::size_t id) {
  const std::string& token = spec.tokens[id];
  switch (spec.types[id]) {
    case TokenType::control:
    case TokenType::unknown:
    case TokenType::unused: return "";
    case TokenType::byte:
      if (int byte = fallback_byte(token); byte >= 0) return std::string(1, static_cast<char>(byte));
      return token;
    default: break;
  }
  if (spec.kind == TokenizerKind::word_piece) {
    if (token.starts_with(spec.continuing)) return token.substr(spec.continuing.size());
    const bool closes = token.size() == 1 && std::strchr(".,?!", token[0]) != nullptr;
    return closes ? token : " " + token;
  }
  if (!spec.end_of_word.empty() && token.ends_with(spec.end_of_word))
    return token.substr(0, token.size() - spec.end_of_word.size()) + " ";
  return spec.marks_are_blanks ? normalized(token, {{NormalizerStep::Kind::replace, std::string(kBlankMark), " "}})
                               : token;
}

}  // namespace

struct Tokenizer::Parts {
  TokenizerSpec spec;
  AddedTokens raw_all, raw_plain, normalized_all, normalized_plain;  // plain: without special tokens
  MarkCuts cuts;
  std::unique_ptr<WordModel> model;
  BytesTable index;                   // every token as `spec.tokens` has it
  std::string pool;                   // what tokens add to the text
  std::vector<std::uint32_t> starts;  // of each id in the pool
  std::vector<bool> ends;

  explicit Parts(TokenizerSpec given) : spec(std::move(given)), cuts(spec), index(spec.tokens) {
    switch (spec.kind) {
      case TokenizerKind::bpe:
      case TokenizerKind::spm: model = merge_model(spec); break;
      case TokenizerKind::unigram: model = unigram_model(spec); break;
      case TokenizerKind::word_piece: model = word_piece_model(spec); break;
    }
    find_added();
    for (std::size_t i = 0; i < spec.tokens.size(); ++i) {
      index.add(static_cast<std::int32_t>(i));
      starts.push_back(static_cast<std::uint32_t>(pool.size()));
      pool += decoded(spec, i);
    }
    starts.push_back(static_cast<std::uint32_t>(pool.size()));
    require(pool.size() <= std::numeric_limits<std::uint32_t>::max(), "the vocabulary has more than 4 GiB of text");
    ends.resize(spec.tokens.size());
    for (std::int32_t id : spec.end_of_generation) ends[static_cast<std::size_t>(id)] = true;
  }

  void find_added() {
    std::vector<AddedToken> lists[4];
    for (AddedToken token : spec.added) {
      const bool late = token.normalized && !spec.normalizer.empty();
      if (late) token.content = normalized(token.content, spec.normalizer);
      lists[late ? 2 : 0].push_back(token);
      if (!token.special) lists[late ? 3 : 1].push_back(token);
    }
    raw_all = AddedTokens(std::move(lists[0]));
    raw_plain = AddedTokens(std::move(lists[1]));
    normalized_all = AddedTokens(std::move(lists[2]));
    normalized_plain = AddedTokens(std::move(lists[3]));
  }
};

namespace {

// One call of encode().
class Encoding {
 public:
  Encoding(const TokenizerSpec& spec, const MarkCuts& cuts, const WordModel& model, std::vector<std::int32_t>& ids)
      : spec_(spec), cuts_(cuts), model_(model), ids_(ids) {}

  void text(std::string_view text, const AddedTokens& raw, const AddedTokens& late) {
    parts(text, raw, [&](std::string_view part, std::size_t at) {
      if (spec_.normalizer.empty()) return words(part, at == 0);
      const std::string changed = normalized(part, spec_.normalizer);
      parts(changed, late, [&](std::string_view inner, std::size_t inside) { words(inner, at + inside == 0); });
    });
  }

 private:
  // Calls run(part, offset) for what lies between added tokens.
  template <typename Run>
  void parts(std::string_view text, const AddedTokens& added, Run&& run) {
    std::size_t at = 0;
    while (!added.empty() && at < text.size()) {
      const AddedTokens::Found found = added.find(text, at);
      if (found.id < 0) break;
      if (found.begin > at) run(text.substr(at, found.begin - at), at);
      ids_.push_back(found.id);
      at = found.end;
    }
    if (at < text.size()) run(text.substr(at), at);
  }

  void words(std::string_view text, bool first) { stage(0, text.data(), text.data() + text.size(), first); }

  void stage(std::size_t i, const char* begin, const char* end, bool first) {
    if (begin == end) return;
    auto word = [&](const char* from, const char* to) {
      model_.encode({from, static_cast<std::size_t>(to - from)}, ids_, scratch_);
    };
    if (i == spec_.splits.size()) return cuts_.cut(begin, end, word);
    const SplitStage& stage = spec_.splits[i];
    if (!stage.write_marks && stage.prefix.where == TextPrefix::Where::never) return pieces(i, begin, end, first);
    const std::string changed = rewritten(stage, {begin, static_cast<std::size_t>(end - begin)}, first);
    pieces(i, changed.data(), changed.data() + changed.size(), first);
  }

  void pieces(std::size_t i, const char* begin, const char* end, bool first) {
    const SplitStage& stage_here = spec_.splits[i];
    if (!stage_here.pattern) return stage(i + 1, begin, end, first);
    if (i + 1 == spec_.splits.size())
      stage_here.split(begin, end, [&](const char* from, const char* to) {
        model_.encode({from, static_cast<std::size_t>(to - from)}, ids_, scratch_);
      });
    else
      stage_here.split(begin, end,
                       [&](const char* from, const char* to) { stage(i + 1, from, to, first && from == begin); });
  }

  static std::string rewritten(const SplitStage& stage, std::string_view text, bool first) {
    std::string result;
    result.reserve(text.size() + text.size() / 2);
    for (char c : text) {
      if (c == ' ' && stage.write_marks)
        result += kBlankMark;
      else
        result += c;
    }
    const TextPrefix& prefix = stage.prefix;
    const bool here = prefix.where == TextPrefix::Where::always || (prefix.where == TextPrefix::Where::first && first);
    if (here && !(prefix.unless_there && result.starts_with(prefix.text))) result.insert(0, prefix.text);
    return result;
  }

  const TokenizerSpec& spec_;
  const MarkCuts& cuts_;
  const WordModel& model_;
  std::vector<std::int32_t>& ids_;
  WordScratch scratch_;
};

}  // namespace

Tokenizer::Tokenizer(TokenizerSpec spec) {
  check_spec(spec);
  parts_ = std::make_unique<Parts>(std::move(spec));
}
Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;

const TokenizerSpec& Tokenizer::spec() const { return parts_->spec; }

std::vector<std::int32_t> Tokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  require(text.size() < (1u << 30), "a text of {} bytes is too long to be tokenised at once; at most 1 GiB",
          text.size());
  const Parts& p = *parts_;
  std::vector<std::int32_t> ids;
  ids.reserve(text.size() / 3 + 8);
  if (options.add_special) ids = p.spec.before;
  Encoding(p.spec, p.cuts, *p.model, ids)
      .text(text, options.parse_special ? p.raw_all : p.raw_plain,
            options.parse_special ? p.normalized_all : p.normalized_plain);
  if (options.add_special) ids.insert(ids.end(), p.spec.after.begin(), p.spec.after.end());
  return ids;
}

std::string Tokenizer::decode(std::span<const std::int32_t> ids, bool special) const {
  std::string text;
  for (std::int32_t id : ids) {
    const std::string_view piece = bytes(id);
    text += special && piece.empty() ? std::string_view(spec().tokens[static_cast<std::size_t>(id)]) : piece;
  }
  if (spec().strip_leading_blank && text.starts_with(' ')) text.erase(0, 1);
  return text;
}

std::string Tokenizer::text(std::int32_t id) const {
  require(id >= 0 && id < size(), "there is no token {}; the vocabulary has {} tokens", id, size());
  const auto i = static_cast<std::size_t>(id);
  return spec().byte_level && is_text_token(spec().types[i]) ? printable_of_bytes(spec().tokens[i]) : spec().tokens[i];
}

std::string_view Tokenizer::bytes(std::int32_t id) const {
  require(id >= 0 && id < size(), "there is no token {}; the vocabulary has {} tokens", id, size());
  const auto i = static_cast<std::size_t>(id);
  return std::string_view(parts_->pool).substr(parts_->starts[i], parts_->starts[i + 1] - parts_->starts[i]);
}

std::optional<std::int32_t> Tokenizer::find(std::string_view text) const {
  std::int32_t id = parts_->index.find(text);
  if (id < 0 && spec().byte_level) id = parts_->index.find(bytes_of_printable(text));
  return id < 0 ? std::nullopt : std::optional(id);
}

bool Tokenizer::is_end_of_generation(std::int32_t id) const {
  return id >= 0 && id < size() && parts_->ends[static_cast<std::size_t>(id)];
}

bool Tokenizer::is_control(std::int32_t id) const {
  require(id >= 0 && id < size(), "there is no token {}; the vocabulary has {} tokens", id, size());
  const TokenType type = spec().types[static_cast<std::size_t>(id)];
  return type == TokenType::control || type == TokenType::unknown || type == TokenType::unused;
}

}  // namespace frugal
