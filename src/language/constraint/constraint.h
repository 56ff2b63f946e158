// Keeps what a language model writes within a grammar: says for every state which tokens may come next.
#pragma once

#include <bitset>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "language/constraint/recognizer.h"

namespace frugal {

class Tokenizer;

// The vocabulary as a tree of bytes. Immutable; many constraints share one.
class ConstraintVocabulary {
 public:
  explicit ConstraintVocabulary(const Tokenizer& tokenizer);
  // Of the bytes of each token (empty: never allowed) and the tokens that end an answer.
  ConstraintVocabulary(const std::vector<std::string>& tokens, std::vector<std::int32_t> ends);

  std::size_t size() const { return size_; }
  std::size_t words() const { return (size_ + 63) / 64; }  // of a mask

 private:
  friend class Constraint;
  struct Node {
    std::uint32_t children = 0;                   // of the first; the others follow
    std::uint32_t first = 0, here = 0, last = 0;  // of `ids_`: tokens that end here, and at or below here
    std::uint16_t count = 0;
    unsigned char byte = 0;
    std::bitset<256> below{};  // every byte that occurs below
  };
  void build(std::vector<std::pair<std::string_view, std::int32_t>> tokens);

  std::size_t size_ = 0;
  std::vector<Node> nodes_;
  std::vector<std::int32_t> ids_;  // in the order of their bytes
  std::vector<std::string> bytes_;
  std::vector<std::int32_t> ends_;
};

// One per generation loop; not for several threads at once. Masks are kept, up to a bound.
class Constraint {
 public:
  using State = Recognizer::State;

  // Error for a grammar that cannot be compiled.
  Constraint(const Grammar& grammar, std::shared_ptr<const ConstraintVocabulary> vocabulary);

  State start() const { return recognizer_.start(); }

  // A bit a token, bit id % 64 of word id / 64; tokens that end the answer where it may end. Valid until the next call.
  // At least one bit is set in every state that is reached by accepted tokens, provided that the vocabulary has a
  // token for every single byte.
  std::span<const std::uint64_t> mask(State state);

  // Moves the state on and returns true; false, and the state stays, where the token is not allowed. A token that ends
  // the answer leaves the state as it is.
  bool accept(State& state, std::int32_t token);

  bool may_end(State state) const { return recognizer_.accepts(state); }
  bool must_end(State state) const { return recognizer_.accepts(state) && !recognizer_.can_continue(state); }

 private:
  void walk(std::uint32_t node, State state, std::vector<std::uint64_t>& mask);
  void allow(std::uint32_t from, std::uint32_t to, std::vector<std::uint64_t>& mask) const;

  Recognizer recognizer_;
  std::shared_ptr<const ConstraintVocabulary> vocabulary_;
  std::unordered_map<State, std::vector<std::uint64_t>> masks_;
};

}  // namespace frugal
