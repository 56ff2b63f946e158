#include "language/tokenizer.h"
#include "language/tokenizer/unicode.h"

namespace frugal {
namespace {

// How many bytes at the end may still become a character.
std::size_t unfinished(std::string_view text) {
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const auto first = static_cast<unsigned char>(text[text.size() - back]);
    if ((first & 0xC0u) == 0x80) continue;  // a later byte of a character
    const std::size_t whole = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 1;
    if (whole <= back || first > 0xF4) return 0;
    // The second byte may already rule the character out (overlong forms, surrogates, above 10FFFF).
    std::string completed(text.substr(text.size() - back));
    const char fill = back == 1 && (first == 0xE0 || first == 0xF0) ? '\xBF' : '\x80';
    completed.append(whole - back, fill);
    if (back == 1 && first == 0xF0) completed.back() = '\x80';
    return is_valid_utf8(completed) ? back : 0;
  }
  return 0;
}

}  // namespace

std::string StreamDecoder::push(std::int32_t id) {
  pending_ += tokenizer_->bytes(id);
  if (!started_ && !pending_.empty()) {
    started_ = true;
    if (tokenizer_->spec().strip_leading_blank && pending_.front() == ' ') pending_.erase(0, 1);
  }
  return take(false);
}

std::string StreamDecoder::finish() { return take(true); }

std::string StreamDecoder::take(bool all) {
  const std::size_t held = all ? 0 : unfinished(pending_);
  const std::string_view ready = std::string_view(pending_).substr(0, pending_.size() - held);
  std::string text = is_valid_utf8(ready) ? std::string(ready) : valid_utf8(ready);
  pending_.erase(0, ready.size());
  return text;
}

}  // namespace frugal
