#include "language/constraint/constraint.h"

#include <algorithm>

#include "base/check.h"
#include "language/tokenizer.h"

namespace frugal {
namespace {

constexpr std::size_t kMaxMaskBytes = 64u << 20;

std::vector<std::string> token_bytes(const Tokenizer& tokenizer) {
  std::vector<std::string> tokens;
  for (std::int32_t id = 0; id < tokenizer.size(); ++id) tokens.emplace_back(tokenizer.bytes(id));
  return tokens;
}

std::vector<std::int32_t> end_tokens(const Tokenizer& tokenizer) {
  std::vector<std::int32_t> ends;
  for (std::int32_t id = 0; id < tokenizer.size(); ++id)
    if (tokenizer.is_end_of_generation(id)) ends.push_back(id);
  return ends;
}

}  // namespace

ConstraintVocabulary::ConstraintVocabulary(const Tokenizer& tokenizer)
    : ConstraintVocabulary(token_bytes(tokenizer), end_tokens(tokenizer)) {}

ConstraintVocabulary::ConstraintVocabulary(const std::vector<std::string>& tokens, std::vector<std::int32_t> ends)
    : size_(tokens.size()), bytes_(tokens), ends_(std::move(ends)) {
  for (std::int32_t id : ends_) bytes_.at(static_cast<std::size_t>(id)).clear();
  std::vector<std::pair<std::string_view, std::int32_t>> sorted;
  for (std::size_t i = 0; i < size_; ++i)
    if (!bytes_[i].empty()) sorted.emplace_back(bytes_[i], static_cast<std::int32_t>(i));
  std::sort(sorted.begin(), sorted.end());
  build(std::move(sorted));
}

// Level by level: the children of a node lie side by side, and so do all tokens below it.
void ConstraintVocabulary::build(std::vector<std::pair<std::string_view, std::int32_t>> tokens) {
  for (const auto& [bytes, id] : tokens) ids_.push_back(id);
  nodes_.push_back({});
  nodes_[0].last = static_cast<std::uint32_t>(tokens.size());
  std::vector<std::uint32_t> parents{0};
  std::vector<std::uint32_t> depth{0};
  for (std::uint32_t node = 0; node < nodes_.size(); ++node) {
    std::uint32_t i = nodes_[node].first;
    const std::uint32_t last = nodes_[node].last, length = depth[node];
    while (i < last && tokens[i].first.size() == length) ++i;
    nodes_[node].here = i;
    nodes_[node].children = static_cast<std::uint32_t>(nodes_.size());
    while (i < last) {
      const auto byte = static_cast<unsigned char>(tokens[i].first[length]);
      std::uint32_t stop = i + 1;
      while (stop < last && static_cast<unsigned char>(tokens[stop].first[length]) == byte) ++stop;
      nodes_.push_back({.first = i, .last = stop, .byte = byte});
      parents.push_back(node);
      depth.push_back(length + 1);
      ++nodes_[node].count;
      i = stop;
    }
  }
  for (std::size_t i = nodes_.size(); i-- > 1;) {
    nodes_[parents[i]].below |= nodes_[i].below;
    nodes_[parents[i]].below[nodes_[i].byte] = true;
  }
}

Constraint::Constraint(const Grammar& grammar, std::shared_ptr<const ConstraintVocabulary> vocabulary)
    : recognizer_(compile_grammar(grammar)), vocabulary_(std::move(vocabulary)) {}

std::span<const std::uint64_t> Constraint::mask(State state) {
  if (auto found = masks_.find(state); found != masks_.end()) return found->second;
  if ((masks_.size() + 1) * vocabulary_->words() * 8 > kMaxMaskBytes) masks_.clear();
  std::vector<std::uint64_t> mask(vocabulary_->words());
  walk(0, state, mask);
  if (recognizer_.accepts(state))
    for (std::int32_t id : vocabulary_->ends_) mask[static_cast<std::size_t>(id) / 64] |= std::uint64_t{1} << (id % 64);
  return masks_.emplace(state, std::move(mask)).first->second;
}

void Constraint::allow(std::uint32_t from, std::uint32_t to, std::vector<std::uint64_t>& mask) const {
  for (std::uint32_t i = from; i < to; ++i) {
    const auto id = static_cast<std::size_t>(vocabulary_->ids_[i]);
    mask[id / 64] |= std::uint64_t{1} << (id % 64);
  }
}

void Constraint::walk(std::uint32_t at, State state, std::vector<std::uint64_t>& mask) {
  const ConstraintVocabulary::Node& node = vocabulary_->nodes_[at];
  // Where all bytes below keep the state, as letters do within a string, all tokens below are allowed.
  if ((node.below & ~recognizer_.loops(state)).none()) return allow(node.first, node.last, mask);
  allow(node.first, node.here, mask);
  const std::array<State, 256>& row = recognizer_.row(state);
  for (std::uint32_t child = node.children; child < node.children + node.count; ++child) {
    const State next = row[vocabulary_->nodes_[child].byte];
    if (next != Recognizer::kDead) walk(child, next, mask);
  }
}

bool Constraint::accept(State& state, std::int32_t token) {
  require(token >= 0 && static_cast<std::size_t>(token) < vocabulary_->size(),
          "there is no token {}; the vocabulary has {} tokens", token, vocabulary_->size());
  if (std::find(vocabulary_->ends_.begin(), vocabulary_->ends_.end(), token) != vocabulary_->ends_.end())
    return recognizer_.accepts(state);
  const std::string& bytes = vocabulary_->bytes_[static_cast<std::size_t>(token)];
  const State next = recognizer_.run(state, bytes);
  if (bytes.empty() || next == Recognizer::kDead) return false;
  state = next;
  return true;
}

}  // namespace frugal
