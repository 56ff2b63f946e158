// Finds added tokens in text, before anything else happens to it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "language/tokenizer/byte_trie.h"
#include "language/tokenizer/spec.h"

namespace frugal {

class AddedTokens {
 public:
  AddedTokens() = default;
  explicit AddedTokens(std::vector<AddedToken> tokens);
  bool empty() const { return tokens_.empty(); }

  struct Found {
    std::size_t begin, end;  // of the text, with the white space that it takes
    std::int32_t id;
  };
  // The first at or after `from`, of those that begin at one place the longest; begin == npos: none.
  Found find(std::string_view text, std::size_t from) const;

 private:
  std::vector<AddedToken> tokens_;
  ByteTrie trie_;  // ids are indices of tokens_
};

}  // namespace frugal
