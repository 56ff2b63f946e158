// Text to ids and back.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "language/tokenizer/spec.h"

namespace frugal {

struct EncodeOptions {
  bool add_special = true;    // what the vocabulary wants around a text, such as a BOS
  bool parse_special = true;  // "<|im_end|>" in the text is that token; else it is plain text
};

// Immutable: several threads may use one.
class Tokenizer {
 public:
  // Error if the spec does not fit together.
  explicit Tokenizer(TokenizerSpec spec);
  ~Tokenizer();
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;

  // Any bytes may come; those that are not UTF-8 are kept where the vocabulary has tokens of single bytes. Time grows
  // with the length of the text (n log n within one word).
  std::vector<std::int32_t> encode(std::string_view text, const EncodeOptions& options = {}) const;

  // Not necessarily valid UTF-8: a character may be cut into several tokens. Ids outside the vocabulary are an Error.
  // `special`: control tokens appear as they are written; without it they are left out.
  std::string decode(std::span<const std::int32_t> ids, bool special = false) const;

  std::int32_t size() const { return static_cast<std::int32_t>(spec().tokens.size()); }
  // As the vocabulary writes the token ("Ġhello", "▁hello", "<0x0A>").
  std::string text(std::int32_t id) const;
  // What the token adds to a decoded text; empty for control tokens.
  std::string_view bytes(std::int32_t id) const;
  // The id of a token as text() writes it, or nothing.
  std::optional<std::int32_t> find(std::string_view text) const;

  std::optional<std::int32_t> bos() const { return spec().bos; }
  std::optional<std::int32_t> eos() const { return spec().eos; }
  std::optional<std::int32_t> eot() const { return spec().eot; }
  std::optional<std::int32_t> unknown() const { return spec().unknown; }
  std::optional<std::int32_t> pad() const { return spec().pad; }
  bool is_end_of_generation(std::int32_t id) const;
  bool is_control(std::int32_t id) const;  // or unknown, unused: no text
  const std::string& chat_template() const { return spec().chat_template; }
  const TokenizerSpec& spec() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// Text of tokens that come one at a time. What it emits is valid UTF-8: a character that is not complete yet is held
// back, and bytes that can be none any more become U+FFFD.
class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer) : tokenizer_(&tokenizer) {}
  std::string push(std::int32_t id);
  // What is held back, at the end.
  std::string finish();

 private:
  std::string take(bool all);
  const Tokenizer* tokenizer_;
  std::string pending_;
  bool started_ = false;
};

// A .gguf file; a tokenizer.json; or a folder with tokenizer.json (and tokenizer_config.json).
Tokenizer load_tokenizer(const std::string& path);

}  // namespace frugal
