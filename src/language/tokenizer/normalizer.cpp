#include "language/tokenizer/normalizer.h"

#include "base/check.h"
#include "language/tokenizer/unicode.h"

namespace frugal {
namespace {

// Calls change(code, bytes of the character, result) for every character; broken bytes go through.
template <typename Change>
std::string each_char(std::string_view text, Change&& change) {
  std::string result;
  result.reserve(text.size() + text.size() / 8);
  const char* end = text.data() + text.size();
  for (const char* p = text.data(); p < end;) {
    const Utf8Char c = decode_char(p, end);
    const std::string_view bytes(p, c.bytes);
    if (c.code == kInvalidChar)
      result += bytes;
    else
      change(c.code, bytes, result);
    p += c.bytes;
  }
  return result;
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string result;
  result.reserve(text.size() + text.size() / 4);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t found = text.find(from, at);
    result += text.substr(at, found - at);
    if (found == text.npos) break;
    result += to;
    at = found + from.size();
  }
  return result;
}

std::string replaced(std::string_view text, const SplitPattern& pattern, std::string_view to) {
  std::string result;
  std::int64_t steps = SplitPattern::step_limit(text.size());
  const char* end = text.data() + text.size();
  for (const char* p = text.data(); p < end;) {
    if (const char* stop = pattern.match(p, end, steps)) {
      result += to;
      p = stop;
    } else {
      result += *p++;
    }
  }
  return result;
}

std::string cleaned(std::string_view text) {
  return each_char(text, [](char32_t code, std::string_view bytes, std::string& out) {
    const bool blank = code == '\t' || code == '\n' || code == '\r' || is_white_space(code);
    if (blank)
      out += ' ';
    else if (code != 0xFFFD && (category_bit(code) & (category::Cc | category::Cf)) == 0)
      out += bytes;
  });
}

// The blocks that BERT's tokenizer takes for ideographs.
bool is_han(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
         (c >= 0x2A700 && c <= 0x2CEAF) || (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

std::string without(std::string_view text, std::uint32_t categories) {
  return each_char(text, [&](char32_t code, std::string_view bytes, std::string& out) {
    if (code < 0x80 || (category_bit(code) & categories) == 0) out += bytes;
  });
}

std::string_view stripped(std::string_view text, bool left) {
  while (!text.empty()) {
    const char* begin = text.data();
    const char* end = begin + text.size();
    const char* at = left ? begin : previous_char(begin, end);
    const Utf8Char c = decode_char(at, end);
    if (!is_white_space(c.code)) break;
    left ? text.remove_prefix(c.bytes) : text.remove_suffix(c.bytes);
  }
  return text;
}

std::string step_result(std::string_view text, const NormalizerStep& step) {
  using Kind = NormalizerStep::Kind;
  switch (step.kind) {
    case Kind::nfc: return normal_form(text, NormalForm::nfc);
    case Kind::nfd: return normal_form(text, NormalForm::nfd);
    case Kind::nfkc: return normal_form(text, NormalForm::nfkc);
    case Kind::nfkd: return normal_form(text, NormalForm::nfkd);
    case Kind::lowercase:
      return each_char(text, [](char32_t code, std::string_view, std::string& out) { append_lower(out, code); });
    case Kind::strip_accents: return without(text, category::M);
    case Kind::prepend: return text.empty() ? std::string() : step.to + std::string(text);
    case Kind::replace:
      return step.pattern ? replaced(text, *step.pattern, step.to) : replaced(text, step.from, step.to);
    case Kind::strip_left: return std::string(stripped(text, true));
    case Kind::strip_right: return std::string(stripped(text, false));
    case Kind::clean: return cleaned(text);
    case Kind::space_han:
      return each_char(text, [](char32_t code, std::string_view bytes, std::string& out) {
        if (is_han(code))
          (out += ' ').append(bytes) += ' ';
        else
          out += bytes;
      });
    case Kind::bert_accents: return without(normal_form(text, NormalForm::nfd), category::Mn);
  }
  return {};
}

}  // namespace

std::string normalized(std::string_view text, const std::vector<NormalizerStep>& steps) {
  std::string result(text);
  for (const NormalizerStep& step : steps) result = step_result(result, step);
  return result;
}

}  // namespace frugal
